import { constants } from 'node:os'
import { BoundedQueue } from '@quorate/base'
import { type ClientChannel, ShmClientChannel, SocketClientChannel } from './client-channel.ts'
import { DescriptorWatch, errnoText, SystemCallError, UnixSocket } from './ffi/index.ts'
import { serviceAddress } from './ipc-address.ts'
import { IpcError } from './ipc-error.ts'
import { ipcCallsQueuedMax } from './ipc-limits.ts'
import {
  type Admission,
  type ConnectionResponse,
  connectionResponseBytes,
  decodeConnectionResponse,
  encodeConnectionRequest,
} from './ipc-message.ts'
import type { IpcCredentials } from './ipc-service.ts'

/** What a client brings along. */
export type IpcClientOptions = {
  /** Wish for the longest message either way, in bytes; at least 12328 is asked for. corosync's clients ask 1048576. */
  readonly maxMessageBytes?: number
  /** Flow control levels up to this one hold requests back: 1, or 2 for cpg. Default 1. */
  readonly flowControlMax?: 1 | 2
  /** Milliseconds for the handshake, default 5000. */
  readonly connectTimeoutMs?: number
  /** One whole event, with its 24-byte header; the bytes are the callee's to keep. */
  onEvent(message: Uint8Array): void
  /** The connection went away by the server's doing; told once, and not after `close`. */
  onClose(error: Error): void
}

/** A connection to a service. Pending calls reject with `IPC_CLOSED` when it goes away. */
export interface IpcClient {
  /** The server's process. */
  readonly server: IpcCredentials
  /** Longest message either way, in bytes, as agreed. */
  readonly maxMessageBytes: number
  /**
   * Sends a whole request (16-byte header) and resolves to its whole answer. Requests are sent one after another: the
   * next one leaves when the answer to the last has come.
   *
   * @throws IpcError `IPC_TIMEOUT` (the connection is then closed: a late answer would be taken for another's),
   *   `IPC_BUSY`, `IPC_TOO_BIG`, `IPC_CLOSED`
   */
  request(message: Uint8Array, timeoutMs: number): Promise<Uint8Array>
  /**
   * Sends a message that has no answer; resolves when the server's ring has it, after all that were sent before.
   *
   * @throws IpcError `IPC_BUSY` when flow control held it back for `timeoutMs`, `IPC_TOO_BIG`, `IPC_CLOSED`
   */
  send(message: Uint8Array, timeoutMs: number): Promise<void>
  close(): void
}

const connectTimeoutMsDefault = 5000
/** How long the thread waits for an answer before it does anything else: most answers come within this. */
const firstWaitUs = 200
/** The same at each later look; each leaves the event loop its turn in between. */
const laterWaitUs = 50
/** How long to look at every turn of the event loop, and how often after that, in milliseconds. */
const closeWatchMs = 5
const lookEveryMs = 1
/** Events handed on in one turn of the event loop. */
const eventsPerTurn = 256
/** How often, and how far apart in milliseconds, to look whether a server that closed a connection has died (libqb's). */
const deathChecks = 4
const deathCheckEveryMs = 10

/**
 * Connects to a service by name: libqb's abstract socket, or the one below `QUORATE_ROOT`.
 *
 * @throws IpcError `IPC_CONNECT`, `IPC_REFUSED`, `IPC_TIMEOUT`, `IPC_PROTOCOL`, `IPC_NAME`
 */
export async function connectIpc(service: string, options: IpcClientOptions): Promise<IpcClient> {
  const socket = openSocket(service)
  try {
    const response = await shakeHands(service, socket, options)
    if (!('transport' in response)) {
      throw new IpcError(
        'IPC_REFUSED',
        `${service} refused the connection: ${errnoText(-response.error)}`,
        -response.error,
      )
    }
    return openChannel(service, socket, response, options)
  } catch (error) {
    socket.close()
    throw error
  }
}

function openChannel(service: string, socket: UnixSocket, response: Admission, options: IpcClientOptions): IpcClient {
  try {
    return new ConnectedClient(service, socket, response, options)
  } catch (error) {
    if (error instanceof IpcError) throw error
    const text = error instanceof Error ? error.message : String(error)
    throw new IpcError('IPC_SYSTEM', `${service}: what the server offers cannot be opened: ${text}`)
  }
}

function openSocket(service: string): UnixSocket {
  const address = serviceAddress(service)
  try {
    return UnixSocket.connect(address)
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error
    throw new IpcError('IPC_CONNECT', `${service}: nobody listens on '${address.name}'`, error.errno)
  }
}

