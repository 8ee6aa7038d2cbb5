import type { MonoMs } from '@quorate/base'

/** How many requests one source may make: `burst` at once, then `perSecond`. */
export type RateLimit = { readonly burst: number; readonly perSecond: number }

/** Far above what a guest needs (a retransmission every 2 s), far below what would keep a host busy. */
export const defaultRateLimit: RateLimit = { burst: 512, perSecond: 64 }

/** Sources remembered at once; beyond it the one that was quiet for longest is forgotten. */
export const rateSourcesMax = 4096

type Bucket = { tokens: number; atMs: MonoMs }

/** A token bucket for each source. Owned and changed by one listener. */
export class RateLimiter {
  readonly #limit: RateLimit
  /** In the order of last use. */
  readonly #buckets = new Map<string, Bucket>()

  constructor(limit: RateLimit) {
    this.#limit = limit
  }

  /** Takes one token of the source; false where it has none left. */
  take(source: string, now: MonoMs): boolean {
    const known = this.#buckets.get(source)
    const bucket = known ?? { tokens: this.#limit.burst, atMs: now }
    const gained = ((now - bucket.atMs) / 1000) * this.#limit.perSecond
    bucket.tokens = Math.min(this.#limit.burst, bucket.tokens + gained)
    bucket.atMs = now
    if (known !== undefined) this.#buckets.delete(source)
    else if (this.#buckets.size >= rateSourcesMax) this.#forgetQuietest()
    this.#buckets.set(source, bucket)
    if (bucket.tokens < 1) return false
    bucket.tokens -= 1
    return true
  }

  #forgetQuietest(): void {
    const quietest = this.#buckets.keys().next()
    if (!quietest.done) this.#buckets.delete(quietest.value)
  }
}
