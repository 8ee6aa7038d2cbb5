import type { NodeId } from '@quorate/base'
import { deliverUnbroken } from './delivery.ts'
import { replaceShare, sendAllowance } from './flow-control.ts'
import type { RetransmitRequest, TokenFrame } from './frame.ts'
import { encodeFrame, placeMcast } from './frame-encoder.ts'
import { retransmitRequestsMax } from './frame-layout.ts'
import { enterGather } from './gather.ts'
import { type MessageLog, messageSlotsMax } from './message-log.ts'
import { installRing } from './operational.ts'
import { sameRing } from './ring-id.ts'
import type { FormingRing, RingMember } from './ring-member.ts'
import { seqAfter, seqBefore, seqDistance, seqMin } from './seq.ts'
import { nextOnRing, passToken } from './token-sending.ts'

/** Visits without the retransmission flag after which the last message of recovery is known. */
const quietVisitsToMark = 2
/** Visits without the flag from which on completeness counts. */
const quietVisitsToCount = 3
/** Visits in a row at which everybody is complete: then all members know it, and the ring is installed. */
const completeVisitsToInstall = 2

/** The token is here: send, ask, acknowledge, pass it on (protocols/corosync.md 3.5). */
export function onToken(member: RingMember, token: TokenFrame): void {
  if (member.phase !== 'operational' && member.phase !== 'recovery') return
  const memory = member.token
  if (!sameRing(token.ring, member.ring) || !seqBefore(memory.lastTokenSeq, token.tokenSeq)) return
  const log = member.phase === 'recovery' ? member.needForming().log : member.installed.log
  if (!isPlausible(token, log)) return
  member.counters.tokensReceived += 1
  noticeQuiet(member, token)
  if (member.phase === 'operational') {
    member.settled = true
    log.release(seqMin(seqMin(token.aru, memory.lastAru), log.delivered))
  }
  const passed = visit(member, token, log)
  if (passed === undefined) return enterGather(member, 'failed-to-receive')
  if (member.forming !== undefined && recovered(member, member.forming, passed)) installRing(member)
  const members = member.forming?.members ?? member.installed.members
  const to = nextOnRing(members, member.self)
  const held = member.tokenHeld && member.isRep
  passToken(member, to, encodeFrame({ ...passed, target: to }), held)
  if (member.phase === 'operational') deliverUnbroken(member, log)
  if (held) {
    member.counters.tokensHeld += 1
    member.arm('hold', member.config.holdMs)
  }
}

/** A token counts every message that was sent before it came here, and no more than can be on the way. */
function isPlausible(token: TokenFrame, log: MessageLog): boolean {
  const onTheWay = seqDistance(log.released, token.seq)
  const acknowledged = seqDistance(log.released, token.aru)
  if (seqBefore(token.seq, log.high) || onTheWay < 0 || onTheWay > messageSlotsMax) return false
  return acknowledged >= -messageSlotsMax && acknowledged <= onTheWay
}

type Passed = { -readonly [K in keyof TokenFrame]: TokenFrame[K] }

/** Counts visits at which nobody had sent anything: after enough of them the token is held, and other rings are told. */
function noticeQuiet(member: RingMember, token: TokenFrame): void {
  const memory = member.token
  if (token.seq === memory.lastSeq) {
    memory.quietVisits += 1
    if (!member.mergeArmed) {
      member.mergeArmed = true
      member.arm('merge', member.config.mergeMs)
    }
  } else {
    memory.quietVisits = 0
    member.mergeArmed = false
    member.disarm('merge')
    member.disarm('hold')
  }
  memory.lastSeq = token.seq
  const patience = member.config.seqnoUnchangedConst
  member.tokenHeld = member.isRep ? memory.quietVisits > patience : memory.quietVisits >= patience
}

/** Steps 1 to 9: the token as it goes on, or undefined when this node must give itself up. */
function visit(member: RingMember, token: TokenFrame, log: MessageLog): Passed | undefined {
  const memory = member.token
  const lastAru = memory.lastAru
  memory.lastAru = token.aru
  const waiting = waitingCount(member)
  let allowed = sendAllowance(member.config, token, memory, waiting)
  const passed: Passed = { ...token, sender: member.self }
  const repeated = serveRequests(member, passed, log, allowed)
  allowed -= repeated
  askForMissing(member, passed, log)
  const reach = (log.released + messageSlotsMax - allowed - member.config.windowSize) >>> 0
  if (seqBefore(reach, token.seq)) allowed = 0
  const sent = sendWaiting(member, passed, log, allowed) + repeated
  passed.fcc = replaceShare(token.fcc, memory.sentLastVisit, sent)
  passed.backlog = replaceShare(token.backlog, memory.backlogLastVisit, waiting)
  memory.sentLastVisit = sent
  memory.backlogLastVisit = waiting
  if (seqBefore(log.aru, passed.aru) || passed.aruAddr === member.self || passed.aruAddr === 0) {
    passed.aru = log.aru
    passed.aruAddr = log.aru === passed.seq ? 0 : member.self
  }
  memory.stuckVisits = passed.aru === lastAru && passed.aruAddr !== 0 ? memory.stuckVisits + 1 : 0
  if (memory.stuckVisits > member.config.failRecvConst && passed.aruAddr === member.self) {
    giveSelfUp(member)
    return undefined
  }
  memory.lastTokenSeq = token.tokenSeq
  memory.passedSeq = passed.seq
  passed.tokenSeq = seqAfter(token.tokenSeq)
  return passed
}