function shakeHands(service: string, socket: UnixSocket, options: IpcClientOptions): Promise<ConnectionResponse> {
  const timeoutMs = options.connectTimeoutMs ?? connectTimeoutMsDefault
  return new Promise((resolve, reject) => {
    const received = new Uint8Array(connectionResponseBytes)
    let count = 0
    const watch = new DescriptorWatch(socket.fd, () => {
      const outcome = socket.receive(received.subarray(count))
      if (outcome === -constants.errno.EAGAIN || outcome === -constants.errno.EINTR) return
      if (outcome <= 0) return finish(() => reject(new IpcError('IPC_CLOSED', `${service} hung up at the handshake`)))
      count += outcome
      if (count === received.byteLength) finish(() => resolve(decodeConnectionResponse(received)))
    })
    const timer = setTimeout(
      () => finish(() => reject(new IpcError('IPC_TIMEOUT', `${service}: no handshake in ${timeoutMs} ms`))),
      timeoutMs,
    )
    const finish = (settle: () => void): void => {
      clearTimeout(timer)
      watch.close()
      try {
        settle()
      } catch (error) {
        reject(new IpcError('IPC_PROTOCOL', `${service}: ${error instanceof Error ? error.message : String(error)}`))
      }
    }
    watch.want({ readable: true, writable: false })
    const wish = Math.max(options.maxMessageBytes ?? 0, connectionResponseBytes)
    const sent = socket.send(encodeConnectionRequest(wish))
    if (sent < 0) finish(() => reject(new IpcError('IPC_CLOSED', `${service}: ${errnoText(-sent)}`, -sent)))
  })
}

type Call = {
  readonly message: Uint8Array
  readonly deadlineMs: number
  /** Undefined for a message without an answer. */
  readonly answered: ((answer: Uint8Array) => void) | undefined
  readonly sent: () => void
  readonly failed: (error: IpcError) => void
}

const bell = new Uint8Array(1)

class ConnectedClient implements IpcClient {
  readonly server: IpcCredentials
  readonly maxMessageBytes: number
  readonly #service: string
  readonly #socket: UnixSocket
  readonly #options: IpcClientOptions
  readonly #watch: DescriptorWatch
  readonly #channel: ClientChannel
  readonly #calls = new BoundedQueue<Call>(ipcCallsQueuedMax)
  readonly #bells = new Uint8Array(4096)
  /** The call that waits for its answer, and since when. */
  #current: Call | undefined
  #sentMs = 0
  #bellsOwed = 0
  #look: NodeJS.Timeout | undefined
  #looksAtOnce = false
  #drains = false
  #isOpen = true

