import { constants } from 'node:os'
import { BoundedQueue } from '@quorate/base'
import { DescriptorWatch, type UnixSocket } from './ffi/index.ts'
import { IpcError } from './ipc-error.ts'
import { ipcEventBytesQueuedMax, ipcEventsQueuedMax, ipcRequestsPerTurn } from './ipc-limits.ts'
import { ipcIds, requestHeader } from './ipc-message.ts'
import type { IpcConnection, IpcCredentials, IpcFlowControl, IpcService } from './ipc-service.ts'
import type { ServerChannel } from './server-channel.ts'

/** Responses that wait for a client which does not take its answers: it asked for more than one at a time. */
const responsesQueuedMax = 64

/** A client that was let in: its setup socket, its channel, and what waits for it. */
export class ServerConnection implements IpcConnection {
  readonly credentials: IpcCredentials
  readonly maxMessageBytes: number
  readonly #service: IpcService
  readonly #socket: UnixSocket
  readonly #watch: DescriptorWatch
  readonly #closed: (dropped: boolean) => void
  readonly #events: BoundedQueue<Uint8Array>
  readonly #responses = new BoundedQueue<Uint8Array>(responsesQueuedMax)
  readonly #bells = new Uint8Array(4096)
  #channel: ServerChannel | undefined
  #eventBytes = 0
  #bellsOwed = 0
  #bellsPlanned = false
  /** The client's socket is full of bells; the watch tells when it is not any more. */
  #awaitsRoom = false
  #isClosing = false
  #turnPlanned = false

