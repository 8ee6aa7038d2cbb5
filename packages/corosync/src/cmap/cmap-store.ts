import { compareText } from '@quorate/base'
import { cmapKeyCharsMax, cmapValueBytesMax, isCmapKey, type RawValue, sameValue } from './cmap-value.ts'

/** Most keys that the map holds. */
export const cmapKeysMax = 65_536

/** What a `set` did; refusals leave the map as it was. */
export type SetOutcome = 'added' | 'modified' | 'unchanged' | 'bad-key' | 'too-big' | 'full'

/**
 * The configuration map: typed values by key, walked in ascending order of their keys.
 *
 * Keys are added rarely and read often: a sorted list of names stands beside the values.
 */
export class CmapStore {
  readonly #values = new Map<string, RawValue>()
  readonly #names: string[] = []

  get count(): number {
    return this.#names.length
  }

  get(key: string): RawValue | undefined {
    return this.#values.get(key)
  }

  set(key: string, value: RawValue): SetOutcome {
    if (key.length > cmapKeyCharsMax || !isCmapKey(key)) return 'bad-key'
    if (value.bytes.byteLength > cmapValueBytesMax) return 'too-big'
    const old = this.#values.get(key)
    if (old === undefined) {
      if (this.#names.length >= cmapKeysMax) return 'full'
      this.#names.splice(this.#lowerBound(key), 0, key)
    }
    this.#values.set(key, value)
    if (old === undefined) return 'added'
    return sameValue(old, value) ? 'unchanged' : 'modified'
  }

  /** Removes the key; the value it had, or undefined where there was none. */
  delete(key: string): RawValue | undefined {
    const old = this.#values.get(key)
    if (old === undefined) return undefined
    this.#values.delete(key)
    this.#names.splice(this.#lowerBound(key), 1)
    return old
  }

  /** The first key below `prefix` that comes after `after` (from the start where undefined). */
  next(prefix: string, after: string | undefined): string | undefined {
    let at = this.#lowerBound(after ?? prefix)
    if (this.#names[at] === after && after !== undefined) at += 1
    const key = this.#names[at]
    return key?.startsWith(prefix) ? key : undefined
  }

  /** Every key below the prefix, ascending. */
  keys(prefix: string): readonly string[] {
    const found: string[] = []
    for (let key = this.next(prefix, undefined); key !== undefined; key = this.next(prefix, key)) found.push(key)
    return found
  }

  /** Position of the first name that is not before the key. */
  #lowerBound(key: string): number {
    let low = 0
    let high = this.#names.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (compareText(this.#names[middle] as string, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
