/** Numbers of which the smallest comes out first (a binary heap). Adding and taking cost O(log n). */
export class IndexHeap {
  readonly #items: number[] = []

  get smallest(): number | undefined {
    return this.#items[0]
  }

  add(value: number): void {
    const items = this.#items
    let at = items.length
    items.push(value)
    while (at > 0) {
      const parent = (at - 1) >> 1
      if ((items[parent] as number) <= value) break
      items[at] = items[parent] as number
      at = parent
    }
    items[at] = value
  }

  /** Takes the smallest away. */
  take(): number | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      if (left >= items.length) break
      const right = left + 1
      const next = right < items.length && (items[right] as number) < (items[left] as number) ? right : left
      if ((items[next] as number) >= last) break
      items[at] = items[next] as number
      at = next
    }
    items[at] = last
    return first
  }
}
