import { type NodeId, nodeId, type Prng } from '@quorate/base'
import { sameRing } from '@quorate/totem'
import { EventHeap } from './event-heap.ts'
import { Machine, type MachineWorld, type MakeProcess } from './machine.ts'
import { Network } from './network.ts'

type Happening =
  | { readonly kind: 'frame'; readonly to: NodeId; readonly bytes: Uint8Array }
  | { readonly kind: 'call'; readonly run: () => void }
  | { readonly kind: 'wake'; readonly node: NodeId; readonly boot: number; readonly timer: string }

/** How a world is made. */
export type WorldOptions = {
  readonly prng: Prng
  readonly nodeCount: number
  readonly makeProcess: MakeProcess
  /** Told when a process ends, however it does. */
  readonly ended: (node: NodeId, boot: number) => void
  /** Told a line about everything of note. */
  readonly trace: ((line: string) => void) | undefined
}

/** N machines on one fake network and one fake clock. Nothing in it knows of real time or real chance. */
export class World {
  readonly machines: ReadonlyMap<NodeId, Machine>
  readonly ids: readonly NodeId[]
  readonly network: Network
  /** Events that have happened. */
  steps = 0
  readonly #future = new EventHeap<Happening>()
  #nowMs = 0

  constructor(options: WorldOptions) {
    this.network = new Network(options.prng, (node) => {
      const member = this.machines.get(node)?.member
      return member?.phase === 'operational' && !member.settled
    })
    this.ids = Array.from({ length: options.nodeCount }, (_, at) => nodeId(at + 1))
    const world: MachineWorld = {
      nowMs: () => this.#nowMs,
      nodes: this.ids,
      makeProcess: options.makeProcess,
      send: (from, to, bytes) => this.#send(from, to, bytes),
      planWake: (node, boot, timer, atMs) => this.#future.plan(atMs, { kind: 'wake', node, boot, timer }),
      ended: options.ended,
      trace: (node, line) => options.trace?.(`${this.#nowMs.toFixed(2).padStart(10)} node ${node} ${line}`),
    }
    this.machines = new Map(this.ids.map((id) => [id, new Machine(id, world)]))
  }

  get nowMs(): number {
    return this.#nowMs
  }

  /** Lets everything happen until a time. */
  runUntil(atMs: number): void {
    while (this.happenNext(atMs));
  }

  /** Lets one thing happen. False when nothing is left to happen until that time, which it is then. */
  happenNext(untilMs: number): boolean {
    const next = this.#future.nextAtMs()
    const planned = next === undefined || next > untilMs ? undefined : this.#future.take()
    if (planned === undefined) {
      this.#nowMs = untilMs
      return false
    }
    this.#nowMs = planned.atMs
    this.steps += 1
    this.#happen(planned.what)
    return true
  }

  /** Has something done later: after what is going on now, even where `afterMs` is 0. */
  plan(afterMs: number, run: () => void): void {
    this.#future.plan(this.#nowMs + afterMs, { kind: 'call', run })
  }

  /** Machines whose processes run. */
  running(): Machine[] {
    return [...this.machines.values()].filter((machine) => machine.running)
  }

  /** Where every process stands, unless all are members of one ring and nobody else is. */
  division(): string | undefined {
    const members = this.running().flatMap(({ member }) => (member === undefined ? [] : [member]))
    const first = members[0]
    const isWhole = members.every(
      ({ phase, ring, installed }) =>
        phase === 'operational' && sameRing(ring, first?.ring ?? ring) && installed.members.length === members.length,
    )
    if (isWhole) return undefined
    return members
      .map(
        ({ self, phase, ring, installed }) =>
          `${self}: ${phase} ring ${ring.rep}.${ring.seq} [${installed.members.join(' ')}]`,
      )
      .join('; ')
  }

  #send(from: NodeId, to: NodeId, bytes: Uint8Array): void {
    for (const flight of this.network.flights(from, to, bytes)) {
      this.#future.plan(this.#nowMs + flight.afterMs, { kind: 'frame', to: flight.to, bytes: flight.bytes })
    }
  }

  #happen(what: Happening): void {
    if (what.kind === 'frame') this.machines.get(what.to)?.receive(what.bytes)
    else if (what.kind === 'call') what.run()
    else this.machines.get(what.node)?.wake(what.boot, what.timer)
  }
}
