import type { NodeId } from '@quorate/base'
import { mcastLayout } from './frame-layout.ts'
import type { HeldMessage, MessageLog } from './message-log.ts'
import type { RingMember } from './ring-member.ts'
import { seqAfter, seqBefore } from './seq.ts'

/** Delivers the messages of a log in order, up to the first one that is missing. */
export function deliverUnbroken(member: RingMember, log: MessageLog): void {
  for (;;) {
    const held = log.get(seqAfter(log.delivered))
    if (held === undefined) return
    log.delivered = held.seq
    deliverFrame(member, held)
  }
}

/**
 * Delivers what is left of an old ring. Behind a gap only messages of `senders` count: one from elsewhere may rest on
 * the one that nobody has.
 */
export function deliverBroken(member: RingMember, log: MessageLog, senders: readonly NodeId[]): void {
  while (seqBefore(log.delivered, log.high)) {
    log.delivered = seqAfter(log.delivered)
    const held = log.get(log.delivered)
    if (held !== undefined && senders.includes(held.origin)) deliverFrame(member, held)
  }
}

function deliverFrame(member: RingMember, held: HeldMessage): void {
  if (held.encapsulated) return
  member.out.push({ do: 'deliver', from: held.origin, payload: held.bytes.subarray(mcastLayout.size) })
}
