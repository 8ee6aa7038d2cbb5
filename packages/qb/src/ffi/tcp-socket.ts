import { AcceptingSocket, type ShortageHandlers } from './accepting-socket.ts'
import { DescriptorSet } from './descriptor-set.ts'
import { errnoText } from './errno-text.ts'
import { checked, lastErrno, native, SystemCallError } from './libc.ts'

const socket = native('socket', 'int', ['int', 'int', 'int'])
const socketpair = native('socketpair', 'int', ['int', 'int', 'int', 'void *'])
const bind = native('bind', 'int', ['int', 'void *', 'uint32_t'])
const connect = native('connect', 'int', ['int', 'void *', 'uint32_t'])
const listen = native('listen', 'int', ['int', 'int'])
const recv = native('recv', 'intptr_t', ['int', 'void *', 'size_t', 'int'])
const send = native('send', 'intptr_t', ['int', 'void *', 'size_t', 'int'])
const getpeername = native('getpeername', 'int', ['int', 'void *', 'void *'])
const getsockname = native('getsockname', 'int', ['int', 'void *', 'void *'])
const shutdown = native('shutdown', 'int', ['int', 'int'])
const closeFd = native('close', 'int', ['int'])
const setsockopt = native('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32_t'])
const getsockopt = native('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *'])

const familyUnix = 1
const families = { 4: 2, 16: 10 } as const
const addressBytesMax = 28
const typeStream = 1
const nonBlocking = 0o4000
const closeOnExec = 0o2000000
const noSignal = 0x4000
const levelSocket = 1
const reuseAddress = 2
const pendingError = 4
const levelTcp = 6
const noDelay = 1
const shutWrite = 1
const errnoAgain = 11
const errnoInProgress = 115
const backlog = 511
/** Memory for what arrives is taken in such pieces, and has at least so much room for one reading. */
const arrivingBytes = 8_192
const roomMin = 1_024
const leavingBytes = 4_096

/** Where a TCP socket is: 4 or 16 bytes in network order, a port, and the interface of a link-local address. */
export type TcpAddress = { readonly bytes: Uint8Array; readonly port: number; readonly scope?: number }

function encodeAddress({ bytes, port, scope = 0 }: TcpAddress): Uint8Array {
  const isSix = bytes.byteLength === 16
  const out = new Uint8Array(isSix ? addressBytesMax : 16)
  const view = new DataView(out.buffer)
  view.setUint16(0, isSix ? families[16] : families[4], true)
  view.setUint16(2, port)
  out.set(bytes.subarray(0, isSix ? 16 : 4), isSix ? 8 : 4)
  if (isSix) view.setUint32(24, scope, true)
  return out
}

function decodeAddress(raw: Uint8Array): TcpAddress {
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  const port = view.getUint16(2)
  if (view.getUint16(0, true) === families[4]) return { bytes: raw.slice(4, 8), port }
  return { bytes: raw.slice(8, 24), port, scope: view.getUint32(24, true) }
}

function open(bytes: Uint8Array): number {
  const family = bytes.byteLength === 16 ? families[16] : families[4]
  return checked(socket(family, typeStream | nonBlocking | closeOnExec, 0), 'socket', '')
}

function setOption(fd: number, level: number, option: number): void {
  checked(setsockopt(fd, level, option, Uint8Array.of(1, 0, 0, 0), 4), 'setsockopt', `${level} ${option}`)
}

/** What a connection tells its owner. Nothing is told behind `onGone`. */
export type TcpListenerHandlers = {
  /** `more`: something has to follow without an answer of ours, and may be there by now. */
  onBytes(bytes: Uint8Array): 'more' | undefined
  /** The peer has closed, or the connection broke. Told once. */
  onGone(why: string): void
}

/** Made with the first connection. */
let connections: DescriptorSet | undefined

/**
 * A TCP connection without node's streams: for daemons whose connections live for a few short messages, where streams
 * would cost more than the work. Small messages only: what the kernel does not take at once is kept. A connection does
 * not keep the process alive.
 */
export class TcpConnection {
  readonly #fd: number
  readonly #set: DescriptorSet
  /** In the set; undefined before there was anything to wait for. */
  #token: number | undefined
  /** Nothing is read before there is somebody to hear it. */
  #handlers: TcpListenerHandlers | undefined
  #unsent: Uint8Array = new Uint8Array(0)
  #isEnding = false
  #isOpen = true
  #wantsWritable = false
  #onReady: (() => void) | undefined

