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

/** Shape of `connectIpc`, which this file will export. */
export type ConnectIpc = (service: string, options: IpcClientOptions) => Promise<IpcClient>
