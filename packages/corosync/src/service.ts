import type { MonoMs, NodeId } from '@quorate/base'
import type { RawValue } from './cmap/cmap-value.ts'
import type { RingName } from './ipc/ring-id.ts'

/** One client connection to one service, numbered by whoever runs the services; never reused in one run. */
export type ConnectionId = number

/** Services by the id that ring messages carry (protocols/corosync.md 6). */
export const serviceIds = { cmap: 0, cfg: 1, cpg: 2, quorum: 3, pload: 4, votequorum: 5, mon: 6, wd: 7 } as const

/** A service that clients can open. */
export type ServiceName = 'cmap' | 'cfg' | 'cpg' | 'quorum' | 'votequorum'

/** How serious a log line is, in syslog's words. */
export type LogLevel = 'emerg' | 'alert' | 'crit' | 'error' | 'warning' | 'notice' | 'info' | 'debug' | 'trace'

/** A membership as services see it when a ring forms; ids ascend. */
export type RingChange = {
  readonly ring: RingName
  /** Members of the new ring that came along from the old one. */
  readonly trans: readonly NodeId[]
  readonly members: readonly NodeId[]
}

/** Everything that can happen to a service. */
export type ServiceEvent =
  | { readonly kind: 'opened'; readonly connection: ConnectionId }
  | { readonly kind: 'request'; readonly connection: ConnectionId; readonly id: number; readonly bytes: Uint8Array }
  | { readonly kind: 'closed'; readonly connection: ConnectionId }
  /** A message of the service's own from the ring, in order. `fn` is the low half of its id. */
  | { readonly kind: 'message'; readonly from: NodeId; readonly fn: number; readonly bytes: Uint8Array }
  | { readonly kind: 'sync-init'; readonly change: RingChange }
  /** The service's turn to send what the others must know. */
  | { readonly kind: 'sync-process' }
  /** Every member has sent: the new membership takes effect. */
  | { readonly kind: 'sync-activate' }
  /** Another membership change came before the activation. */
  | { readonly kind: 'sync-abort' }
  | { readonly kind: 'timer'; readonly timer: ServiceTimer }
  /** A key of the map that the service has asked about changed (undefined: was deleted). */
  | { readonly kind: 'cmap'; readonly key: string; readonly value: RawValue | undefined }

/** Timers of the services; each is armed at most once at a time. */
export type ServiceTimer = 'last-man-standing' | 'shutdown-answer' | 'key-change' | 'qdevice'

/** Everything that a service may ask of the node that it runs in. Performed in order. */
export type ServiceEffect =
  /** Sends a message of the service to every member, itself included. */
  | { readonly kind: 'multicast'; readonly bytes: Uint8Array }
  | { readonly kind: 'respond'; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  | { readonly kind: 'event'; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  | { readonly kind: 'log'; readonly level: LogLevel; readonly subsystem: string; readonly text: string }
  /** Sets a key of the map, read-only ones too; undefined deletes it. */
  | { readonly kind: 'publish'; readonly key: string; readonly value: RawValue | undefined }
  | { readonly kind: 'arm'; readonly timer: ServiceTimer; readonly afterMs: number }
  | { readonly kind: 'disarm'; readonly timer: ServiceTimer }
  /** Whether this node may act has been decided anew; the quorum service tells its clients. */
  | { readonly kind: 'quorum'; readonly isQuorate: boolean }
  /** Leave the ring and end. `reason` for the log; exit code 0 is an orderly end. */
  | { readonly kind: 'stop'; readonly exitCode: number; readonly reason: string }
  /** Read corosync.conf again; `isOwn`: a client of this node asked and waits for what comes of it. */
  | { readonly kind: 'reload'; readonly isOwn: boolean }
  | { readonly kind: 'reopen-logs' }
  /** In `sync-process`: the service is not done with its turn, and says `sync-done` when it is. */
  | { readonly kind: 'sync-wait' }
  | { readonly kind: 'sync-done' }
  /** How packets between nodes are protected changes, see key-change.ts. */
  | { readonly kind: 'key'; readonly step: 'switch' | 'forget' }

/** A service as the node drives it: one event in, effects out, never re-entered. */
export interface Service {
  readonly id: number
  step(event: ServiceEvent, now: MonoMs): readonly ServiceEffect[]
}
