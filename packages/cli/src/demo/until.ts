import { setTimeout as delay } from 'node:timers/promises'

/** What did not happen in the time that it was given. */
export class NotInTime extends Error {
  override readonly name = 'NotInTime'
}

/** Milliseconds between two looks at something that cannot call back. */
const lookEveryMs = 25

/**
 * Looks again and again until `look` answers something, at the latest after `withinMs`.
 *
 * @param what for the message of the NotInTime it throws
 */
export async function until<T>(
  what: string,
  withinMs: number,
  look: () => Promise<T | undefined> | T | undefined,
  signal: AbortSignal,
): Promise<T> {
  const end = Date.now() + withinMs
  for (;;) {
    const seen = await look()
    if (seen !== undefined) return seen
    if (Date.now() >= end) throw new NotInTime(`${what}: not within ${withinMs / 1000} s`)
    await delay(lookEveryMs, undefined, { signal })
  }
}
