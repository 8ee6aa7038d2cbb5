import type { MonoMs } from '@quorate/base'
import { foresightMsMax } from './backend.ts'

/** Answers kept at once; beyond it nothing is looked up ahead. */
const foreseenMax = 256

type Foreseen<T> = { readonly answer: Promise<T>; readonly at: MonoMs }

/** Answers to questions that are about to be asked, each good for one asking within {@link foresightMsMax}. */
export class Foresight<T> {
  readonly #answers = new Map<string, Foreseen<T>>()

  /** Begins to look up, unless that was done a moment ago. */
  begin(question: string, now: MonoMs, lookUp: () => Promise<T>): void {
    this.#expire(now)
    if (this.#answers.has(question) || this.#answers.size >= foreseenMax) return
    const answer = lookUp()
    // Whoever asks is told; if nobody does, nobody needs to know.
    answer.catch(() => undefined)
    this.#answers.set(question, { answer, at: now })
  }

  /** The answer, for one asker; undefined where there is none, or it is too old. */
  take(question: string, now: MonoMs): Promise<T> | undefined {
    const found = this.#answers.get(question)
    this.#answers.delete(question)
    return found !== undefined && now - found.at < foresightMsMax ? found.answer : undefined
  }

  #expire(now: MonoMs): void {
    for (const [question, { at }] of this.#answers) {
      if (now - at < foresightMsMax) return
      this.#answers.delete(question)
    }
  }
}
