import { DecodeError } from '@quorate/base'
import { ringSeqMax } from '@quorate/totem'

/**
 * Identity of one membership as services and clients see it: its representative and a sequence that only grows. Any ring
 * of totem is one; rep 0 stands before the first ring was formed.
 */
export type RingName = { readonly rep: number; readonly seq: number }

/** Before any ring was formed. */
export const noRing: RingName = { rep: 0, seq: 0 }

/** Packed form inside totem and sync messages, bytes. */
export const packedRingIdSize = 12
/** Form inside IPC messages, bytes: u32, padding, u64. */
export const ipcRingIdSize = 16

/** Reads {u32 rep, u64 seq} without padding. @throws DecodeError when short */
export function readPackedRingId(bytes: Uint8Array, at: number): RingName {
  const view = viewOf(bytes, at, packedRingIdSize)
  return { rep: view.getUint32(0, true), seq: sequence(view, 4) }
}

/** Writes {u32 rep, u64 seq} without padding. */
export function writePackedRingId(into: Uint8Array, at: number, ring: RingName): void {
  const view = viewOf(into, at, packedRingIdSize)
  view.setUint32(0, ring.rep, true)
  view.setBigUint64(4, BigInt(ring.seq), true)
}

/** Writes the 16-byte form. */
export function writeIpcRingId(into: Uint8Array, at: number, ring: RingName): void {
  const view = viewOf(into, at, ipcRingIdSize)
  view.setUint32(0, ring.rep, true)
  view.setBigUint64(8, BigInt(ring.seq), true)
}

/** Reads the 16-byte form. @throws DecodeError when short */
export function readIpcRingId(bytes: Uint8Array, at: number): RingName {
  const view = viewOf(bytes, at, ipcRingIdSize)
  return { rep: view.getUint32(0, true), seq: sequence(view, 8) }
}

function sequence(view: DataView, at: number): number {
  const seq = view.getBigUint64(at, true)
  if (seq > BigInt(ringSeqMax)) throw new DecodeError('limit', at, 'ring sequence above its limit')
  return Number(seq)
}

function viewOf(bytes: Uint8Array, at: number, size: number): DataView {
  if (bytes.byteLength < at + size) {
    throw new DecodeError('short', bytes.byteLength, `need ${at + size} bytes, got ${bytes.byteLength}`)
  }
  return new DataView(bytes.buffer, bytes.byteOffset + at, size)
}
