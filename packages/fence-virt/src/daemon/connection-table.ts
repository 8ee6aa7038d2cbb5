import { type MonoMs, monoMs } from '@quorate/base'
import { connectionsMax, handshakeMsMax } from './listener.ts'

/** How often deadlines are looked at: by so much a connection may outlive its own. */
const roundMs = 1_000

/** A connection as its table sees it. */
export interface Tenant {
  /** Nothing is left of it. */
  readonly isGone: boolean
  /** Its request is being carried out: it has proven itself, and is owed an answer. */
  readonly isBusy: boolean
  /** Ends it. */
  evict(end: 'late' | 'displaced'): void
}

/**
 * The open connections of a listener, in the order of their coming, and one clock for all their deadlines. When there
 * is no room the one that has been silent for longest makes some, so that idle ones cannot keep others out.
 */
export class ConnectionTable {
  /** With the time of its coming. Ended ones are swept out as others come. */
  readonly #open = new Map<Tenant, MonoMs>()
  #clock: NodeJS.Timeout | undefined

  get count(): number {
    this.#sweep()
    return this.#open.size
  }

  /** A connection that is not busy {@link handshakeMsMax} from now is late. */
  add(tenant: Tenant): void {
    const first = this.#open.keys().next()
    if (!first.done && first.value.isGone) this.#open.delete(first.value)
    if (this.#open.size >= connectionsMax) this.#sweep()
    if (this.#open.size >= connectionsMax && !this.makeRoom()) this.#evict(this.#open.keys().next().value)
    this.#open.set(tenant, monoMs(performance.now()))
    // Not a reason for a daemon that was stopped to live on.
    this.#clock ??= setInterval(() => this.#round(), roundMs).unref()
  }

  /** Ends the oldest that is not busy; false where there is none. */
  makeRoom(): boolean {
    for (const tenant of this.#open.keys()) {
      if (tenant.isGone || tenant.isBusy) continue
      this.#evict(tenant)
      return true
    }
    return false
  }

  /** Ends those that have nothing to wait for. */
  closeIdle(): void {
    for (const tenant of [...this.#open.keys()]) if (!tenant.isBusy) this.#evict(tenant)
  }

  closeAll(): void {
    clearInterval(this.#clock)
    for (const tenant of [...this.#open.keys()]) this.#evict(tenant)
  }

  #evict(tenant: Tenant | undefined): void {
    if (tenant === undefined) return
    this.#open.delete(tenant)
    tenant.evict('displaced')
  }

  #round(): void {
    this.#sweep()
    const now = monoMs(performance.now())
    for (const [tenant, since] of this.#open) {
      if (now - since < handshakeMsMax) return
      if (!tenant.isBusy) tenant.evict('late')
    }
  }

  #sweep(): void {
    for (const tenant of this.#open.keys()) if (tenant.isGone) this.#open.delete(tenant)
  }
}
