/** Something that will happen at a time; of two at the same time the one that was planned first comes first. */
export type Planned<T> = { readonly atMs: number; readonly order: number; readonly what: T }

/** The future, earliest first. */
export class EventHeap<T> {
  readonly #items: Planned<T>[] = []
  #order = 0

  get count(): number {
    return this.#items.length
  }

  /** Plans `what` for `atMs`. */
  plan(atMs: number, what: T): void {
    const items = this.#items
    const item: Planned<T> = { atMs, order: this.#order, what }
    this.#order += 1
    let at = items.length
    items.push(item)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = items[parent] as Planned<T>
      if (!earlier(item, above)) break
      items[at] = above
      at = parent
    }
    items[at] = item
  }

  /** When the next thing happens. */
  nextAtMs(): number | undefined {
    return this.#items[0]?.atMs
  }

  /** Takes out what happens next. */
  take(): Planned<T> | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= items.length) break
      const right = left + 1
      const child =
        right < items.length && earlier(items[right] as Planned<T>, items[left] as Planned<T>) ? right : left
      if (!earlier(items[child] as Planned<T>, last)) break
      items[at] = items[child] as Planned<T>
      at = child
    }
    items[at] = last
    return first
  }
}

function earlier<T>(a: Planned<T>, b: Planned<T>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}
