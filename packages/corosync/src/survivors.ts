import type { NodeId } from '@quorate/base'
import type { RingChange } from './service.ts'

/**
 * Who was there without a break since the last membership that took effect.
 *
 * One change may overtake another before its sync ends. A node that went and came back meanwhile is new all the same:
 * only those who were in every transitional membership on the way have kept what they knew.
 */
export class Survivors {
  #old: readonly NodeId[] = []
  #kept: ReadonlySet<NodeId> = new Set()
  #members: readonly NodeId[] = []

  /** Members of the ring that last took effect. */
  get old(): readonly NodeId[] {
    return this.#old
  }

  /** Old members that are gone, or were for a while. */
  get left(): readonly NodeId[] {
    return this.#old.filter((node) => !this.#kept.has(node))
  }

  /** Members that are new, or come back. */
  get joined(): readonly NodeId[] {
    return this.#members.filter((node) => !this.#kept.has(node))
  }

  /** A ring has formed; its sync begins. */
  change(change: RingChange): void {
    this.#members = change.members
    this.#kept = new Set(change.trans.filter((node) => this.#kept.has(node)))
  }

  /** The ring takes effect. */
  settle(): void {
    this.#old = this.#members
    this.#kept = new Set(this.#members)
  }
}
