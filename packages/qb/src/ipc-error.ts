/**
 * What can go wrong between an IPC client and its server.
 *
 * - `IPC_CONNECT`: nobody listens under the name, or the system refused (see `errno`)
 * - `IPC_REFUSED`: the server's accept hook said no (`errno`, e.g. -11 not yet, -13 not allowed)
 * - `IPC_CLOSED`: the connection went away, by either side
 * - `IPC_TIMEOUT`: no answer within the time given
 * - `IPC_TOO_BIG`: the message is longer than the connection's limit
 * - `IPC_BUSY`: flow control or a full ring held the message back until the time given was over
 * - `IPC_PROTOCOL`: the other side sent bytes that are no libqb IPC
 * - `IPC_NAME`: the service name or path does not fit a socket address
 * - `IPC_SYSTEM`: a system call failed that should not (`errno`)
 */
export type IpcErrorCode =
  | 'IPC_CONNECT'
  | 'IPC_REFUSED'
  | 'IPC_CLOSED'
  | 'IPC_TIMEOUT'
  | 'IPC_TOO_BIG'
  | 'IPC_BUSY'
  | 'IPC_PROTOCOL'
  | 'IPC_NAME'
  | 'IPC_SYSTEM'

/** A failure of the IPC itself, never of the service behind it. Branch on `code`. */
export class IpcError extends Error {
  override readonly name = 'IpcError'
  readonly code: IpcErrorCode
  /** Positive errno of the system call, or of the server's refusal; 0 where there is none. */
  readonly errno: number

  constructor(code: IpcErrorCode, message: string, errno = 0) {
    super(message)
    this.code = code
    this.errno = errno
  }
}
