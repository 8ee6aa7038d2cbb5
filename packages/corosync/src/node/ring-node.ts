import { DecodeError, type MonoMs, type NodeId, unreachable } from '@quorate/base'
import {
  Assembler,
  createTotem,
  type Lane,
  type Configuration as RingConfiguration,
  type RingId,
  type RingMember,
  roomFor,
  step as stepTotem,
  type TotemEffect,
  type TotemEvent,
} from '@quorate/totem'
import { CfgService } from '../cfg/cfg-service.ts'
import { CmapService } from '../cmap/cmap-service.ts'
import { cmapText, cmapU32, decodeCmapValue, type RawValue } from '../cmap/cmap-value.ts'
import { memberAddressKey } from '../conf/cmap-keys.ts'
import { CpgService } from '../cpg/cpg-service.ts'
import { csErrorCodes } from '../cs-error.ts'
import { cfgCalls } from '../ipc/cfg-messages.ts'
import { cpgCalls } from '../ipc/cpg-messages.ts'
import { messageId, responseOf } from '../ipc/message-header.ts'
import { votequorumCalls } from '../ipc/votequorum-messages.ts'
import type { LinkView } from '../link-view.ts'
import { QuorumService } from '../quorum/quorum-service.ts'
import {
  type ConnectionId,
  type LogLevel,
  type Service,
  type ServiceEffect,
  type ServiceEvent,
  type ServiceName,
  serviceIds,
} from '../service.ts'
import { type SyncEffect, SyncEngine } from '../sync/sync-engine.ts'
import { VotequorumService } from '../votequorum/votequorum-service.ts'
import type { NodeEffect, NodeEvent, NodeTimer, RingNodeConfig } from './node-event.ts'
import { membershipLine, noticeLine } from './notice-text.ts'
import { ringStatistics } from './ring-statistics.ts'
import { RingTraffic } from './ring-traffic.ts'

const serviceGroup = 'a'
const syncGroup = 'sync'

/** Calls that send over the ring: refused with TRY_AGAIN while it synchronises or is full. */
const ringCalls: Readonly<Record<ServiceName, readonly number[]>> = {
  cmap: [],
  cfg: [cfgCalls.killNode, cfgCalls.tryShutdown, cfgCalls.reloadConfig],
  cpg: [cpgCalls.join, cpgCalls.leave, cpgCalls.partialMcast],
  quorum: [],
  votequorum: [votequorumCalls.setExpected, votequorumCalls.setVotes],
}

/**
 * A whole node without a world: the ring, the services on it and their clients. The daemon drives it with sockets and
 * clocks, a simulation with neither; the same events at the same times give the same effects.
 */