  constructor(service: string, socket: UnixSocket, response: Admission, options: IpcClientOptions) {
    this.#service = service
    this.#socket = socket
    this.#options = options
    this.server = socket.peerCredentials
    this.maxMessageBytes = response.maxMessageBytes
    const { requestPath, responsePath, eventPath } = response
    this.#channel =
      response.transport === 'shm'
        ? new ShmClientChannel({ request: requestPath, response: responsePath, event: eventPath }, () => this.#ring())
        : new SocketClientChannel({ control: requestPath, base: responsePath }, response.maxMessageBytes, {
            response: () => this.#lookForAnswer(0),
            event: () => this.#drainEvents(),
          })
    this.#watch = new DescriptorWatch(socket.fd, ({ readable, writable }) => {
      if (writable) this.#payBells()
      if (readable) this.#onSetupReadable()
    })
    this.#watch.want({ readable: true, writable: false })
  }

  request(message: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((answered, failed) => {
      this.#enqueue({ message, deadlineMs: performance.now() + timeoutMs, answered, sent: () => undefined, failed })
    })
  }

  send(message: Uint8Array, timeoutMs: number): Promise<void> {
    return new Promise((sent, failed) => {
      this.#enqueue({ message, deadlineMs: performance.now() + timeoutMs, answered: undefined, sent, failed })
    })
  }

  close(): void {
    this.#end(new IpcError('IPC_CLOSED', `${this.#service}: closed`), false)
  }

  #enqueue(call: Call): void {
    const bytes = call.message.byteLength
    if (!this.#isOpen) return call.failed(new IpcError('IPC_CLOSED', `${this.#service}: the connection is closed`))
    if (bytes > this.maxMessageBytes) {
      const text = `${this.#service}: message of ${bytes} bytes, the limit is ${this.maxMessageBytes}`
      return call.failed(new IpcError('IPC_TOO_BIG', text))
    }
    if (!this.#calls.offer(call)) {
      return call.failed(new IpcError('IPC_BUSY', `${this.#service}: ${this.#calls.count} calls wait already`))
    }
    this.#pump()
  }

  /** Sends what may be sent, in order. */
  #pump(): void {
    for (let next = this.#calls.peek(); next !== undefined && this.#current === undefined; next = this.#calls.peek()) {
      if (!this.#isOpen || !this.#trySend(next)) return
      this.#calls.take()
      next.sent()
      if (next.answered === undefined) continue
      this.#current = next
      this.#sentMs = performance.now()
      this.#lookForAnswer(this.server.pid === process.pid ? 0 : firstWaitUs)
    }
  }

  #trySend(call: Call): boolean {
    const level = this.#channel.flowControl
    const isHeld = level > 0 && level <= (this.#options.flowControlMax ?? 1)
    try {
      if (!isHeld && this.#channel.send(call.message)) return true
    } catch (error) {
      this.#end(asIpcError(error), true)
      return false
    }
    if (performance.now() < call.deadlineMs) this.#lookLater(lookEveryMs)
    else {
      this.#calls.take()
      call.failed(new IpcError('IPC_BUSY', `${this.#service} takes no requests now`))
      setImmediate(() => this.#pump())
    }
    return false
  }

  /** Takes the answer if it is there; else plans when to look again. */
  #lookForAnswer(waitUs: number): void {
    const call = this.#current
    if (call === undefined || !this.#isOpen) return
    let answer: Uint8Array | undefined
    try {
      answer = this.#channel.receiveResponse(waitUs)
    } catch (error) {
      return this.#end(asIpcError(error), true)
    }
    if (answer !== undefined) {
      this.#current = undefined
      call.answered?.(answer)
      return this.#pump()
    }
    const nowMs = performance.now()
    if (nowMs >= call.deadlineMs) {
      return this.#end(new IpcError('IPC_TIMEOUT', `${this.#service}: no answer in time`), true)
    }
    if (!this.#channel.responsesAreSilent) return this.#lookLater(call.deadlineMs - nowMs)
    if (nowMs - this.#sentMs > closeWatchMs) return this.#lookLater(lookEveryMs)
    if (this.#looksAtOnce) return
    this.#looksAtOnce = true
    setImmediate(() => {
      this.#looksAtOnce = false
      this.#lookForAnswer(laterWaitUs)
    })
  }

  #lookLater(afterMs: number): void {
    clearTimeout(this.#look)
    this.#look = setTimeout(() => {
      if (this.#current === undefined) this.#pump()
      else this.#lookForAnswer(laterWaitUs)
    }, afterMs)
  }

  #onSetupReadable(): void {
    const count = this.#socket.receive(this.#bells)
    if (count > 0) return this.#drainEvents()
    const { EAGAIN, EINTR } = constants.errno
    if (count === -EAGAIN || count === -EINTR) return
    this.#lookForAnswer(0)
    while (this.#isOpen && this.#takeEvents() === eventsPerTurn);
    this.#end(new IpcError('IPC_CLOSED', `${this.#service}: the server closed the connection`), true)
  }

  #drainEvents(): void {
    if (this.#drains || this.#takeEvents() < eventsPerTurn) return
    this.#drains = true
    setImmediate(() => {
      this.#drains = false
      this.#drainEvents()
    })
  }

  #takeEvents(): number {
    for (let taken = 0; taken < eventsPerTurn; taken += 1) {
      let event: Uint8Array | undefined
      try {
        event = this.#isOpen ? this.#channel.receiveEvent() : undefined
      } catch (error) {
        this.#end(asIpcError(error), true)
      }
      if (event === undefined) return taken
      this.#options.onEvent(event)
    }
    return eventsPerTurn
  }

  /** One byte for each request; those that the socket does not take are owed. */
  #ring(): void {
    if (this.#bellsOwed === 0 && this.#socket.send(bell) === 1) return
    this.#bellsOwed += 1
    this.#watch.want({ readable: true, writable: true })
  }

  #payBells(): void {
    while (this.#bellsOwed > 0) {
      const count = this.#socket.send(this.#bells.subarray(0, Math.min(this.#bellsOwed, this.#bells.byteLength)))
      if (count <= 0) return
      this.#bellsOwed -= count
    }
    this.#watch.want({ readable: true, writable: false })
  }

  #end(error: IpcError, isTold: boolean): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    clearTimeout(this.#look)
    this.#watch.close()
    this.#socket.close()
    this.#channel.close()
    if (isTold) cleanUpAfter(this.server.pid, this.#channel)
    const current = this.#current
    this.#current = undefined
    current?.failed(error)
    for (let call = this.#calls.take(); call !== undefined; call = this.#calls.take()) call.failed(error)
    if (isTold) this.#options.onClose(error)
  }
}

function asIpcError(error: unknown): IpcError {
  if (error instanceof IpcError) return error
  throw error
}

/** Removes the files of a server that has died. One that is dying may take a moment until it is gone for good. */
function cleanUpAfter(pid: number, channel: ClientChannel, attempts = deathChecks): void {
  if (!isAlive(pid)) channel.removeFiles()
  else if (attempts > 1) setTimeout(() => cleanUpAfter(pid, channel, attempts - 1), deathCheckEveryMs)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}
