import { invariant } from '@quorate/base'
import type { CommitEntry, CommitTokenFrame } from './frame.ts'
import { encodeFrame } from './frame-encoder.ts'
import { MessageLog } from './message-log.ts'
import { isEqual, type NodeSet, nodeSet, without } from './node-set.ts'
import { enterRecovery } from './recovery.ts'
import { ringSeqJumpMax, ringSeqMax, ringSeqStride, sameRing } from './ring-id.ts'
import type { RingMember } from './ring-member.ts'
import { seqBefore } from './seq.ts'
import { nextOnRing, passToken } from './token-sending.ts'

/** Forms a ring of the members that agree: this node, the lowest of them, writes the commit token. */
export function formRing(member: RingMember, members: NodeSet): void {
  const seq = member.ringSeqSeen + ringSeqStride
  invariant(seq <= ringSeqMax, 'ring sequences last longer than any cluster', { seq })
  const blank: CommitEntry = { ring: { rep: 0, seq: 0 }, aru: 0, highDelivered: 0, received: 0 }
  enterCommit(member, {
    type: 'commit-token',
    sender: member.self,
    target: 0,
    tokenSeq: 0,
    ring: { rep: member.self, seq },
    retransFlag: 0,
    index: 0,
    members,
    entries: members.map(() => blank),
  })
}

/** A commit token came in; stale ones and those meant for another membership mean nothing. */
export function onCommitToken(member: RingMember, token: CommitTokenFrame): void {
  member.counters.commitTokensReceived += 1
  switch (member.phase) {
    case 'gather': {
      const agreed = isEqual(nodeSet(token.members), without(member.proc, member.failed))
      const mine = token.members[token.index] === member.self
      const { seq } = token.ring
      const timely = seq > member.ring.seq && seq <= member.ringSeqSeen + ringSeqJumpMax
      if (agreed && mine && timely) enterCommit(member, token)
      return
    }
    case 'commit':
      if (sameRing(token.ring, member.ring) && token.index === token.members.length) enterRecovery(member, token)
      return
    case 'recovery':
      if (sameRing(token.ring, member.ring) && token.index === token.members.length) originateToken(member)
      return
    default:
  }
}

/** Writes this node's word on its old ring into the token, makes the new ring's name durable, and passes it on. */
function enterCommit(member: RingMember, token: CommitTokenFrame): void {
  const entries = [...token.entries]
  entries[token.index] = ownEntry(member)
  judgeEntries(entries, token.index)
  const to = nextOnRing(token.members, member.self)
  const sent: CommitTokenFrame = {
    ...token,
    sender: member.self,
    target: to,
    tokenSeq: (token.tokenSeq + 1) >>> 0,
    index: token.index + 1,
    entries,
  }
  member.disarm('join')
  member.disarm('consensus')
  member.ring = token.ring
  member.ringSeqSeen = Math.max(member.ringSeqSeen, token.ring.seq)
  member.forming = {
    members: token.members,
    trans: [],
    log: new MessageLog(member.config.firstSeq),
    copies: [],
    tokenOriginated: false,
    flagRaised: false,
    quietVisits: 0,
    installSeq: member.config.firstSeq,
    completeVisits: 0,
  }
  member.phase = 'commit'
  member.notice({ what: 'commit', ring: member.ring, members: token.members })
  member.out.push({ do: 'persist', ringSeq: member.ring.seq })
  passToken(member, to, encodeFrame(sent), false)
}

function ownEntry(member: RingMember): CommitEntry {
  const { id, log } = member.installed
  return { ring: id, aru: log.aru, highDelivered: log.delivered, received: log.aru === log.high ? 1 : 0 }
}

/** Of the entries so far that share the last one's old ring, those below the highest have not received everything. */
function judgeEntries(entries: CommitEntry[], last: number): void {
  const own = entries[last] as CommitEntry
  let highest = own.aru
  const shares = (entry: CommitEntry): boolean => sameRing(entry.ring, own.ring)
  for (const entry of entries.slice(0, last)) {
    if (shares(entry) && seqBefore(highest, entry.aru)) highest = entry.aru
  }
  for (let at = 0; at <= last; at += 1) {
    const entry = entries[at] as CommitEntry
    if (shares(entry) && seqBefore(entry.aru, highest)) entries[at] = { ...entry, received: 0 }
  }
}

/** All members are in recovery: the representative lets the first token go, once. */
function originateToken(member: RingMember): void {
  const forming = member.needForming()
  if (!member.isRep || forming.tokenOriginated) return
  forming.tokenOriginated = true
  forming.flagRaised = forming.copies.length > 0
  const to = nextOnRing(forming.members, member.self)
  const token = encodeFrame({
    type: 'token',
    sender: member.self,
    target: to,
    seq: member.config.firstSeq,
    tokenSeq: member.config.firstSeq,
    aru: (member.config.firstSeq - 1) >>> 0,
    aruAddr: member.self,
    ring: member.ring,
    backlog: 0,
    fcc: 0,
    retransFlag: forming.flagRaised ? 1 : 0,
    requests: [],
  })
  passToken(member, to, token, false)
}