  constructor(fd: number, onReady?: () => void) {
    this.#fd = fd
    connections ??= new DescriptorSet()
    this.#set = connections
    this.#onReady = onReady
    if (onReady !== undefined) this.#await()
  }

  /**
   * Connects. Rejects with the SystemCallError of the attempt, or after `timeoutMs`. To a listener on the same machine
   * the connection stands when the system call returns, and no turn of the loop is waited for.
   */
  static connect(to: TcpAddress, timeoutMs: number): Promise<TcpConnection> {
    return new Promise((resolve, reject) => {
      const fd = open(to.bytes)
      setOption(fd, levelTcp, noDelay)
      const address = encodeAddress(to)
      if (connect(fd, address, address.byteLength) < 0 && lastErrno() !== errnoInProgress) {
        const errno = lastErrno()
        closeFd(fd)
        reject(new SystemCallError('connect', errno, `to port ${to.port}`))
        return
      }
      if (isConnected(fd)) return resolve(new TcpConnection(fd))
      const errnoTimedOut = 110
      const late = setTimeout(() => settle(errnoTimedOut), timeoutMs)
      const connection = new TcpConnection(fd, () => settle(errorOf(fd)))
      const settle = (errno: number): void => {
        clearTimeout(late)
        if (errno === 0) return resolve(connection)
        connection.destroy()
        reject(new SystemCallError('connect', errno, `to port ${to.port}`))
      }
    })
  }

  /** Two ends of a connection that nobody else can reach (socketpair(2)). @throws SystemCallError */
  static pair(): readonly [TcpConnection, TcpConnection] {
    const fds = new Int32Array(2)
    const memory = new Uint8Array(fds.buffer)
    checked(socketpair(familyUnix, typeStream | nonBlocking | closeOnExec, 0, memory), 'socketpair', '')
    return [new TcpConnection(fds[0] ?? -1), new TcpConnection(fds[1] ?? -1)]
  }

