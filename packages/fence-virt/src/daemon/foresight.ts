import type { MonoMs } from '@quorate/base'
import { foresightMsMax } from './backend.ts'

type Foreseen<T> = { readonly answer: Promise<T>; readonly at: MonoMs }

/**
 * Answers to questions that are about to be asked, each for the request that announced it and within
 * {@link foresightMsMax}. No other request gets it: what was looked up before that one came may have been changed since
 * by an operation that its sender knows to be done.
 */
export class Foresight<T> {
  readonly #answers = new WeakMap<object, Foreseen<T>>()

  /** Begins to look up what a request will ask. @param request stands for the request by its identity */
  begin(request: object, now: MonoMs, lookUp: () => Promise<T>): void {
    const answer = lookUp()
    // Whoever asks is told; if nobody does, nobody needs to know.
    answer.catch(() => undefined)
    this.#answers.set(request, { answer, at: now })
  }

  /** The answer for a request; undefined where none was looked up, or it is too old. */
  take(request: object, now: MonoMs): Promise<T> | undefined {
    const found = this.#answers.get(request)
    this.#answers.delete(request)
    return found !== undefined && now - found.at < foresightMsMax ? found.answer : undefined
  }
}
