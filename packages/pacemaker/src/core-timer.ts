import type { DaemonHost } from './daemon-host.ts'

/** Longest span that a host's timer can wait, in milliseconds: one that is asked for more ends at once. */
export const hostTimerMsMax = 2 ** 31 - 1

/** A host's timer for a core that names the moment at which it wants to be stepped again. */
export class CoreTimer {
  readonly #host: Pick<DaemonHost, 'monoMs' | 'after'>
  readonly #onDue: () => void
  #callOff: () => void = () => undefined
  #dueMs: number | undefined

  /** @param onDue steps the core with a tick; arms again by itself, through whatever follows each step */
  constructor(host: Pick<DaemonHost, 'monoMs' | 'after'>, onDue: () => void) {
    this.#host = host
    this.#onDue = onDue
  }

  /** Waits for this moment from now on and no other. @param dueMs monotonic milliseconds; undefined: waits for none */
  arm(dueMs: number | undefined): void {
    if (dueMs === this.#dueMs) return
    this.stop()
    this.#dueMs = dueMs
    if (dueMs === undefined) return
    // One millisecond late, since a timer that ends early finds nothing due. Whoever is stepped early names the moment again.
    const afterMs = Math.min(hostTimerMsMax, Math.max(1, Math.ceil(dueMs - this.#host.monoMs()) + 1))
    this.#callOff = this.#host.after(afterMs, () => {
      this.#dueMs = undefined
      this.#onDue()
    })
  }

  stop(): void {
    this.#callOff()
    this.#dueMs = undefined
  }
}
