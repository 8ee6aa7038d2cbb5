import type { NodeId, Prng } from '@quorate/base'
import type { RingNodeConfig } from '@quorate/corosync'
import { totemConfig } from '@quorate/totem'
import { Violation } from '../violation.ts'
import { World } from '../world.ts'
import { Administrator } from './administrator.ts'
import { type AgentManners, goodManners } from './agent-world.ts'
import { CibChecker } from './cib-checker.ts'
import type { DrawnCluster } from './cluster-draw.ts'
import { ClusterNode } from './cluster-node.ts'
import type { ClusterSabotage } from './cluster-sabotage.ts'
import { NodeDisk } from './node-disk.ts'
import { goodPower, type PowerManners, PowerSwitch } from './power-switch.ts'
import { RegisterChecker } from './register-checker.ts'

/** How a world of one cluster is made. */
export type ClusterWorldOptions = {
  readonly prng: Prng
  readonly nodeCount: number
  readonly tokenMs: number
  readonly drawn: DrawnCluster
  readonly manners: AgentManners
  readonly power: PowerManners
  readonly sabotage: ClusterSabotage
  /** Mean time that a machine takes to boot after its power was cut for a moment; undefined: it stays off. */
  readonly bootMeanMs: number | undefined
  /** Only the first node has the configuration on its disk at the beginning. */
  readonly isNew: boolean
  readonly trace: ((line: string) => void) | undefined
  /** Lets everything that was promised meanwhile happen: the program's own turn of its event loop. */
  readonly turn: () => Promise<void>
}

/** How often the world is looked at, in milliseconds. */
const surveyMs = 250

/** Machines with the whole of a cluster on them, what watches them, and who administers them. */
export class ClusterWorld {
  readonly world: World
  readonly names: ReadonlyMap<number, string>
  readonly nodes = new Map<NodeId, ClusterNode>()
  readonly disks = new Map<NodeId, NodeDisk>()
  readonly register: RegisterChecker
  readonly cibs: CibChecker
  readonly power: PowerSwitch
  readonly administrator: Administrator
  /** Times that a scheduler was asked. */
  schedules = 0
  readonly #options: ClusterWorldOptions
  #manners: AgentManners
  #isStirred = false
  /** What went wrong where nobody waits for it: in what a program had promised. */
  #fault: unknown
  #pid = 100
  #surveyedMs = 0
  #countedMs = 0
  #counted = 0
  /** Since when two nodes of one ring have had CIBs of one version that differ, or both have led. */
  readonly #odd = new Map<string, number>()

  constructor(options: ClusterWorldOptions) {
    const { prng, nodeCount, drawn, trace } = options
    this.#options = options
    this.#manners = options.manners
    this.names = new Map(Array.from({ length: nodeCount }, (_, at) => [at + 1, `n${at + 1}`]))
    this.register = new RegisterChecker(drawn)
    this.cibs = new CibChecker(nodeCount)
    this.world = new World({
      prng,
      nodeCount,
      trace,
      makeProcess: (host) => {
        const id = host.self
        const name = this.nameOf(id)
        const node = new ClusterNode(host, {
          prng,
          ring: ringConfig(id, host.nodes, options.tokenMs),
          names: this.names,
          machine: () => this.#machine(id),
          disk: this.disks.get(id) as NodeDisk,
          storedRingSeq: this.#machine(id).storedRingSeq,
          manners: this.#manners,
          losesEventEach: options.sabotage.losesEventEach,
          power: this.power,
          witness: {
            changed: (resource, what) => {
              host.trace(`${resource} is ${what}`)
              this.register.changed(name, resource, what)
            },
          },
          nextPid: () => {
            this.#pid += 1
            return this.#pid
          },
          scheduled: () => {
            this.schedules += 1
          },
          stirred: () => {
            this.#isStirred = true
          },
          failed: (fault) => this.#failed(fault),
          traces: trace !== undefined,
        })
        this.nodes.set(id, node)
        return node
      },
      ended: (id) => {
        this.nodes.get(id)?.pacemaker?.kill()
        this.nodes.delete(id)
        this.register.powerLost(this.nameOf(id))
      },
    })
    for (const id of this.world.ids) {
      this.disks.set(
        id,
        new NodeDisk(
          options.isNew && id !== this.world.ids[0] ? undefined : drawn.cib,
          options.sabotage.forgetsWriteEach,
        ),
      )
    }
    this.power = new PowerSwitch(
      {
        prng,
        plan: (afterMs, run) => this.world.plan(afterMs, run),
        machine: (name) => [...this.world.machines.values()].find(({ id }) => this.nameOf(id) === name),
        bootMs: () => {
          const { bootMeanMs } = options
          return bootMeanMs === undefined ? undefined : (prng.below(1000) / 500) * bootMeanMs
        },
        trace: (line) => this.trace(line),
      },
      options.power,
    )
    this.administrator = new Administrator({
      prng,
      nowMs: () => this.world.nowMs,
      nodes: () => this.awake(),
      nodeNames: [...this.names.values()],
      resources: drawn.resources,
      cibChecker: this.cibs,
      answersEarly: options.sabotage.answersEarly === true,
      failed: (fault) => this.#failed(fault),
      trace: (line) => this.trace(line),
    })
  }

  trace(line: string): void {
    this.#options.trace?.(`${this.world.nowMs.toFixed(2).padStart(10)} ${line}`)
  }

  nameOf(id: number): string {
    return this.names.get(id) ?? String(id)
  }