export class RingNode {
  #config: RingNodeConfig
  readonly #ring: RingMember
  readonly #cmap: CmapService
  readonly #cpg: CpgService
  readonly #cfg: CfgService
  readonly #quorum: QuorumService
  readonly #votequorum: VotequorumService | undefined
  readonly #services: ReadonlyMap<number, Service>
  readonly #sync: SyncEngine
  readonly #assembler = new Assembler()
  /** What services want to send and the ring has not taken yet. */
  readonly #outbox: Record<Lane, { readonly group: string; readonly body: Uint8Array }[]> = {
    application: [],
    sync: [],
  }
  readonly #totemEvents: TotemEvent[] = []
  readonly #traffic: RingTraffic
  readonly #connections = { active: 0, closed: 0 }
  #trans: readonly NodeId[] = []
  /** The ring on which the services synchronise, or did last. */
  #syncRing: RingId = { rep: 0, seq: 0 }
  #tokenWarningMs: number
  #isCritical = false
  #isHeld = false
  /** The service whose turn it is to send in a synchronisation has said that it is not done. */
  #isServiceAwaited = false
  #isReady = false
  #isStopped = false
  #now: MonoMs
  #out: NodeEffect[] = []

  /** `links`: what the transport tells of its links, where it keeps any. */
  constructor(config: RingNodeConfig, now: MonoMs, links?: LinkView) {
    const { self } = config.totem
    this.#config = config
    this.#now = now
    this.#ring = createTotem(config.totem, now)
    this.#tokenWarningMs = warningMs(config)
    this.#cmap = new CmapService(() => [
      ...ringStatistics(this.#ring.counters, this.#connections),
      ...(links?.statistics() ?? []),
    ])
    this.#cpg = new CpgService(self)
    const linkMtu = config.totem.netMtu - frameOverheadBytes
    this.#cfg = new CfgService({ self, addresses: config.addresses, linkMtu, links })
    this.#quorum = new QuorumService(config.votequorum !== undefined)
    this.#votequorum = config.votequorum === undefined ? undefined : new VotequorumService(config.votequorum)
    const present = [this.#cmap, this.#cfg, this.#cpg, this.#quorum, this.#votequorum]
    this.#services = new Map(present.filter((item) => item !== undefined).map((item) => [item.id, item]))
    this.#traffic = new RingTraffic(this.#services.keys())
    this.#sync = new SyncEngine([...this.#services.keys()].filter((id) => id !== serviceIds.cfg).sort((a, b) => a - b))
    for (const [key, value] of config.keys) this.#cmap.publish(key, value)
  }

  get self(): NodeId {
    return this.#config.totem.self
  }

  /** The ring member, for statistics and checkers: to be read only. */
  get member(): Readonly<RingMember> {
    return this.#ring
  }

  get isQuorate(): boolean {
    return this.#quorum.isQuorate
  }

  /** Votes that are counted; undefined where nobody counts any. */
  get votes(): number | undefined {
    return this.#votequorum?.votes
  }

  /** Members of the ring whose sync has begun last. */
  get members(): readonly NodeId[] {
    return this.#quorum.members
  }

  /** Whether the first sync is over. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Whether clients that opted in are to hold their requests back. */
  get isHeld(): boolean {
    return this.#isHeld
  }

  /** A value of the map. */
  cmapValue(key: string): RawValue | undefined {
    return this.#cmap.store.get(key)
  }

  /** Advances the node by one event. `now` never goes back. */
  step(event: NodeEvent, now: MonoMs): readonly NodeEffect[] {
    this.#out = []
    this.#now = now
    if (this.#isStopped) return []
    this.#take(event)
    this.#settle()
    return this.#out
  }

  #take(event: NodeEvent): void {
    switch (event.kind) {
      case 'start':
        if (this.#votequorum !== undefined) this.#perform(this.#votequorum.id, this.#votequorum.start(), 'application')
        return this.#totem({ kind: 'start', storedRingSeq: event.storedRingSeq })
      case 'frame':
        return this.#totem(event)
      case 'timer':
        return this.#timer(event.timer)
      case 'opened':
        this.#connections.active += 1
        return this.#client(event.service, { kind: 'opened', connection: event.connection })
      case 'closed':
        this.#connections.active -= 1
        this.#connections.closed += 1
        return this.#client(event.service, { kind: 'closed', connection: event.connection })
      case 'request':
        return this.#request(event.service, event.connection, event.bytes)
      case 'publish':
        return this.#perform(serviceIds.cmap, this.#cmap.publish(event.key, event.value), 'application')
      case 'reconfigure':
        return this.#reconfigure(event.config)
      case 'reloaded':
        return this.#perform(serviceIds.cfg, this.#cfg.reloaded(event.isTaken), 'application')
      case 'key-loaded':
        return this.#perform(serviceIds.cfg, this.#cfg.keyLoaded(), 'application')
      case 'leave':
        return this.#leave(0, event.reason)
      default:
        return unreachable(event)
    }
  }

  /** What the ring and its services take over while they run; who is there decides itself as before. */
  #reconfigure(config: RingNodeConfig): void {
    this.#config = config
    this.#tokenWarningMs = warningMs(config)
    this.#totem({ kind: 'reconfigure', config: config.totem })
    this.#cfg.reconfigure(config.addresses)
    for (const [key, value] of config.keys) this.#publish(key, value)
    if (this.#votequorum === undefined || config.votequorum === undefined) return
    this.#perform(this.#votequorum.id, this.#votequorum.reconfigure(config.votequorum), 'application')
  }

  #timer(timer: NodeTimer): void {
    switch (timer) {
      case 'token-warning':
        if (this.#ring.phase !== 'operational') return
        return this.#log('notice', 'TOTEM', `Token has not been received in ${this.#tokenWarningMs} ms`)
      case 'last-man-standing':
      case 'shutdown-answer':
      case 'key-change':
      case 'qdevice':
        for (const service of this.#services.values()) this.#service(service, { kind: 'timer', timer }, 'application')
        return
      default:
        return this.#totem({ kind: 'timer', timer })
    }
  }

  /** Hands waiting messages to the ring until it is full or there are none, and tells clients how it stands. */
  #settle(): void {
    for (;;) {
      const next = this.#totemEvents.shift()
      if (next !== undefined) {
        for (const effect of stepTotem(this.#ring, next, this.#now)) this.#ringEffect(effect)
        continue
      }
      if (!this.#post('sync') && !this.#post('application')) break
    }
    const isHeld = this.#isCritical || this.#sync.isRunning || this.#outbox.application.length > 0
    if (isHeld !== this.#isHeld) {
      this.#isHeld = isHeld
      this.#out.push({ do: 'flow', isHeld })
    }
  }

  #post(lane: Lane): boolean {
    const first = this.#outbox[lane][0]
    if (first === undefined || !roomFor(this.#ring, first.body.byteLength, first.group, lane)) return false
    this.#outbox[lane].shift()
    this.#totem({ kind: 'multicast', group: first.group, body: first.body, lane })
    return true
  }

  #totem(event: TotemEvent): void {
    this.#totemEvents.push(event)
  }

  #ringEffect(effect: TotemEffect): void {
    switch (effect.do) {
      case 'send':
      case 'send-all':
      case 'persist':
      case 'refuse':
      case 'drain':
        this.#out.push(effect)
        return
      case 'arm':
      case 'disarm':
        this.#out.push(effect)
        if (effect.timer === 'token-loss') this.#watchToken(effect.do)
        return
      case 'deliver':
        return this.#deliver(effect.from, effect.payload)
      case 'configure':
        return this.#configure(effect.configuration)
      case 'queue-level':
        this.#isCritical = effect.level === 'critical'
        return
      case 'reject':
        return this.#log('error', 'TOTEM', `message of ${effect.body.byteLength} bytes not sent: ${effect.why}`)
      case 'notice': {
        const line = noticeLine(effect.notice, this.#config.totem)
        if (line !== undefined) this.#log(line.level, line.subsystem, line.text)
        return
      }
      default:
        return unreachable(effect)
    }
  }

  /** The warning keeps step with the timer of the loss. */
  #watchToken(what: 'arm' | 'disarm'): void {
    if (this.#tokenWarningMs === 0) return
    if (what === 'disarm') this.#out.push({ do: 'disarm', timer: 'token-warning' })
    else this.#out.push({ do: 'arm', timer: 'token-warning', afterMs: this.#tokenWarningMs })
  }

  #configure(configuration: RingConfiguration): void {
    this.#assembler.configured(configuration)
    if (configuration.kind === 'transitional') {
      this.#trans = configuration.members
      return
    }
    const { ring, members, joined, left } = configuration
    this.#syncRing = ring
    this.#perform(serviceIds.cfg, this.#cfg.ring(members), 'application')
    this.#syncEffects(this.#sync.step({ kind: 'ring', change: { ring, trans: this.#trans, members } }))
    const line = membershipLine(configuration)
    this.#log(line.level, line.subsystem, line.text)
    for (const node of left) this.#publish(`runtime.members.${node}.status`, cmapText('left'))
    for (const node of joined) this.#joined(node)
  }

  #joined(node: NodeId): void {
    const addresses = this.#config.addresses.filter((item) => item.node === node)
    this.#publish(...memberAddressKey(node, addresses))
    const key = `runtime.members.${node}.join_count`
    const before = this.#cmap.store.get(key)
    const count = before === undefined ? 0 : Number(decodeCmapValue(before).value)
    this.#publish(key, cmapU32(count + 1))
    this.#publish(`runtime.members.${node}.status`, cmapText('joined'))
  }

  /**
   * A frame from the ring. Its lane is the one that its sender had due: who had ended the synchronisation when he sent it
   * had heard the last barrier, and so has this node by now; who had not sent it before his own last barrier.
   */
  #deliver(from: NodeId, payload: Uint8Array): void {
    const lane = this.#sync.isRunning ? 'sync' : 'application'
    const { messages, torn } = this.#assembler.take(from, payload, lane)
    if (torn) this.#log('debug', 'TOTEM', `fragments of node ${from} without their beginning dropped`)
    for (const { group, body } of messages) this.#message(from, group, body)
  }

  #message(from: NodeId, group: string, body: Uint8Array): void {
    try {
      if (group === syncGroup) this.#syncEffects(this.#sync.step({ kind: 'message', from, body }))
      else if (group === serviceGroup) this.#serviceMessage(from, body)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#out.push({ do: 'refuse', error })
    }
  }

  #serviceMessage(from: NodeId, body: Uint8Array): void {
    const id = messageId(body)
    const service = this.#services.get(id >>> 16)
    if (service === undefined) return
    const fn = id & 0xffff
    this.#traffic.count(service.id, fn, 'rx')
    this.#service(service, { kind: 'message', from, fn, bytes: body }, 'application')
  }

  #syncEffects(effects: readonly SyncEffect[]): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'multicast':
          this.#outbox.sync.push({ group: syncGroup, body: effect.body })
          break
        case 'abort':
          for (const service of this.#services.values()) this.#service(service, { kind: 'sync-abort' }, 'sync')
          break
        case 'init':
          for (const service of this.#services.values()) {
            this.#service(service, { kind: 'sync-init', change: effect.change }, 'sync')
          }
          break
        case 'process':
          this.#isServiceAwaited = false
          this.#syncService(effect.service, { kind: 'sync-process' }, 'sync')
          if (!this.#isServiceAwaited) this.#syncEffects(this.#sync.step({ kind: 'done', service: effect.service }))
          break
        case 'activate':
          // Behind the barrier of the last service nothing goes out in the lane of the synchronisation.
          this.#syncService(effect.service, { kind: 'sync-activate' }, 'application')
          break
        case 'complete':
          this.#syncComplete()
          break
        default:
          unreachable(effect)
      }
    }
  }

  #syncService(id: number, event: ServiceEvent, lane: Lane): void {
    const service = this.#services.get(id)
    if (service !== undefined) this.#service(service, event, lane)
  }

  #syncComplete(): void {
    this.#totem({ kind: 'sync-complete', ring: this.#syncRing })
    this.#log('notice', 'MAIN', 'Completed service synchronization, ready to provide service.')
    if (this.#isReady) return
    this.#isReady = true
    this.#out.push({ do: 'ready' })
  }

  #request(name: ServiceName, connection: ConnectionId, bytes: Uint8Array): void {
    try {
      const id = messageId(bytes)
      const isFull = this.#sync.isRunning || this.#outbox.application.length > 0
      if (isFull && ringCalls[name].includes(id)) {
        this.#out.push({ do: 'respond', connection, bytes: responseOf(0, csErrorCodes.CS_ERR_TRY_AGAIN) })
        return
      }
      if (name === 'cmap') this.#publishTraffic()
      this.#client(name, { kind: 'request', connection, id, bytes })
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#log('warning', 'IPC', `request to ${name} refused: ${error.message}`)
      this.#out.push({ do: 'respond', connection, bytes: responseOf(0, csErrorCodes.CS_ERR_INVALID_PARAM) })
    }
  }

  #client(name: ServiceName, event: ServiceEvent): void {
    const service = this.#services.get(serviceIds[name])
    if (service !== undefined) this.#service(service, event, 'application')
  }

  #service(service: Service, event: ServiceEvent, lane: Lane): void {
    this.#perform(service.id, service.step(event, this.#now), lane)
  }

  #perform(service: number, effects: readonly ServiceEffect[], lane: Lane): void {
    for (const effect of effects) {
      switch (effect.kind) {
        case 'multicast':
          this.#traffic.count(service, messageId(effect.bytes) & 0xffff, 'tx')
          this.#outbox[lane].push({ group: serviceGroup, body: effect.bytes })
          break
        case 'respond':
        case 'event':
          this.#out.push({ do: effect.kind, connection: effect.connection, bytes: effect.bytes })
          break
        case 'log':
          this.#log(effect.level, effect.subsystem, effect.text)
          break
        case 'publish':
          this.#publish(effect.key, effect.value)
          break
        case 'arm':
          this.#out.push({ do: 'arm', timer: effect.timer, afterMs: effect.afterMs })
          break
        case 'disarm':
          this.#out.push({ do: 'disarm', timer: effect.timer })
          break
        case 'quorum':
          this.#perform(serviceIds.quorum, this.#quorum.decide(effect.isQuorate), lane)
          break
        case 'stop':
          this.#leave(effect.exitCode, effect.reason)
          break
        case 'reload':
          this.#out.push({ do: 'reload', isOwn: effect.isOwn })
          break
        case 'reopen-logs':
          this.#out.push({ do: 'reopen-logs' })
          break
        case 'sync-wait':
          this.#isServiceAwaited = true
          break
        case 'sync-done':
          this.#syncEffects(this.#sync.step({ kind: 'done', service }))
          break
        case 'key':
          this.#out.push({ do: 'key', step: effect.step })
          break
        default:
          unreachable(effect)
      }
    }
  }

  #publish(key: string, value: RawValue | undefined): void {
    this.#perform(serviceIds.cmap, this.#cmap.publish(key, value), 'application')
  }

  #log(level: LogLevel, subsystem: string, text: string): void {
    this.#out.push({ do: 'log', level, subsystem, text })
  }

  /**
   * Leaves the ring. Votequorum's word that a voter goes is not sent: whoever hears it expects fewer votes from then on,
   * which is what quorum.allow_downscale is for; without it corosync is silent, and so the others keep their quorum.
   */
  #leave(exitCode: number, reason: string): void {
    if (this.#isStopped) return
    for (const effect of stepTotem(this.#ring, { kind: 'leave' }, this.#now)) this.#ringEffect(effect)
    this.#isStopped = true
    this.#out.push({ do: 'stop', exitCode, reason })
  }

  #publishTraffic(): void {
    for (const [key, value] of this.#traffic.take()) this.#publish(key, value)
  }
}

/** What totem keeps of a frame for its own heads, bytes: the link's payload is shorter by it. */
const frameOverheadBytes = 90

function warningMs({ totem, tokenWarningPercent = 0 }: RingNodeConfig): number {
  return Math.floor((totem.tokenLossMs * tokenWarningPercent) / 100)
}
