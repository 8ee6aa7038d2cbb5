import { constants } from 'node:os'
import { encodeText, invariant } from '@quorate/base'
import { checked, lastErrno, native, SystemCallError } from './libc.ts'

const socket = native('socket', 'int', ['int', 'int', 'int'])
const bind = native('bind', 'int', ['int', 'void *', 'uint32_t'])
const connect = native('connect', 'int', ['int', 'void *', 'uint32_t'])
const listen = native('listen', 'int', ['int', 'int'])
const accept4 = native('accept4', 'int', ['int', 'void *', 'void *', 'int'])
const closeFd = native('close', 'int', ['int'])
const send = native('send', 'intptr_t', ['int', 'void *', 'size_t', 'int'])
const recv = native('recv', 'intptr_t', ['int', 'void *', 'size_t', 'int'])
const getsockopt = native('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *'])
const setsockopt = native('setsockopt', 'int', ['int', 'int', 'int', 'void *', 'uint32_t'])

const familyUnix = 1
const typeStream = 1
const typeDatagram = 2
const nonBlocking = 0o4000
const closeOnExec = 0o2000000
const dontWait = 0x40
const noSignal = 0x4000
const levelSocket = 1
const optionSendBuffer = 7
const optionReceiveBuffer = 8
const optionPassCredentials = 16
const optionPeerCredentials = 17

/** Size of a sockaddr_un. Abstract names are padded with NULs to it, and the padding is part of the name. */
const addressBytes = 110
/** Longest path or abstract name of a unix socket, in bytes: what is left of its address for a NUL in front or behind. */
export const unixNameBytesMax = 107

/**
 * Where a unix socket lives: in the file system, or in the abstract namespace under a name that is padded (libqb on
 * Linux) or not (systemd).
 */
export type UnixAddress = { readonly kind: 'abstract' | 'abstract-unpadded' | 'file'; readonly name: string }

function encodeAddress(address: UnixAddress): Uint8Array {
  const name = encodeText(address.name)
  invariant(name.byteLength > 0 && name.byteLength <= unixNameBytesMax, 'a name that fits', { name: address.name })
  const at = address.kind === 'file' ? 2 : 3
  const out = new Uint8Array(address.kind === 'abstract-unpadded' ? at + name.byteLength : addressBytes)
  out[0] = familyUnix
  out.set(name, at)
  return out
}

/** Process at the other end of a stream socket, from SO_PEERCRED. */
export type PeerCredentials = { readonly pid: number; readonly uid: number; readonly gid: number }

/**
 * What came of a call that does not wait: a count of bytes, 0 for the end of a stream, or a negative errno
 * (-EAGAIN: not now).
 */
export type Transferred = number

/** A unix socket that never blocks. */
export class UnixSocket {
  readonly fd: number
  #isOpen = true

  private constructor(fd: number) {
    this.fd = fd
  }

  /** Listens for stream connections. @throws SystemCallError such as EADDRINUSE */
  static listen(address: UnixAddress, backlog: number): UnixSocket {
    const made = UnixSocket.#create(typeStream)
    made.#attempt(() => {
      made.#bind(address)
      checked(listen(made.fd, backlog), 'listen', `on '${address.name}'`)
    })
    made.#setOption(optionPassCredentials, 1)
    return made
  }

  /** Connects a stream. Local connects are done at once or fail. @throws SystemCallError such as ECONNREFUSED */
  static connect(address: UnixAddress): UnixSocket {
    const made = UnixSocket.#create(typeStream)
    made.#attempt(() => made.connectTo(address))
    made.#setOption(optionPassCredentials, 1)
    return made
  }

  /** A datagram socket bound to `address`, with room for messages of `messageBytes` if the system's limits allow. */
  static datagram(address: UnixAddress, messageBytes: number): UnixSocket {
    const made = UnixSocket.#create(typeDatagram)
    made.#attempt(() => made.#bind(address))
    made.#setOption(optionSendBuffer, messageBytes)
    made.#setOption(optionReceiveBuffer, messageBytes)
    return made
  }

  /** A datagram socket without an address of its own, which sends to `address`. @throws SystemCallError */
  static sender(address: UnixAddress): UnixSocket {
    const made = UnixSocket.#create(typeDatagram)
    made.#attempt(() => made.connectTo(address))
    return made
  }

  static #create(type: number): UnixSocket {
    return new UnixSocket(checked(socket(familyUnix, type | nonBlocking | closeOnExec, 0), 'socket', ''))
  }

  #attempt(call: () => void): void {
    try {
      call()
    } catch (error) {
      this.close()
      throw error
    }
  }

  #bind(address: UnixAddress): void {
    const bytes = encodeAddress(address)
    checked(bind(this.fd, bytes, bytes.byteLength), 'bind', `to '${address.name}'`)
  }

  /** Sets the peer. @throws SystemCallError */
  connectTo(address: UnixAddress): void {
    const bytes = encodeAddress(address)
    checked(connect(this.fd, bytes, bytes.byteLength), 'connect', `to '${address.name}'`)
  }

  /** The next connection, or undefined when none waits. @throws SystemCallError (EMFILE: too many files are open) */
  accept(): UnixSocket | undefined {
    const fd = accept4(this.fd, null, null, nonBlocking | closeOnExec)
    if (fd < 0) {
      const errno = lastErrno()
      const { EAGAIN, ECONNABORTED, EINTR } = constants.errno
      if (errno === EAGAIN || errno === ECONNABORTED || errno === EINTR) return undefined
      throw new SystemCallError('accept4', errno, '')
    }
    const made = new UnixSocket(fd)
    made.#setOption(optionPassCredentials, 1)
    return made
  }

  get peerCredentials(): PeerCredentials {
    const out = new Uint8Array(12)
    const length = new Uint8Array([out.byteLength, 0, 0, 0])
    checked(getsockopt(this.fd, levelSocket, optionPeerCredentials, out, length), 'getsockopt', 'SO_PEERCRED')
    const view = new DataView(out.buffer)
    return { pid: view.getInt32(0, true), uid: view.getUint32(4, true), gid: view.getUint32(8, true) }
  }

  #setOption(option: number, value: number): void {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setInt32(0, value, true)
    checked(setsockopt(this.fd, levelSocket, option, bytes, 4), 'setsockopt', String(option))
  }

  send(bytes: Uint8Array): Transferred {
    if (!this.#isOpen) return -constants.errno.EBADF
    const count = send(this.fd, bytes, bytes.byteLength, dontWait | noSignal)
    return count < 0 ? -lastErrno() : count
  }

  receive(into: Uint8Array): Transferred {
    if (!this.#isOpen) return -constants.errno.EBADF
    const count = recv(this.fd, into, into.byteLength, dontWait)
    return count < 0 ? -lastErrno() : count
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    closeFd(this.fd)
  }
}
