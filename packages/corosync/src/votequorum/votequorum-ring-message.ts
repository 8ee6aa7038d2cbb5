import { DecodeError, layout } from '@quorate/base'
import { requestOf } from '../ipc/message-header.ts'
import { serviceIds } from '../service.ts'

/** Functions of votequorum on the ring (protocols/corosync.md 6.3). */
export const votequorumFunctions = { nodeInfo: 0, reconfigure: 1, qdeviceRegister: 2, qdeviceReconfigure: 3 } as const

/** Bits of a node's flags on the ring. */
export const nodeFlags = {
  quorate: 1,
  leaving: 2,
  waitForAll: 4,
  first: 8,
  deviceRegistered: 16,
  deviceAlive: 32,
  deviceCastVote: 64,
  deviceMasterWins: 128,
} as const

/** What a reconfigure message changes. */
export const reconfigureParams = { expectedVotes: 1, votes: 2, cancelWaitForAll: 3 } as const

/** Most votes that one node may have, and most that may be expected: sums stay exact and fit the wire. */
export const votesMax = 1_000_000

const nodeInfo = layout(32, [
  { name: 'node', type: 'u32', at: 16, doc: 'node id, 0 the quorum device' },
  { name: 'votes', type: 'u32', at: 20, doc: 'its votes' },
  { name: 'expectedVotes', type: 'u32', at: 24, doc: 'votes that it expects' },
  { name: 'flags', type: 'u32', at: 28, doc: 'see nodeFlags' },
])

const reconfigure = layout(32, [
  { name: 'node', type: 'u32', at: 16, doc: 'whose value changes' },
  { name: 'value', type: 'u32', at: 20, doc: 'the new value' },
  { name: 'param', type: 'u8', at: 24, doc: 'see reconfigureParams' },
])

const qdeviceRegister = layout(280, [
  { name: 'isThere', type: 'u32', at: 16, doc: '1 registered, 0 not any more' },
  { name: 'name', type: 'text', at: 20, size: 255, doc: 'of the quorum device' },
])

const qdeviceReconfigure = layout(528, [
  { name: 'from', type: 'text', at: 16, size: 255, doc: 'name until now' },
  { name: 'to', type: 'text', at: 271, size: 255, doc: 'name from now on' },
])

/** What a node says of itself, or of its quorum device (node 0). */
export type NodeInfo = {
  readonly node: number
  readonly votes: number
  readonly expectedVotes: number
  readonly flags: number
}

/** A change that an operator asked for. */
export type Reconfigure = { readonly node: number; readonly value: number; readonly param: number }

/** The bytes of a nodeinfo message. */
export function encodeNodeInfo(info: NodeInfo): Uint8Array {
  const bytes = requestOf((serviceIds.votequorum << 16) | votequorumFunctions.nodeInfo, nodeInfo.size)
  nodeInfo.encode(bytes, info)
  return bytes
}

/** @throws DecodeError when short, or with more than {@link votesMax} votes */
export function decodeNodeInfo(bytes: Uint8Array): NodeInfo {
  const info = nodeInfo.decode(bytes)
  if (info.votes > votesMax || info.expectedVotes > votesMax) {
    throw new DecodeError('limit', 20, `${info.votes} votes, ${info.expectedVotes} expected, limit ${votesMax}`)
  }
  return info
}

/** The bytes of a reconfigure message. */
export function encodeReconfigure(change: Reconfigure): Uint8Array {
  const bytes = requestOf((serviceIds.votequorum << 16) | votequorumFunctions.reconfigure, reconfigure.size)
  reconfigure.encode(bytes, change)
  return bytes
}

/** @throws DecodeError when short, or with a value above {@link votesMax} */
export function decodeReconfigure(bytes: Uint8Array): Reconfigure {
  const change = reconfigure.decode(bytes)
  if (change.value > votesMax) throw new DecodeError('limit', 20, `value ${change.value}, limit ${votesMax}`)
  return change
}

/** A node has registered its quorum device, or has taken it back. */
export type DeviceNotice = { readonly name: string; readonly isThere: boolean }

/** The bytes of a qdevice_reg message. */
export function encodeDeviceNotice({ name, isThere }: DeviceNotice): Uint8Array {
  const bytes = requestOf((serviceIds.votequorum << 16) | votequorumFunctions.qdeviceRegister, qdeviceRegister.size)
  qdeviceRegister.encode(bytes, { name, isThere: isThere ? 1 : 0 })
  return bytes
}

/** @throws DecodeError when short */
export function decodeDeviceNotice(bytes: Uint8Array): DeviceNotice {
  const { name, isThere } = qdeviceRegister.decode(bytes)
  return { name, isThere: isThere !== 0 }
}

/** The device is called otherwise from now on. */
export type DeviceRename = { readonly from: string; readonly to: string }

/** The bytes of a qdevice_reconfigure message. */
export function encodeDeviceRename(rename: DeviceRename): Uint8Array {
  const id = (serviceIds.votequorum << 16) | votequorumFunctions.qdeviceReconfigure
  const bytes = requestOf(id, qdeviceReconfigure.size)
  qdeviceReconfigure.encode(bytes, rename)
  return bytes
}

/** @throws DecodeError when short */
export function decodeDeviceRename(bytes: Uint8Array): DeviceRename {
  return qdeviceReconfigure.decode(bytes)
}
