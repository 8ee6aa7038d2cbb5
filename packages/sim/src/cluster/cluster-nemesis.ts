import type { Prng } from '@quorate/base'
import { calm, type FaultKind, type FaultMix } from '../fault-mix.ts'
import { Nemesis } from '../nemesis.ts'
import type { World } from '../world.ts'
import type { Administrator } from './administrator.ts'
import type { ClusterNode } from './cluster-node.ts'

/** What can happen to a cluster at one moment of the safety phase. */
export type ClusterFault =
  | FaultKind
  | 'stop'
  | 'kill-pacemaker'
  | 'kill-corosync'
  | 'stall-pacemaker'
  | 'service-dies'
  | 'standby'
  | 'cleanup'

const severing: readonly ClusterFault[] = ['split', 'isolate', 'one-way', 'bridge']
const ending: readonly ClusterFault[] = ['crash', 'stop', 'kill-pacemaker', 'kill-corosync']
const other: readonly ClusterFault[] = ['pause', 'stall-pacemaker', 'service-dies', 'standby', 'cleanup']

/** A machine that is back before anybody has missed it; one that gets no messages although tokens pass. */
const wide: readonly ClusterFault[] = ['bounce', 'deaf']

/** The faults of one seed: each kind is on in half of the seeds. */
export type ClusterFaults = {
  readonly links: FaultMix
  readonly kinds: readonly ClusterFault[]
  readonly eventMeanMs: number
  readonly stallMaxMs: number
}

/** Draws which faults a seed has and how hard they are; `isWide`: also those that seeds drew from later on only. */
export function drawClusterFaults(prng: Prng, tokenMs: number, isWide = false): ClusterFaults {
  const maybe = (draw: () => number): number => (prng.chance(1, 2) ? draw() : 0)
  const every = [...severing, ...ending, ...other, ...(isWide ? wide : [])]
  const kinds = every.filter(() => prng.chance(1, 2))
  if (kinds.some((kind) => severing.includes(kind) || kind === 'deaf')) kinds.push('heal', 'heal')
  if (kinds.some((kind) => ending.includes(kind))) kinds.push('restart', 'restart')
  const pauseMaxMs = prng.pick([tokenMs * 0.8, tokenMs * 3, 60_000])
  const links: FaultMix = {
    ...calm,
    lossRate: maybe(() => prng.pick([10, 100, 300, 1000])),
    duplicateRate: maybe(() => prng.pick([10, 100])),
    replayRate: maybe(() => prng.pick([1, 10])),
    replayMaxMs: tokenMs * prng.between(1, 10),
    delayMinMs: prng.pick([0.1, 0.5, 1]),
    delayMeanMs: prng.pick([0.2, 1, 3]),
    tailRate: maybe(() => prng.pick([10, 100])),
    tailMaxMs: prng.pick([tokenMs / 10, tokenMs / 2]),
    pauseMaxMs,
  }
  return { links, kinds, eventMeanMs: prng.pick([1_500, 5_000, 15_000]), stallMaxMs: prng.pick([500, 5_000, 40_000]) }
}

/** Makes trouble in a world of clusters. */
export class ClusterNemesis {
  readonly done = new Map<ClusterFault, number>()
  readonly #prng: Prng
  readonly #world: World
  readonly #faults: ClusterFaults
  readonly #network: Nemesis
  readonly #administrator: Administrator
  readonly #nodes: () => readonly ClusterNode[]

  constructor(
    prng: Prng,
    world: World,
    faults: ClusterFaults,
    administrator: Administrator,
    nodes: () => readonly ClusterNode[],
  ) {
    this.#prng = prng
    this.#world = world
    this.#faults = faults
    this.#network = new Nemesis(prng, world, faults.links)
    this.#administrator = administrator
    this.#nodes = nodes
  }

  /** Time until the next trouble. */
  pauseMs(): number {
    return (this.#prng.below(1000) / 500) * this.#faults.eventMeanMs
  }

  /** Makes one piece of trouble. */
  strike(): void {
    const { kinds } = this.#faults
    if (kinds.length === 0) return
    const kind = this.#prng.pick(kinds)
    this.done.set(kind, (this.done.get(kind) ?? 0) + 1)
    const nodes = this.#nodes()
    const node = nodes.length === 0 ? undefined : this.#prng.pick(nodes)
    switch (kind) {
      case 'stop':
        return node?.leave()
      case 'kill-pacemaker':
        return node?.killPacemaker()
      case 'kill-corosync':
        return node?.killRing()
      case 'stall-pacemaker':
        return node?.stallPacemaker((this.#prng.below(1000) / 1000) * this.#faults.stallMaxMs)
      case 'service-dies': {
        const active = [...(node?.agents.active.keys() ?? [])]
        if (active.length > 0) node?.agents.die(this.#prng.pick(active))
        return
      }
      case 'standby':
        return this.#administrator.standby(this.#prng.pick(['on', 'off']))
      case 'cleanup':
        return this.#administrator.cleanUp()
      case 'restart':
        for (const each of nodes) if (this.#prng.chance(2, 3)) each.startDaemons()
        return this.#network.strike('restart')
      default:
        // A machine that one of its own programs has just stopped is asleep or gone: the world sees to that.
        return this.#network.strike(kind)
    }
  }

  /** How links misbehave from now on. */
  begin(): void {
    this.#world.network.mix = this.#faults.links
  }
}
