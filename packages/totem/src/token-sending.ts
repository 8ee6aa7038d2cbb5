import type { NodeId } from '@quorate/base'
import type { NodeSet } from './node-set.ts'
import type { RingMember } from './ring-member.ts'

/** The member behind `self` on the ring, which ascends by node id and closes. */
export function nextOnRing(members: NodeSet, self: NodeId): NodeId {
  const at = members.indexOf(self)
  return members[(at + 1) % members.length] ?? self
}

/** Remembers a token as the one to send again, and sends it unless the representative keeps it for a while. */
export function passToken(member: RingMember, to: NodeId, bytes: Uint8Array, held: boolean): void {
  member.lastToken = { to, bytes }
  if (!held) member.send(to, bytes)
  armTokenTimers(member)
}

/** The token was here: both of its timers begin anew. */
export function armTokenTimers(member: RingMember): void {
  member.arm('token-loss', member.config.tokenLossMs)
  member.arm('token-retransmit', member.config.tokenRetransmitMs)
}

/** Sends the last token once more: it may have been lost, or it was held long enough. Receivers know duplicates. */
export function repeatToken(member: RingMember): void {
  if (member.lastToken !== undefined) member.send(member.lastToken.to, member.lastToken.bytes)
}
