/** Connections that a service has at one time, unless it says otherwise. */
export const ipcClientsMax = 512
/** Connections that are at their handshake at one time; later ones wait in the backlog. */
export const ipcHandshakesMax = 64
/** Time for a client to send its 24 bytes, in milliseconds. */
export const ipcHandshakeTimeoutMs = 2000
/** Connections that the kernel holds for a listening service (libqb's figure). */
export const ipcBacklog = 128
/** Events waiting for one slow client, unless the service says otherwise. */
export const ipcEventsQueuedMax = 65_536
/** Bytes of events waiting for one slow client. */
export const ipcEventBytesQueuedMax = 256 * 1024 * 1024
/** Largest message size that either side agrees to, in bytes. */
export const ipcMessageBytesMax = 16 * 1024 * 1024
/** Requests taken from one client before others get their turn, at libqb's normal priority. */
export const ipcRequestsPerTurn = 5
/** Calls of one client that wait for their turn. */
export const ipcCallsQueuedMax = 65_536
