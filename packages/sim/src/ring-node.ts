import { invariant, type MonoMs, monoMs, type NodeId } from '@quorate/base'
import {
  createTotem,
  decodeFrame,
  type GatherCause,
  type Lane,
  type RingMember,
  roomFor,
  step,
  type TotemConfig,
  type TotemEffect,
  type TotemEvent,
  type TotemTimer,
} from '@quorate/totem'
import type { MakeProgram, ProgramHost, RingProgram, RingWitness } from './ring-program.ts'
import { Violation } from './violation.ts'

/** Frames that the socket of a sleeping process keeps. */
const socketFramesMax = 200

/** What a node needs of the world around it. */
export type NodeWorld = {
  nowMs(): number
  readonly nodes: readonly NodeId[]
  send(from: NodeId, to: NodeId, bytes: Uint8Array): void
  /** Wakes {@link RingNode.wake} of this node for this timer. */
  planWake(node: NodeId, boot: number, timer: string, atMs: number): void
  readonly witness: RingWitness
  readonly makeProgram: MakeProgram
  /** A fault planted on purpose, to see the checkers find it. */
  readonly sabotage: Sabotage
  trace(node: NodeId, line: string): void
  /** Told why a node began to gather. */
  gathers(cause: GatherCause): void
}

/** Faults that a test plants. */
export type Sabotage = {
  /** The disk takes no ring sequence. */
  readonly forgetsRingSeq?: boolean
  /** Meddles with the member after a step. */
  readonly afterStep?: (member: RingMember) => void
  /** Changes or drops a frame on its way out. */
  readonly outgoing?: (bytes: Uint8Array) => Uint8Array | undefined
}

type Timer = { deadlineMs: number | undefined; plannedAtMs: number | undefined }

/** One machine: a disk that outlives its processes, and at most one process, with a ring member and a program on it. */
export class RingNode {
  readonly id: NodeId
  readonly #config: TotemConfig
  readonly #world: NodeWorld
  /** What the disk keeps. */
  storedRingSeq = 0
  boot = 0
  member: RingMember | undefined
  #program: RingProgram | undefined
  #timers = new Map<string, Timer>()
  #queue: TotemEvent[] = []
  #busy = false
  #asleepUntilMs = 0
  #socket: Uint8Array[] = []
  #missedWakes: string[] = []

  constructor(config: TotemConfig, world: NodeWorld) {
    this.id = config.self
    this.#config = config
    this.#world = world
  }

  get running(): boolean {
    return this.member !== undefined
  }

  get asleep(): boolean {
    return this.#asleepUntilMs > this.#world.nowMs()
  }

  /** Boots: a new process finds what the last one stored. */
  start(): void {
    invariant(!this.running, 'a node boots when it is down', { node: this.id })
    this.boot += 1
    this.member = createTotem(this.#config, this.#now())
    this.#program = this.#world.makeProgram(this.#host(), this.boot)
    this.#world.trace(this.id, `boot ${this.boot}, ring sequence on disk ${this.storedRingSeq}`)
    this.#program.start()
    this.post({ kind: 'start', storedRingSeq: this.storedRingSeq })
  }

  /** The process is gone at once; the disk stays. */
  crash(): void {
    if (!this.running) return
    this.#world.trace(this.id, 'crash')
    this.member = undefined
    this.#program = undefined
    this.#timers = new Map()
    this.#queue = []
    this.#socket = []
    this.#missedWakes = []
    this.#asleepUntilMs = 0
    this.#world.witness.ended(this.id, this.boot)
  }

  /** Says good-bye and ends. */
  leave(): void {
    if (!this.running) return
    this.#world.trace(this.id, 'leave')
    this.post({ kind: 'leave' })
    this.crash()
  }

  /** The process does not run for a while; its socket fills. */
  sleep(ms: number): void {
    if (!this.running || this.asleep) return
    this.#world.trace(this.id, `sleeps for ${ms.toFixed(0)} ms`)
    this.#asleepUntilMs = this.#world.nowMs() + ms
    this.#world.planWake(this.id, this.boot, 'resume', this.#asleepUntilMs)
  }

  /** A frame arrived. */
  receive(bytes: Uint8Array): void {
    if (!this.running) return
    if (!this.asleep) return this.post({ kind: 'frame', bytes })
    if (this.#socket.length < socketFramesMax) this.#socket.push(bytes)
  }

  /** A planned time has come. */
  wake(boot: number, name: string): void {
    if (boot !== this.boot || !this.running) return
    if (name === 'resume') return this.#resume()
    const timer = this.#timers.get(name)
    if (timer === undefined) return
    timer.plannedAtMs = undefined
    if (timer.deadlineMs === undefined) return
    const now = this.#world.nowMs()
    if (timer.deadlineMs > now) {
      timer.plannedAtMs = timer.deadlineMs
      return this.#world.planWake(this.id, this.boot, name, timer.deadlineMs)
    }
    if (this.asleep) {
      this.#missedWakes.push(name)
      return
    }
    timer.deadlineMs = undefined
    this.#fire(name)
  }

  /** Timers that ran out meanwhile come first, as in an event loop; then what the socket holds. */
  #resume(): void {
    if (this.asleep) return
    const missed = this.#missedWakes
    this.#missedWakes = []
    for (const name of missed) this.wake(this.boot, name)
    while (this.running) {
      const bytes = this.#socket.shift()
      if (bytes === undefined) return
      this.post({ kind: 'frame', bytes })
    }
  }

  #fire(name: string): void {
    if (name.startsWith('ring ')) this.post({ kind: 'timer', timer: name.slice(5) as TotemTimer })
    else this.#program?.timer(name)
  }

