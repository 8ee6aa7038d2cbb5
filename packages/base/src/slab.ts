import { invariant } from './invariant.ts'

/** Size of a slab, bytes. */
const slabBytes = 256 * 1024
/** Longest piece that is cut from a slab; longer ones get memory of their own, bytes. */
const pieceBytesMax = slabBytes / 4

let slab = new ArrayBuffer(0)
let used = 0

/**
 * Zero bytes for a message that is made, sent or handed on, and soon forgotten.
 *
 * Many of them share one piece of memory: at tens of thousands of messages a second, memory of its own for each keeps the
 * garbage collector busier than the messages do. The memory goes when the last piece of it is forgotten, so what is kept
 * for long is better made with `new Uint8Array`.
 */
export function messageBytes(size: number): Uint8Array {
  invariant(Number.isInteger(size) && size >= 0, 'a message has a size', { size })
  if (size > pieceBytesMax) return new Uint8Array(size)
  if (used + size > slab.byteLength) {
    slab = new ArrayBuffer(slabBytes)
    used = 0
  }
  const piece = new Uint8Array(slab, used, size)
  // The next piece starts at a multiple of 8, as views of 64-bit numbers want it.
  used = (used + size + 7) & ~7
  return piece
}
