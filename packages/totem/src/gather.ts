import { DecodeError, type NodeId } from '@quorate/base'
import { formRing } from './commit.ts'
import type { GatherCause } from './effect.ts'
import type { JoinFrame } from './frame.ts'
import { encodeFrame } from './frame-encoder.ts'
import { nodesMax } from './frame-layout.ts'
import { isEqual, isSubset, nodeSet, union, without } from './node-set.ts'
import { ringSeqJumpMax } from './ring-id.ts'
import type { RingMember } from './ring-member.ts'

/** Where a join says its ring sequence. */
const ringSeqInJoinAt = 25

/** Leaves whatever this node was doing and looks who is there (protocols/corosync.md 3.1). */
export function enterGather(member: RingMember, cause: GatherCause): void {
  member.counters.gathers[cause] = (member.counters.gathers[cause] ?? 0) + 1
  member.phase = 'gather'
  member.forming = undefined
  member.tokenHeld = false
  member.mergeArmed = false
  member.proc = union(member.proc, [member.self])
  member.consensus.clear()
  member.consensus.add(member.self)
  member.notice({ what: 'gather', cause, proc: member.proc, failed: member.failed })
  for (const timer of ['token-loss', 'token-retransmit', 'merge', 'hold'] as const) member.disarm(timer)
  sendJoin(member)
  member.arm('join', member.config.joinMs)
  member.arm('consensus', member.config.consensusMs)
  concludeIfAgreed(member)
}

/** Says again who this node thinks is there. */
export function onJoinTimer(member: RingMember): void {
  sendJoin(member)
  member.arm('join', member.config.joinMs)
}

function sendJoin(member: RingMember): void {
  member.counters.joinsSent += 1
  member.sendAll(joinBytes(member, member.self, member.proc, member.failed), true)
}

function joinBytes(member: RingMember, sender: number, proc: readonly NodeId[], failed: readonly NodeId[]): Uint8Array {
  return encodeFrame({ type: 'join', sender, target: 0, from: member.self, ringSeq: member.ring.seq, proc, failed })
}

/** The farewell: a join from nobody that gives this node up. Other timers and states end with it. */
export function leaveRing(member: RingMember): void {
  const others = without(member.proc, [member.self])
  member.sendAll(joinBytes(member, 0, others, [...without(member.failed, [member.self]), member.self]), true)
  for (const timer of ['token-loss', 'token-retransmit', 'join', 'consensus', 'merge', 'hold', 'pause'] as const) {
    member.disarm(timer)
  }
  member.phase = 'left'
}

/** A join came in (protocols/corosync.md 3.2). */
export function onJoin(member: RingMember, join: JoinFrame): void {
  member.counters.joinsReceived += 1
  if (join.from === member.self) return
  if (join.ringSeq > member.ringSeqSeen + ringSeqJumpMax) {
    const text = `ring sequence ${join.ringSeq} where ${member.ringSeqSeen} is the highest known`
    return member.refuse(new DecodeError('limit', ringSeqInJoinAt, text))
  }
  member.ringSeqSeen = Math.max(member.ringSeqSeen, join.ringSeq)
  switch (member.phase) {
    case 'operational': {
      const ours = member.installed.members.includes(join.from)
      const untimely = ours ? join.ringSeq < member.ring.seq : !member.settled
      if (join.failed.includes(member.self) || untimely) return
      mergeJoin(member, join)
      enterGather(member, 'join-in-operational')
      break
    }
    case 'gather':
      if (mergeJoin(member, join)) enterGather(member, 'join-merged')
      break
    case 'commit':
    case 'recovery': {
      const fresh = member.needForming().members.includes(join.from) && join.ringSeq >= member.ring.seq
      if (!fresh) return
      mergeJoin(member, join)
      enterGather(member, member.phase === 'commit' ? 'join-in-commit' : 'join-in-recovery')
      break
    }
    default:
      return
  }
  if (member.phase === 'gather') markConsensus(member, join)
}

/**
 * Takes in what the sender knows; true when that was news. A member of this node's ring is believed about the dead, a
 * stranger is not; who gave this node up is given up; who was given up is not listened to.
 */
function mergeJoin(member: RingMember, join: JoinFrame): boolean {
  const { proc, failed, installed } = member
  const joinFailed = nodeSet(join.failed)
  const known = isSubset(nodeSet(join.proc), proc) && isSubset(joinFailed, failed)
  if (known || failed.includes(join.from)) return false
  // No sane cluster has so many nodes: believing it would make joins that nobody can read.
  if (union(proc, join.proc).length > nodesMax || union(failed, joinFailed).length > nodesMax) return false
  member.proc = union(proc, join.proc)
  if (joinFailed.includes(member.self)) member.failed = union(failed, [join.from])
  else if (installed.members.includes(join.from)) member.failed = union(failed, joinFailed)
  return member.proc.length > proc.length || member.failed.length > failed.length
}

/** A sender with the same sets agrees, unless it is saying good-bye. */
function markConsensus(member: RingMember, join: JoinFrame): void {
  const leaving = join.sender === 0
  if (leaving || !isEqual(nodeSet(join.proc), member.proc) || !isEqual(nodeSet(join.failed), member.failed)) return
  member.consensus.add(join.from)
  concludeIfAgreed(member)
}

function agreed(member: RingMember): boolean {
  return without(member.proc, member.failed).every((node) => member.consensus.has(node))
}

/** When all agree, the lowest forms the ring; a node that was given up for not receiving forms one of its own. */
function concludeIfAgreed(member: RingMember): void {
  if (!agreed(member)) return
  if (member.failedToReceive) {
    member.failedToReceive = false
    member.proc = [member.self]
    member.failed = []
    formRing(member, member.proc)
    return
  }
  const members = without(member.proc, member.failed)
  if (members[0] === member.self) formRing(member, members)
}

/** Gathering took its time: who is silent is given up; if all agreed, the ring must come up before a token is overdue. */
export function onConsensusTimeout(member: RingMember): void {
  if (agreed(member)) {
    member.consensus.clear()
    member.consensus.add(member.self)
    member.arm('token-loss', member.config.tokenLossMs)
    return
  }
  giveUpSilent(member)
  enterGather(member, 'consensus-timeout')
}

function giveUpSilent(member: RingMember): void {
  const silent = member.proc.filter((node) => !member.consensus.has(node))
  member.failed = union(member.failed, silent)
}

/** No token for too long, in whatever phase. */
export function onTokenLoss(member: RingMember): void {
  switch (member.phase) {
    case 'operational':
      return enterGather(member, 'token-lost')
    case 'gather':
      if (!agreed(member)) giveUpSilent(member)
      return enterGather(member, 'token-lost-in-gather')
    case 'commit':
      return enterGather(member, 'token-lost-in-commit')
    case 'recovery':
      return enterGather(member, 'token-lost-in-recovery')
    default:
  }
}

/**
 * Another ring, or a node that this one does not know, is within reach. A ring that is still being installed turns to it
 * later: members that are not through would bring along whom they had given up, and the rings would drive each other on
 * for ever.
 */
export function onForeigner(member: RingMember, from: NodeId, ringSeq: number, cause: GatherCause): void {
  const known = member.proc.includes(from)
  // What a member of this ring sent on an earlier one was under way for long: it says nothing about now.
  const stale = member.installed.members.includes(from) && ringSeq < member.ring.seq
  if (member.phase === 'operational' ? stale || !member.settled : member.phase !== 'gather' || known) return
  if (member.proc.length >= nodesMax) return
  member.proc = union(member.proc, [from])
  enterGather(member, cause)
}
