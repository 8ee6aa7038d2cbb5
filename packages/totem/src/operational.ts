import { deliverBroken, deliverUnbroken } from './delivery.ts'
import type { MessageLog } from './message-log.ts'
import { without } from './node-set.ts'
import type { RingMember } from './ring-member.ts'
import { seqAfter } from './seq.ts'

/**
 * Everybody has what anybody had of the old ring: ends the old membership and begins the new one
 * (protocols/corosync.md 3.6).
 */
export function installRing(member: RingMember): void {
  const { members, trans, log } = member.needForming()
  const old = member.installed
  deliverUnbroken(member, old.log)
  const left = without(old.members, trans)
  const joined = without(members, trans)
  member.out.push({
    do: 'configure',
    configuration: { kind: 'transitional', ring: old.id, members: trans, left, joined: [] },
  })
  deliverBroken(member, old.log, trans)
  member.installed = { id: member.ring, members, log }
  member.forming = undefined
  member.proc = members
  member.failed = []
  member.consensus.clear()
  member.syncing = true
  member.settled = false
  skipCopies(log)
  member.token.lastAru = member.config.firstSeq
  member.phase = 'operational'
  member.counters.ringsInstalled += 1
  member.out.push({ do: 'configure', configuration: { kind: 'regular', ring: member.ring, members, left, joined } })
  member.notice({ what: 'operational', ring: member.ring, members })
}

/** The new ring begins behind the copies that recovery sent on it: they were delivered as messages of the old ring. */
function skipCopies(log: MessageLog): void {
  for (;;) {
    const held = log.get(seqAfter(log.delivered))
    if (held === undefined || !held.encapsulated) break
    log.delivered = held.seq
  }
}
