import { csErrorCodes } from '../cs-error.ts'
import {
  cpgAddress,
  cpgConfchg,
  cpgDeliver,
  cpgEventGroupAt,
  cpgMembersAt,
  cpgMembership,
  cpgMembersMax,
  cpgPartialDeliver,
  cpgResponses,
  cpgTotemConfchg,
  cpgTotemMembersAt,
  cpgTotemRingAt,
} from '../ipc/cpg-messages.ts'
import { responseOf, viewOf } from '../ipc/message-header.ts'
import { type RingName, writeIpcRingId } from '../ipc/ring-id.ts'
import { writeCpgName } from '../ipc/wire-name.ts'
import type { MessagePart } from './cpg-ring-message.ts'
import type { Process } from './process-list.ts'

const ok = csErrorCodes.CS_OK

/** A process that came or went, and why (cpgReasons). */
export type ProcessChange = Process & { readonly reason: number }

/** The event that tells a group who is in it now. */
export function confchgEvent(
  group: string,
  members: readonly Process[],
  left: readonly ProcessChange[],
  joined: readonly ProcessChange[],
): Uint8Array {
  const entries = members.length + left.length + joined.length
  const bytes = responseOf(cpgResponses.confchg, ok, cpgConfchg.size + entries * cpgAddress.size)
  writeCpgName(bytes, cpgEventGroupAt, group)
  cpgConfchg.encode(bytes, { members: members.length, joined: joined.length, left: left.length })
  let at = cpgConfchg.size
  for (const { node, pid } of members) {
    cpgAddress.encode(bytes, { node, pid }, at)
    at += cpgAddress.size
  }
  for (const { node, pid, reason } of [...left, ...joined]) {
    cpgAddress.encode(bytes, { node, pid, reason }, at)
    at += cpgAddress.size
  }
  return bytes
}

/** The event that carries a message. */
export function deliverEvent(from: Process, message: Uint8Array): Uint8Array {
  const bytes = responseOf(cpgResponses.deliver, ok, cpgDeliver.size + message.byteLength)
  writeCpgName(bytes, cpgEventGroupAt, from.group)
  cpgDeliver.encode(bytes, { messageBytes: message.byteLength, node: from.node, pid: from.pid })
  bytes.set(message, cpgDeliver.size)
  return bytes
}

/** The event that carries a part of a long message. */
export function partialDeliverEvent(from: Process, { messageBytes, part, bytes: tail }: MessagePart): Uint8Array {
  const bytes = responseOf(cpgResponses.partialDeliver, ok, cpgPartialDeliver.size + tail.byteLength)
  writeCpgName(bytes, cpgEventGroupAt, from.group)
  cpgPartialDeliver.encode(bytes, {
    messageBytes,
    partBytes: tail.byteLength,
    node: from.node,
    pid: from.pid,
    part,
  })
  bytes.set(tail, cpgPartialDeliver.size)
  return bytes
}

/** The event that tells the ring's membership to clients who asked for it. */
export function totemConfchgEvent(ring: RingName, members: readonly number[]): Uint8Array {
  const bytes = responseOf(cpgResponses.totemConfchg, ok, cpgTotemConfchg.size + 4 * members.length)
  writeIpcRingId(bytes, cpgTotemRingAt, ring)
  cpgTotemConfchg.encode(bytes, { members: members.length })
  const view = viewOf(bytes)
  members.forEach((node, i) => {
    view.setUint32(cpgTotemMembersAt + 4 * i, node, true)
  })
  return bytes
}

/** The answer to MEMBERSHIP; processes past {@link cpgMembersMax} do not fit. */
export function membershipResponse(members: readonly Process[]): Uint8Array {
  const bytes = responseOf(cpgResponses.membership, ok, cpgMembership.size)
  const listed = members.slice(0, cpgMembersMax)
  cpgMembership.encode(bytes, { count: listed.length })
  listed.forEach(({ node, pid }, i) => {
    cpgAddress.encode(bytes, { node, pid }, cpgMembersAt + i * cpgAddress.size)
  })
  return bytes
}
