import type { TotemConfig } from './config.ts'
import type { RingId } from './ring-id.ts'

/** Timers that the core names and a shell keeps. One of each name at most runs at a time. */
export type TotemTimer = 'token-loss' | 'token-retransmit' | 'join' | 'consensus' | 'merge' | 'hold' | 'pause'

/**
 * Which queue a message waits in. While the services synchronise after a configuration change only `sync` messages
 * go out; `application` messages wait for the `sync-complete` event (protocols/corosync.md 3.6). Before it every member
 * must have heard all `sync` messages that were sent for it: the lane of a frame is told by when it comes (decision 0010),
 * and what is left of the queue waits for the next change.
 */
export type Lane = 'application' | 'sync'

/** Everything that can happen to a ring member. */
export type TotemEvent =
  /**
   * The interface is up: begin. `storedRingSeq` is what the last `persist` effect of this node left on disk,
   * 0 for a node that never ran.
   */
  | { readonly kind: 'start'; readonly storedRingSeq: number }
  /** A datagram came in. The core keeps views of `bytes`: they must not be written to afterwards. */
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  /** A timer armed by an effect ran out. */
  | { readonly kind: 'timer'; readonly timer: TotemTimer }
  /**
   * Send `body` to all members, in total order, in a process group: `a` for services, `sync` for the sync engine.
   * Refused with a `reject` effect when the queue has no room; ask `roomFor` first. `body` is copied.
   */
  | { readonly kind: 'multicast'; readonly group: string; readonly body: Uint8Array; readonly lane: Lane }
  /**
   * The services are in step on this ring: `application` messages may go out. Means nothing for a ring that has been
   * left meanwhile, perhaps by the very step whose deliveries ended the synchronisation.
   */
  | { readonly kind: 'sync-complete'; readonly ring: RingId }
  /** Other times and limits count from now on. Who this node is and what its frames hold stays as it was. */
  | { readonly kind: 'reconfigure'; readonly config: TotemConfig }
  /** Say good-bye to the others and stop. */
  | { readonly kind: 'leave' }