  /** Hands an event to the ring; events that come of its effects wait their turn. */
  post(event: TotemEvent): void {
    this.#queue.push(event)
    this.#drain()
  }

  #drain(): void {
    if (this.#busy) return
    this.#busy = true
    try {
      for (let event = this.#queue.shift(); event !== undefined; event = this.#queue.shift()) this.#advance(event)
    } finally {
      this.#busy = false
    }
  }

  #advance(event: TotemEvent): void {
    const member = this.member
    if (member === undefined) return
    const effects = step(member, event, this.#now())
    this.#world.sabotage.afterStep?.(member)
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: TotemEffect): void {
    switch (effect.do) {
      case 'send-all':
        for (const to of this.#world.nodes) if (to !== this.id) this.#send(to, effect.bytes)
        return
      case 'send':
        return this.#send(effect.to, effect.bytes)
      case 'arm':
        return this.#arm(`ring ${effect.timer}`, effect.afterMs)
      case 'disarm': {
        const timer = this.#timers.get(`ring ${effect.timer}`)
        if (timer !== undefined) timer.deadlineMs = undefined
        return
      }
      case 'persist':
        if (this.#world.sabotage.forgetsRingSeq !== true) this.storedRingSeq = effect.ringSeq
        return
      case 'deliver':
        this.#world.witness.delivered(this.id, this.boot, effect.from, effect.group, effect.body)
        return this.#program?.delivered(effect.from, effect.group, effect.body)
      case 'configure': {
        const { kind, ring, members } = effect.configuration
        this.#world.trace(this.id, `${kind} ${ring.rep}.${ring.seq} [${members.join(' ')}]`)
        this.#world.witness.configured(this.id, this.boot, effect.configuration)
        return this.#program?.configured(effect.configuration)
      }
      case 'drain':
        this.#socket = []
        return
      case 'notice':
        if (effect.notice.what === 'gather') this.#world.gathers(effect.notice.cause)
        return this.#world.trace(this.id, JSON.stringify(effect.notice))
      case 'refuse':
      case 'queue-level':
        return
      case 'reject':
        throw new Violation(`node ${this.id}: a message for which there was room was rejected: ${effect.why}`)
      default:
        effect satisfies never
    }
  }

  #send(to: NodeId, bytes: Uint8Array): void {
    const sent = this.#world.sabotage.outgoing === undefined ? bytes : this.#world.sabotage.outgoing(bytes)
    if (sent === undefined) return
    if (bytes[3] === commitTokenType && this.#world.sabotage.forgetsRingSeq !== true) this.#checkPersisted(bytes)
    this.#world.send(this.id, to, sent)
  }

  /** The name of a ring must be on disk before it is on the wire. */
  #checkPersisted(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    if (frame.type !== 'commit-token' || frame.ring.seq <= this.storedRingSeq) return
    throw new Violation(`node ${this.id} sends ring ${frame.ring.seq}, its disk knows ${this.storedRingSeq}`)
  }

  #arm(name: string, afterMs: number): void {
    const deadlineMs = this.#world.nowMs() + afterMs
    let timer = this.#timers.get(name)
    if (timer === undefined) {
      timer = { deadlineMs: undefined, plannedAtMs: undefined }
      this.#timers.set(name, timer)
    }
    timer.deadlineMs = deadlineMs
    if (timer.plannedAtMs !== undefined && timer.plannedAtMs <= deadlineMs) return
    timer.plannedAtMs = deadlineMs
    this.#world.planWake(this.id, this.boot, name, deadlineMs)
  }

  #now(): MonoMs {
    return monoMs(this.#world.nowMs())
  }

  #host(): ProgramHost {
    const boot = this.boot
    const alive = (): boolean => this.boot === boot && this.member !== undefined
    return {
      self: this.id,
      nodes: this.#world.nodes,
      nowMs: () => this.#world.nowMs(),
      multicast: (group, body, lane: Lane) => {
        if (!alive() || this.member === undefined || !roomFor(this.member, body.byteLength, group, lane)) return false
        this.post({ kind: 'multicast', group, body, lane })
        return true
      },
      syncComplete: () => {
        if (alive()) this.post({ kind: 'sync-complete' })
      },
      arm: (name, afterMs) => {
        if (alive()) this.#arm(name, afterMs)
      },
    }
  }
}

const commitTokenType = 4
