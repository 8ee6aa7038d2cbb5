import type { Brand } from './brand.ts'

/** Identity of a node in the ring, 1..4294967295. Zero means "nobody" on the wire and is never a NodeId. */
export type NodeId = Brand<number, 'NodeId'>

/** Highest node id that fits the wire's u32. */
export const nodeIdMax = 0xffff_ffff

/**
 * Makes a NodeId of an untrusted number; the only way to obtain one.
 *
 * @throws RangeError outside 1..4294967295
 */
export function nodeId(value: number): NodeId {
  if (!Number.isInteger(value) || value < 1 || value > nodeIdMax) {
    throw new RangeError(`node id must be an integer in 1..${nodeIdMax}, got ${value}`)
  }
  return value as NodeId
}
