import type { NodeId, Prng } from '@quorate/base'
import type { FaultKind, FaultMix } from './fault-mix.ts'
import type { Machine } from './machine.ts'
import { drawSnare, type SnareStroke } from './snare.ts'
import type { World } from './world.ts'

/** Into how many steps the wait for a snare is cut. */
const huntSteps = 20
/** Rests between the stroke of a snare and the next one, in times of the mix. */
const huntRests = [0.01, 0.1, 0.5, 2]
/** How long a process is away that nobody misses. */
const bounceMs = 2

/** Makes trouble in a world: draws what happens next out of a seed's mix, and does it. */
export class Nemesis {
  readonly #prng: Prng
  readonly #world: World
  readonly #mix: FaultMix
  #isSprung = false
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
    if (this.#mix.hunts) return this.#hunt(untilMs)
    while (world.nowMs < untilMs) {
      const pauseMs = (this.#prng.below(1000) / 500) * this.#mix.eventMeanMs
      world.runUntil(Math.min(untilMs, world.nowMs + pauseMs))
      if (this.#mix.kinds.length > 0 && world.nowMs < untilMs) this.strike(this.#prng.pick(this.#mix.kinds))
    }
  }

  /**
   * Sets the world up, lays a snare and lets it strike, again and again. Where nothing steps into it by itself, the
   * machines that join and bounce meanwhile see to it.
   */
  #hunt(untilMs: number): void {
    const world = this.#world
    const { eventMeanMs } = this.#mix
    const run = (ms: number): void => world.runUntil(Math.min(untilMs, world.nowMs + ms))
    while (world.nowMs < untilMs) {
      world.network.heal()
      this.strike('restart')
      this.strike('ambush')
      for (let step = 0; step < huntSteps && !this.#isSprung; step += 1) {
        run(eventMeanMs / huntSteps)
        if (step === huntSteps / 2) this.strike('bounce')
      }
      run(eventMeanMs * this.#prng.pick(huntRests))
    }
  }

  /** Makes one piece of trouble. */
  strike(kind: FaultKind): void {
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1)
    const { ids, network } = this.#world
    const node = this.#world.machines.get(this.#prng.pick(ids)) as Machine
    switch (kind) {
      case 'crash':
        return node.crash()
      case 'leave':
        return node.leave()
      case 'bounce':
        node.crash()
        return this.#world.plan(this.#bounceMs(), () => node.running || node.start())
      case 'restart':
        for (const down of this.#world.machines.values()) if (!down.running && this.#prng.chance(2, 3)) down.start()
        return
      case 'pause':
        return node.sleep(1 + (this.#prng.below(1000) / 1000) * this.#mix.pauseMaxMs)
      case 'split':
        return this.#cutBetween((_a, _b) => true, this.#sides())
      case 'isolate':
        return this.#isolate(node.id)
      case 'one-way':
        for (const other of ids) if (other !== node.id && this.#prng.chance(1, 2)) network.cut(node.id, other)
        return
      case 'bridge':
        return this.#cutBetween((a, b) => a !== node.id && b !== node.id, this.#sides())
      case 'deaf':
        return network.deafen(node.id)
      case 'ambush':
        this.#isSprung = false
        return network.lay(drawSnare(this.#prng), (stroke, from, to) => this.#spring(stroke, from, to))
      case 'heal':
        return network.heal()
      default:
        kind satisfies never
    }
  }

  /** What a snare has caught. A process ends when the step that sent the frame is over. */
  #spring(stroke: SnareStroke, from: NodeId, to: NodeId): void {
    this.#isSprung = true
    switch (stroke) {
      case 'crash-sender':
        return this.#crashSoon(from)
      case 'crash-receiver':
        return this.#crashSoon(to)
      case 'bounce-sender':
        return this.#bounceSoon(from)
      case 'bounce-receiver':
        return this.#bounceSoon(to)
      case 'isolate-sender':
        return this.#isolate(from)
      case 'isolate-receiver':
        return this.#isolate(to)
      case 'split':
        return this.#cutBetween((_a, _b) => true, this.#sides())
      case 'delay':
      case 'unheard':
      case 'heard-late':
        return
      default:
        stroke satisfies never
    }
  }

  #crashSoon(id: NodeId): void {
    this.#isolate(id)
    this.#world.plan(0, () => this.#world.machines.get(id)?.crash())
  }

  #bounceSoon(id: NodeId): void {
    const machine = this.#world.machines.get(id)
    this.#world.plan(0, () => machine?.crash())
    this.#world.plan(bounceMs, () => machine?.running === false && machine.start())
  }

  #isolate(id: NodeId): void {
    for (const other of this.#world.ids) if (other !== id) this.#cutBoth(id, other)
  }

  /** Long enough to be missed, or not. */
  #bounceMs(): number {
    return (this.#prng.below(1000) / 1000) * this.#mix.eventMeanMs
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
