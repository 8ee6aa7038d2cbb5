/** Exit codes of the daemon, as the C one has them but for `config` (docs/decisions/0008). */
export const exitCodes = {
  ok: 0,
  /** The log file cannot be opened, or what logging {} says makes no sense. */
  logging: 7,
  /** corosync.conf cannot be used. */
  config: 1,
  /** The ring id cannot be kept. */
  storeRingId: 9,
  /** Another corosync runs here. */
  alreadyRunning: 18,
  /** The clients' sockets cannot be opened. */
  ipc: 11,
  /** Something that must not happen did. */
  fatal: 1,
} as const
