import type { Prng } from '@quorate/base'

/** Choices of a generator of test inputs, all from one seed. */
export class Chance {
  readonly #prng: Prng

  constructor(prng: Prng) {
    this.#prng = prng
  }

  /** A whole number from `low` to `high`, both included. */
  int(low: number, high: number): number {
    return low + this.#prng.below(high - low + 1)
  }

  /** True in `percent` of a hundred. */
  yes(percent: number): boolean {
    return this.#prng.below(100) < percent
  }

  /** One of a list. @throws RangeError where it is empty */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from')
    return list[this.#prng.below(list.length)] as T
  }

  /** One of a list or undefined; undefined in `percent` of a hundred. */
  maybe<T>(percent: number, list: readonly T[]): T | undefined {
    return this.yes(percent) ? undefined : this.pick(list)
  }
}
