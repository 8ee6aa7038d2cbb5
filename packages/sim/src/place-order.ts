/** Which event came right behind which in anybody's sight: where that makes a loop, two saw opposite orders. */
export class PlaceOrder {
  readonly #behind = new Map<string, Set<string>>()

  /** Somebody saw `later` right after `earlier`. */
  follows(earlier: string, later: string): void {
    const behind = this.#behind.get(earlier)
    if (behind === undefined) this.#behind.set(earlier, new Set([later]))
    else behind.add(later)
  }

  /** An event that lies on a loop, if there is one. */
  loop(): string | undefined {
    const state = new Map<string, 'open' | 'done'>()
    for (const start of this.#behind.keys()) {
      if (state.has(start)) continue
      const trail = [{ at: start, next: this.#next(start) }]
      state.set(start, 'open')
      for (let top = trail.at(-1); top !== undefined; top = trail.at(-1)) {
        const step = top.next.next()
        if (step.done === true) {
          state.set(top.at, 'done')
          trail.pop()
          continue
        }
        const known = state.get(step.value)
        if (known === 'open') return step.value
        if (known === 'done') continue
        state.set(step.value, 'open')
        trail.push({ at: step.value, next: this.#next(step.value) })
      }
    }
    return undefined
  }

  #next(event: string): Iterator<string> {
    return (this.#behind.get(event) ?? new Set<string>()).values()
  }
}
