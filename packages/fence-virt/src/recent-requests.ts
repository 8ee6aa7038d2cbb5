import type { MonoMs } from '@quorate/base'

/** A request counts as the same for this long after it was carried out. */
export const repeatWindowMs = 10_000
/** Requests remembered; beyond it new ones are dropped, so that none is ever carried out twice. */
export const recentRequestsMax = 65_536

/** What makes two requests the same: operation, sequence number and domain without regard to case. */
export type RequestIdentity = {
  readonly operation: string
  readonly domain: string
  readonly sequence: number
}

/** Text that is equal exactly for requests that are the same. */
export function requestKey(request: RequestIdentity): string {
  return `${request.operation} ${request.sequence} ${request.domain.toLowerCase()}`
}

/**
 * Requests that were carried out or are being carried out, so that repetitions (one datagram for each address of a
 * guest, each sent again until it is answered) are carried out once. Not protection against replay: that is what the
 * challenge is for.
 */
export class RecentRequests {
  /** When each was finished; undefined while it is under way. In the order of being finished. */
  readonly #seen = new Map<string, MonoMs | undefined>()

  /** Takes the request up; false where it is a repetition, to be dropped without an answer. */
  begin(key: string, now: MonoMs): boolean {
    this.#expire(now)
    if (this.#seen.has(key)) return false
    if (this.#seen.size >= recentRequestsMax) return false
    this.#seen.set(key, undefined)
    return true
  }

  /** The request was carried out: repetitions are dropped for {@link repeatWindowMs}. */
  finish(key: string, now: MonoMs): void {
    this.#seen.delete(key)
    this.#seen.set(key, now)
  }

  /** Nothing was carried out (no connection, wrong key): the next repetition may try. */
  abandon(key: string): void {
    this.#seen.delete(key)
  }

  #expire(now: MonoMs): void {
    for (const [key, finished] of this.#seen) {
      if (finished === undefined) continue
      if (now - finished < repeatWindowMs) return
      this.#seen.delete(key)
    }
  }
}
