import type { NodeId } from '@quorate/base'
import type { DeviceConfig } from './quorum-device.ts'
import type { TieBreaker } from './tally.ts'

/** What votequorum(5) lets corosync.conf set, with defaults filled in. */
export type VotequorumConfig = {
  readonly self: NodeId
  readonly votes: number
  readonly expectedVotes: number
  readonly isTwoNode: boolean
  readonly waitForAll: boolean
  readonly autoTieBreaker: TieBreaker | undefined
  readonly lastManStanding: boolean
  readonly lastManStandingWindowMs: number
  /** Undefined: no quorum device is configured. */
  readonly device?: DeviceConfig | undefined
  /** `runtime.votequorum.ev_barrier`, where it is not what is expected; nothing here depends on it. */
  readonly expectedVotesBarrier?: number
  /** Node ids of the nodelist. */
  readonly nodes: readonly NodeId[]
}
