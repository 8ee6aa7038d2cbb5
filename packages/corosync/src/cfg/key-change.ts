import type { NodeId } from '@quorate/base'

/** What nodes tell one another of a new key, in order. A C node drops the old one as soon as anybody says `dropped`. */
export const keyPhases = { loaded: 1, dropped: 2 } as const

/** Time for the others to load the new key, before an administrator is told who has not, ms. */
export const keyPatienceMs = 10_000

/** What a change of the key asks for. */
export type KeyEffect =
  | { readonly do: 'say'; readonly phase: number }
  /** Packets are sealed with the new key from now on; those with the old one are still opened. */
  | { readonly do: 'switch' }
  /** Packets with the old key are not opened any more. */
  | { readonly do: 'forget' }
  /** These members have not loaded a new key yet. */
  | { readonly do: 'wait'; readonly for: readonly NodeId[] }

/**
 * A new shared key without a restart (as watched with corosync 3.1.7). Every node that finds another key when it reads its
 * configuration again opens packets with both, and says that it has loaded the new one. C nodes seal with it at once,
 * and a node that was forgotten is out of the ring. Here nobody does before all members have it, or one who can no longer
 * be heard otherwise: a node says that it drops the old one.
 */
export class KeyChange {
  #members: readonly NodeId[] = []
  #stage: 'none' | 'loaded' | 'switched' = 'none'
  readonly #loaded = new Set<NodeId>()
  readonly #dropped = new Set<NodeId>()
  /** Members at the switch: who came later could not have come without the new key. */
  #awaited: readonly NodeId[] = []

  /** Members that have not said that they have a new key, ascending. */
  get #missing(): readonly NodeId[] {
    return this.#members.filter((node) => !this.#loaded.has(node) && !this.#dropped.has(node))
  }

  /** A ring has formed. */
  ring(members: readonly NodeId[]): readonly KeyEffect[] {
    this.#members = [...members].sort((a, b) => a - b)
    for (const heard of [this.#loaded, this.#dropped]) {
      for (const node of heard) if (!members.includes(node)) heard.delete(node)
    }
    return this.#advance()
  }

  /** All nodes read their configuration again: who has a new key says so, also who has said it before. */
  reload(): readonly KeyEffect[] {
    this.#loaded.clear()
    this.#dropped.clear()
    return this.#stage === 'loaded' ? [{ do: 'say', phase: keyPhases.loaded }] : []
  }

  /** This node has found another key, and opens packets with it. */
  load(): readonly KeyEffect[] {
    this.#stage = 'loaded'
    return [{ do: 'say', phase: keyPhases.loaded }, ...this.#advance()]
  }

  /** A member has said something, in the order in which all hear it; this node too. */
  said(from: NodeId, phase: number): readonly KeyEffect[] {
    if (phase === keyPhases.loaded) this.#loaded.add(from)
    if (phase === keyPhases.dropped) this.#dropped.add(from)
    return this.#advance()
  }

  /** {@link keyPatienceMs} have passed since the key was loaded. */
  late(): readonly KeyEffect[] {
    return this.#stage === 'loaded' && this.#missing.length > 0 ? [{ do: 'wait', for: this.#missing }] : []
  }

  #advance(): readonly KeyEffect[] {
    const effects: KeyEffect[] = []
    if (this.#stage === 'loaded' && (this.#missing.length === 0 || this.#dropped.size > 0)) {
      this.#stage = 'switched'
      this.#awaited = this.#members
      effects.push({ do: 'switch' }, { do: 'say', phase: keyPhases.dropped })
    }
    const mayUseOld = this.#awaited.filter((node) => this.#members.includes(node) && !this.#dropped.has(node))
    if (this.#stage === 'switched' && mayUseOld.length === 0) {
      this.#stage = 'none'
      effects.push({ do: 'forget' })
    }
    return effects
  }
}
