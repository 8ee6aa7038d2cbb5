import { layout } from '@quorate/base'
import { requestOf } from '../ipc/message-header.ts'
import { readMarName, writeMarName } from '../ipc/wire-name.ts'
import { serviceIds } from '../service.ts'

/** Functions of cfg on the ring (protocols/corosync.md 6.4). */
export const cfgFunctions = { ringReenable: 0, killNode: 1, shutdown: 2, reload: 3, cryptoReconfig: 4 } as const

const killNode = layout(288, [{ name: 'node', type: 'u32', at: 16, doc: 'who shall stop' }])
const killReasonAt = 24
const cryptoReconfig = layout(24, [{ name: 'phase', type: 'u32', at: 16, doc: 'see keyPhases' }])
const reload = layout(32, [{ name: 'sourceNode', type: 'u32', at: 16, doc: 'who asked' }])

/** Asks one node to stop at once. */
export function encodeKillNode(node: number, reason: string): Uint8Array {
  const bytes = requestOf(idOf(cfgFunctions.killNode), killNode.size)
  killNode.encode(bytes, { node })
  writeMarName(bytes, killReasonAt, reason)
  return bytes
}

/** @throws DecodeError when short or with a reason that is too long */
export function decodeKillNode(bytes: Uint8Array): { readonly node: number; readonly reason: string } {
  return { node: killNode.decode(bytes).node, reason: readMarName(bytes, killReasonAt) }
}

/** Says that the sender stops. */
export function encodeShutdown(): Uint8Array {
  return requestOf(idOf(cfgFunctions.shutdown))
}

/** Asks every node to read its configuration again. */
export function encodeReload(node: number): Uint8Array {
  const bytes = requestOf(idOf(cfgFunctions.reload), reload.size)
  reload.encode(bytes, { sourceNode: node })
  return bytes
}

/** Says how far the sender is with a new key. */
export function encodeKeyPhase(phase: number): Uint8Array {
  const bytes = requestOf(idOf(cfgFunctions.cryptoReconfig), cryptoReconfig.size)
  cryptoReconfig.encode(bytes, { phase })
  return bytes
}

/** @throws DecodeError when short */
export function decodeKeyPhase(bytes: Uint8Array): number {
  return cryptoReconfig.decode(bytes).phase
}

function idOf(fn: number): number {
  return (serviceIds.cfg << 16) | fn
}
