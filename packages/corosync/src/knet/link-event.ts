import type { DecodeError, NodeId } from '@quorate/base'
import type { LogLevel } from '../service.ts'
import type { LinkSettings } from './link.ts'
import type { SealingOverhead } from './sealing.ts'

/** How the links to a node are used: `totem.link_mode`. */
export type LinkMode = 'passive' | 'active' | 'rr'

/** Another node with its links: their numbers, and its literal address on each. */
export type KnetPeer = {
  readonly node: NodeId
  readonly links: readonly { readonly link: number; readonly address: string }[]
}

/** What the links of a node are made of. */
export type KnetConfig = {
  readonly self: NodeId
  readonly mode: LinkMode
  /** Every link that some peer has. */
  readonly links: readonly LinkSettings[]
  /** The other nodes. */
  readonly peers: readonly KnetPeer[]
  readonly overhead: SealingOverhead
  /** `totem.knet_pmtud_interval`: how often paths are looked at again, ms. */
  readonly pmtudIntervalMs: number
  /** `totem.knet_mtu`: packet on the wire that is not searched for but given; 0: none is. */
  readonly fixedMtu: number
}

/** Everything that can happen to links. */
export type KnetEvent =
  /** A packet, opened, that came over a link from an address of that node. */
  | { readonly kind: 'packet'; readonly from: NodeId; readonly link: number; readonly bytes: Uint8Array }
  /** A frame of totem for one node, which may be this one, or for all others. */
  | { readonly kind: 'send'; readonly to: NodeId | 'all'; readonly frame: Uint8Array }
  /** {@link tickMs} have passed. */
  | { readonly kind: 'tick' }
  /** A packet of the last `transmit` to that node did not leave: too long for the interface, or for another reason. */
  | { readonly kind: 'unsent'; readonly to: Destination; readonly why: 'too-long' | 'other'; readonly isProbe: boolean }
  /** The nodelist has changed. */
  | { readonly kind: 'peers'; readonly peers: readonly KnetPeer[] }
  /** Packets are sealed in another way, which costs this. */
  | { readonly kind: 'overhead'; readonly overhead: SealingOverhead }

/** How often links are looked at, ms. */
export const tickMs = 200

/** A link to a node. */
export type Destination = { readonly node: NodeId; readonly link: number }

/** Everything that links ask of the world. Performed in order. */
export type KnetEffect =
  /** Sends the packet to each, sealed once. `isProbe`: its length is what is asked about. */
  | {
      readonly do: 'transmit'
      readonly bytes: Uint8Array
      readonly to: readonly Destination[]
      readonly isProbe: boolean
    }
  /** A frame of totem for this node; `from` itself too. */
  | { readonly do: 'deliver'; readonly from: NodeId; readonly frame: Uint8Array }
  /** The packet of this event was dropped. */
  | { readonly do: 'refuse'; readonly error: DecodeError }
  | { readonly do: 'log'; readonly level: LogLevel; readonly text: string }
