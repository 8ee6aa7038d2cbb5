import { DecodeError } from '@quorate/base'

/** Identity of one membership: its representative and a sequence that only grows. Rep 0 before the first ring. */
export type RingId = { readonly rep: number; readonly seq: bigint }

/** The ring before any ring was formed. */
export const noRing: RingId = { rep: 0, seq: 0n }

/** Packed form inside totem and sync messages, bytes. */
export const packedRingIdSize = 12
/** Form inside IPC messages, bytes: u32, padding, u64. */
export const ipcRingIdSize = 16

/** Whether both name the same membership. */
export function sameRing(a: RingId, b: RingId): boolean {
  return a.rep === b.rep && a.seq === b.seq
}

/** Reads {u32 rep, u64 seq} without padding. @throws DecodeError when short */
export function readPackedRingId(bytes: Uint8Array, at: number): RingId {
  const view = viewOf(bytes, at, packedRingIdSize)
  return { rep: view.getUint32(0, true), seq: view.getBigUint64(4, true) }
}

/** Writes {u32 rep, u64 seq} without padding. */
export function writePackedRingId(into: Uint8Array, at: number, ring: RingId): void {
  const view = viewOf(into, at, packedRingIdSize)
  view.setUint32(0, ring.rep, true)
  view.setBigUint64(4, ring.seq, true)
}

/** Writes the 16-byte form. */
export function writeIpcRingId(into: Uint8Array, at: number, ring: RingId): void {
  const view = viewOf(into, at, ipcRingIdSize)
  view.setUint32(0, ring.rep, true)
  view.setBigUint64(8, ring.seq, true)
}

/** Reads the 16-byte form. @throws DecodeError when short */
export function readIpcRingId(bytes: Uint8Array, at: number): RingId {
  const view = viewOf(bytes, at, ipcRingIdSize)
  return { rep: view.getUint32(0, true), seq: view.getBigUint64(8, true) }
}

function viewOf(bytes: Uint8Array, at: number, size: number): DataView {
  if (bytes.byteLength < at + size) {
    throw new DecodeError('short', bytes.byteLength, `need ${at + size} bytes, got ${bytes.byteLength}`)
  }
  return new DataView(bytes.buffer, bytes.byteOffset + at, size)
}
