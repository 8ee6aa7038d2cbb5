import type { RateLimit } from '../rate-limit.ts'
import type { ServerSecurity } from '../server-session.ts'
import type { FenceDesk } from './fence-desk.ts'
import type { Journal } from './journal.ts'

/** Where requests come in. */
export interface Listener {
  readonly kind: string
  /** What it demands of those who ask; absent where the line itself is trusted. */
  readonly security?: ServerSecurity
  /** Rejects where it cannot listen. */
  start(): Promise<void>
  /** Takes no more requests. Those that are being carried out are still answered. */
  quiesce(): void
  /** Ends what is left, and what was only half started. */
  stop(): Promise<void>
  /** Its state for `fence_virtd --status`: texts by name. */
  describe(): Readonly<Record<string, string>>
}

/** What every listener needs of its daemon. */
export type ListenerHost = {
  readonly desk: FenceDesk
  readonly journal: Journal
  readonly rateLimit: RateLimit
}

/** The same for those that authenticate. */
export type SecureHost = ListenerHost & { readonly security: ServerSecurity }

/** A host with what it demands. Every listener's is made here, so that V8 takes them all for the same. */
export function secured({ desk, journal, rateLimit }: ListenerHost, security: ServerSecurity): SecureHost {
  return { desk, journal, rateLimit, security }
}

/** Time in which a connection must have sent its request and proven itself, in all. */
export const handshakeMsMax = 10_000
/** Time in which a requester must take our call back. */
export const connectMsMax = 5_000
/** Connections at once; beyond it the one that has been silent for longest makes room. */
export const connectionsMax = 1024
