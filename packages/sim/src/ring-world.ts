import { type NodeId, nodeId, type Prng } from '@quorate/base'
import { type GatherCause, sameRing, type TotemConfig } from '@quorate/totem'
import { EventHeap } from './event-heap.ts'
import { Network } from './network.ts'
import { type NodeWorld, RingNode, type Sabotage } from './ring-node.ts'
import type { MakeProgram, RingWitness } from './ring-program.ts'

type Happening =
  | { readonly kind: 'frame'; readonly to: NodeId; readonly bytes: Uint8Array }
  | { readonly kind: 'wake'; readonly node: NodeId; readonly boot: number; readonly timer: string }

/** How a world of ring nodes is made. */
export type RingWorldOptions = {
  readonly prng: Prng
  readonly nodeCount: number
  readonly configOf: (self: NodeId) => TotemConfig
  readonly witness: RingWitness
  readonly makeProgram: MakeProgram
  readonly sabotage: Sabotage
  /** Told a line about everything of note. */
  readonly trace: ((line: string) => void) | undefined
}

/** N nodes on one fake network and one fake clock. Nothing in it knows of real time or real chance. */
export class RingWorld {
  readonly nodes: ReadonlyMap<NodeId, RingNode>
  readonly ids: readonly NodeId[]
  readonly network: Network
  /** Why nodes began to gather, and how often. */
  readonly gathers = new Map<GatherCause, number>()
  /** Events that have happened. */
  steps = 0
  readonly #future = new EventHeap<Happening>()
  #nowMs = 0

  constructor(options: RingWorldOptions) {
    this.network = new Network(options.prng)
    this.ids = Array.from({ length: options.nodeCount }, (_, at) => nodeId(at + 1))
    const world: NodeWorld = {
      nowMs: () => this.#nowMs,
      nodes: this.ids,
      send: (from, to, bytes) => this.#send(from, to, bytes),
      planWake: (node, boot, timer, atMs) => this.#future.plan(atMs, { kind: 'wake', node, boot, timer }),
      witness: options.witness,
      makeProgram: options.makeProgram,
      sabotage: options.sabotage,
      gathers: (cause) => this.gathers.set(cause, (this.gathers.get(cause) ?? 0) + 1),
      trace: (node, line) => options.trace?.(`${this.#nowMs.toFixed(2).padStart(10)} node ${node} ${line}`),
    }
    this.nodes = new Map(this.ids.map((id) => [id, new RingNode(options.configOf(id), world)]))
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Lets everything happen until a time. */
  runUntil(atMs: number): void {
    for (;;) {
      const next = this.#future.nextAtMs()
      if (next === undefined || next > atMs) break
      const planned = this.#future.take()
      if (planned === undefined) break
      this.#nowMs = planned.atMs
      this.steps += 1
      this.#happen(planned.what)
    }
    this.#nowMs = atMs
  }

  /** Nodes whose processes run. */
  running(): RingNode[] {
    return [...this.nodes.values()].filter((node) => node.running)
  }

  /** True when all processes are members of one ring and nobody else is. */
  united(): boolean {
    const members = this.running().map((node) => node.member)
    const first = members[0]
    if (first === undefined) return true
    return members.every(
      (member) =>
        member?.phase === 'operational' &&
        sameRing(member.ring, first.ring) &&
        member.installed.members.length === members.length,
    )
  }

  #send(from: NodeId, to: NodeId, bytes: Uint8Array): void {
    for (const flight of this.network.flights(from, to, bytes)) {
      this.#future.plan(this.#nowMs + flight.afterMs, { kind: 'frame', to: flight.to, bytes: flight.bytes })
    }
  }

  #happen(what: Happening): void {
    if (what.kind === 'frame') this.nodes.get(what.to)?.receive(what.bytes)
    else this.nodes.get(what.node)?.wake(what.boot, what.timer)
  }
}
