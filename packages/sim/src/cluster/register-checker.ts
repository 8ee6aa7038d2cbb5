import { Violation } from '../violation.ts'
import type { DrawnCluster } from './cluster-draw.ts'

/**
 * The shared disk that every resource would write to (guides/reliability.md 2.2, the one that matters): never two writers.
 * A resource that is not a clone is active on at most one machine that has power, a promotable one promoted on at most one.
 *
 * With fencing this holds at every moment, whatever the network does: nothing is started elsewhere before the power of the
 * machine that may run it was cut. Without fencing it does not: a node without quorum stops what it runs in its own time,
 * while the others start it already; nothing is checked then but that the cluster comes to rest with one of each.
 */
export class RegisterChecker {
  /** Times that a resource became active or promoted. */
  writes = 0
  readonly #cluster: DrawnCluster
  readonly #active = new Map<string, Set<string>>()
  readonly #promoted = new Map<string, Set<string>>()

  constructor(cluster: DrawnCluster) {
    this.#cluster = cluster
  }

  /** Something began or ended to run on a machine. @throws Violation when there are two of what there may be one of */
  changed(node: string, resource: string, what: 'active' | 'promoted' | 'demoted' | 'gone'): void {
    if (what === 'gone') {
      this.#active.get(resource)?.delete(node)
      this.#promoted.get(resource)?.delete(node)
      return
    }
    if (what === 'demoted') {
      this.#promoted.get(resource)?.delete(node)
      return
    }
    this.writes += 1
    const held = what === 'active' ? this.#active : this.#promoted
    const where = held.get(resource) ?? new Set<string>()
    held.set(resource, where)
    where.add(node)
    const drawn = this.#cluster.resources.find(({ id }) => id === resource)
    const isUnique = what === 'active' ? drawn?.isUnique === true : drawn?.promoted === 1
    if (!isUnique || where.size < 2 || !this.#cluster.isFencing) return
    throw new Violation(`register: ${resource} is ${what} on ${[...where].join(' and ')} at once`)
  }

  /** A machine has lost its power, and with it all that ran there. */
  powerLost(node: string): void {
    for (const held of [this.#active, this.#promoted]) for (const where of held.values()) where.delete(node)
  }

  /** On how many machines a resource is active now, and promoted. */
  counts(resource: string): { readonly active: number; readonly promoted: number } {
    return { active: this.#active.get(resource)?.size ?? 0, promoted: this.#promoted.get(resource)?.size ?? 0 }
  }
}
