import { monoMs } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'
import type { CibManager } from '../cib-manager/service.ts'
import { clusterOptions } from '../controller/cluster-options.ts'
import { CoreTimer } from '../core-timer.ts'
import type { DaemonHost } from '../daemon-host.ts'
import type { Peer, PeerMessenger } from '../messages/peer-messenger.ts'
import { parseDurationMs } from '../transition/graph.ts'
import type { FenceMetadata } from './agent-metadata.ts'
import { devicesFor, levelsOf, mayChangeDevices, nodeAttribute } from './cib-devices.ts'
import { FencerCore, type FencerEvent } from './fencer-core.ts'
import { execution, failure } from './outcome.ts'
import type { FenceAgentEnd, FencerEffect, FencerInstant, FencerLogLevel } from './room.ts'
import type {
  Fencer,
  FencerClient,
  FencerClients,
  FencingDevice,
  FencingEvent,
  FencingOutcome,
  FencingRequest,
} from './service.ts'

/** What a fencer's shell is opened with. */
export type FencerServiceOptions = {
  readonly messenger: PeerMessenger
  readonly cib: CibManager
  readonly log: (level: FencerLogLevel, text: string) => void
  readonly host: DaemonHost
  readonly agents: FenceAgents
}

/** How fence agents are run on this machine. */
export interface FenceAgents {
  /** Runs one; `ended` is told once, when it is gone, but never before this has answered a way to end it at once. */
  run(run: FenceAgentRun, ended: (end: FenceAgentEnd) => void): () => void
  /** Asks one about itself; undefined where it is missing, says nothing that can be read, or takes too long. */
  learn(agent: string): Promise<FenceMetadata | undefined>
}

/** A run of a fence agent. The input may hold passwords. */
export type FenceAgentRun = {
  readonly agent: string
  readonly input: ReadonlyMap<string, string>
  readonly timeoutMs: number
}

const stopped = failure(execution.notConnected, 'The fencer of this node has stopped')

/** Runs the fencer's core: the group, the clock, the CIB, fence agents and clients around it. */
export class FencerService implements Fencer {
  readonly #options: FencerServiceOptions
  readonly #core: FencerCore
  /** Fencers that the core has been told of, by node id. */
  readonly #present = new Map<number, string>()
  readonly #stops: (() => void)[] = []
  /** Ways to end the agents that run, by number. */
  readonly #agents = new Map<number, () => void>()
  readonly #waiting = new Map<number, (outcome: FencingOutcome) => void>()
  readonly #listeners = new Set<(event: FencingEvent) => void>()
  readonly #events: FencerEvent[] = []
  /** What others are to be told once the core has done its step: they may ask something in their turn. */
  readonly #told: (() => void)[] = []
  readonly #timer: CoreTimer
  #clients: FencerClients | undefined
  /** The option about a watchdog, as it was told of last. */
  #watchdog: string | undefined
  #lastTicket = 0
  #isStepping = false
  #isClosed = false

