import { type NodeId, Prng } from '@quorate/base'
import type { RingNodeConfig } from '@quorate/corosync'
import { totemConfig } from '@quorate/totem'
import { CorosyncProcess, type ServiceSabotage } from './corosync-process.ts'
import { CpgChecker } from './cpg-checker.ts'
import { drawFaultMix, type FaultMix } from './fault-mix.ts'
import { heal, unite } from './healing.ts'
import type { MakeProcess, ProcessHost } from './machine.ts'
import { Nemesis } from './nemesis.ts'
import { messageName } from './numbered-message.ts'
import { QuorumChecker } from './quorum-checker.ts'
import { type DrawnSettings, drawSettings } from './ring-settings.ts'
import { Violation } from './violation.ts'
import { World } from './world.ts'

/** What a caller may fix of a seed's run. */
export type ServiceSeedOptions = {
  /** 1..16; drawn from 1..6 where left out. */
  readonly nodeCount?: number
  readonly sabotage?: ServiceSabotage
  readonly trace?: (line: string) => void
}

/** What a seed's world was like and came to. */
export type ServiceSeedReport = {
  readonly seed: bigint
  readonly nodeCount: number
  readonly faults: FaultMix
  readonly quorum: QuorumFlavour
  readonly verdicts: number
  readonly changes: number
  readonly deliveries: number
  readonly steps: number
  readonly simulatedMs: number
}

/** Which rules a cluster counts its votes by. */
export type QuorumFlavour = 'majority' | 'wait-for-all' | 'tie-breaker' | 'two-node'

const safetyTokens = 25
const probeBytes = 3000
/** Token timeouts within which a whole world must hand round what is waiting. */
const deliveryTokens = 50
const lastManStandingWindowMs = 10_000

/**
 * Runs one seed of whole corosync nodes with clients of process groups: faults first, then a healed world.
 *
 * @throws Violation when a promise of cpg or votequorum was broken
 */
export function runServiceSeed(seed: bigint, options: ServiceSeedOptions = {}): ServiceSeedReport {
  const prng = new Prng(seed)
  const settings = drawSettings(prng, seed)
  const nodeCount = options.nodeCount ?? prng.between(1, 6)
  const faults = drawFaultMix(prng, seed, settings.token)
  const flavours: readonly QuorumFlavour[] = ['majority', 'wait-for-all', 'tie-breaker']
  const quorum = prng.pick(nodeCount === 2 ? [...flavours, 'two-node' as const] : flavours)
  const actMeanMs = settings.token * prng.pick([0.2, 1])
  const groups = prng.pick([['g'], ['g', 'h'], ['g', 'g', 'h']])
  const checker = new CpgChecker()
  const judge = new QuorumChecker({ nodeCount, isExclusive: quorum !== 'two-node', waitsForAll: waitsForAll(quorum) })
  const processes = new Map<NodeId, CorosyncProcess>()
  let pid = 0
  const makeProcess: MakeProcess = (host) => {
    const corosync = new CorosyncProcess(host, {
      config: nodeConfig(
        host,
        settings,
        quorum,
        options.sabotage?.expectedVotes ?? nodeCount,
        options.sabotage?.votes ?? 1,
      ),
      prng,
      witness: checker,
      groups,
      losesEventEach: options.sabotage?.losesEventEach,
      actMeanMs,
      nextPid: () => {
        pid += 1
        return pid
      },
      installed: (node, members, wasQuorate) => judge.installed(node, members, wasQuorate),
      verdict: (...said) => judge.verdict(...said),
    })
    processes.set(host.self, corosync)
    return corosync
  }
  const ended = (node: NodeId): void => {
    processes.get(node)?.ended()
    judge.ended(node)
  }
  const world = new World({ prng, nodeCount, makeProcess, ended, trace: options.trace })
  for (const machine of world.machines.values()) if (prng.chance(3, 4)) machine.start()
  new Nemesis(prng, world, faults).torment(settings.token * safetyTokens)
  options.trace?.('--- healed')
  heal(world)
  for (const { clients } of processes.values()) for (const client of clients) client.calmDown()
  unite(world, settings.token, faults, () => flawOf(world, processes, checker))
  probe(world, processes, checker, settings.token)
  const { verdicts } = judge
  const { changes, deliveries } = checker
  return {
    seed,
    nodeCount,
    faults,
    quorum,
    verdicts,
    changes,
    deliveries,
    steps: world.steps,
    simulatedMs: world.nowMs,
  }
}

const waitsForAll = (quorum: QuorumFlavour): boolean => quorum === 'wait-for-all' || quorum === 'two-node'

function nodeConfig(
  { self, nodes }: ProcessHost,
  settings: DrawnSettings,
  quorum: QuorumFlavour,
  expectedVotes: number,
  votes: number,
): RingNodeConfig {
  return {
    totem: totemConfig(self, settings, 0),
    addresses: nodes.map((node) => ({ node, link: 0, text: `10.0.0.${node}`, bytes: Uint8Array.of(10, 0, 0, node) })),
    votequorum: {
      self,
      votes,
      expectedVotes,
      isTwoNode: quorum === 'two-node',
      waitForAll: waitsForAll(quorum),
      autoTieBreaker: quorum === 'tie-breaker' ? 'lowest' : undefined,
      lastManStanding: false,
      lastManStandingWindowMs,
      nodes,
    },
    keys: [],
  }
}

/** What is missing to one ring, all quorate, and all clients members who see each other. */
function flawOf(
  world: World,
  processes: ReadonlyMap<NodeId, CorosyncProcess>,
  checker: CpgChecker,
): string | undefined {
  const division = world.division()
  if (division !== undefined) return division
  const live = new Map<string, string[]>()
  for (const { node, clients } of processes.values()) {
    if (!node.isReady || !node.isQuorate) return `node ${node.self}: ready ${node.isReady}, quorate ${node.isQuorate}`
    for (const { group, pid, state } of clients) {
      if (state !== 'member') return `client ${node.self}:${pid} of ${group} is ${state}`
      live.set(group, [...(live.get(group) ?? []), `${node.self}:${pid}`])
    }
  }
  for (const [group, views] of checker.views()) {
    const due = [...(live.get(group) ?? [])].sort().join(' ')
    if (views.size !== 1 || !views.has(due)) return `group ${group} of ${due} is seen as ${[...views].join(' and as ')}`
  }
  return undefined
}

/** What a member says in a whole world reaches every member. */
function probe(
  world: World,
  processes: ReadonlyMap<NodeId, CorosyncProcess>,
  checker: CpgChecker,
  tokenMs: number,
): void {
  const speakers = [...processes.values()].flatMap(({ clients }) => clients).filter(({ group }) => group === 'g')
  const probes = speakers.map((client) => messageName(client.say(probeBytes)))
  const deadlineMs = world.nowMs + deliveryTokens * tokenMs
  while (world.nowMs < deadlineMs && !checker.complete('g', probes)) world.runUntil(world.nowMs + tokenMs / 4)
  if (!checker.complete('g', probes)) throw new Violation('cpg: a message of a whole world did not reach all members')
  checker.finish()
}
