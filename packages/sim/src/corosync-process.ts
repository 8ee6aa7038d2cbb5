import { type MonoMs, monoMs, type NodeId, type Prng } from '@quorate/base'
import { type NodeEffect, type NodeEvent, type NodeTimer, RingNode, type RingNodeConfig } from '@quorate/corosync'
import { CpgClient, type CpgConnection, type CpgWitness } from './cpg-client.ts'
import type { Process, ProcessHost } from './machine.ts'

/** How the processes of a world are made and watched. */
export type CorosyncProcessOptions = {
  readonly config: RingNodeConfig
  readonly prng: Prng
  readonly witness: CpgWitness
  /** A group for each client of the node. */
  readonly groups: readonly string[]
  readonly losesEventEach: number | undefined
  /** Mean time between two acts of a client. */
  readonly actMeanMs: number
  readonly nextPid: () => number
  /** Told of every ring, before its services are in step. */
  readonly installed: (node: NodeId, members: readonly NodeId[], wasQuorate: boolean) => void
  /** Told when the services are in step on a ring and when their verdict changes. */
  readonly verdict: (node: NodeId, members: readonly NodeId[], isQuorate: boolean, votes: number | undefined) => void
}

/** Faults that a test plants, to see the checkers find them. */
export type ServiceSabotage = {
  /** Votes that every node expects, whatever there are. */
  readonly expectedVotes?: number
  /** Votes that every node says it has, in place of one. */
  readonly votes?: number
  /** Clients do not get every so-manieth event. */
  readonly losesEventEach?: number
}

const nodeTimer = 'node '
const clientTimer = 'client '

/** The whole of corosync on a machine, services and all, with clients of its process groups. */
export class CorosyncProcess implements Process {
  readonly node: RingNode
  readonly clients: CpgClient[]
  readonly #host: ProcessHost
  readonly #options: CorosyncProcessOptions
  readonly #connections = new Map<number, CpgClient>()
  readonly #queue: NodeEvent[] = []
  #lastConnection = 0
  #events = 0
  #busy = false
  #over = false
  #verdict = ''

  constructor(host: ProcessHost, options: CorosyncProcessOptions) {
    this.#host = host
    this.#options = options
    this.node = new RingNode(options.config, this.#now())
    this.clients = options.groups.map((group) => this.#client(group))
  }

  get member(): RingNode['member'] {
    return this.node.member
  }

  start(storedRingSeq: number): void {
    this.#post({ kind: 'start', storedRingSeq })
  }

  frame(bytes: Uint8Array): void {
    this.#post({ kind: 'frame', bytes })
  }

  timer(name: string): void {
    if (name.startsWith(nodeTimer)) {
      this.#post({ kind: 'timer', timer: name.slice(nodeTimer.length) as NodeTimer })
      return
    }
    const at = Number(name.slice(clientTimer.length))
    this.clients[at]?.act()
    this.#armClient(at)
  }

  leave(): void {
    this.#post({ kind: 'leave', reason: 'asked to' })
  }

  /** The process is gone: its clients lose their connections. */
  ended(): void {
    this.#over = true
    for (const client of this.clients) client.lost()
  }

  #client(group: string): CpgClient {
    let connection = 0
    const link: CpgConnection = {
      self: this.#host.self,
      open: () => {
        this.#lastConnection += 1
        connection = this.#lastConnection
        this.#connections.set(connection, client)
        this.#post({ kind: 'opened', service: 'cpg', connection })
      },
      request: (bytes) => this.#post({ kind: 'request', service: 'cpg', connection, bytes }),
      close: () => {
        this.#connections.delete(connection)
        this.#post({ kind: 'closed', service: 'cpg', connection })
      },
    }
    const { witness, prng, nextPid } = this.#options
    const client = new CpgClient(group, link, witness, prng, nextPid)
    return client
  }

  #armClient(at: number): void {
    this.#host.arm(`${clientTimer}${at}`, (this.#options.prng.below(1000) / 500) * this.#options.actMeanMs)
  }

  #post(event: NodeEvent): void {
    this.#queue.push(event)
    if (this.#busy || this.#over) return
    this.#busy = true
    try {
      for (let next = this.#queue.shift(); next !== undefined && !this.#over; next = this.#queue.shift()) {
        this.#advance(next)
      }
    } finally {
      this.#busy = false
    }
    this.#tellVerdict()
  }

  #advance(event: NodeEvent): void {
    for (const effect of this.node.step(event, this.#now())) if (!this.#over) this.#perform(effect)
  }

  #perform(effect: NodeEffect): void {
    const host = this.#host
    switch (effect.do) {
      case 'send':
        return host.send(effect.to, effect.bytes)
      case 'send-all':
        return host.sendAll(effect.bytes)
      case 'persist':
        return host.persist(effect.ringSeq)
      case 'drain':
        return host.drain()
      case 'arm':
        return host.arm(nodeTimer + effect.timer, effect.afterMs)
      case 'disarm':
        return host.disarm(nodeTimer + effect.timer)
      case 'ready':
        return this.clients.forEach((_, at) => {
          this.#armClient(at)
        })
      case 'respond':
        return this.#connections.get(effect.connection)?.response(effect.bytes)
      case 'event':
        this.#events += 1
        if (this.#options.losesEventEach !== undefined && this.#events % this.#options.losesEventEach === 0) return
        return this.#connections.get(effect.connection)?.event(effect.bytes)
      case 'log':
        return host.trace(`${effect.subsystem} ${effect.text}`)
      case 'stop':
        return host.end()
      case 'refuse':
      case 'flow':
      case 'reload':
      case 'key':
      case 'reopen-logs':
        return
      default:
        effect satisfies never
    }
  }

  #tellVerdict(): void {
    const { phase, syncing, installed } = this.node.member
    if (this.#over || phase !== 'operational') return
    const ring = `${installed.id.rep}.${installed.id.seq}`
    const verdict = `${ring} ${syncing ? 'not in step' : this.node.isQuorate}`
    if (verdict === this.#verdict) return
    this.#verdict = verdict
    if (syncing) return this.#options.installed(this.#host.self, installed.members, this.node.isQuorate)
    this.#options.verdict(this.#host.self, installed.members, this.node.isQuorate, this.node.votes)
  }

  #now(): MonoMs {
    return monoMs(this.#host.nowMs())
  }
}
