/**
 * Numbers of messages and tokens on one ring: unsigned 32-bit, wrapping. Compared by distance (RFC 1982), which agrees
 * with corosync wherever two numbers on a ring can be apart.
 */

/** True when `a` comes before `b`. */
export function seqBefore(a: number, b: number): boolean {
  return ((a - b) | 0) < 0
}

/** The number behind `seq`. */
export function seqAfter(seq: number): number {
  return (seq + 1) >>> 0
}

/** How far `to` is ahead of `from`; negative when it is behind. */
export function seqDistance(from: number, to: number): number {
  return (to - from) | 0
}

/** The earlier of two. */
export function seqMin(a: number, b: number): number {
  return seqBefore(a, b) ? a : b
}
