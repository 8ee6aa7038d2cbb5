import { DecodeError, layout } from '@quorate/base'
import { nodesMax } from '../messaging/limits.ts'

/** What the cluster's membership is, as ccm tells its clients. */
export type CcmMembership = {
  /** Larger with every change. */
  readonly instance: number
  readonly isQuorate: boolean
  /** In the order in which they became members. */
  readonly members: readonly { readonly index: number; readonly name: string; readonly born: number }[]
}

/** A message of ccm's socket: names of the cluster's nodes by their index, a membership, or that one is being made. */
export type CcmEvent =
  | { readonly kind: 'nodes'; readonly names: ReadonlyMap<number, string> }
  | {
      readonly kind: 'membership'
      readonly instance: number
      readonly isQuorate: boolean
      readonly members: readonly { readonly index: number; readonly born: number }[]
    }
  | { readonly kind: 'other'; readonly type: number }

const types = { membership: 2, nodes: 4 } as const

const head = layout(8, [
  { name: 'type', type: 'u32', at: 0, doc: 'kind of message' },
  { name: 'count', type: 'u32', at: 4, doc: 'nodes that are listed' },
])
const membershipHead = layout(16, [
  { name: 'instance', type: 'u32', at: 8, doc: 'number of the membership' },
  { name: 'quorum', type: 'u32', at: 12, doc: '1 with quorum' },
])
const member = layout(8, [
  { name: 'index', type: 'u32', at: 0, doc: 'index of the node' },
  { name: 'born', type: 'u32', at: 4, doc: 'instance in which it became a member' },
])
const nodesHeadBytes = 12
const node = layout(260, [
  { name: 'index', type: 'u32', at: 0, doc: 'index of the node' },
  { name: 'name', type: 'text', at: 4, size: 256, doc: 'its name' },
])

/** Reads a body of ccm's socket. @throws DecodeError */
export function readCcmEvent(body: Uint8Array): CcmEvent {
  if (body.byteLength < head.size) {
    const type = body.byteLength >= 4 ? new DataView(body.buffer, body.byteOffset).getUint32(0, true) : 0
    return { kind: 'other', type }
  }
  const { type, count } = head.decode(body)
  if (type !== types.membership && type !== types.nodes) return { kind: 'other', type }
  if (count > nodesMax) throw new DecodeError('limit', 4, `a cluster has at most ${nodesMax} nodes, not ${count}`)
  if (type === types.nodes) {
    const names = new Map<number, string>()
    for (let i = 0; i < count; i += 1) {
      const { index, name } = node.decode(body, nodesHeadBytes + i * node.size)
      names.set(index, name)
    }
    return { kind: 'nodes', names }
  }
  const { instance, quorum } = membershipHead.decode(body)
  const members = Array.from({ length: count }, (_, i) => member.decode(body, membershipHead.size + i * member.size))
  return { kind: 'membership', instance, isQuorate: quorum === 1, members }
}
