import type { NodeId } from '@quorate/base'
import type { Configuration, Lane, RingId } from '@quorate/totem'

/**
 * What runs on the ring of one node between two boots: in these tests a source of numbered messages, elsewhere the
 * services of corosync. The world makes a new one at every boot and calls it in the order of the ring's effects.
 */
export type RingProgram = {
  /** The node is up; its ring is not yet. */
  start(): void
  configured(configuration: Configuration): void
  delivered(from: NodeId, group: string, body: Uint8Array): void
  /** A timer that the program armed ran out. */
  timer(name: string): void
}

/** What a program may do. Nothing of it takes effect before the call that it was made from has ended. */
export type ProgramHost = {
  readonly self: NodeId
  readonly nodes: readonly NodeId[]
  nowMs(): number
  /** False when the ring has no room or is not running: then nothing was sent. */
  multicast(group: string, body: Uint8Array, lane: Lane): boolean
  /** The services are in step on this ring. */
  syncComplete(ring: RingId): void
  /** (Re)starts a timer of the program. */
  arm(name: string, afterMs: number): void
}

/** Makes the program of a node's next boot. */
export type MakeProgram = (host: ProgramHost, boot: number) => RingProgram

/** What checkers are told, as it happens. `boot` tells lives of one node apart. */
export type RingWitness = {
  configured(node: NodeId, boot: number, configuration: Configuration): void
  delivered(node: NodeId, boot: number, from: NodeId, group: string, body: Uint8Array): void
}
