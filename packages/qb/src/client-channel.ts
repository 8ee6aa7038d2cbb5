import fs from 'node:fs'
import { constants } from 'node:os'
import path from 'node:path'
import { DescriptorWatch, errnoText, mapShared, type SharedMemory, UnixSocket } from './ffi/index.ts'
import { datagramAddress } from './ipc-address.ts'
import { IpcError } from './ipc-error.ts'
import { controlBytes, controlWords } from './ipc-message.ts'
import { ShmRing } from './shm-ring.ts'

/** The client's end of a connection, whichever way its messages travel. */
export interface ClientChannel {
  /** Level at which the server holds requests back. */
  readonly flowControl: number
  /** Whether a response rings no bell, so that somebody must look for it. */
  readonly responsesAreSilent: boolean
  /** False when there is no room now. @throws IpcError for trouble that will not pass */
  send(message: Uint8Array): boolean
  /** The oldest response; silent ones may be waited for, holding up the thread for `waitUs` microseconds. */
  receiveResponse(waitUs: number): Uint8Array | undefined
  receiveEvent(): Uint8Array | undefined
  /** Lets go of memory and descriptors. Idempotent. */
  close(): void
  /** Removes the files of a server that can no longer do so itself. */
  removeFiles(): void
}

/** Three rings of shared memory (protocols/corosync.md 1.4). */
export class ShmClientChannel implements ClientChannel {
  readonly responsesAreSilent = true
  readonly #request: ShmRing
  readonly #response: ShmRing
  readonly #event: ShmRing
  readonly #folder: string
  readonly #ringBell: () => void

  /** `ringBell` tells the server of one request: a byte on the setup socket. @throws when the rings cannot be opened */
  constructor(paths: { request: string; response: string; event: string }, ringBell: () => void) {
    this.#ringBell = ringBell
    const opened: ShmRing[] = []
    const open = (base: string): ShmRing => {
      const ring = ShmRing.open(base)
      opened.push(ring)
      return ring
    }
    try {
      this.#request = open(paths.request)
      this.#response = open(paths.response)
      this.#event = open(paths.event)
    } catch (error) {
      for (const ring of opened) ring.close()
      throw error
    }
    this.#folder = path.dirname(paths.request)
  }

  get flowControl(): number {
    return this.#request.flowControl
  }

  send(message: Uint8Array): boolean {
    if (!this.#request.write(message)) return false
    this.#ringBell()
    return true
  }

  receiveResponse(waitUs: number): Uint8Array | undefined {
    return this.#response.read(waitUs)
  }

  receiveEvent(): Uint8Array | undefined {
    return this.#event.read()
  }

  close(): void {
    for (const ring of [this.#request, this.#response, this.#event]) ring.close()
  }

  removeFiles(): void {
    for (const ring of [this.#request, this.#response, this.#event]) ring.removeFiles()
    removeFolder(this.#folder)
  }
}

/** Datagram sockets and a control file (protocols/corosync.md 1.5). */
export class SocketClientChannel implements ClientChannel {
  readonly responsesAreSilent = false
  readonly #responses: UnixSocket
  readonly #events: UnixSocket
  readonly #watches: readonly DescriptorWatch[]
  readonly #control: SharedMemory
  readonly #controlPath: string
  readonly #buffer: Uint8Array
  #words: Int32Array
  #isOpen = true

  /** `told.response` and `told.event` are called when there is something to receive. */
  constructor(
    paths: { control: string; base: string },
    maxMessageBytes: number,
    told: { response(): void; event(): void },
  ) {
    this.#controlPath = paths.control
    this.#buffer = new Uint8Array(maxMessageBytes)
    const fd = fs.openSync(paths.control, 'r+')
    try {
      if (fs.fstatSync(fd).size < controlBytes) throw new IpcError('IPC_PROTOCOL', `${paths.control} is too short`)
      this.#control = mapShared(fd, controlBytes)
    } finally {
      fs.closeSync(fd)
    }
    this.#words = new Int32Array(this.#control.bytes.buffer)
    this.#responses = UnixSocket.datagram(datagramAddress(paths.base, 'response'), maxMessageBytes)
    this.#responses.connectTo(datagramAddress(paths.base, 'request'))
    this.#events = UnixSocket.datagram(datagramAddress(paths.base, 'event'), maxMessageBytes)
    this.#events.connectTo(datagramAddress(paths.base, 'event-tx'))
    const watch = (socket: UnixSocket, tell: () => void): DescriptorWatch => {
      const made = new DescriptorWatch(socket.fd, tell)
      made.want({ readable: true, writable: false })
      return made
    }
    this.#watches = [watch(this.#responses, told.response), watch(this.#events, told.event)]
  }

  get flowControl(): number {
    return this.#isOpen ? Atomics.load(this.#words, controlWords.flowControl) : 0
  }

  send(message: Uint8Array): boolean {
    const count = this.#responses.send(message)
    if (count === message.byteLength) {
      Atomics.add(this.#words, controlWords.requestsQueued, 1)
      return true
    }
    const { EAGAIN, EINTR, ENOBUFS } = constants.errno
    if (count === -EAGAIN || count === -EINTR || count === -ENOBUFS) return false
    throw new IpcError('IPC_SYSTEM', `send of ${message.byteLength} bytes: ${errnoText(-count)}`, -count)
  }

  receiveResponse(): Uint8Array | undefined {
    return this.#receive(this.#responses, controlWords.responsesQueued)
  }

  receiveEvent(): Uint8Array | undefined {
    return this.#receive(this.#events, controlWords.eventsQueued)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    for (const watch of this.#watches) watch.close()
    this.#responses.close()
    this.#events.close()
    this.#words = new Int32Array(0)
    this.#control.unmap()
  }

  removeFiles(): void {
    fs.rmSync(this.#controlPath, { force: true })
    removeFolder(path.dirname(this.#controlPath))
  }

  #receive(socket: UnixSocket, queuedWord: number): Uint8Array | undefined {
    if (!this.#isOpen) return undefined
    const count = socket.receive(this.#buffer)
    if (count <= 0) return undefined
    Atomics.sub(this.#words, queuedWord, 1)
    return this.#buffer.slice(0, count)
  }
}

/** Removes a connection's empty folder; one that is not empty, gone or another's is left. */
function removeFolder(folder: string): void {
  try {
    fs.rmdirSync(folder)
  } catch {
    // Whatever is still in it belongs to somebody.
  }
}
