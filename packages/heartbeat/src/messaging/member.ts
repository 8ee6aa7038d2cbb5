import type { MonoMs, Prng } from '@quorate/base'
import type { Authentication } from '../wire/authentication.ts'
import type { FrameFormat } from '../wire/frame.ts'
import type { Message } from '../wire/message.ts'
import type { MessagingEffect, NodeStatus } from './event.ts'
import { ackEvery } from './limits.ts'

/** What a node is told before it starts. Times are milliseconds. */
export type MessagingConfig = {
  readonly self: string
  /** 16 octets, a character each. */
  readonly uuid: string
  /** Larger at every start of the node's daemon. */
  readonly generation: number
  readonly nodes: readonly string[]
  /** Nodes that are known from earlier, with their UUIDs. */
  readonly hosts: readonly { readonly name: string; readonly uuid: string }[]
  readonly autojoin: 'none' | 'other' | 'any'
  /** Names of the links by their index, as `ifname` names them. */
  readonly links: readonly string[]
  readonly keepaliveMs: number
  readonly deadtimeMs: number
  readonly warntimeMs: number
  readonly initdeadMs: number
  readonly hopFudge: number
  readonly rexmitDelayMsMax: number
  readonly format: FrameFormat
  readonly authentication: Authentication
  /** Seconds since 1970 at the monotonic time 0. */
  readonly epochSeconds: number
  readonly chance: Prng
}

/** A link to one node. */
export type LinkState = { status: 'up' | 'dead'; heardAt: MonoMs }

/** A node of the cluster, this one among them, in the order in which they became known: CCM numbers nodes by it. */
export type NodeRecord = {
  readonly name: string
  uuid: string | undefined
  status: NodeStatus
  /** 0 before anything was heard. */
  generation: number
  /** Highest sequence number that came in; 0 before the first. */
  lastSeq: number
  /** Sequence numbers that are missing, and when they are asked for next. */
  readonly missing: Map<number, MonoMs>
  /** Its packets whose number ends so are acknowledged. */
  readonly ackTrigger: number
  /** Last packet of ours that it has acknowledged; undefined where it does not say. */
  acked: number | undefined
  heardAt: MonoMs
  /** When its last heartbeat came; undefined before the first. */
  beatAt: MonoMs | undefined
  /** Silence after which it is dead, as it says itself. */
  deadAfterMs: number
  hasToldNodes: boolean
  weight: number
  site: string
  readonly links: LinkState[]
}

/** A packet that may be asked for again. */
export type SentPacket = { readonly seq: number; readonly bytes: Uint8Array; sentAt: MonoMs }

/** The messaging layer of one node. Changed by `step` alone. */
export class Messaging {
  readonly config: MessagingConfig
  readonly nodes: NodeRecord[] = []
  /** That of the configuration, or what came after it. */
  authentication: Authentication
  /** Effects of the step under way. */
  out: MessagingEffect[] = []
  now: MonoMs
  status: NodeStatus = 'init'
  phase: 'idle' | 'running' | 'leaving' = 'idle'
  startedAt: MonoMs
  keepaliveAt: MonoMs
  seq = 0
  load = '0.00 0.00 0.00 1/1 1'
  readonly history: SentPacket[] = []
  /** Messages of clients that wait for acknowledgements of the others. */
  readonly waiting: Message[] = []
  /** Unknown nodes that were told of already. */
  readonly strangers = new Set<string>()

  constructor(config: MessagingConfig, now: MonoMs) {
    this.config = config
    this.authentication = config.authentication
    this.now = now
    this.startedAt = now
    this.keepaliveAt = now
    for (const name of config.nodes) this.addNode(name)
    if (this.find(config.self) === undefined) this.addNode(config.self)
    for (const { name, uuid } of config.autojoin === 'none' ? [] : config.hosts) {
      const node = this.find(name) ?? this.addNode(name)
      node.uuid = uuid
    }
    this.self.uuid = config.uuid
    this.self.generation = config.generation
  }

  get self(): NodeRecord {
    return this.find(this.config.self) as NodeRecord
  }

  find(name: string): NodeRecord | undefined {
    return this.nodes.find((node) => node.name === name)
  }

  addNode(name: string): NodeRecord {
    const node: NodeRecord = {
      name,
      uuid: undefined,
      status: 'init',
      generation: 0,
      lastSeq: 0,
      missing: new Map(),
      ackTrigger: this.config.chance.below(ackEvery),
      acked: undefined,
      heardAt: this.now,
      beatAt: undefined,
      deadAfterMs: this.config.initdeadMs,
      hasToldNodes: false,
      weight: 100,
      site: '',
      links: this.config.links.map(() => ({ status: 'dead', heardAt: this.now })),
    }
    this.nodes.push(node)
    return node
  }

  /** Whether the time in which nodes may be late is over. */
  get isInitdeadOver(): boolean {
    return this.now >= this.startedAt + this.config.initdeadMs
  }

  log(level: 'info' | 'warning' | 'error' | 'debug', text: string): void {
    this.out.push({ do: 'log', level, text })
  }
}