  /** Machines that have power and run. */
  awake(): readonly ClusterNode[] {
    return [...this.nodes.values()].filter(({ self }) => !this.#machine(self).asleep)
  }

  /** Lets everything happen until a time. */
  async runUntil(atMs: number): Promise<void> {
    while (this.world.happenNext(Math.min(atMs, this.#surveyedMs + surveyMs)) || this.world.nowMs < atMs) {
      if (this.#isStirred) {
        this.#isStirred = false
        await this.#options.turn()
        if (this.#fault !== undefined) throw this.#fault
      }
      if (this.world.nowMs >= this.#surveyedMs + surveyMs) this.#survey()
    }
  }

  async run(ms: number): Promise<void> {
    await this.runUntil(this.world.nowMs + ms)
  }

  /** Nothing fails from now on, but what has failed has. */
  behave(): void {
    this.#manners = goodManners
    for (const { agents } of this.nodes.values()) agents.manners = goodManners
    this.power.manners = { ...goodPower, lies: this.power.manners.lies }
  }

  /** Somebody starts what does not run. */
  startAll(): void {
    for (const machine of this.world.machines.values()) if (!machine.running) machine.start()
    for (const node of this.nodes.values()) node.startDaemons()
  }

  /** What is seen from outside now and then. */
  #survey(): void {
    this.#surveyedMs = this.world.nowMs
    this.#watchSchedules()
    const memories = [...this.nodes.values()].flatMap(({ pacemaker }) => {
      return pacemaker?.isAlive === true && pacemaker.cib !== undefined ? [pacemaker.cib.cib] : []
    })
    const disks = [...this.disks.values()].map(({ cib }) => cib)
    this.cibs.survey(disks, memories)
    const seen = new Set<string>()
    const settled = this.awake().filter((node) => isSettled(node))
    for (const a of settled) {
      for (const b of settled) {
        if (a.self >= b.self || !isOneRing(a, b)) continue
        this.#compare(a, b, seen)
      }
    }
    for (const key of this.#odd.keys()) if (!seen.has(key)) this.#odd.delete(key)
  }

  /** Whatever happens to it, a cluster has an end with each of its plans before it makes the next ones. */
  #watchSchedules(): void {
    if (this.world.nowMs - this.#countedMs < liveLockMs) return
    const asked = this.schedules - this.#counted
    this.#countedMs = this.world.nowMs
    this.#counted = this.schedules
    if (asked > liveLockSchedules) throw new Violation(`L: schedulers were asked ${asked} times in ${liveLockMs} ms`)
  }

  #compare(a: ClusterNode, b: ClusterNode, seen: Set<string>): void {
    const [one, two] = [a.pacemaker, b.pacemaker]
    if (one?.controller === undefined || two?.controller === undefined || !one.cib || !two.cib) return
    const pair = `${a.name} and ${b.name}`
    if (one.controller.isDc && two.controller.isDc) this.#since(`${pair} both lead one partition`, twoDcsMs, seen)
    if (one.controller.dc === undefined || one.controller.dc !== two.controller.dc) return
    const [left, right] = [one.cib.generation, two.cib.generation]
    const isSame = left.adminEpoch === right.adminEpoch && left.epoch === right.epoch && left.updates === right.updates
    if (isSame && one.cib.cib !== two.cib.cib && one.cib.digest() !== two.cib.digest()) {
      const version = `${left.adminEpoch}.${left.epoch}.${left.updates}`
      this.#since(`${pair} have different CIBs of version ${version}`, differenceMs, seen)
    }
  }

  /** Something that may be seen for a moment must not be seen for longer. */
  #since(what: string, forMs: number, seen: Set<string>): void {
    seen.add(what)
    const since = this.#odd.get(what) ?? this.world.nowMs
    this.#odd.set(what, since)
    if (this.world.nowMs - since >= forMs) throw new Violation(`rest: ${what} for ${forMs} ms`)
  }

  #failed(fault: unknown): void {
    this.#fault ??= fault
  }

  #machine(id: NodeId) {
    const machine = this.world.machines.get(id)
    if (machine === undefined) throw new Error(`no machine ${id}`)
    return machine
  }
}

/** So many runs of the schedulers in so long a time are a cluster that goes in circles. */
const liveLockSchedules = 700
const liveLockMs = 60_000
/** Two controllers that find each other leading elect one of them, or hold a join. */
const twoDcsMs = 60_000
/** A difference that a partition came with is found by the DC's comparison, which comes after so long without a change. */
const differenceMs = 20_000

const restStates: ReadonlySet<string> = new Set(['S_IDLE', 'S_NOT_DC', 'S_POLICY_ENGINE', 'S_TRANSITION_ENGINE'])

function isSettled({ ring, pacemaker }: ClusterNode): boolean {
  return ring.isReady && pacemaker?.isRunning === true && restStates.has(pacemaker.controller?.state ?? '')
}

function isOneRing(a: ClusterNode, b: ClusterNode): boolean {
  const [left, right] = [a.member, b.member]
  if (left.phase !== 'operational' || right.phase !== 'operational' || left.syncing || right.syncing) return false
  return left.ring.rep === right.ring.rep && left.ring.seq === right.ring.seq
}

function ringConfig(self: NodeId, nodes: readonly NodeId[], tokenMs: number): RingNodeConfig {
  return {
    totem: totemConfig(self, { token: tokenMs }, 0),
    addresses: nodes.map((node) => ({ node, link: 0, text: `10.0.0.${node}`, bytes: Uint8Array.of(10, 0, 0, node) })),
    votequorum: {
      self,
      votes: 1,
      expectedVotes: nodes.length,
      isTwoNode: nodes.length === 2,
      waitForAll: nodes.length === 2,
      autoTieBreaker: undefined,
      lastManStanding: false,
      lastManStandingWindowMs: 10_000,
      nodes,
    },
    keys: [],
  }
}
