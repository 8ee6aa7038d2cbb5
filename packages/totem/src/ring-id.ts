/**
 * Name of a ring: who formed it and a number that never repeats for that node.
 * On the wire a u32 and a u64 (protocols/corosync.md 2); the number here is exact because of {@link ringSeqMax}.
 */
export type RingId = {
  /** The representative: the lowest node id of the ring. 0 only in the id of no ring at all. */
  readonly rep: number
  /** 0..{@link ringSeqMax}. */
  readonly seq: number
}

/** Highest ring sequence taken from the wire or the disk. Four are used for each ring, so no cluster gets near it. */
export const ringSeqMax = 2 ** 48 - 1

/**
 * How far above everything heard so far a ring sequence may be. A new ring goes above all of them, so a single false
 * one must not use up what is left; a node that lost its disk is behind by far less.
 */
export const ringSeqJumpMax = 2 ** 32

/** How far apart the sequence numbers of rings formed one after the other are. */
export const ringSeqStride = 4

/** True when both name the same ring. */
export function sameRing(a: RingId, b: RingId): boolean {
  return a.seq === b.seq && a.rep === b.rep
}

/** The ring as corosync's logs and tools write it: representative, dot, sequence in hexadecimal. */
export function ringText(ring: RingId): string {
  return `${ring.rep}.${ring.seq.toString(16)}`
}
