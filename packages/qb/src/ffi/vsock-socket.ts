import { AcceptingSocket, type ShortageHandlers } from './accepting-socket.ts'
import { DescriptorStream } from './descriptor-stream.ts'
import { checked, lastErrno, native, SystemCallError } from './libc.ts'

const socket = native('socket', 'int', ['int', 'int', 'int'])
const bind = native('bind', 'int', ['int', 'void *', 'uint32_t'])
const connect = native('connect', 'int', ['int', 'void *', 'uint32_t'])
const listen = native('listen', 'int', ['int', 'int'])
const closeFd = native('close', 'int', ['int'])
const getsockopt = native('getsockopt', 'int', ['int', 'int', 'int', 'void *', 'void *'])

const familyVsock = 40
const typeStream = 1
const nonBlocking = 0o4000
const closeOnExec = 0o2000000
const levelSocket = 1
const optionError = 4
const errnoInProgress = 115
const backlog = 128
/** Every CID (VMADDR_CID_ANY). */
const anyCid = 0xffff_ffff
/** Size of a sockaddr_vm: family, reserved, port, cid, flags. */
const addressBytes = 16

function encodeAddress(cid: number, port: number): Uint8Array {
  const bytes = new Uint8Array(addressBytes)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, familyVsock, true)
  view.setUint32(4, port, true)
  view.setUint32(8, cid, true)
  return bytes
}

/** Listens for guests on a vsock port; each connection comes with the CID of its guest. */
export class VsockServer {
  readonly #socket: AcceptingSocket

  /** @throws SystemCallError where there is no vsock, or the port is taken */
  constructor(port: number, onConnection: (stream: DescriptorStream, cid: number) => void, handlers: ShortageHandlers) {
    const fd = checked(socket(familyVsock, typeStream | nonBlocking | closeOnExec, 0), 'socket', 'of vsock')
    try {
      checked(bind(fd, encodeAddress(anyCid, port), addressBytes), 'bind', `to vsock port ${port}`)
      checked(listen(fd, backlog), 'listen', `on vsock port ${port}`)
    } catch (error) {
      closeFd(fd)
      throw error
    }
    const peer = new Uint8Array(addressBytes)
    const cidOf = (): number => new DataView(peer.buffer).getUint32(8, true)
    this.#socket = new AcceptingSocket(
      fd,
      peer,
      (accepted) => onConnection(new DescriptorStream(accepted), cidOf()),
      handlers,
    )
  }

  close(): void {
    this.#socket.close()
  }
}

/** Connects to a vsock port of a CID. Rejects with the SystemCallError of the connection, or after `timeoutMs`. */
export function connectVsock(cid: number, port: number, timeoutMs: number): Promise<DescriptorStream> {
  return new Promise((resolve, reject) => {
    const fd = checked(socket(familyVsock, typeStream | nonBlocking | closeOnExec, 0), 'socket', 'of vsock')
    if (connect(fd, encodeAddress(cid, port), addressBytes) < 0 && lastErrno() !== errnoInProgress) {
      const errno = lastErrno()
      closeFd(fd)
      reject(new SystemCallError('connect', errno, `to vsock ${cid}:${port}`))
      return
    }
    const errnoTimedOut = 110
    const late = setTimeout(() => settle(errnoTimedOut), timeoutMs)
    const stream = new DescriptorStream(fd, () => settle(pendingError(fd)))
    const settle = (errno: number): void => {
      clearTimeout(late)
      if (errno === 0) return resolve(stream)
      stream.destroy()
      reject(new SystemCallError('connect', errno, `to vsock ${cid}:${port}`))
    }
  })
}

function pendingError(fd: number): number {
  const value = new Uint8Array(4)
  const size = new Uint8Array(4)
  new DataView(size.buffer).setUint32(0, 4, true)
  if (getsockopt(fd, levelSocket, optionError, value, size) < 0) return lastErrno()
  return new DataView(value.buffer).getInt32(0, true)
}
