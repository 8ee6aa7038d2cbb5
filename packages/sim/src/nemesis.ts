import type { NodeId, Prng } from '@quorate/base'
import type { FaultKind, FaultMix } from './fault-mix.ts'
import type { Machine } from './machine.ts'
import type { World } from './world.ts'

/** Makes trouble in a world: draws what happens next out of a seed's mix, and does it. */
export class Nemesis {
  readonly #prng: Prng
  readonly #world: World
  readonly #mix: FaultMix
  /** How often each kind of trouble was made. */
  readonly done = new Map<FaultKind, number>()

  constructor(prng: Prng, world: World, mix: FaultMix) {
    this.#prng = prng
    this.#world = world
    this.#mix = mix
  }

  /** Lets the world run until a time, with trouble in between. */
  torment(untilMs: number): void {
    const world = this.#world
    world.network.mix = this.#mix
    while (world.nowMs < untilMs) {
      const pauseMs = (this.#prng.below(1000) / 500) * this.#mix.eventMeanMs
      world.runUntil(Math.min(untilMs, world.nowMs + pauseMs))
      if (this.#mix.kinds.length > 0 && world.nowMs < untilMs) this.#strike(this.#prng.pick(this.#mix.kinds))
    }
  }

  #strike(kind: FaultKind): void {
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1)
    const { ids, network } = this.#world
    const node = this.#world.machines.get(this.#prng.pick(ids)) as Machine
    switch (kind) {
      case 'crash':
        return node.crash()
      case 'leave':
        return node.leave()
      case 'restart':
        for (const down of this.#world.machines.values()) if (!down.running && this.#prng.chance(2, 3)) down.start()
        return
      case 'pause':
        return node.sleep(1 + (this.#prng.below(1000) / 1000) * this.#mix.pauseMaxMs)
      case 'split':
        return this.#cutBetween((_a, _b) => true, this.#sides())
      case 'isolate':
        for (const other of ids) if (other !== node.id) this.#cutBoth(node.id, other)
        return
      case 'one-way':
        for (const other of ids) if (other !== node.id && this.#prng.chance(1, 2)) network.cut(node.id, other)
        return
      case 'bridge':
        return this.#cutBetween((a, b) => a !== node.id && b !== node.id, this.#sides())
      case 'deaf':
        return network.deafen(node.id)
      case 'heal':
        return network.heal()
      default:
        kind satisfies never
    }
  }

  /** Each node on one of two or three sides. */
  #sides(): ReadonlyMap<NodeId, number> {
    const count = this.#prng.between(2, 3)
    return new Map(this.#world.ids.map((id) => [id, this.#prng.below(count)]))
  }

  #cutBetween(concerns: (a: NodeId, b: NodeId) => boolean, sides: ReadonlyMap<NodeId, number>): void {
    for (const a of this.#world.ids) {
      for (const b of this.#world.ids) if (a < b && concerns(a, b) && sides.get(a) !== sides.get(b)) this.#cutBoth(a, b)
    }
  }

  #cutBoth(a: NodeId, b: NodeId): void {
    this.#world.network.cut(a, b)
    this.#world.network.cut(b, a)
  }
}
