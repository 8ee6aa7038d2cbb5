import { type MonoMs, monoMs, nodeId, type Prng } from '@quorate/base'
import {
  type CpgHandlers,
  CsError,
  IpcCpgClient,
  IpcQuorumClient,
  type NodeEffect,
  type NodeEvent,
  type NodeTimer,
  type OpenService,
  type QuorumHandlers,
  type Ring,
  RingNode,
  type RingNodeConfig,
  responseHeader,
  ServiceCalls,
  type ServiceHandlers,
  type ServiceName,
} from '@quorate/corosync'
import type { ProcessHost } from '../machine.ts'
import type { LocalEvents } from './local-events.ts'

/** What a life of corosync is made of. */
export type RingLifeOptions = {
  readonly config: RingNodeConfig
  readonly prng: Prng
  /** Which life of corosync on this boot of the machine it is. */
  readonly life: number
  /** What reaches corosync from programs of the machine. */
  readonly inbox: LocalEvents
  /** Names of the nodes by id, as `nodelist` has them. */
  readonly names: ReadonlyMap<number, string>
  /** Clients of cpg do not get every so-manieth event: only a test plants that. */
  readonly losesEventEach: number | undefined
  /** Clients are let in from now on. */
  readonly ready: () => void
  /** It has ended by itself. */
  readonly stopped: () => void
  /** The shell wrote the ring's name to disk. */
  readonly persisted: (ringSeq: number) => void
}

type Connection = {
  readonly id: number
  readonly service: ServiceName
  readonly handlers: ServiceHandlers
  readonly waiting: { resolve(bytes: Uint8Array): void; reject(error: Error): void }[]
  /** Messages that flow control holds back. */
  readonly held: { send(): void; reject(error: Error): void }[]
  /** When what was last told to the client reaches it: order is kept on a connection, and between none. */
  toldMs: number
  askedMs: number
  isOpen: boolean
}

/** Bounds of the time that a message takes from one program of a machine to another. */
const ipcMsMin = 0.02
const ipcMsMax = 0.3

/** corosync on a machine, from its start to its end, with the connections of its clients. */
export class RingLife {
  readonly node: RingNode
  readonly #host: ProcessHost
  readonly #options: RingLifeOptions
  readonly #queue: NodeEvent[] = []
  readonly #connections = new Map<number, Connection>()
  readonly #prefix: string
  #lastConnection = 0
  #isBusy = false
  #isOver = false
  #isReady = false
  #isHeld = false
  #eventCount = 0

  constructor(host: ProcessHost, options: RingLifeOptions) {
    this.#host = host
    this.#options = options
    this.#prefix = `ring ${options.life} `
    this.node = new RingNode(options.config, this.#now())
  }

  get isOver(): boolean {
    return this.#isOver
  }

  get isReady(): boolean {
    return this.#isReady && !this.#isOver
  }

  start(storedRingSeq: number): void {
    this.#post({ kind: 'start', storedRingSeq })
  }

  frame(bytes: Uint8Array): void {
    this.#post({ kind: 'frame', bytes })
  }

  /** True when the timer was one of this life. */
  timer(name: string): boolean {
    if (!name.startsWith(this.#prefix)) return false
    this.#post({ kind: 'timer', timer: name.slice(this.#prefix.length) as NodeTimer })
    return true
  }

  leave(): void {
    this.#post({ kind: 'leave', reason: 'asked to' })
  }

  /** It is gone at once; its clients lose their connections. */
  kill(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const connection of this.#connections.values()) this.#lose(connection)
    this.#connections.clear()
  }

  /** The doors of this ring, for a program whose events are `events`. */
  doors(events: LocalEvents, pid: number): Ring {
    const open: OpenService = async (service, handlers) => this.#open(service, handlers, events)
    const { names } = this.#options
    const localNodeId = nodeId(this.#host.self)
    const key = (id: number, what: string): string => `nodelist.node.${id}.${what}`
    return {
      cpg: (handlers: CpgHandlers) => IpcCpgClient.open(handlers, open, pid),
      quorum: (handlers: QuorumHandlers) => IpcQuorumClient.open(handlers, open),
      // The map and its configuration service do not matter here: what is read of them never changes.
      cmap: async () => ({
        get: async (name) => {
          const [, id, what] = /^nodelist\.node\.(\d+)\.(\w+)$/.exec(name) ?? []
          if (what === 'nodeid') return { type: 'u32', value: Number(id) }
          const value = what === 'name' ? names.get(Number(id)) : undefined
          return value === undefined ? undefined : { type: 'string', value }
        },
        keys: async () => [...names.keys()].flatMap((id) => [key(id, 'nodeid'), key(id, 'name')]),
        set: async () => undefined,
        delete: async () => undefined,
        track: async () => async () => undefined,
        close: () => undefined,
      }),
      cfg: async () => ({
        localNodeId,
        tryShutdown: async () => this.leave(),
        killNode: async () => undefined,
        close: () => undefined,
      }),
    }
  }

  #open(service: ServiceName, handlers: ServiceHandlers, events: LocalEvents): ServiceCalls {
    this.#lastConnection += 1
    const waiting: Connection['waiting'] = []
    const held: Connection['held'] = []
    const id = this.#lastConnection
    const connection: Connection = { id, service, handlers, waiting, held, toldMs: 0, askedMs: 0, isOpen: true }
    this.#events.set(connection, events)
    this.#connections.set(id, connection)
    this.#ask(connection, { kind: 'opened', service, connection: id })
    const gone = (what: string) => new CsError('CS_ERR_LIBRARY', `${what}: corosync is gone`)
    const request = (bytes: Uint8Array): void =>
      this.#ask(connection, { kind: 'request', service, connection: id, bytes })
    const wire = {
      request: (what: string, bytes: Uint8Array) =>
        new Promise<Uint8Array>((resolve, reject) => {
          if (this.#isOver || !connection.isOpen) return reject(gone(what))
          waiting.push({ resolve, reject })
          request(bytes)
        }),
      send: (what: string, bytes: Uint8Array) =>
        new Promise<void>((resolve, reject) => {
          if (this.#isOver || !connection.isOpen) return reject(gone(what))
          const send = (): void => {
            request(bytes)
            resolve()
          }
          if (this.#isHeld && service === 'cpg') held.push({ send, reject })
          else send()
        }),
      close: () => {
        if (!connection.isOpen) return
        connection.isOpen = false
        this.#connections.delete(id)
        this.#ask(connection, { kind: 'closed', service, connection: id })
      },
    }
    const clock = {
      nowMs: () => this.#host.nowMs(),
      pause: (ms: number) => new Promise<void>((resolve) => void events.after(ms, resolve)),
    }
    return new ServiceCalls(service, wire, clock, tryAgainForMs)
  }

  readonly #events = new Map<Connection, LocalEvents>()

  /** Closes what a program had open that is gone: the kernel does so for it. */
  closeAll(events: LocalEvents): void {
    for (const [connection, owner] of this.#events) {
      if (owner !== events) continue
      this.#events.delete(connection)
      if (!connection.isOpen) continue
      connection.isOpen = false
      this.#connections.delete(connection.id)
      if (!this.#isOver) this.#post({ kind: 'closed', service: connection.service, connection: connection.id })
    }
  }

  /** Something reaches corosync from a client. */
  #ask(connection: Connection, event: NodeEvent): void {
    connection.askedMs = Math.max(connection.askedMs, this.#host.nowMs() + this.#ipcMs())
    this.#options.inbox.after(connection.askedMs - this.#host.nowMs(), () => {
      if (connection.isOpen || event.kind === 'closed') this.#post(event)
    })
  }

  /** Something reaches a client from corosync. */
  #tell(connection: Connection, run: () => void): void {
    connection.toldMs = Math.max(connection.toldMs, this.#host.nowMs() + this.#ipcMs())
    this.#events.get(connection)?.after(connection.toldMs - this.#host.nowMs(), () => {
      if (connection.isOpen) run()
    })
  }

  #lose(connection: Connection): void {
    const error = new CsError('CS_ERR_LIBRARY', `${connection.service}: corosync is gone`)
    this.#tell(connection, () => {
      connection.isOpen = false
      for (const { reject } of [...connection.waiting.splice(0), ...connection.held.splice(0)]) reject(error)
      connection.handlers.onClose(error)
    })
  }