  /** Begins to read. What arrived before is heard before this returns. */
  listen(handlers: TcpListenerHandlers): void {
    this.#handlers = handlers
    this.#receive()
    if (this.#isOpen) this.#await()
  }

  get isDestroyed(): boolean {
    return !this.#isOpen
  }

  /** What there is of both parts goes out as one. */
  send(bytes: Uint8Array, rest: Uint8Array = nothing): void {
    if (!this.#isOpen || this.#isEnding) return
    const size = bytes.byteLength + rest.byteLength
    if (this.#unsent.byteLength > 0 || size > leaving.byteLength) {
      const isFree = this.#unsent.byteLength === 0
      this.#unsent = new Uint8Array(Buffer.concat([this.#unsent, bytes, rest]))
      if (isFree) this.#transmit(this.#unsent, size)
    } else {
      leaving.set(bytes)
      leaving.set(rest, bytes.byteLength)
      this.#transmit(leaving, size)
    }
    if (this.#isOpen && this.#unsent.byteLength > 0 !== this.#wantsWritable) this.#await()
  }

  /** Sends the last bytes and closes, at once where the kernel has taken them and nothing unread would reset them. */
  end(bytes: Uint8Array): void {
    this.send(bytes)
    this.#isEnding = true
    if (this.#isOpen && this.#unsent.byteLength === 0) this.#closeOrderly()
  }

  /** Closes at once. Idempotent; nothing is told. */
  destroy(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    if (this.#token !== undefined) this.#set.forget(this.#token)
    closeFd(this.#fd)
  }

  /** A close with unread bytes would reset the connection, and the peer might lose what it has not read yet. */
  #closeOrderly(): void {
    const got = recv(this.#fd, unread, unread.byteLength, 0)
    if (got === 0 || (got < 0 && lastErrno() === errnoAgain)) return this.destroy()
    shutdown(this.#fd, shutWrite)
  }

  /** Waits for what there is to wait for: the connection itself, bytes, or room for more. */
  #await(): void {
    const isConnecting = this.#onReady !== undefined
    this.#wantsWritable = isConnecting || this.#unsent.byteLength > 0
    const wanted = { readable: !isConnecting && this.#handlers !== undefined, writable: this.#wantsWritable }
    if (this.#token !== undefined) return this.#set.want(this.#token, wanted)
    this.#token = this.#set.add(this.#fd, wanted, ({ readable, writable }) => {
      if (writable && this.#wantsWritable) this.#becameWritable()
      if (readable && this.#isOpen && this.#onReady === undefined && this.#handlers !== undefined) this.#receive()
    })
  }

  #becameWritable(): void {
    const onReady = this.#onReady
    this.#onReady = undefined
    onReady?.()
    if (!this.#isOpen) return
    if (this.#unsent.byteLength > 0) {
      this.#transmit(this.#unsent, this.#unsent.byteLength)
      if (this.#isEnding && this.#isOpen && this.#unsent.byteLength === 0) this.#closeOrderly()
    }
    if (this.#isOpen) this.#await()
  }

  /** Sends the first `size` of the bytes, which are those that were unsent, or {@link leaving}. */
  #transmit(bytes: Uint8Array, size: number): void {
    const put = send(this.#fd, bytes, size, noSignal)
    if (put === size) {
      this.#unsent = nothing
      return
    }
    if (put < 0 && lastErrno() !== errnoAgain) return this.#lose(`send: ${errnoText(lastErrno())}`)
    const left = bytes.subarray(Math.max(0, put), size)
    this.#unsent = bytes === leaving ? left.slice() : left
  }

  #receive(): void {
    let got: number
    do {
      if (arriving.byteLength < roomMin) arriving = new Uint8Array(arrivingBytes)
      got = recv(this.#fd, arriving, arriving.byteLength, 0)
      if (got <= 0) break
      const piece = arriving.subarray(0, got)
      arriving = arriving.subarray(got)
      if (this.#handlers?.onBytes(piece) !== 'more') return
    } while (this.#isOpen)
    if (got < 0 && lastErrno() === errnoAgain) return
    this.#lose(got === 0 ? 'closed by the peer' : `recv: ${errnoText(lastErrno())}`)
  }

  #lose(why: string): void {
    if (!this.#isOpen) return
    this.destroy()
    this.#handlers?.onGone(why)
  }
}

const nothing = new Uint8Array(0)

/** What is left of the memory for what arrives: each piece is its reader's for good, and none is written to twice. */
let arriving = new Uint8Array(arrivingBytes)
/** One for all connections: what leaves is on its way when the next comes. Koffi takes its time over new memory. */
const leaving = new Uint8Array(leavingBytes)
/** Where bytes go that nobody will read. */
const unread = new Uint8Array(roomMin)

function errorOf(fd: number): number {
  const value = new Uint8Array(4)
  if (getsockopt(fd, levelSocket, pendingError, value, Uint8Array.of(4, 0, 0, 0)) < 0) return lastErrno()
  return new DataView(value.buffer).getInt32(0, true)
}

function isConnected(fd: number): boolean {
  return getpeername(fd, new Uint8Array(addressBytesMax), Uint8Array.of(addressBytesMax, 0, 0, 0)) === 0
}

/** Listens on one address, on `::` for IPv4 as well; hands over connections with the address of their peer. */
export class TcpServer {
  readonly #socket: AcceptingSocket
  /** The port that it listens on, also where any was asked for with 0. */
  readonly port: number

  /** @throws SystemCallError such as EADDRINUSE */
  constructor(
    on: TcpAddress,
    onConnection: (connection: TcpConnection, from: TcpAddress) => void,
    handlers: ShortageHandlers,
  ) {
    const fd = open(on.bytes)
    try {
      setOption(fd, levelSocket, reuseAddress)
      // What is accepted inherits it.
      setOption(fd, levelTcp, noDelay)
      const address = encodeAddress(on)
      checked(bind(fd, address, address.byteLength), 'bind', `to port ${on.port}`)
      checked(listen(fd, backlog), 'listen', `on port ${on.port}`)
      const own = new Uint8Array(addressBytesMax)
      checked(getsockname(fd, own, Uint8Array.of(addressBytesMax, 0, 0, 0)), 'getsockname', '')
      this.port = decodeAddress(own).port
    } catch (error) {
      closeFd(fd)
      throw error
    }
    const peer = new Uint8Array(addressBytesMax)
    this.#socket = new AcceptingSocket(
      fd,
      peer,
      (accepted) => onConnection(new TcpConnection(accepted), decodeAddress(peer)),
      handlers,
    )
  }

  close(): void {
    this.#socket.close()
  }
}
