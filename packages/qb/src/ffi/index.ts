export { type ShortageHandlers, shortageToldMs } from './accepting-socket.ts'
export { DescriptorStream } from './descriptor-stream.ts'
export { DescriptorWatch, type Readiness } from './descriptor-watch.ts'
export { errnoText } from './errno-text.ts'
export { SystemCallError } from './libc.ts'
export { type LibraryDomain, LibvirtLibraryConnection, LibvirtLibraryError } from './libvirt-library.ts'
export { becomeRealtime } from './realtime.ts'
export { briefWaitUsMax, Semaphore } from './semaphore.ts'
export { openSerialPort, type SerialSettings } from './serial-line.ts'
export { allocateFile, mappedBytesMax, mapShared, mapTwice, pageBytes, type SharedMemory } from './shared-memory.ts'
export { type TcpAddress, TcpConnection, type TcpListenerHandlers, TcpServer } from './tcp-socket.ts'
export { type UdpAddress, type UdpOptions, UdpSocket, udpAddress } from './udp-socket.ts'
export {
  type PeerCredentials,
  type Transferred,
  type UnixAddress,
  UnixSocket,
  unixNameBytesMax,
} from './unix-socket.ts'
export { connectVsock, VsockServer } from './vsock-socket.ts'