  /** `closed` is called once, after the service's `onClose`. */
  constructor(
    service: IpcService,
    socket: UnixSocket,
    credentials: IpcCredentials,
    maxMessageBytes: number,
    closed: (dropped: boolean) => void,
  ) {
    this.#service = service
    this.#socket = socket
    this.credentials = credentials
    this.maxMessageBytes = maxMessageBytes
    this.#closed = closed
    this.#events = new BoundedQueue(service.eventsQueuedMax ?? ipcEventsQueuedMax)
    this.#watch = new DescriptorWatch(socket.fd, ({ readable, writable }) => {
      if (writable) this.#payBells()
      if (readable) this.#onSetupReadable()
    })
  }

  /** Takes the channel over and begins to serve. */
  start(channel: ServerChannel): void {
    this.#channel = channel
    this.#watch.want({ readable: true, writable: false })
  }

  get eventsQueued(): number {
    return this.#events.count
  }

  respond(message: Uint8Array): void {
    if (this.#isClosing || this.#channel === undefined) return
    if (this.#tooBig(message, 'answer')) return
    if (this.#responses.count === 0 && this.#guarded(() => this.#channel?.respond(message) === true)) return
    if (!this.#responses.offer(message)) this.#drop(`takes no answers (${responsesQueuedMax} wait)`)
  }

  event(message: Uint8Array): void {
    if (this.#isClosing || this.#channel === undefined) return
    if (this.#tooBig(message, 'event')) return
    if (this.#events.count === 0 && this.#guarded(() => this.#channel?.event(message) === true)) return
    this.#eventBytes += message.byteLength
    if (this.#eventBytes > ipcEventBytesQueuedMax) this.#drop(`left ${this.#eventBytes} bytes of events unread`)
    else if (!this.#events.offer(message)) this.#drop(`left ${this.#events.count} events unread`)
  }

  setFlowControl(level: IpcFlowControl): void {
    if (!this.#isClosing) this.#channel?.setFlowControl(level)
  }

  disconnect(): void {
    this.#close(false)
  }

  /**
   * Rings the client's bell for one event: a byte, at the end of this turn of the event loop. A burst of events costs one
   * system call so, where each byte alone costs several microseconds.
   */
  ringBell(): void {
    this.#bellsOwed += 1
    if (this.#bellsPlanned || this.#awaitsRoom) return
    this.#bellsPlanned = true
    setImmediate(() => {
      this.#bellsPlanned = false
      this.#payBells()
    })
  }

  /** Requests may be waiting in the channel. */
  readable(): void {
    if (this.#isClosing || this.#turnPlanned) return
    const most = this.#service.requestsPerTurn ?? ipcRequestsPerTurn
    for (let taken = 0; taken < most; taken += 1) {
      const message = this.#guarded(() => this.#channel?.receive())
      if (message === undefined) return
      this.#dispatch(message)
      if (this.#isClosing) return
    }
    this.#turnPlanned = true
    setImmediate(() => {
      this.#turnPlanned = false
      this.readable()
    })
  }

  /** What waits may fit now. */
  writable(): void {
    const channel = this.#channel
    if (channel === undefined) return
    for (let next = this.#responses.peek(); next !== undefined && !this.#isClosing; next = this.#responses.peek()) {
      const message = next
      if (!this.#guarded(() => channel.respond(message))) break
      this.#responses.take()
    }
    for (let next = this.#events.peek(); next !== undefined && !this.#isClosing; next = this.#events.peek()) {
      const message = next
      if (!this.#guarded(() => channel.event(message))) break
      this.#events.take()
      this.#eventBytes -= message.byteLength
    }
  }

  /** Ends a connection that never got a channel; the socket stays with the caller. */
  abandon(): void {
    this.#isClosing = true
    this.#watch.close()
  }

  /** Frees everything now, without telling the service in a later turn: the server closes. */
  closeNow(): void {
    this.#close(false)
    this.#finish(false)
  }

  #dispatch(message: Uint8Array): void {
    if (message.byteLength < requestHeader.size)
      return this.#drop(`sent ${message.byteLength} bytes, less than a header`)
    const { id, size } = requestHeader.decode(message)
    if (id === ipcIds.disconnect) return this.#close(false)
    if (size !== message.byteLength)
      return this.#drop(`sent a message of ${message.byteLength} bytes that says ${size}`)
    this.#service.onMessage(this, message)
  }

  #onSetupReadable(): void {
    const count = this.#socket.receive(this.#bells)
    if (count > 0) return this.readable()
    const { EAGAIN, EINTR } = constants.errno
    if (count === -EAGAIN || count === -EINTR) return
    this.#serveRest()
    this.#close(false)
  }

  /** What the client sent before it left is still served: it may be a multicast that it was told had been taken. */
  #serveRest(): void {
    for (;;) {
      const message = this.#guarded(() => this.#channel?.receive())
      if (message === undefined || this.#isClosing) return
      this.#dispatch(message)
    }
  }

  #payBells(): void {
    if (this.#isClosing) return
    while (this.#bellsOwed > 0) {
      const count = this.#socket.send(this.#bells.subarray(0, Math.min(this.#bellsOwed, this.#bells.byteLength)))
      if (count <= 0) break
      this.#bellsOwed -= count
    }
    const awaitsRoom = this.#bellsOwed > 0
    if (awaitsRoom === this.#awaitsRoom) return
    this.#awaitsRoom = awaitsRoom
    this.#watch.want({ readable: true, writable: awaitsRoom })
  }

  #tooBig(message: Uint8Array, what: string): boolean {
    if (message.byteLength <= this.maxMessageBytes) return false
    this.#drop(`needs an ${what} of ${message.byteLength} bytes, its limit is ${this.maxMessageBytes}`)
    return true
  }

  /** Runs a call on the channel; a client that broke it is dropped. */
  #guarded<T>(call: () => T): T | undefined {
    try {
      return call()
    } catch (error) {
      if (!(error instanceof IpcError)) throw error
      this.#drop(error.message)
      return undefined
    }
  }

  #drop(why: string): void {
    if (this.#isClosing) return
    this.#service.onTrouble?.(`${this.#service.name}: client with pid ${this.credentials.pid} is dropped: ${why}`)
    this.#close(true)
  }

  #close(dropped: boolean): void {
    if (this.#isClosing) return
    this.#payBells()
    this.#isClosing = true
    this.#watch.close()
    setImmediate(() => this.#finish(dropped))
  }

  #finish(dropped: boolean): void {
    const channel = this.#channel
    if (channel === undefined) return
    this.#channel = undefined
    this.#socket.close()
    channel.close()
    this.#service.onClose(this)
    this.#closed(dropped)
  }
}
