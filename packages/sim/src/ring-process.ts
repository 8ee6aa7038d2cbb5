import { type MonoMs, monoMs, type NodeId } from '@quorate/base'
import {
  Assembler,
  createTotem,
  decodeFrame,
  type GatherCause,
  type RingId,
  type RingMember,
  roomFor,
  step,
  type TotemConfig,
  type TotemEffect,
  type TotemEvent,
  type TotemTimer,
} from '@quorate/totem'
import type { Process, ProcessHost } from './machine.ts'
import type { MakeProgram, ProgramHost, RingProgram, RingWitness } from './ring-program.ts'
import { Violation } from './violation.ts'

/** Faults that a test plants, to see the checkers find them. */
export type Sabotage = {
  /** The disk takes no ring sequence. */
  readonly forgetsRingSeq?: boolean
  /** Meddles with the member after a step. */
  readonly afterStep?: (member: RingMember) => void
  /** Changes or drops a frame on its way out. */
  readonly outgoing?: (bytes: Uint8Array) => Uint8Array | undefined
}

/** How the processes of a world are made and watched. */
export type RingProcessOptions = {
  readonly config: TotemConfig
  readonly witness: RingWitness
  readonly makeProgram: MakeProgram
  readonly sabotage: Sabotage
  /** Told of every visit of a token, with what was sent at it. */
  readonly visited: (node: NodeId, ring: RingId, sent: number) => void
  /** Told why a node began to gather. */
  readonly gathers: (cause: GatherCause) => void
}

/** Types in the header of a frame. */
const mcastType = 1
const commitTokenType = 4
const ringTimer = 'ring '

/** Nothing but a ring member and a program on it. */
export class RingProcess implements Process {
  readonly member: RingMember
  readonly #host: ProcessHost
  readonly #options: RingProcessOptions
  readonly #program: RingProgram
  readonly #queue: TotemEvent[] = []
  readonly #assembler = new Assembler()
  /** A ring was configured, and the program has not said yet that it is in step on it. */
  #isSyncing = false
  #busy = false
  #persisted = 0

  constructor(host: ProcessHost, options: RingProcessOptions) {
    this.#host = host
    this.#options = options
    this.member = createTotem(options.config, this.#now())
    this.#program = options.makeProgram(this.#programHost(), host.boot)
  }

  start(storedRingSeq: number): void {
    this.#persisted = storedRingSeq
    this.#program.start()
    this.#post({ kind: 'start', storedRingSeq })
  }

  frame(bytes: Uint8Array): void {
    this.#post({ kind: 'frame', bytes })
  }

  timer(name: string): void {
    if (name.startsWith(ringTimer)) this.#post({ kind: 'timer', timer: name.slice(ringTimer.length) as TotemTimer })
    else this.#program.timer(name)
  }

  leave(): void {
    this.#post({ kind: 'leave' })
    this.#host.end()
  }

  /** Hands an event to the ring; events that come of its effects wait their turn. */
  #post(event: TotemEvent): void {
    this.#queue.push(event)
    if (this.#busy) return
    this.#busy = true
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) this.#advance(next)
    } finally {
      this.#busy = false
    }
  }

  #advance(event: TotemEvent): void {
    const { member } = this
    const before = member.counters.tokensReceived
    const effects = step(member, event, this.#now())
    if (member.counters.tokensReceived > before) {
      this.#options.visited(this.#host.self, member.ring, effects.filter(isMessage).length)
    }
    this.#options.sabotage.afterStep?.(this.member)
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: TotemEffect): void {
    const host = this.#host
    const { witness, sabotage } = this.#options
    switch (effect.do) {
      case 'send-all':
      case 'send': {
        const bytes = sabotage.outgoing === undefined ? effect.bytes : sabotage.outgoing(effect.bytes)
        if (bytes === undefined) return
        if (bytes[3] === commitTokenType && sabotage.forgetsRingSeq !== true) this.#checkPersisted(bytes)
        return effect.do === 'send' ? host.send(effect.to, bytes) : host.sendAll(bytes)
      }
      case 'arm':
        return host.arm(ringTimer + effect.timer, effect.afterMs)
      case 'disarm':
        return host.disarm(ringTimer + effect.timer)
      case 'persist':
        if (sabotage.forgetsRingSeq === true) return
        this.#persisted = effect.ringSeq
        return host.persist(effect.ringSeq)
      case 'deliver':
        return this.#deliver(effect.from, effect.payload)
      case 'configure': {
        const { kind, ring, members } = effect.configuration
        this.#assembler.configured(effect.configuration)
        if (kind === 'regular') this.#isSyncing = true
        host.trace(`${kind} ${ring.rep}.${ring.seq} [${members.join(' ')}]`)
        witness.configured(host.self, host.boot, effect.configuration)
        return this.#program.configured(effect.configuration)
      }
      case 'drain':
        return host.drain()
      case 'notice':
        if (effect.notice.what === 'gather') this.#options.gathers(effect.notice.cause)
        return host.trace(JSON.stringify(effect.notice))
      case 'refuse':
      case 'queue-level':
        return
      case 'reject':
        throw new Violation(`node ${host.self}: a message for which there was room was rejected: ${effect.why}`)
      default:
        effect satisfies never
    }
  }

  #deliver(from: NodeId, payload: Uint8Array): void {
    const { self, boot } = this.#host
    const { messages } = this.#assembler.take(from, payload, this.#isSyncing ? 'sync' : 'application')
    for (const { group, body } of messages) {
      this.#options.witness.delivered(self, boot, from, group, body)
      this.#program.delivered(from, group, body)
    }
  }

  /** The name of a ring must be on disk before it is on the wire. */
  #checkPersisted(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes)
    if (frame.type !== 'commit-token' || frame.ring.seq <= this.#persisted) return
    throw new Violation(`2.5: node ${this.#host.self} sends ring ${frame.ring.seq}, its disk knows ${this.#persisted}`)
  }

  #now(): MonoMs {
    return monoMs(this.#host.nowMs())
  }

  #programHost(): ProgramHost {
    const { self, nodes } = this.#host
    return {
      self,
      nodes,
      nowMs: () => this.#host.nowMs(),
      multicast: (group, body, lane) => {
        if (!roomFor(this.member, body.byteLength, group, lane)) return false
        this.#post({ kind: 'multicast', group, body, lane })
        return true
      },
      syncComplete: (ring) => {
        this.#isSyncing = false
        this.#post({ kind: 'sync-complete', ring })
      },
      arm: (name, afterMs) => this.#host.arm(name, afterMs),
    }
  }
}

function isMessage(effect: TotemEffect): boolean {
  return effect.do === 'send-all' && effect.bytes[3] === mcastType
}
