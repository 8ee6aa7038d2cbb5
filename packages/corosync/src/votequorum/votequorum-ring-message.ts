import { DecodeError, layout } from '@quorate/base'
import { requestOf } from '../ipc/message-header.ts'
import { serviceIds } from '../service.ts'

/** Functions of votequorum on the ring (protocols/corosync.md 6.3). */
export const votequorumFunctions = { nodeInfo: 0, reconfigure: 1, qdeviceRegister: 2, qdeviceReconfigure: 3 } as const

/** Bits of a node's flags on the ring. */
export const nodeFlags = { quorate: 1, leaving: 2, waitForAll: 4, first: 8 } as const

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