  private constructor(options: FencerServiceOptions) {
    const { messenger, cib, host } = options
    this.#options = options
    this.#timer = new CoreTimer(host, () => this.#step({ kind: 'tick' }))
    this.#core = new FencerCore({
      localName: messenger.localName,
      insideId: host.uuid(),
      insideName: `pacemaker-controld.${host.pid}`,
      relayName: `pacemaker-fenced.${host.pid}`,
      nodeIdOf: (name) => messenger.peerByName(name)?.nodeId,
      attributeOf: (node, name) => nodeAttribute(cib.cib, node, name),
    })
  }

  /** Joins the group and reads the devices of the CIB. @throws CsError when the group cannot be joined */
  static async open(options: FencerServiceOptions): Promise<FencerService> {
    const service = new FencerService(options)
    const { messenger, cib } = options
    service.#stops.push(
      cib.onChange(({ before, after }) => {
        if (mayChangeDevices(before, after)) service.#configure(after)
      }),
      messenger.onLost(() => service.#halt()),
    )
    // Before anybody can ask: who asks at once is not told that there is nothing here.
    service.#configure(cib.cib)
    await messenger.join('stonith-ng', {
      message: ({ from, isOwn, xml }) => {
        service.#greet(from)
        service.#step({ kind: 'message', from: from.name ?? '', isOwn, xml })
      },
      changed: (peer, joined) => {
        if (joined) service.#greet(peer)
        else service.#part(peer)
      },
    })
    service.#step({ kind: 'start' })
    return service
  }

  fence(request: FencingRequest, done: (outcome: FencingOutcome) => void): void {
    this.#ask((ticket) => ({ kind: 'fence', ticket, request }), done)
  }

  execute(device: string, action: string, timeoutMs: number, done: (outcome: FencingOutcome) => void): void {
    this.#ask((ticket) => ({ kind: 'execute', ticket, device, action, timeoutMs }), done)
  }

  register(device: FencingDevice): FencingOutcome {
    return this.#askNow((ticket) => ({ kind: 'register', ticket, device: { ...device, namespace: 'stonith-ng' } }))
  }

  remove(device: string): FencingOutcome {
    return this.#askNow((ticket) => ({ kind: 'remove', ticket, device }))
  }

  onFenced(listener: (event: FencingEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  synchronizeHistory(): void {
    this.#step({ kind: 'synchronize' })
  }

  removePeer(node: string): void {
    this.#options.messenger.purge({ name: node })
  }

  request(client: FencerClient, xml: XmlElement): void {
    this.#step({ kind: 'request', client, xml })
  }

  attach(clients: FencerClients): void {
    this.#clients = clients
  }

  async close(): Promise<void> {
    this.#halt()
    await this.#options.messenger.leave('stonith-ng').catch(() => undefined)
  }

  /** Nobody is left waiting, and no agent goes on without anybody to hear how it ended. */
  #halt(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer.stop()
    for (const stop of this.#stops.splice(0)) stop()
    for (const end of this.#agents.values()) end()
    this.#agents.clear()
    const waiting = [...this.#waiting.values()]
    this.#waiting.clear()
    for (const done of waiting) done(stopped)
  }

  #ask(event: (ticket: number) => FencerEvent, done: (outcome: FencingOutcome) => void): void {
    if (this.#isClosed) {
      done(stopped)
      return
    }
    this.#lastTicket += 1
    this.#waiting.set(this.#lastTicket, done)
    this.#step(event(this.#lastTicket))
  }

  /** For what the core answers in the same step. */
  #askNow(event: (ticket: number) => FencerEvent): FencingOutcome {
    let answer: FencingOutcome | undefined
    this.#ask(event, (outcome) => {
      answer = outcome
    })
    return answer ?? stopped
  }

  /** Tells the core of a peer as soon as its name is known, which may be only with its first message. */
  #greet(peer: Peer): void {
    if (peer.name === undefined || !peer.hasFencer || this.#present.has(peer.nodeId)) return
    this.#present.set(peer.nodeId, peer.name)
    this.#step({ kind: 'peer', name: peer.name, isThere: true })
  }

  #part(peer: Peer): void {
    const name = this.#present.get(peer.nodeId)
    if (name === undefined) return
    this.#present.delete(peer.nodeId)
    this.#step({ kind: 'peer', name, isThere: false })
  }

  #configure(cib: XmlElement): void {
    const { messenger, host, log } = this.#options
    const { levels, faults } = levelsOf(cib)
    for (const fault of faults) log('warning', fault)
    const epochS = Math.trunc(host.epochMs() / 1000)
    const watchdog = clusterOptions(cib, { epochS, utcOffsetS: host.utcOffsetS() }).get('stonith-watchdog-timeout')
    if (watchdog !== this.#watchdog && !isNone(watchdog)) {
      log('warning', `Fencing by a watchdog is not supported: stonith-watchdog-timeout=${watchdog} is ignored here`)
    }
    this.#watchdog = watchdog
    const devices = devicesFor(cib, messenger.localName, epochS)
    this.#step({ kind: 'configured', devices, levels })
  }

  /** One event at a time: what an effect leads to comes after the effects of the event before. */
  #step(event: FencerEvent): void {
    if (this.#isClosed) return
    this.#events.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.#core.step(next, this.#instant())) this.#perform(effect)
      }
    } finally {
      this.#isStepping = false
    }
    if (!this.#isClosed) this.#timer.arm(this.#core.dueMs)
    for (let tell = this.#told.shift(); tell !== undefined; tell = this.#told.shift()) tell()
  }

  #perform(effect: FencerEffect): void {
    const { messenger, log } = this.#options
    switch (effect.kind) {
      case 'send':
        messenger.send('stonith-ng', effect.xml, { to: effect.to })
        return
      case 'answer':
        this.#clients?.answer(effect.client, effect.callId, effect.xml)
        return
      case 'event':
        this.#clients?.event(effect.client, effect.xml)
        return
      case 'notify':
        this.#clients?.notify(effect.type, effect.xml)
        return
      case 'run':
        this.#run(effect)
        return
      case 'learn': {
        const { agent } = effect
        void this.#options.agents.learn(agent).then((metadata) => this.#step({ kind: 'learned', agent, metadata }))
        return
      }
      case 'outcome': {
        const done = this.#waiting.get(effect.ticket)
        this.#waiting.delete(effect.ticket)
        if (done !== undefined) this.#told.push(() => done(effect.outcome))
        return
      }
      case 'fenced':
        for (const listener of this.#listeners) this.#told.push(() => listener(effect.event))
        return
      case 'log':
        log(effect.level, effect.text)
        return
      default:
        effect satisfies never
    }
  }

  #run({ run, agent, input, timeoutMs }: Extract<FencerEffect, { readonly kind: 'run' }>): void {
    const end = this.#options.agents.run({ agent, input, timeoutMs }, (how) => {
      this.#agents.delete(run)
      this.#step({ kind: 'agent-ended', run, end: how })
    })
    this.#agents.set(run, end)
  }

  #instant(): FencerInstant {
    const { host } = this.#options
    const nowMs = host.epochMs()
    return {
      monoMs: monoMs(Math.trunc(host.monoMs())),
      epochS: Math.trunc(nowMs / 1000),
      epochNs: (nowMs % 1000) * 1_000_000,
      uuid: host.uuid(),
      chance: host.chance(),
    }
  }
}

/** Whether an option means that no node counts as fenced by its own watchdog. */
function isNone(timeout: string | undefined): boolean {
  return timeout === undefined || parseDurationMs(timeout) === 0
}
