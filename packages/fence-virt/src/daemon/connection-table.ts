import { connectionsMax } from './listener.ts'
import type { Peer } from './peer.ts'

/** The open connections of a listener. When it is full the oldest is cut, so that idle ones cannot keep others out. */
export class ConnectionTable {
  /** In the order of their coming; ended ones are swept out as others come. */
  readonly #open = new Set<Peer>()

  get count(): number {
    this.#sweep()
    return this.#open.size
  }

  add(peer: Peer): void {
    const oldest = this.#oldest()
    if (oldest?.isDestroyed === true) this.#open.delete(oldest)
    if (this.#open.size >= connectionsMax) this.#makeRoom()
    this.#open.add(peer)
  }

  closeAll(): void {
    for (const peer of this.#open) peer.destroy()
    this.#open.clear()
  }

  #makeRoom(): void {
    this.#sweep()
    if (this.#open.size < connectionsMax) return
    const oldest = this.#oldest()
    if (oldest === undefined) return
    oldest.destroy()
    this.#open.delete(oldest)
  }

  #oldest(): Peer | undefined {
    const first = this.#open.values().next()
    return first.done ? undefined : first.value
  }

  #sweep(): void {
    for (const peer of this.#open) if (peer.isDestroyed) this.#open.delete(peer)
  }
}
