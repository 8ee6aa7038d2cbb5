import type { NodeId } from '@quorate/base'
import { Violation } from './violation.ts'

/** What the rules of a cluster promise of its quorum. */
export type QuorumRules = {
  readonly nodeCount: number
  /** Two quorate partitions have a member in common: they cannot be quorate at one time. Not so with `two_node`. */
  readonly isExclusive: boolean
  /** After a boot nobody is quorate before all have been seen, but by joining one who is. */
  readonly waitsForAll: boolean
}

/** At most one quorate partition (guides/reliability.md 2.2), by the memberships that ever were quorate. */
export class QuorumChecker {
  verdicts = 0
  readonly #rules: QuorumRules
  readonly #quorate = new Map<string, readonly NodeId[]>()
  /** Nodes that were quorate in their present life, or shared a ring with one that was and may have heard of it. */
  readonly #acting = new Set<NodeId>()

  constructor(rules: QuorumRules) {
    this.#rules = rules
  }

  /** A process ended: its next life knows nothing. */
  ended(node: NodeId): void {
    this.#acting.delete(node)
  }

  /**
   * A node is on a ring, whose services are not in step yet. It may have become quorate on the ring before at the very
   * end of that, when its last messages ended the synchronisation: there is no other moment to see that.
   */
  installed(node: NodeId, members: readonly NodeId[], wasQuorate: boolean): void {
    if (wasQuorate) this.#acting.add(node)
    if (members.some((member) => this.#acting.has(member))) this.#acting.add(node)
  }

  /** A node whose services are in step on a ring holds itself for quorate, or not, by the votes that it counts: one each. */
  verdict(node: NodeId, members: readonly NodeId[], isQuorate: boolean, votes: number | undefined): void {
    this.verdicts += 1
    if (votes !== members.length) throw new Violation(`quorum: node ${node} counts ${votes} votes of [${members}]`)
    if (!isQuorate) return
    const all = members.length === this.#rules.nodeCount
    if (this.#rules.waitsForAll && !all && !members.some((member) => this.#acting.has(member))) {
      throw new Violation(`quorum: node ${node} in [${members}] does not wait for all ${this.#rules.nodeCount}`)
    }
    this.#acting.add(node)
    const name = members.join(' ')
    if (!this.#rules.isExclusive || this.#quorate.has(name)) return
    for (const [other, nodes] of this.#quorate) {
      if (nodes.some((member) => members.includes(member))) continue
      throw new Violation(`quorum: [${name}] and [${other}] were both quorate`)
    }
    this.#quorate.set(name, members)
  }
}
