import { Prng } from '@quorate/base'
import { writeXml } from '@quorate/xml'
import { calm } from '../fault-mix.ts'
import { Violation } from '../violation.ts'
import type { AgentManners } from './agent-world.ts'
import { type DrawnCluster, drawCluster } from './cluster-draw.ts'
import { type ClusterFault, type ClusterFaults, ClusterNemesis, drawClusterFaults } from './cluster-nemesis.ts'
import type { ClusterNode } from './cluster-node.ts'
import type { ClusterSabotage } from './cluster-sabotage.ts'
import { ClusterWorld } from './cluster-world.ts'
import type { PowerManners } from './power-switch.ts'

/** What a caller may fix of a seed's run. */
export type ClusterSeedOptions = {
  /** 1..16; drawn from 1..5 where left out. */
  readonly nodeCount?: number
  readonly sabotage?: ClusterSabotage
  readonly trace?: (line: string) => void
  /** A turn of the event loop: everything that was promised by now has happened behind it. */
  readonly turn: () => Promise<void>
}

/** What a seed's world was like and came to. */
export type ClusterSeedReport = {
  readonly seed: bigint
  readonly nodeCount: number
  readonly faults: ClusterFaults
  readonly struck: ReadonlyMap<ClusterFault, number>
  readonly isFencing: boolean
  readonly steps: number
  readonly simulatedMs: number
  /** Runs of the scheduler. */
  readonly schedules: number
  /** Times that power was cut to fence a node. */
  readonly fencings: number
  readonly acknowledgements: number
  readonly writes: number
}

/** Seeds from here on draw from more faults and configurations; the others stay as they were when they found something. */
const wideFrom = 1_000_000n
/** Time that a cluster has to form, in milliseconds. */
const peaceMs = 40_000
const safetyMs = [60_000, 150_000, 300_000]
/** Time within which a healed cluster must be whole, and for which it must then stay at rest, in milliseconds. */
const unionMs = 600_000
const restMs = 30_000
/** How often somebody sees to a healed cluster: what failed is cleaned up, and what does not run is started. */
const careMs = 60_000

/**
 * Runs one seed of a whole cluster: corosync and Pacemaker on every machine, with faults first, then a healed world.
 *
 * @throws Violation when a promise of the cluster was broken
 */
export async function runClusterSeed(seed: bigint, options: ClusterSeedOptions): Promise<ClusterSeedReport> {
  const prng = new Prng(seed)
  const nodeCount = options.nodeCount ?? prng.pick([1, 2, 2, 3, 3, 3, 4, 5])
  const tokenMs = prng.pick([400, 1000, 1000, 3000])
  const isWide = seed >= wideFrom
  const faults = drawClusterFaults(prng, tokenMs, isWide)
  const drawn = drawCluster(prng, nodeCount, isWide)
  const isNew = prng.chance(1, 3)
  const cluster = new ClusterWorld({
    prng,
    nodeCount,
    tokenMs,
    drawn,
    manners: { ...drawManners(prng), idleProbesFail: drawn.noQuorumPolicy !== 'freeze' },
    power: { ...drawPower(prng), lies: options.sabotage?.powerLies === true },
    sabotage: options.sabotage ?? {},
    bootMeanMs: prng.pick([undefined, 2_000, 20_000]),
    isNew,
    trace: options.trace,
    turn: options.turn,
  })
  const { world, administrator } = cluster
  const nemesis = new ClusterNemesis(prng, world, faults, administrator, () => cluster.awake())
  // A configuration that one node alone has is lost to those that begin without it: a new cluster forms in peace.
  for (const machine of world.machines.values()) if (isNew || prng.chance(4, 5)) machine.start()
  if (isNew || prng.chance(1, 2)) await cluster.run(prng.between(peaceMs, 2 * peaceMs))
  await torment(cluster, nemesis, prng, faults)
  cluster.trace('--- healed')
  try {
    await unite(cluster, drawn)
  } catch (error) {
    for (const { name, pacemaker } of cluster.nodes.values()) {
      if (pacemaker?.cib !== undefined) cluster.trace(`CIB of ${name}: ${writeXml(pacemaker.cib.cib)}`)
    }
    throw error
  }
  return {
    seed,
    nodeCount,
    faults,
    struck: nemesis.done,
    isFencing: drawn.isFencing,
    steps: world.steps,
    simulatedMs: world.nowMs,
    schedules: cluster.schedules,
    fencings: cluster.power.cuts,
    acknowledgements: cluster.cibs.acknowledgements,
    writes: cluster.register.writes,
  }
}

function drawManners(prng: Prng): Omit<AgentManners, 'idleProbesFail'> {
  const maybe = (draw: () => number): number => (prng.chance(1, 2) ? draw() : 0)
  return {
    quickMaxMs: prng.pick([20, 200]),
    slowRate: maybe(() => prng.pick([10, 100])),
    slowMaxMs: prng.pick([3_000, 15_000]),
    failRate: maybe(() => prng.pick([3, 30])),
    hangRate: maybe(() => prng.pick([2, 10])),
  }
}

function drawPower(prng: Prng): Omit<PowerManners, 'lies'> {
  const maybe = (draw: () => number): number => (prng.chance(1, 2) ? draw() : 0)
  return {
    quickMaxMs: prng.pick([300, 3_000]),
    slowRate: maybe(() => prng.pick([10, 50])),
    slowMaxMs: prng.pick([8_000, 80_000]),
    failRate: maybe(() => prng.pick([10, 50])),
  }
}

