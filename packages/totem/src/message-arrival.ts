import { deliverUnbroken } from './delivery.ts'
import type { HoldCancelFrame, McastFrame, MergeDetectFrame } from './frame.ts'
import { encodeFrame } from './frame-encoder.ts'
import { onForeigner } from './gather.ts'
import type { MessageLog } from './message-log.ts'
import { takeCopy } from './recovery.ts'
import { sameRing } from './ring-id.ts'
import type { RingMember } from './ring-member.ts'
import { seqBefore } from './seq.ts'
import { repeatToken } from './token-sending.ts'

/** A message of this ring is kept and delivered in its turn; one of another ring tells of that ring. */
export function onMcast(member: RingMember, frame: McastFrame): void {
  member.counters.mcastsReceived += 1
  if (frame.origin === member.self) return
  if (!sameRing(frame.ring, member.ring)) return onForeigner(member, frame.origin, frame.ring.seq, 'foreign-message')
  const log = openLog(member)
  if (log === undefined) return
  // Sent after this node passed the token on: it arrived, so its next holder answers for it now.
  if (seqBefore(member.token.passedSeq, frame.seq)) member.disarm('token-retransmit')
  if (!log.add(frame)) {
    member.counters.mcastsDuplicate += 1
    return
  }
  if (member.phase === 'recovery' && frame.encapsulated) takeCopy(member, frame)
  if (member.phase === 'operational') deliverUnbroken(member, log)
}

/**
 * The log that messages of the current ring go to. Once this node has told the others what it holds of its old ring,
 * late messages of that ring must not add to it: everybody would count on what was told.
 */
function openLog(member: RingMember): MessageLog | undefined {
  if (member.phase === 'recovery') return member.needForming().log
  if (member.phase === 'operational') return member.installed.log
  return member.phase === 'gather' && sameRing(member.ring, member.installed.id) ? member.installed.log : undefined
}

/** Another ring announces itself. */
export function onMergeDetect(member: RingMember, frame: MergeDetectFrame): void {
  member.counters.mergeDetectsReceived += 1
  if (frame.from === member.self || sameRing(frame.ring, member.ring)) return
  onForeigner(member, frame.from, frame.ring.seq, 'merge-detected')
}

/** The ring has been quiet for a while: its representative announces it to others. */
export function onMergeTimer(member: RingMember): void {
  member.mergeArmed = false
  if (member.phase !== 'operational' || !member.isRep) return
  member.counters.mergeDetectsSent += 1
  const { self, ring } = member
  member.sendAll(encodeFrame({ type: 'merge-detect', sender: self, target: 0, from: self, ring }), true)
}

/** A node has something to send: the token must not rest. */
export function onHoldCancel(member: RingMember, frame: HoldCancelFrame): void {
  member.counters.holdCancelsReceived += 1
  if (frame.sender === member.self || !sameRing(frame.ring, member.ring)) return
  wakeToken(member)
}

/** This node has something to send while the token seems to rest: asks for it, or lets it go. */
export function cancelHold(member: RingMember): void {
  if (!member.tokenHeld) return
  member.counters.holdCancelsSent += 1
  const { self, ring } = member
  member.sendAll(encodeFrame({ type: 'hold-cancel', sender: self, target: 0, ring }), true)
  wakeToken(member)
}

function wakeToken(member: RingMember): void {
  member.token.quietVisits = 0
  member.tokenHeld = false
  if (!member.isRep || (member.phase !== 'operational' && member.phase !== 'recovery')) return
  member.disarm('hold')
  repeatToken(member)
}
