import type { DecodeError, NodeId } from '@quorate/base'
import type { Lane, TotemTimer } from './event.ts'
import type { RingId } from './ring-id.ts'

/**
 * A membership, as delivered. A `transitional` one (the members that come from the same old ring) precedes
 * every `regular` one. All lists ascend by node id.
 */
export type Configuration = {
  readonly kind: 'transitional' | 'regular'
  /** Of a transitional configuration: the old ring, whose last messages follow it. */
  readonly ring: RingId
  readonly members: readonly NodeId[]
  readonly left: readonly NodeId[]
  readonly joined: readonly NodeId[]
}

/** How full the send queue is (protocols/corosync.md 1.6): `critical` at three quarters, `low` below 30 %. */
export type QueueLevel = 'low' | 'good' | 'high' | 'critical'

/** Why a member left its ring and began to gather. */
export type GatherCause =
  | 'start'
  | 'token-lost'
  | 'token-lost-in-gather'
  | 'token-lost-in-commit'
  | 'token-lost-in-recovery'
  | 'consensus-timeout'
  | 'join-merged'
  | 'join-in-operational'
  | 'join-in-commit'
  | 'join-in-recovery'
  | 'foreign-message'
  | 'merge-detected'
  | 'failed-to-receive'

/** What an operator or a statistic wants to hear of; the shell words it. */
export type TotemNotice =
  | {
      readonly what: 'gather'
      readonly cause: GatherCause
      readonly proc: readonly NodeId[]
      readonly failed: readonly NodeId[]
    }
  | { readonly what: 'commit' | 'recovery'; readonly ring: RingId; readonly members: readonly NodeId[] }
  | { readonly what: 'operational'; readonly ring: RingId; readonly members: readonly NodeId[] }
  | { readonly what: 'retransmit-list'; readonly seqs: readonly number[] }
  | { readonly what: 'failed-to-receive' }
  /** The process slept for so long that membership messages in its socket are stale. */
  | { readonly what: 'paused'; readonly pausedMs: number }

/**
 * Everything that a ring member may ask of the world. A shell performs the effects of one step **in order**, and all of
 * them before the next event; `persist` is finished (on disk) before the effect behind it begins.
 */
export type TotemEffect =
  /**
   * To every configured node; reaching the sender itself is allowed and not needed. `flush`: a membership message, which
   * goes to nodes thought inactive as well; without it, data, which a transport may keep from inactive nodes.
   */
  | { readonly do: 'send-all'; readonly bytes: Uint8Array; readonly flush: boolean }
  /** To one node, which may be the sender itself: it must come back as a `frame` event (a ring of one lives of it). */
  | { readonly do: 'send'; readonly to: NodeId; readonly bytes: Uint8Array }
  /** (Re)start a timer. */
  | { readonly do: 'arm'; readonly timer: TotemTimer; readonly afterMs: number }
  | { readonly do: 'disarm'; readonly timer: TotemTimer }
  /** Store the ring sequence (`ringid_NODEID`). A failure must stop the daemon: going on could name two rings alike. */
  | { readonly do: 'persist'; readonly ringSeq: number }
  /**
   * What one frame carries, in its place of the total order: for an `Assembler`, with the lane that is due where this
   * effect is performed. `payload` is a view that the receiver may keep.
   */
  | { readonly do: 'deliver'; readonly from: NodeId; readonly payload: Uint8Array }
  | { readonly do: 'configure'; readonly configuration: Configuration }
  | { readonly do: 'queue-level'; readonly level: QueueLevel }
  /** The message of this `multicast` event was not taken. */
  | {
      readonly do: 'reject'
      readonly why: 'queue-full' | 'too-long' | 'not-running'
      readonly group: string
      readonly lane: Lane
      readonly body: Uint8Array
    }
  /** The frame of this event was dropped. The shell counts it and logs at most once a second per sender. */
  | { readonly do: 'refuse'; readonly error: DecodeError }
  /** Drop datagrams that arrived before this step: they were sent while this process slept. */
  | { readonly do: 'drain' }
  | { readonly do: 'notice'; readonly notice: TotemNotice }
