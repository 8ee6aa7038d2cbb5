import type { NodeId } from '@quorate/base'

/** A node that has gone from one ring to the next, with what it had delivered by then. */
export type Departure = {
  readonly node: NodeId
  /** The ring that it went to. */
  readonly to: string
  /** Members of its transitional configuration: those that it says went on with all that it has. */
  readonly trans: readonly NodeId[]
  readonly delivered: readonly string[]
  /** So many of them came before the transitional configuration: nothing was missing among them. */
  readonly unbroken: number
  /** Since when this node has been together with each node without a break. */
  readonly together: ReadonlyMap<NodeId, number>
}

/** Whether a node may lack a message that another delivered, perhaps behind a hole. */
export type Excuse = (message: string, lacking: Departure, isBehindHole: boolean) => boolean

/** A message that `full` delivered, that `lacking` was said to have, and that it did not deliver. */
export type Lack = { readonly message: string; readonly full: Departure; readonly lacking: Departure }

/**
 * All who left one ring, wherever to. Whoever leaves it says that recovery has brought all members of its transitional
 * configuration what it delivers. That binds them even where they do not reach the next ring with it: extended virtual
 * synchrony's safe delivery (7.1), for the end of a ring.
 */
export class Departures {
  readonly #mayLack: Excuse
  readonly #all: Departure[] = []

  constructor(mayLack: Excuse) {
    this.#mayLack = mayLack
  }

  /** Takes one in; answers what is missing between it and another, if anything is. */
  add(departure: Departure): Lack | undefined {
    for (const other of this.#all) {
      const found = this.#lack(other, departure) ?? this.#lack(departure, other)
      if (found !== undefined) return found
    }
    this.#all.push(departure)
    return undefined
  }

  #lack(full: Departure, lacking: Departure): Lack | undefined {
    if (!full.trans.includes(lacking.node)) return undefined
    if (full.delivered.every((name, at) => name === lacking.delivered[at])) return undefined
    const have = new Set(lacking.delivered)
    const message = full.delivered.find(
      (name, at) => !have.has(name) && !this.#mayLack(name, lacking, at >= full.unbroken),
    )
    return message === undefined ? undefined : { message, full, lacking }
  }
}
