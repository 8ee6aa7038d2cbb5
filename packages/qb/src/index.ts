export type { ConnectIpc, IpcClient, IpcClientOptions } from './ipc-client.ts'
export { IpcError, type IpcErrorCode } from './ipc-error.ts'
export {
  type IpcConnection,
  type IpcCredentials,
  type IpcFlowControl,
  type IpcServer,
  type IpcServerCounts,
  type IpcService,
  type IpcTransport,
  ipcClientsMax,
  ipcEventBytesQueuedMax,
  ipcEventsQueuedMax,
  ipcMessageBytesMax,
  type ListenIpc,
} from './ipc-server.ts'
