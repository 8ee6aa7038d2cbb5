import type { NodeId } from '@quorate/base'
import { type RingId, ringText } from '@quorate/totem'
import { Violation } from './violation.ts'

/** Limits of a ring's members: totem.window_size and totem.max_messages. */
export type FlowLimits = { readonly windowSize: number; readonly maxMessages: number }

/** Flow control: no node sends more at a visit than it may, and all together no more in a rotation than the window. */
export class FlowChecker {
  readonly #limits: FlowLimits
  readonly #rings = new Map<string, Map<NodeId, number>>()

  constructor(limits: FlowLimits) {
    this.#limits = limits
  }

  /** The token came by a node, which sent so many messages, repeated ones included. */
  visited(node: NodeId, ring: RingId, sent: number): void {
    const name = ringText(ring)
    const visits = this.#rings.get(name) ?? new Map<NodeId, number>()
    this.#rings.set(name, visits)
    visits.set(node, sent)
    const { windowSize, maxMessages } = this.#limits
    if (sent > maxMessages) throw new Violation(`F: node ${node} sends ${sent} messages at one visit of ring ${name}`)
    let inRotation = 0
    for (const count of visits.values()) inRotation += count
    if (inRotation > windowSize) throw new Violation(`F: ring ${name} carries ${inRotation} messages in one rotation`)
  }
}
