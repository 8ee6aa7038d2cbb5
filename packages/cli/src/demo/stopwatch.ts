import { performance } from 'node:perf_hooks'

/** Prints a line for each step with the seconds since the step before, or since a moment named by the caller. */
export class Stopwatch {
  #lastMs = performance.now()

  /** Milliseconds now, to measure a step from somewhere else than the step before. */
  static now(): number {
    return performance.now()
  }

  /** Tells that a step has happened, and how long it took since `sinceMs`. Answers that time in milliseconds. */
  step(what: string, sinceMs = this.#lastMs): number {
    const now = performance.now()
    const tookMs = now - sinceMs
    this.#lastMs = now
    process.stdout.write(`${(tookMs / 1000).toFixed(2).padStart(6)} s  ${what}\n`)
    return tookMs
  }
}
