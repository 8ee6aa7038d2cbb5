import fs from 'node:fs'
import { constants } from 'node:os'
import { DescriptorWatch, errnoText, mapShared, type SharedMemory, SystemCallError, UnixSocket } from './ffi/index.ts'
import { datagramAddress } from './ipc-address.ts'
import { IpcError } from './ipc-error.ts'
import { type ConnectionResponse, controlBytes, controlWords } from './ipc-message.ts'
import type { IpcCredentials, IpcFlowControl } from './ipc-service.ts'
import type { ChannelHost, ServerChannel } from './server-channel.ts'

/** How long to wait for a client that has not bound its sockets yet, in milliseconds. */
const bindPollMs = 10

export type SocketServerChannelOptions = ChannelHost & {
  readonly service: string
  readonly folder: string
  readonly maxMessageBytes: number
  readonly client: IpcCredentials
}

/** Datagram sockets and a small control file (protocols/corosync.md 1.5). */
export class SocketServerChannel implements ServerChannel {
  readonly response: ConnectionResponse
  readonly #base: string
  readonly #controlPath: string
  readonly #control: SharedMemory
  #words: Int32Array
  readonly #requests: Peer
  readonly #events: Peer
  readonly #buffer: Uint8Array
  #isOpen = true

  constructor(options: SocketServerChannelOptions) {
    const { service, folder, maxMessageBytes, client } = options
    this.#base = `${folder}/qb-${service}`
    this.#controlPath = `${folder}/qb-control-${service}`
    const requestAddress = datagramAddress(this.#base, 'request')
    const eventAddress = datagramAddress(this.#base, 'event-tx')
    this.#control = createControl(this.#controlPath, client)
    this.#words = new Int32Array(this.#control.bytes.buffer)
    this.#buffer = new Uint8Array(maxMessageBytes)
    this.#requests = new Peer(UnixSocket.datagram(requestAddress, maxMessageBytes), options, () => {
      this.#requests.socket.connectTo(datagramAddress(this.#base, 'response'))
    })
    this.#events = new Peer(UnixSocket.datagram(eventAddress, maxMessageBytes), options, () => {
      this.#events.socket.connectTo(datagramAddress(this.#base, 'event'))
    })
    this.#requests.listen()
    this.response = {
      error: 0,
      transport: 'socket',
      maxMessageBytes,
      requestPath: this.#controlPath,
      responsePath: this.#base,
      eventPath: '',
    }
  }

  receive(): Uint8Array | undefined {
    const count = this.#requests.socket.receive(this.#buffer)
    if (count <= 0) return undefined
    Atomics.sub(this.#words, controlWords.requestsQueued, 1)
    return this.#buffer.slice(0, count)
  }

  respond(message: Uint8Array): boolean {
    return this.#send(this.#requests, message, controlWords.responsesQueued)
  }

  event(message: Uint8Array): boolean {
    return this.#send(this.#events, message, controlWords.eventsQueued)
  }

  setFlowControl(level: IpcFlowControl): void {
    if (this.#isOpen) Atomics.store(this.#words, controlWords.flowControl, level)
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#requests.close()
    this.#events.close()
    this.#words = new Int32Array(0)
    this.#control.unmap()
    fs.rmSync(this.#controlPath, { force: true })
  }

  #send(peer: Peer, message: Uint8Array, queuedWord: number): boolean {
    if (!this.#isOpen || !peer.send(message)) return false
    Atomics.add(this.#words, queuedWord, 1)
    return true
  }
}

/** One of the server's two sockets, which finds its client's socket at the first message. */
class Peer {
  readonly socket: UnixSocket
  readonly #watch: DescriptorWatch
  readonly #host: ChannelHost
  readonly #connect: () => void
  #isConnected = false
  #listens = false
  #timer: NodeJS.Timeout | undefined

  constructor(socket: UnixSocket, host: ChannelHost, connect: () => void) {
    this.socket = socket
    this.#host = host
    this.#connect = connect
    this.#watch = new DescriptorWatch(socket.fd, ({ readable, writable }) => {
      if (writable) {
        this.#watch.want({ readable: this.#listens, writable: false })
        host.writable()
      }
      if (readable && this.#listens) host.readable()
    })
  }

  listen(): void {
    this.#listens = true
    this.#watch.want({ readable: true, writable: false })
  }

  /** False when the client has no room, or no socket yet. @throws IpcError for trouble that will not pass */
  send(message: Uint8Array): boolean {
    if (!this.#isConnected && !this.#find()) return false
    const count = this.socket.send(message)
    if (count === message.byteLength) return true
    const { EAGAIN, ENOBUFS, EINTR } = constants.errno
    if (count !== -EAGAIN && count !== -ENOBUFS && count !== -EINTR) {
      throw new IpcError('IPC_SYSTEM', `send of ${message.byteLength} bytes: ${errnoText(-count)}`, -count)
    }
    this.#watch.want({ readable: this.#listens, writable: true })
    return false
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#watch.close()
    this.socket.close()
  }

  #find(): boolean {
    try {
      this.#connect()
      this.#isConnected = true
      return true
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.#host.writable()
      }, bindPollMs)
      return false
    }
  }
}

function createControl(path: string, owner: IpcCredentials): SharedMemory {
  const fd = fs.openSync(path, 'wx+', 0o600)
  try {
    fs.ftruncateSync(fd, controlBytes)
    if (owner.uid !== process.geteuid?.() || owner.gid !== process.getegid?.()) fs.fchownSync(fd, owner.uid, owner.gid)
    return mapShared(fd, controlBytes)
  } finally {
    fs.closeSync(fd)
  }
}
