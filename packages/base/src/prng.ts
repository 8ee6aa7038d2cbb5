import { invariant } from './invariant.ts'

/** Rounds thrown away after seeding, so that similar seeds part company. */
const warmUpRounds = 16

/**
 * Chance from a seed: the same seed gives the same run on every machine (sfc32, 32-bit integers only).
 * A simulation owns exactly one; cores never reach for `Math.random`.
 */
export class Prng {
  #a: number
  #b: number
  #c = 0x2545_f491 | 0
  #counter = 1

  constructor(seed: bigint) {
    this.#a = Number(BigInt.asUintN(32, seed)) | 0
    this.#b = Number(BigInt.asUintN(32, seed >> 32n)) | 0
    for (let round = 0; round < warmUpRounds; round += 1) this.u32()
  }

  /** Uniform in 0..4294967295. */
  u32(): number {
    const out = (this.#a + this.#b + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + out) | 0
    return out >>> 0
  }

  /** Uniform integer in 0..below-1; `below` is 1..4294967296. */
  below(below: number): number {
    invariant(Number.isInteger(below) && below >= 1 && below <= 0x1_0000_0000, 'range of a draw', { below })
    return Math.floor((this.u32() / 0x1_0000_0000) * below)
  }

  /** Uniform integer in low..high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** True in `numerator` of `denominator` draws. Ratios of integers, so that a seed replays everywhere. */
  chance(numerator: number, denominator: number): boolean {
    return this.below(denominator) < numerator
  }

  /** One of the items, which must not be empty. */
  pick<T>(items: readonly T[]): T {
    invariant(items.length > 0, 'a pick needs something to pick from')
    return items[this.below(items.length)] as T
  }

  /** The items in another order; the argument stays as it is. */
  shuffled<T>(items: readonly T[]): T[] {
    const out = [...items]
    for (let last = out.length - 1; last > 0; last -= 1) {
      const other = this.below(last + 1)
      const kept = out[last] as T
      out[last] = out[other] as T
      out[other] = kept
    }
    return out
  }
}
