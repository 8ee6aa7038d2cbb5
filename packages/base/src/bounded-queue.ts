import { invariant } from './invariant.ts'

/** First in, first out, with a hard bound. A full queue is a value that the caller handles. */
export class BoundedQueue<T> {
  readonly #slots: (T | undefined)[]
  #head = 0
  #count = 0

  /** `countMax`: how many items fit, at least 1. */
  constructor(countMax: number) {
    invariant(Number.isInteger(countMax) && countMax > 0, 'a queue bound is a positive integer', { countMax })
    this.#slots = new Array<T | undefined>(countMax)
  }

  get count(): number {
    return this.#count
  }

  get countMax(): number {
    return this.#slots.length
  }

  /** Takes the item in, or answers false when there is no room. */
  offer(item: T): boolean {
    if (this.#count === this.#slots.length) return false
    this.#slots[(this.#head + this.#count) % this.#slots.length] = item
    this.#count += 1
    return true
  }

  /** The oldest item, which stays. */
  peek(): T | undefined {
    return this.#count === 0 ? undefined : this.#slots[this.#head]
  }

  /** Removes the oldest item. */
  take(): T | undefined {
    if (this.#count === 0) return undefined
    const item = this.#slots[this.#head]
    this.#slots[this.#head] = undefined
    this.#head = (this.#head + 1) % this.#slots.length
    this.#count -= 1
    return item
  }
}
