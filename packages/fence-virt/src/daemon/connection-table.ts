import { type MonoMs, monoMs } from '@quorate/base'
import { connectionsMax, handshakeMsMax } from './listener.ts'
import type { Peer } from './peer.ts'

/** How often deadlines are looked at: by so much a connection may outlive its own. */
const roundMs = 1_000

type Entry = { readonly since: MonoMs; readonly onLate: () => void }

/**
 * The open connections of a listener, in the order of their coming, and one clock for all their deadlines. When it is
 * full the oldest is cut, so that idle ones cannot keep others out.
 */
export class ConnectionTable {
  /** Ended ones are swept out as others come. */
  readonly #open = new Map<Peer, Entry>()
  #clock: NodeJS.Timeout | undefined

  get count(): number {
    this.#sweep()
    return this.#open.size
  }

  /** `onLate` is called when the connection is still here {@link handshakeMsMax} from now. */
  add(peer: Peer, onLate: () => void): void {
    const oldest = this.#oldest()
    if (oldest?.isDestroyed === true) this.#open.delete(oldest)
    if (this.#open.size >= connectionsMax) this.#makeRoom()
    this.#open.set(peer, { since: monoMs(performance.now()), onLate })
    // Not a reason for a daemon that was stopped to live on.
    this.#clock ??= setInterval(() => this.#round(), roundMs).unref()
  }

  closeAll(): void {
    clearInterval(this.#clock)
    for (const peer of this.#open.keys()) peer.destroy()
    this.#open.clear()
  }

  #round(): void {
    this.#sweep()
    const now = monoMs(performance.now())
    for (const { since, onLate } of this.#open.values()) {
      if (now - since < handshakeMsMax) return
      onLate()
    }
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
    const first = this.#open.keys().next()
    return first.done ? undefined : first.value
  }

  #sweep(): void {
    for (const peer of this.#open.keys()) if (peer.isDestroyed) this.#open.delete(peer)
  }
}
