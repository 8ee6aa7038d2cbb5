/** The process at the other end of a connection, as the kernel knows it. */
export type IpcCredentials = { readonly pid: number; readonly uid: number; readonly gid: number }

/** How messages travel once connected; the server chooses, any libqb client follows. */
export type IpcTransport = 'shm' | 'socket'

/**
 * Flow control word of a connection (protocols/corosync.md 1.6): 0 open, 1 every client holds its requests back, 2 only
 * clients that opted in (cpg) do.
 */
export type IpcFlowControl = 0 | 1 | 2

/** One connected client, as its service sees it. Calls on a connection that has closed do nothing. */
export interface IpcConnection {
  readonly credentials: IpcCredentials
  /** Longest message either way, in bytes: the client's wish, at least the server's minimum. */
  readonly maxMessageBytes: number
  /**
   * Answers the oldest request (whole message with its 24-byte response header). Services answer each request once,
   * in order, unless their protocol has requests without an answer.
   */
  respond(message: Uint8Array): void
  /**
   * Sends an event (whole message with its 24-byte response header). Queued in order while the client is slow; a
   * client that lets more than `eventsQueuedMax` or `eventBytesQueuedMax` gather is disconnected.
   */
  event(message: Uint8Array): void
  /** Events accepted and not yet handed to the client's ring: the measure of a slow client. */
  readonly eventsQueued: number
  setFlowControl(level: IpcFlowControl): void
  /** Ends the connection; `onClose` follows in a later turn. */
  disconnect(): void
}

/** What a service brings along. */
export type IpcService = {
  /** Service name as clients know it: `cmap`, `cib_rw` ... */
  readonly name: string
  /** Default `shm`. */
  readonly transport?: IpcTransport
  /** Least message size to agree on, in bytes; a client may wish for more, up to `ipcMessageBytesMax`. */
  readonly messageBytesMin?: number
  /** Connections at one time, default `ipcClientsMax`; one more is refused with -EMFILE. */
  readonly clientsMax?: number
  /** Default `ipcEventsQueuedMax`. */
  readonly eventsQueuedMax?: number
  /** Requests taken from one client before others get their turn (libqb: 1 low, 5 normal, 50 high). Default 5. */
  readonly requestsPerTurn?: number
  /** 0 to let the client in, or a negative errno: -11 (EAGAIN, not yet), -13 (EACCES, not allowed). */
  accept(credentials: IpcCredentials): number
  onConnect(connection: IpcConnection): void
  /** One whole request, with its 16-byte header; the bytes are the callee's to keep. */
  onMessage(connection: IpcConnection, message: Uint8Array): void
  /** Once for each onConnect, after the last message. */
  onClose(connection: IpcConnection): void
  /** Where refusals, hostile handshakes and dropped clients are told. */
  onTrouble?(text: string): void
}

/** What a server has counted since it began to listen. */
export type IpcServerCounts = {
  readonly connections: number
  readonly accepted: number
  /** Turned away by `accept` or by `clientsMax`. */
  readonly refused: number
  /** Handshakes that were no libqb IPC, or did not come in time. */
  readonly malformed: number
  /** Clients dropped for too many events not read, or for a broken ring. */
  readonly dropped: number
}

/** A listening service. */
export interface IpcServer {
  readonly name: string
  counts(): IpcServerCounts
  /** Stops listening, disconnects every client and removes all files. */
  close(): void
}
