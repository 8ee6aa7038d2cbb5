import type { ConnectionResponse } from './ipc-message.ts'
import type { IpcCredentials, IpcFlowControl } from './ipc-service.ts'
import type { ServerChannel } from './server-channel.ts'
import { ShmRing } from './shm-ring.ts'

/** How long to wait before asking a full ring for room again, in milliseconds: its reader rings no bell. */
const roomPollMs = 1

export type ShmServerChannelOptions = {
  readonly service: string
  /** The connection's folder, which exists. */
  readonly folder: string
  readonly maxMessageBytes: number
  readonly client: IpcCredentials
  /** Rings the client's bell once for an event: one byte on the setup socket, now or when it takes one. */
  ringBell(): void
  writable(): void
}

/** Three rings of shared memory (protocols/corosync.md 1.4); the setup socket carries the bells. */
export class ShmServerChannel implements ServerChannel {
  readonly response: ConnectionResponse
  readonly #request: ShmRing
  readonly #response: ShmRing
  readonly #event: ShmRing
  readonly #options: ShmServerChannelOptions
  #roomTimer: NodeJS.Timeout | undefined

  constructor(options: ShmServerChannelOptions) {
    this.#options = options
    const { service, folder, maxMessageBytes, client } = options
    const path = (ring: string): string => `${folder}/qb-${ring}-${service}`
    const rings: ShmRing[] = []
    const create = (ring: string): ShmRing => {
      const made = ShmRing.create(path(ring), maxMessageBytes, client)
      rings.push(made)
      return made
    }
    try {
      this.#request = create('request')
      this.#response = create('response')
      this.#event = create('event')
    } catch (error) {
      for (const ring of rings) ring.close()
      throw error
    }
    this.response = {
      error: 0,
      transport: 'shm',
      maxMessageBytes,
      requestPath: path('request'),
      responsePath: path('response'),
      eventPath: path('event'),
    }
  }

  receive(): Uint8Array | undefined {
    return this.#request.read()
  }

  respond(message: Uint8Array): boolean {
    return this.#response.write(message) || this.#tellOfRoom()
  }

  event(message: Uint8Array): boolean {
    if (!this.#event.write(message)) return this.#tellOfRoom()
    this.#options.ringBell()
    return true
  }

  setFlowControl(level: IpcFlowControl): void {
    this.#request.flowControl = level
  }

  close(): void {
    clearTimeout(this.#roomTimer)
    for (const ring of [this.#request, this.#response, this.#event]) {
      ring.close()
      ring.removeFiles()
    }
  }

  #tellOfRoom(): false {
    this.#roomTimer ??= setTimeout(() => {
      this.#roomTimer = undefined
      this.#options.writable()
    }, roomPollMs)
    return false
  }
}
