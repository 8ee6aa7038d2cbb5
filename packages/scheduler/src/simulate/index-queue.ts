/** Numbers of which the smallest comes out first (a binary heap). */
export class IndexQueue {
  readonly #items: number[] = []

  get size(): number {
    return this.#items.length
  }

  push(item: number): void {
    const items = this.#items
    let at = items.length
    items.push(item)
    while (at > 0) {
      const up = (at - 1) >> 1
      if ((items[up] as number) <= item) break
      items[at] = items[up] as number
      at = up
    }
    items[at] = item
  }

  pop(): number | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (first === undefined || last === undefined || items.length === 0) return first
    let at = 0
    for (;;) {
      let down = at * 2 + 1
      if (down >= items.length) break
      if (down + 1 < items.length && (items[down + 1] as number) < (items[down] as number)) down += 1
      if ((items[down] as number) >= last) break
      items[at] = items[down] as number
      at = down
    }
    items[at] = last
    return first
  }
}
