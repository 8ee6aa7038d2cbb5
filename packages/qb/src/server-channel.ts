import type { ConnectionResponse } from './ipc-message.ts'
import type { IpcFlowControl } from './ipc-service.ts'

/** The server's end of a connected client, whichever way its messages travel. */
export interface ServerChannel {
  /** What the client is told so that it finds the other ends. */
  readonly response: ConnectionResponse
  /** The oldest request, or undefined. @throws IpcError `IPC_PROTOCOL` when the client broke the channel */
  receive(): Uint8Array | undefined
  /** False when there is no room now; `writable` of the channel's host is told when to try again. */
  respond(message: Uint8Array): boolean
  /** As {@link ServerChannel.respond}. */
  event(message: Uint8Array): boolean
  setFlowControl(level: IpcFlowControl): void
  /** Lets go of memory and descriptors and removes the files in the connection's folder. Idempotent. */
  close(): void
}

/** What a channel needs of its connection. */
export type ChannelHost = {
  /** Requests may be waiting. */
  readable(): void
  /** What was refused for want of room may fit now. */
  writable(): void
}
