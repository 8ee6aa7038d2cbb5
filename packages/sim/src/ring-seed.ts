import { type NodeId, nodeId, Prng } from '@quorate/base'
import { type GatherCause, type TotemConfig, type TotemSettings, totemConfig } from '@quorate/totem'
import { EvsChecker, type EvsCounts } from './evs-checker.ts'
import { calm, drawFaultMix, type FaultKind, type FaultMix } from './fault-mix.ts'
import { FlowChecker } from './flow-checker.ts'
import { heal, unite } from './healing.ts'
import type { MakeProcess } from './machine.ts'
import { drawTalkMix, MessageSource, type TalkMix } from './message-source.ts'
import { Nemesis } from './nemesis.ts'
import { numberedHeaderBytes } from './numbered-message.ts'
import { RingProcess, type Sabotage } from './ring-process.ts'
import { drawSettings } from './ring-settings.ts'
import { Violation } from './violation.ts'
import { World } from './world.ts'

/** What a caller may fix of a seed's run. */
export type RingSeedOptions = {
  /** 1..16; drawn from 1..7 where left out. */
  readonly nodeCount?: number
  readonly sabotage?: Sabotage
  readonly trace?: (line: string) => void
}

/** What a seed's world was like and came to. */
export type RingSeedReport = {
  readonly seed: bigint
  readonly nodeCount: number
  readonly settings: TotemSettings
  readonly faults: FaultMix
  readonly talk: TalkMix
  readonly struck: ReadonlyMap<FaultKind, number>
  readonly gathers: ReadonlyMap<GatherCause, number>
  readonly counts: EvsCounts
  /** Events of the simulation. */
  readonly steps: number
  readonly simulatedMs: number
}

/** Token timeouts that the safety phase lasts. */
const safetyTokens = 25
/** Token timeouts that one ring may spend without delivering anything while something waits. */
const stallTokens = 5
const probeSizes = [20, 1000, 5000]
/** Token timeouts of silence after which the token rests. */
const idleTokens = 2
/** Hops of the longest way that a message takes which wakes the token, in rounds of the ring. */
const promptHops = 3
/** Where rings begin to count: as on the wire of corosync, or so that they soon count over the end of 32 bits. */
const firstSeqs = [0, 0, 0xffff_fff0, 0xffff_fc00, 0x7fff_fff0]

/**
 * Runs one seed: a phase of faults in which nothing wrong may happen, then a healed one in which the right must.
 *
 * @throws Violation when the ring broke a promise; any other error is a crash of the ring
 */
export function runRingSeed(seed: bigint, options: RingSeedOptions = {}): RingSeedReport {
  const prng = new Prng(seed)
  const settings = drawSettings(prng, seed)
  const nodeCount = options.nodeCount ?? prng.between(1, 7)
  const tokenMs = settings.token
  const faults = drawFaultMix(prng, seed, tokenMs)
  const talk = drawTalkMix(prng, tokenMs)
  let nowMs = (): number => 0
  const checker = new EvsChecker(() => nowMs())
  const config = totemConfig(nodeId(1), settings, 0)
  const flow = new FlowChecker(config)
  const firstSeq = faults.hunts ? prng.pick(firstSeqs) : 0
  const sources = new Map<number, MessageSource>()
  const gathers = new Map<GatherCause, number>()
  const makeProcess: MakeProcess = (host) =>
    new RingProcess(host, {
      config: { ...totemConfig(host.self, settings, 0), firstSeq },
      witness: checker,
      makeProgram: (programHost, boot) => {
        const source = new MessageSource(programHost, prng, boot, talk, (message, bytes) =>
          checker.sent(message, bytes),
        )
        sources.set(host.self, source)
        return source
      },
      sabotage: options.sabotage ?? {},
      visited: (node, ring, sent) => flow.visited(node, ring, sent),
      gathers: (cause) => gathers.set(cause, (gathers.get(cause) ?? 0) + 1),
    })
  const ended = (node: NodeId, boot: number): void => checker.ended(node, boot)
  const world = new World({ prng, nodeCount, makeProcess, ended, trace: options.trace })
  nowMs = () => world.nowMs
  for (const node of world.machines.values()) if (prng.chance(3, 4)) node.start()
  const nemesis = new Nemesis(prng, world, faults)
  nemesis.torment(tokenMs * safetyTokens)
  options.trace?.('--- healed')
  heal(world)
  unite(world, tokenMs, faults, () => world.division())
  probe(world, sources, checker, tokenMs)
  probeIdle(world, sources, checker, config)
  return {
    seed,
    nodeCount,
    settings,
    faults,
    talk,
    struck: nemesis.done,
    gathers,
    counts: checker.counts,
    steps: world.steps,
    simulatedMs: world.nowMs,
  }
}

/** What is sent in a whole world arrives everywhere. */
function probe(world: World, sources: ReadonlyMap<number, MessageSource>, checker: EvsChecker, tokenMs: number): void {
  for (const source of sources.values()) source.fallSilent()
  const probes: string[] = []
  let waiting = [...sources.values()].flatMap((source) => probeSizes.map((bytes) => ({ source, bytes })))
  let delivered = -1
  let movedAtMs = world.nowMs
  while (waiting.length > 0 || !checker.complete(probes)) {
    waiting = waiting.filter(({ source, bytes }) => {
      const name = source.probe(bytes)
      if (name !== undefined) probes.push(name)
      return name === undefined
    })
    world.runUntil(world.nowMs + tokenMs / 4)
    if (checker.counts.deliveries !== delivered) movedAtMs = world.nowMs
    else if (world.nowMs - movedAtMs > stallTokens * tokenMs) break
    delivered = checker.counts.deliveries
  }
  if (waiting.length > 0) throw new Violation(`L: the queue of ${waiting.length} messages never had room`)
  checker.finish(probes)
  if (world.division() !== undefined) throw new Violation('L: the ring broke without a fault')
}

/** In an idle ring, whose token rests, what somebody sends wakes it: nobody waits for the token's own time. */
function probeIdle(
  world: World,
  sources: ReadonlyMap<number, MessageSource>,
  checker: EvsChecker,
  { holdMs, tokenLossMs }: TotemConfig,
): void {
  const promptMs = promptHops * (world.ids.length + 1) * (calm.delayMinMs + 2 * calm.delayMeanMs)
  if (promptMs > holdMs) return
  const probes: string[] = []
  for (const [node, source] of sources) {
    world.runUntil(world.nowMs + idleTokens * tokenLossMs)
    probes.push(source.probe(numberedHeaderBytes) ?? '')
    world.runUntil(world.nowMs + promptMs)
    if (!checker.complete(probes)) {
      throw new Violation(
        `L: node ${node} said something in an idle ring, and ${promptMs.toFixed(1)} ms were not enough`,
      )
    }
  }
}
