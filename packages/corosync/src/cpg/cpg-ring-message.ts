import { DecodeError, layout } from '@quorate/base'
import { cpgMessageBytesMax } from '../ipc/cpg-messages.ts'
import { requestHeader, requestOf, responseOf, tailOf, viewOf } from '../ipc/message-header.ts'
import { readCpgName, writeCpgName } from '../ipc/wire-name.ts'
import { serviceIds } from '../service.ts'

/** Functions of cpg on the ring (protocols/corosync.md 6.2). */
export const cpgFunctions = {
  procJoin: 0,
  procLeave: 1,
  joinList: 2,
  mcast: 3,
  downlistOld: 4,
  downlist: 5,
  partialMcast: 6,
} as const

/** Where the group's name starts in procjoin, procleave, mcast and partial mcast. */
const groupAt = 16
const changeTable = layout(168, [
  { name: 'pid', type: 'u32', at: 152, doc: 'process id' },
  { name: 'reason', type: 'u32', at: 160, doc: 'see cpgReasons' },
])
const mcastTable = layout(184, [
  { name: 'messageBytes', type: 'u32', at: 152, doc: 'length of the message that follows' },
  { name: 'pid', type: 'u32', at: 160, doc: "sender's process" },
  { name: 'sourceNode', type: 'u32', at: 168, doc: "sender's node" },
])
const partialTable = layout(200, [
  { name: 'messageBytes', type: 'u32', at: 152, doc: 'length of the whole message' },
  { name: 'partBytes', type: 'u32', at: 160, doc: 'length of the part that follows' },
  { name: 'pid', type: 'u32', at: 168, doc: "sender's process" },
  { name: 'part', type: 'u32', at: 176, doc: '1 first, 2 middle, 3 last' },
  { name: 'sourceNode', type: 'u32', at: 184, doc: "sender's node" },
])
const downlistTable = layout(1568, [
  { name: 'oldMembers', type: 'u32', at: 16, doc: 'size of the old membership' },
  { name: 'left', type: 'u32', at: 24, doc: 'node ids that follow at 32, always room for 384' },
])
const downlistNodesAt = 32
const downlistNodesMax = 384
const joinEntry = layout(144, [{ name: 'pid', type: 'u32', at: 0, doc: 'process id; the group name follows at 8' }])
const joinEntryGroupAt = 8
const joinListAt = 24

/** Most processes that a joinlist may name. */
export const joinListMax = 65_536

/** A process in a group, as the ring tells it; its node is the sender's. */
export type GroupProcess = { readonly pid: number; readonly group: string }

/** A procjoin or procleave. */
export function encodeProcess(fn: 'procJoin' | 'procLeave', who: GroupProcess, reason: number): Uint8Array {
  const bytes = requestOf(idOf(cpgFunctions[fn]), changeTable.size)
  writeCpgName(bytes, groupAt, who.group)
  changeTable.encode(bytes, { pid: who.pid, reason })
  return bytes
}

/** @throws DecodeError when short or with a name that is too long */
export function decodeProcess(bytes: Uint8Array): GroupProcess & { readonly reason: number } {
  const { pid, reason } = changeTable.decode(bytes)
  return { pid, reason, group: readCpgName(bytes, groupAt) }
}

/** A message of a process to its group. */
export function encodeGroupMessage(node: number, from: GroupProcess, message: Uint8Array): Uint8Array {
  const bytes = requestOf(idOf(cpgFunctions.mcast), mcastTable.size + message.byteLength)
  writeCpgName(bytes, groupAt, from.group)
  mcastTable.encode(bytes, { messageBytes: message.byteLength, pid: from.pid, sourceNode: node })
  bytes.set(message, mcastTable.size)
  return bytes
}

/** @throws DecodeError when shorter than it says, or with a name that is too long */
export function decodeGroupMessage(bytes: Uint8Array): GroupProcess & { readonly message: Uint8Array } {
  const { pid, messageBytes } = mcastTable.decode(bytes)
  const message = tailOf(bytes, mcastTable.size, messageBytes, cpgMessageBytesMax)
  return { pid, group: readCpgName(bytes, groupAt), message }
}

/** A part of a message that is too long for one. */
export type MessagePart = { readonly messageBytes: number; readonly part: number; readonly bytes: Uint8Array }

/** A part of a long message of a process to its group. */
export function encodeMessagePart(node: number, from: GroupProcess, part: MessagePart): Uint8Array {
  const bytes = requestOf(idOf(cpgFunctions.partialMcast), partialTable.size + part.bytes.byteLength)
  writeCpgName(bytes, groupAt, from.group)
  partialTable.encode(bytes, {
    messageBytes: part.messageBytes,
    partBytes: part.bytes.byteLength,
    pid: from.pid,
    part: part.part,
    sourceNode: node,
  })
  bytes.set(part.bytes, partialTable.size)
  return bytes
}

/** @throws DecodeError when shorter than it says, or with a name that is too long */
export function decodeMessagePart(bytes: Uint8Array): GroupProcess & { readonly part: MessagePart } {
  const { pid, messageBytes, partBytes, part } = partialTable.decode(bytes)
  const tail = tailOf(bytes, partialTable.size, partBytes, cpgMessageBytesMax)
  return { pid, group: readCpgName(bytes, groupAt), part: { messageBytes, part, bytes: tail } }
}

/** Who of the old membership is gone, as the sender sees it. */
export function encodeDownlist(oldMembers: number, left: readonly number[]): Uint8Array {
  const bytes = requestOf(idOf(cpgFunctions.downlist), downlistTable.size)
  const listed = left.slice(0, downlistNodesMax)
  downlistTable.encode(bytes, { oldMembers, left: listed.length })
  const view = viewOf(bytes)
  listed.forEach((node, i) => {
    view.setUint32(downlistNodesAt + 4 * i, node, true)
  })
  return bytes
}

/** Every process of the sender. Its head is 24 bytes long, like a response's. */
export function encodeJoinList(processes: readonly GroupProcess[]): Uint8Array {
  const bytes = responseOf(idOf(cpgFunctions.joinList), 0, joinListAt + processes.length * joinEntry.size)
  processes.forEach(({ pid, group }, i) => {
    const at = joinListAt + i * joinEntry.size
    joinEntry.encode(bytes, { pid }, at)
    writeCpgName(bytes, at + joinEntryGroupAt, group)
  })
  return bytes
}

/** @throws DecodeError when shorter than it says, longer than {@link joinListMax} or with a name that is too long */
export function decodeJoinList(bytes: Uint8Array): readonly GroupProcess[] {
  const { size } = requestHeader.decode(bytes)
  const count = Math.floor((size - joinListAt) / joinEntry.size)
  if (count < 0 || count > joinListMax) throw new DecodeError('limit', 8, `joinlist of ${count} processes`)
  return Array.from({ length: count }, (_, i) => {
    const at = joinListAt + i * joinEntry.size
    return { pid: joinEntry.decode(bytes, at).pid, group: readCpgName(bytes, at + joinEntryGroupAt) }
  })
}

function idOf(fn: number): number {
  return (serviceIds.cpg << 16) | fn
}
