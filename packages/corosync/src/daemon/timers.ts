/** Timers by name. A timer that is armed again with the same delay, as the token's are at each visit, is only moved. */
export class Timers<Name extends string> {
  readonly #running = new Map<Name, { readonly timeout: NodeJS.Timeout; readonly afterMs: number }>()
  readonly #expired: (name: Name) => void

  constructor(expired: (name: Name) => void) {
    this.#expired = expired
  }

  arm(name: Name, afterMs: number): void {
    const known = this.#running.get(name)
    if (known !== undefined && known.afterMs === afterMs) {
      known.timeout.refresh()
      return
    }
    if (known !== undefined) clearTimeout(known.timeout)
    this.#running.set(name, { timeout: setTimeout(() => this.#ran(name), afterMs), afterMs })
  }

  disarm(name: Name): void {
    const known = this.#running.get(name)
    if (known === undefined) return
    clearTimeout(known.timeout)
    this.#running.delete(name)
  }

  close(): void {
    for (const name of [...this.#running.keys()]) this.disarm(name)
  }

  #ran(name: Name): void {
    this.#running.delete(name)
    this.#expired(name)
  }
}
