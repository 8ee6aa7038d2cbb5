export { hostPath, hostRoot } from './host-root.ts'
export type { ConnectIpc, IpcClient, IpcClientOptions } from './ipc-client.ts'
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
