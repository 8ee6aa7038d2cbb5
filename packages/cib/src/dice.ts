import { Prng } from '@quorate/base'

/** Chance from a seed, for tests that make their inputs. */
export class Dice {
  readonly #prng: Prng

  constructor(seed: number) {
    this.#prng = new Prng(BigInt(seed))
  }

  /** 0 up to, and without, `limit`. */
  below(limit: number): number {
    return this.#prng.u32() % limit
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T
  }
}
