import type { NodeId } from '@quorate/base'
import type { NodeAddress } from '../cfg/cfg-service.ts'
import type { SealingMethod } from '../knet/sealing.ts'
import type { LinkView } from '../link-view.ts'
import type { LogLevel } from '../service.ts'

/** What a transport tells. */
export type TransportHandlers = {
  /** An own address is bound: the ring may begin. Once. */
  up(): void
  /** A frame of a member, or of this node itself. `source`: where it came from, for the log. */
  frame(bytes: Uint8Array, source: string): void
  /** A packet was dropped because of what is in it. */
  refused(source: string, why: string): void
  /** The address cannot be bound yet, or a packet could not be sent. Told at most once a second for each text. */
  trouble(text: string): void
  log(level: LogLevel, subsystem: string, text: string): void
}

/** How frames get from node to node. */
export interface RingTransport {
  /** What it tells of its links; undefined where it keeps none. */
  readonly links: LinkView | undefined
  /** Binds the own addresses, now or as soon as the interfaces have them. */
  open(): void
  /** To one node, which may be this one. */
  send(to: NodeId, bytes: Uint8Array): void
  /** To every other node. */
  sendAll(bytes: Uint8Array): void
  /** The nodelist, from now on. This node's own addresses stay those that are bound. */
  setMembers(members: readonly NodeAddress[]): void
  /** The shared key changes; only where {@link RingTransport.loadKey} was called. */
  changeKey(step: 'switch' | 'forget'): void
  /** Packets that are sealed in this way and with this key are opened too, from now on. Only where packets are sealed. */
  loadKey(method: SealingMethod, key: Uint8Array): void
  /** Cuts this node off from the given ones, and from no others; see link-cut.ts. */
  cut(nodes: ReadonlySet<NodeId>): void
  /** Throws away what has arrived and was not read yet: it was sent while this process slept. */
  drain(): void
  close(): void
}
