import type { TotemCounters } from '@quorate/totem'
import { cmapU64 } from '../cmap/cmap-value.ts'
import type { CmapKey } from '../conf/cmap-keys.ts'

/** Connections of clients since the node began. */
export type ConnectionCounts = { readonly active: number; readonly closed: number }

/** The statistics that this node keeps, under the names of cmap's map of statistics (cmap_keys(7), `stats.`). */
export function ringStatistics(
  counters: Readonly<TotemCounters>,
  { active, closed }: ConnectionCounts,
): readonly CmapKey[] {
  const { gathers } = counters
  const srp = {
    commit_token_lost: gathers['token-lost-in-commit'],
    consensus_timeouts: gathers['consensus-timeout'],
    gather_entered: Object.values(gathers).reduce((sum, count) => sum + count, 0),
    gather_token_lost: gathers['token-lost-in-gather'],
    mcast_retx: counters.mcastsRetransmitted,
    mcast_rx: counters.mcastsReceived,
    mcast_tx: counters.mcastsSent,
    memb_commit_token_rx: counters.commitTokensReceived,
    memb_join_rx: counters.joinsReceived,
    memb_join_tx: counters.joinsSent,
    memb_merge_detect_rx: counters.mergeDetectsReceived,
    memb_merge_detect_tx: counters.mergeDetectsSent,
    operational_entered: counters.ringsInstalled,
    operational_token_lost: gathers['token-lost'],
    orf_token_rx: counters.tokensReceived,
    recovery_token_lost: gathers['token-lost-in-recovery'],
    rx_msg_dropped: counters.framesRefused,
    token_hold_cancel_rx: counters.holdCancelsReceived,
    token_hold_cancel_tx: counters.holdCancelsSent,
  }
  const key = (name: string, value: number): CmapKey => [`stats.${name}`, cmapU64(BigInt(value))]
  return [
    key('ipcs.global.active', active),
    key('ipcs.global.closed', closed),
    ...Object.entries(srp).map(([name, value]) => key(`srp.${name}`, value ?? 0)),
  ]
}
