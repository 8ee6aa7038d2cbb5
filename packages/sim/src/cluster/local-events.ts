import { EventHeap } from '../event-heap.ts'
import type { ProcessHost } from '../machine.ts'

/**
 * What is to happen inside of one machine: its programs' timers, and what they tell each other. All of it hangs on one
 * timer of the machine, so that it sleeps and dies with it; one thing happens at a time, each an event of the world.
 */
export class LocalEvents {
  readonly #host: ProcessHost
  readonly #timer: string
  readonly #future = new EventHeap<{ readonly run: () => void; isOff: boolean }>()
  #heldUntilMs = 0

  /** `timer`: name of the machine's timer that is theirs. */
  constructor(host: ProcessHost, timer: string) {
    this.#host = host
    this.#timer = timer
  }

  /** Plans something; answers a way to call it off. */
  after(ms: number, run: () => void): () => void {
    const planned = { run, isOff: false }
    this.#future.plan(this.#host.nowMs() + Math.max(0, ms), planned)
    this.#arm()
    return () => {
      planned.isOff = true
    }
  }

  /** Nothing happens for a while: whoever these events are for does not run. */
  hold(ms: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, this.#host.nowMs() + ms)
    this.#arm()
  }

  /** The machine's timer ran out: the next thing happens, if it is due. */
  happen(): void {
    const atMs = this.#future.nextAtMs()
    // What is left of a time when the machine's timer was set anew may be too little to add to it.
    const now = this.#host.nowMs() + leastMs
    if (atMs !== undefined && atMs <= now && this.#heldUntilMs <= now) {
      const next = this.#future.take()
      // Before the event runs: it may end the machine.
      this.#arm()
      if (next !== undefined && !next.what.isOff) next.what.run()
      return
    }
    this.#arm()
  }

  #arm(): void {
    const atMs = this.#future.nextAtMs()
    if (atMs === undefined) return
    this.#host.arm(this.#timer, Math.max(0, Math.max(atMs, this.#heldUntilMs) - this.#host.nowMs()))
  }
}

const leastMs = 1e-6