  #post(event: NodeEvent): void {
    this.#queue.push(event)
    if (this.#isBusy || this.#isOver) return
    this.#isBusy = true
    try {
      for (let next = this.#queue.shift(); next !== undefined && !this.#isOver; next = this.#queue.shift()) {
        for (const effect of this.node.step(next, this.#now())) if (!this.#isOver) this.#perform(effect)
      }
    } finally {
      this.#isBusy = false
    }
  }

  #perform(effect: NodeEffect): void {
    const host = this.#host
    switch (effect.do) {
      case 'send':
        return host.send(effect.to, effect.bytes)
      case 'send-all':
        return host.sendAll(effect.bytes)
      case 'persist':
        this.#options.persisted(effect.ringSeq)
        return host.persist(effect.ringSeq)
      case 'drain':
        return host.drain()
      case 'arm':
        return host.arm(this.#prefix + effect.timer, effect.afterMs)
      case 'disarm':
        return host.disarm(this.#prefix + effect.timer)
      case 'ready':
        this.#isReady = true
        return this.#options.ready()
      case 'respond': {
        const connection = this.#connections.get(effect.connection)
        if (connection === undefined) return
        const waiting = connection.waiting.shift()
        const bytes = effect.bytes.slice()
        if (waiting !== undefined) this.#tell(connection, () => waiting.resolve(bytes))
        return
      }
      case 'event': {
        const connection = this.#connections.get(effect.connection)
        if (connection === undefined || this.#isLost(connection)) return
        const bytes = effect.bytes.slice()
        this.#tell(connection, () => connection.handlers.onEvent(responseHeader.decode(bytes).id, bytes))
        return
      }
      case 'flow': {
        this.#isHeld = effect.isHeld
        if (effect.isHeld) return
        for (const connection of this.#connections.values()) for (const { send } of connection.held.splice(0)) send()
        return
      }
      case 'log':
        return host.trace(`corosync ${effect.level} ${effect.subsystem} ${effect.text}`)
      case 'stop':
        this.kill()
        return this.#options.stopped()
      case 'refuse':
      case 'key':
      case 'reload':
      case 'reopen-logs':
        return
      default:
        effect satisfies never
    }
  }

  #isLost({ service }: Connection): boolean {
    const { losesEventEach } = this.#options
    if (losesEventEach === undefined || service !== 'cpg') return false
    this.#eventCount += 1
    return this.#eventCount % losesEventEach === 0
  }

  #ipcMs(): number {
    return ipcMsMin + (this.#options.prng.below(1000) / 1000) * (ipcMsMax - ipcMsMin)
  }

  #now(): MonoMs {
    return monoMs(this.#host.nowMs())
  }
}

/** How long a call is tried again while corosync synchronises, as with the daemon's own connections. */
const tryAgainForMs = 10_000
