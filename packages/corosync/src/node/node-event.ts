import type { TotemConfig, TotemEffect, TotemTimer } from '@quorate/totem'
import type { NodeAddress } from '../cfg/cfg-service.ts'
import type { RawValue } from '../cmap/cmap-value.ts'
import type { CmapKey } from '../conf/cmap-keys.ts'
import type { ConnectionId, LogLevel, ServiceName, ServiceTimer } from '../service.ts'
import type { VotequorumConfig } from '../votequorum/votequorum-config.ts'

/** What a node needs to know before it begins. */
export type RingNodeConfig = {
  readonly totem: TotemConfig
  /** Every node that may be on the ring, with its addresses, those of one node ascending by link. */
  readonly addresses: readonly NodeAddress[]
  /** Undefined without a quorum provider: then every ring may act. */
  readonly votequorum: VotequorumConfig | undefined
  /** Share of the token timeout without a token after which to warn, in percent; 0 or undefined never does. */
  readonly tokenWarningPercent?: number
  /** First contents of the map. */
  readonly keys: readonly CmapKey[]
}

/** Timers of a node; each runs at most once at a time. */
export type NodeTimer = TotemTimer | ServiceTimer | 'token-warning'

/** Everything that can happen to a node. */
export type NodeEvent =
  /** The interface is up. `storedRingSeq`: see totem's `start`. */
  | { readonly kind: 'start'; readonly storedRingSeq: number }
  | { readonly kind: 'frame'; readonly bytes: Uint8Array }
  | { readonly kind: 'timer'; readonly timer: NodeTimer }
  | { readonly kind: 'opened'; readonly service: ServiceName; readonly connection: ConnectionId }
  /** A whole request with its 16-byte head. */
  | {
      readonly kind: 'request'
      readonly service: ServiceName
      readonly connection: ConnectionId
      readonly bytes: Uint8Array
    }
  | { readonly kind: 'closed'; readonly service: ServiceName; readonly connection: ConnectionId }
  /** A key of the map that the node's own shell sets; undefined deletes it. */
  | { readonly kind: 'publish'; readonly key: string; readonly value: RawValue | undefined }
  /** corosync.conf has changed while the node runs. The keys are those that follow from it. */
  | { readonly kind: 'reconfigure'; readonly config: RingNodeConfig }
  /** A reload is over that a client of this node asked for. */
  | { readonly kind: 'reloaded'; readonly isTaken: boolean }
  /** Another shared key was found in a reload, and packets sealed with it are opened as well as before. */
  | { readonly kind: 'key-loaded' }
  /** Say good-bye and end. */
  | { readonly kind: 'leave'; readonly reason: string }

/** Everything that a node may ask of the world. Performed in order, all of them before the next event. */
export type NodeEffect =
  | Extract<TotemEffect, { readonly do: 'send' | 'send-all' | 'persist' | 'refuse' | 'drain' }>
  | { readonly do: 'arm'; readonly timer: NodeTimer; readonly afterMs: number }
  | { readonly do: 'disarm'; readonly timer: NodeTimer }
  | { readonly do: 'respond' | 'event'; readonly connection: ConnectionId; readonly bytes: Uint8Array }
  /** Clients may be let in from now on. Once. */
  | { readonly do: 'ready' }
  /** Clients that opted in (cpg) hold their requests back, or not any more. */
  | { readonly do: 'flow'; readonly isHeld: boolean }
  | { readonly do: 'log'; readonly level: LogLevel; readonly subsystem: string; readonly text: string }
  | { readonly do: 'reload'; readonly isOwn: boolean }
  | { readonly do: 'reopen-logs' }
  | { readonly do: 'key'; readonly step: 'switch' | 'forget' }
  /** Nothing more comes from this node. */
  | { readonly do: 'stop'; readonly exitCode: number; readonly reason: string }
