import type { Duplex } from 'node:stream'
import { connectionsMax } from './listener.ts'

/** The open connections of a listener. When it is full the oldest is cut, so that idle ones cannot keep others out. */
export class ConnectionTable {
  readonly #open = new Set<Duplex>()

  get count(): number {
    return this.#open.size
  }

  add(stream: Duplex): void {
    if (this.#open.size >= connectionsMax) {
      const oldest = this.#open.values().next()
      if (!oldest.done) oldest.value.destroy()
    }
    this.#open.add(stream)
    stream.once('close', () => this.#open.delete(stream))
  }

  closeAll(): void {
    for (const stream of this.#open) stream.destroy()
  }
}
