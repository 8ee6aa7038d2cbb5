import type { AclGroups } from '@quorate/cib'
import type { CpuTime } from './election/election.ts'

/** User that Pacemaker's daemons run as. */
export const daemonUser = 'hacluster'

/**
 * What the parts of a daemon have of the process and machine that they run on: its clocks, timers, chance and tables. The
 * real daemon hands them those of its process; a simulation has its own.
 */
export type DaemonHost = {
  readonly pid: number
  /** Milliseconds that never go back. */
  monoMs(): number
  /** Milliseconds since 1970. */
  epochMs(): number
  /** Local time minus UTC now, in seconds. */
  utcOffsetS(): number
  /** Local time of a moment as `Www Mmm DD HH:MM:SS YYYY`. */
  localTime(epochS: number): string
  /** CPU time of the daemon, by which elections tell the older one. */
  cpu(): CpuTime
  /** Runs something once, that much later; answers a way to call it off. */
  after(ms: number, run: () => void): () => void
  /** A new UUID. */
  uuid(): string
  /** At least 0, below 1. */
  chance(): number
  /** Whether this machine counts a user among a group, for ACLs of groups. */
  readonly isInGroup: AclGroups
}