/** The safety phase: trouble, people who change things meanwhile, and nothing that may ever be. */
async function torment(
  cluster: ClusterWorld,
  nemesis: ClusterNemesis,
  prng: Prng,
  faults: ClusterFaults,
): Promise<void> {
  const { world, administrator } = cluster
  nemesis.begin()
  const untilMs = world.nowMs + prng.pick(safetyMs)
  const writeMeanMs = prng.pick([500, 3_000, 20_000])
  let strikeMs = world.nowMs + nemesis.pauseMs()
  let writeMs = world.nowMs + writeMeanMs
  while (world.nowMs < untilMs) {
    await cluster.runUntil(Math.min(untilMs, strikeMs, writeMs))
    if (world.nowMs >= writeMs) {
      if (prng.chance(1, 5)) administrator.attribute()
      else administrator.write()
      writeMs = world.nowMs + (prng.below(1000) / 500) * writeMeanMs
    }
    if (world.nowMs >= strikeMs && faults.eventMeanMs > 0) {
      nemesis.strike()
      strikeMs = world.nowMs + nemesis.pauseMs()
    }
  }
  const late = Math.max(faults.links.replayMaxMs, faults.links.pauseMaxMs, faults.links.tailMaxMs, faults.stallMaxMs)
  world.network.mix = calm
  world.network.heal()
  cluster.behave()
  await cluster.run(late)
}

/** The liveness phase: what can run does so within bounded time, and then there is nothing left to do. */
async function unite(cluster: ClusterWorld, drawn: DrawnCluster): Promise<void> {
  const { world, administrator } = cluster
  const deadlineMs = world.nowMs + unionMs
  let careAtMs = world.nowMs + careMs / 2
  let wholeSinceMs: number | undefined
  let schedules = 0
  cluster.startAll()
  for (;;) {
    await cluster.run(1_000)
    const flaw = flawOf(cluster, drawn)
    if (flaw === undefined && wholeSinceMs === undefined) {
      wholeSinceMs = world.nowMs
      schedules = cluster.schedules
    }
    if (flaw !== undefined) wholeSinceMs = undefined
    const asked = cluster.schedules - schedules
    if (wholeSinceMs !== undefined && world.nowMs - wholeSinceMs >= restMs) {
      // The recheck timer asks now and then, and failures are forgotten in their time; what goes on is no rest.
      if (asked <= schedulesAtRestMax) break
      wholeSinceMs = undefined
      if (world.nowMs > deadlineMs) {
        throw new Violation(`L: a whole cluster asks its scheduler ${asked} times in ${restMs} ms`)
      }
    }
    if (flaw !== undefined && world.nowMs > deadlineMs) throw new Violation(`L: healed for ${unionMs} ms: ${flaw}`)
    if (world.nowMs < careAtMs || wholeSinceMs !== undefined) continue
    careAtMs = world.nowMs + careMs
    cluster.startAll()
    for (const name of cluster.names.values()) administrator.standby('off', name)
    administrator.cleanUp()
  }
  const [first] = cluster.nodes.values()
  if (first?.pacemaker?.cib !== undefined) cluster.cibs.finish(first.pacemaker.cib.cib)
}

/** Runs of the scheduler that the end of the last changes and the recheck timer may bring. */
const schedulesAtRestMax = 5

/** What is missing to a whole cluster. */
function flawOf(cluster: ClusterWorld, drawn: DrawnCluster): string | undefined {
  const nodes = [...cluster.nodes.values()]
  if (nodes.length < cluster.names.size) return 'not every machine has power'
  const dcs = nodes.filter(({ pacemaker }) => pacemaker?.controller?.isDc === true).map(({ name }) => name)
  const states = nodes.map(({ name, pacemaker }) => `${name} ${pacemaker?.controller?.state ?? 'down'}`).join(', ')
  if (dcs.length !== 1) return `DCs [${dcs}]: ${states}`
  for (const { name, pacemaker } of nodes) {
    if (pacemaker?.isRunning !== true) return `${name}: pacemakerd does not run`
    const due = name === dcs[0] ? 'S_IDLE' : 'S_NOT_DC'
    if (pacemaker.controller?.state !== due || pacemaker.controller.dc !== dcs[0]) return `states ${states}`
    if (pacemaker.messenger?.view().members.length !== nodes.length) return `${name} does not see all`
  }
  const digests = new Set(nodes.map(({ pacemaker }) => pacemaker?.cib?.digest()))
  if (digests.size !== 1) return `CIBs differ: ${[...digests].join(', ')}`
  const odd = oddAttribute(nodes, cluster)
  if (odd !== undefined) return odd
  for (const { id, count, promoted } of drawn.resources) {
    const is = cluster.register.counts(id)
    if (is.active !== count) return `${id} is active ${is.active} times, not ${count}`
    if (is.promoted !== promoted) return `${id} is promoted ${is.promoted} times, not ${promoted}`
  }
  return undefined
}

/**
 * An attribute of which somebody knows another value than the node itself. What was set for a node while it was away, in one
 * partition or another, the node may not know when it is back, nor all others: a newcomer is told by the writer alone, and
 * nobody tells the writer, here as with the real ones.
 */
function oddAttribute(nodes: readonly ClusterNode[], cluster: ClusterWorld): string | undefined {
  for (const attribute of cluster.administrator.attributes) {
    for (const { name, pacemaker } of nodes) {
      const own = pacemaker?.attributes?.value(attribute, name)
      if (own === undefined) continue
      for (const other of nodes) {
        const value = other.pacemaker?.attributes?.value(attribute, name)
        if (value !== own) return `${attribute} of ${name} is ${own} there, and ${value} at ${other.name}`
      }
    }
  }
  return undefined
}
