/** Limits of the contract; the server refuses what is beyond by name. */
export const limits = {
  /** Targets of one operation. */
  targetsMax: 1000,
  /** Bytes of the body of a request. */
  bodyBytesMax: 256 * 1024,
  /** Characters of an id or a name. */
  idCharsMax: 512,
  /** Characters of an Idempotency-Key. */
  keyCharsMax: 128,
  /** Items of one kind in a supposition. */
  suppositionsMax: 100,
  /** How long the temporary constraints of a move last at most, in seconds; the default, and the longest that can be asked for. */
  moveSecondsDefault: 600,
  moveSecondsMax: 3600,
  /** Logins at a time, of all roles; the one that was used least recently makes room. */
  sessionsMax: 64,
  /** How long an unused login lasts, in seconds. */
  sessionIdleSeconds: 1800,
  /** Streams of events at a time. */
  streamsMax: 64,
  /** Events that a stream can be resumed across. */
  resumableEventsMax: 256,
  /** Bytes that a stream may have waiting for a browser that does not read; beyond, it is closed and the browser comes back. */
  streamBacklogBytesMax: 8 * 1024 * 1024,
  /** Operations that are remembered; of those that are over the oldest is forgotten first. */
  operationsMax: 200,
  /** Operations that are under way at a time. */
  operationsRunningMax: 16,
  /** Questions that wait for the scheduler at a time, of one cluster. */
  questionsWaitingMax: 16,
  /** Clusters at a time. */
  clustersMax: 32,
  /** Hosts of one cluster that are connected to. */
  hostsMax: 64,
  /** Characters of the name of a host, of a user, and of a cluster. */
  hostCharsMax: 253,
  userCharsMax: 64,
  clusterCharsMax: 64,
} as const

/** Seconds between two signs of life of a stream of events: a comment line where nothing happens. */
export const heartbeatSeconds = 10
