export { bzip2BytesMax, bzip2Compress, bzip2Decompress } from './ffi/bzip2.ts'
export { hostPath, hostRoot } from './host-root.ts'
export { connectIpc, type IpcClient, type IpcClientOptions } from './ipc-client.ts'
export { IpcError, type IpcErrorCode } from './ipc-error.ts'
export {
  ipcClientsMax,
  ipcEventBytesQueuedMax,
  ipcEventsQueuedMax,
  ipcMessageBytesMax,
} from './ipc-limits.ts'
export { requestHeader, responseHeader } from './ipc-message.ts'
export { listenIpc } from './ipc-server.ts'
export type {
  IpcConnection,
  IpcCredentials,
  IpcFlowControl,
  IpcServer,
  IpcServerCounts,
  IpcService,
  IpcTransport,
} from './ipc-service.ts'
export { LogFile, logBytesWaitingMax, logLineCharsMax, logTime } from './log-file.ts'
export { notifyService } from './service-notice.ts'
