import type { NodeId } from '@quorate/base'
import type { RingId } from './ring-id.ts'

type Addressed = {
  /** Sender in the common header; 0 in the join of a node that leaves. */
  readonly sender: number
  /** Node id for knet, 0 for all. Meaningless on udp and udpu, where real nodes leave bytes of an older frame in it. */
  readonly target: number
}

/** A request that a message be sent again. */
export type RetransmitRequest = { readonly ring: RingId; readonly seq: number }

/** The token of a ring. Sequence numbers are unsigned 32-bit and wrap. */
export type TokenFrame = Addressed & {
  readonly type: 'token'
  readonly seq: number
  readonly tokenSeq: number
  readonly aru: number
  readonly aruAddr: number
  readonly ring: RingId
  readonly backlog: number
  readonly fcc: number
  readonly retransFlag: number
  readonly requests: readonly RetransmitRequest[]
}

/** A message with its place in the order; the payload stays inside `bytes`, the whole frame. */
export type McastFrame = Addressed & {
  readonly type: 'mcast'
  /** A copy of an old ring's message: the payload is that whole frame. */
  readonly encapsulated: boolean
  readonly origin: NodeId
  readonly seq: number
  readonly thisSeqno: number
  readonly ring: RingId
  readonly nodeId: number
  readonly guarantee: number
  readonly bytes: Uint8Array
}

/** The announcement of a quiet ring. */
export type MergeDetectFrame = Addressed & {
  readonly type: 'merge-detect'
  readonly from: NodeId
  readonly ring: RingId
}

/** What a gathering node knows, or the farewell of a leaving one (`sender` 0). */
export type JoinFrame = Addressed & {
  readonly type: 'join'
  readonly from: NodeId
  readonly ringSeq: number
  readonly proc: readonly NodeId[]
  readonly failed: readonly NodeId[]
}

/** What a member of a new ring says of its old one. Zeros until it has said it. */
export type CommitEntry = {
  readonly ring: RingId
  readonly aru: number
  readonly highDelivered: number
  readonly received: number
}

/** The token that forms a ring: goes round twice. */
export type CommitTokenFrame = Addressed & {
  readonly type: 'commit-token'
  readonly tokenSeq: number
  readonly ring: RingId
  readonly retransFlag: number
  /** Entries filled so far, 0..members. */
  readonly index: number
  /** Ascending. */
  readonly members: readonly NodeId[]
  /** As many as members. */
  readonly entries: readonly CommitEntry[]
}

/** Asks the representative to let the token go. */
export type HoldCancelFrame = Addressed & { readonly type: 'hold-cancel'; readonly ring: RingId }

/** Everything that nodes of a ring say to each other. */
export type Frame = TokenFrame | McastFrame | MergeDetectFrame | JoinFrame | CommitTokenFrame | HoldCancelFrame
