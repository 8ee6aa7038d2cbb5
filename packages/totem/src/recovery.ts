import { DecodeError, type NodeId } from '@quorate/base'
import type { CommitTokenFrame, McastFrame } from './frame.ts'
import { decodeFrame } from './frame-decoder.ts'
import { encodeFrame, startMcast } from './frame-encoder.ts'
import { mcastLayout } from './frame-layout.ts'
import type { HeldMessage, MessageLog } from './message-log.ts'
import { MessageLog as FreshLog } from './message-log.ts'
import { sameRing } from './ring-id.ts'
import type { RingMember } from './ring-member.ts'
import { freshTokenMemory } from './ring-member.ts'
import { seqAfter, seqBefore } from './seq.ts'
import { nextOnRing, passToken } from './token-sending.ts'

/**
 * The commit token came back with everybody's word on its old ring: members that share one bring each other up to date
 * before the new ring begins (protocols/corosync.md 3.4).
 */
export function enterRecovery(member: RingMember, token: CommitTokenFrame): void {
  const forming = member.needForming()
  const old = member.installed
  const entries = token.members
    .map((node, at) => ({ node, entry: token.entries[at] }))
    .filter(({ node, entry }) => entry !== undefined && old.members.includes(node) && sameRing(entry.ring, old.id))
  forming.trans = entries.map(({ node }) => node)
  forming.log = new FreshLog(member.config.firstSeq)
  const complete = entries.every(({ entry }) => entry?.received === 1)
  const arus = entries.map(({ entry }) => entry?.aru ?? 0)
  forming.copies = complete ? [] : copiesAbove(member.self, old.log, arus)
  member.token = freshTokenMemory(member.config.firstSeq)
  member.tokenHeld = false
  member.phase = 'recovery'
  member.notice({ what: 'recovery', ring: member.ring, members: forming.members })
  const forwarded = { ...token, sender: member.self, target: nextOnRing(forming.members, member.self) as number }
  passToken(
    member,
    nextOnRing(forming.members, member.self),
    encodeFrame({ ...forwarded, tokenSeq: (token.tokenSeq + 1) >>> 0 }),
    false,
  )
}

/** Copies of every message that this node holds and that some member of its old ring may lack. */
function copiesAbove(self: NodeId, log: MessageLog, arus: readonly number[]): Uint8Array[] {
  let low = log.high
  for (const aru of arus) if (seqBefore(aru, low)) low = aru
  // Everybody has what was released, whatever an entry says.
  if (seqBefore(low, log.released)) low = log.released
  const copies: Uint8Array[] = []
  for (let seq = low; seqBefore(seq, log.high); ) {
    seq = seqAfter(seq)
    const held = log.get(seq)
    if (held !== undefined) copies.push(copyOf(self, held))
  }
  return copies
}

function copyOf(self: NodeId, held: HeldMessage): Uint8Array {
  const frame = new Uint8Array(mcastLayout.size + held.bytes.byteLength)
  startMcast(frame, self, true)
  frame.set(held.bytes, mcastLayout.size)
  return frame
}

/** A copy came in on the new ring: the old message in it completes the old ring's log. */
export function takeCopy(member: RingMember, copy: HeldMessage): void {
  const inner = innerFrame(member, copy)
  if (inner === undefined || inner.encapsulated) return
  if (sameRing(inner.ring, member.installed.id)) member.installed.log.add(inner)
}

function innerFrame(member: RingMember, copy: HeldMessage): McastFrame | undefined {
  try {
    const frame = decodeFrame(copy.bytes.subarray(mcastLayout.size))
    return frame.type === 'mcast' ? frame : undefined
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    member.refuse(error)
    return undefined
  }
}