function giveSelfUp(member: RingMember): void {
  member.notice({ what: 'failed-to-receive' })
  member.failedToReceive = true
  member.failed = [...member.failed, member.self].sort((a: NodeId, b: NodeId) => a - b)
}

/** Messages ready to be sent at this visit. Frames that were being filled are closed now. */
function waitingCount(member: RingMember): number {
  if (member.phase === 'recovery') return member.needForming().copies.length
  member.queue.flush()
  return member.queue.count(member.dueLane)
}

/** Sends again what others ask for and this node holds, and takes it off the token. Answers how many. */
function serveRequests(member: RingMember, token: Passed, log: MessageLog, allowed: number): number {
  if (token.requests.length === 0) return 0
  let served = 0
  const open: RetransmitRequest[] = []
  for (const request of token.requests) {
    const held = served < allowed && sameRing(request.ring, member.ring) ? log.get(request.seq) : undefined
    if (held === undefined) {
      open.push(request)
      continue
    }
    served += 1
    member.counters.mcastsRetransmitted += 1
    member.sendAll(held.bytes, false)
  }
  token.requests = open
  return served
}

/** Puts what has been missing here for long enough on the token's list. */
function askForMissing(member: RingMember, token: Passed, log: MessageLog): void {
  if (log.aru === token.seq) return
  const requests = [...token.requests]
  const asked: number[] = []
  const listed = new Set<number>()
  for (const request of requests) if (sameRing(request.ring, member.ring)) listed.add(request.seq)
  for (let seq = log.aru; seq !== token.seq && requests.length < retransmitRequestsMax; ) {
    seq = seqAfter(seq)
    if (log.get(seq) !== undefined || log.missed(seq) < member.config.missCountConst || listed.has(seq)) continue
    requests.push({ ring: member.ring, seq })
    asked.push(seq)
  }
  if (asked.length === 0) return
  token.requests = requests
  member.counters.retransmitRequests += asked.length
  member.notice({ what: 'retransmit-list', seqs: asked })
}

/** Gives waiting messages their place in the order and sends them. Answers how many. */
function sendWaiting(member: RingMember, token: Passed, log: MessageLog, allowed: number): number {
  let sent = 0
  while (sent < allowed) {
    const bytes = nextWaiting(member)
    if (bytes === undefined) break
    token.seq = seqAfter(token.seq)
    placeMcast(bytes, token.seq, member.thisSeqno, member.ring)
    member.thisSeqno = (member.thisSeqno + 1) | 0
    log.add({ seq: token.seq, origin: member.self, encapsulated: member.phase === 'recovery', bytes })
    member.sendAll(bytes, false)
    sent += 1
  }
  member.counters.mcastsSent += sent
  const level = sent > 0 ? member.queue.changedLevel() : undefined
  if (level !== undefined) member.out.push({ do: 'queue-level', level })
  return sent
}

function nextWaiting(member: RingMember): Uint8Array | undefined {
  if (member.phase === 'recovery') return member.needForming().copies.shift()
  return member.queue.take(member.dueLane)
}

/** Step 10: true when all members hold everything that was recovered, and all of them know it. */
function recovered(member: RingMember, forming: FormingRing, token: Passed): boolean {
  if (forming.copies.length > 0) {
    if (token.retransFlag === 0) {
      token.retransFlag = 1
      forming.flagRaised = true
    }
  } else if (token.retransFlag !== 0 && forming.flagRaised) {
    token.retransFlag = 0
    forming.flagRaised = false
  }
  forming.quietVisits = token.retransFlag === 0 ? forming.quietVisits + 1 : 0
  if (forming.quietVisits === quietVisitsToMark) forming.installSeq = token.seq
  const complete = forming.quietVisits >= quietVisitsToCount && !seqBefore(token.aru, forming.installSeq)
  forming.completeVisits = complete ? forming.completeVisits + 1 : 0
  return forming.completeVisits === completeVisitsToInstall && member.phase === 'recovery'
}
