import { monoMs } from '@quorate/base'
import { attr, withAttributes, type XmlElement } from '@quorate/xml'
import type { AlertEvent } from '../alerts/alert-event.ts'
import type { AttributeManager } from '../attributes/service.ts'
import type { CibManager } from '../cib-manager/service.ts'
import { hostTimerMsMax } from '../core-timer.ts'
import type { DaemonHost } from '../daemon-host.ts'
import { type AgentRun, agentName, type ResourceSpec } from '../executor/agent.ts'
import type { LocalEvent } from '../executor/local-resources.ts'
import type { AgentMetadata } from '../executor/metadata.ts'
import type { ProcessEnd } from '../executor/outcome.ts'
import type { Fencer, FencingOutcome } from '../fencer/service.ts'
import type { ControllerDoor } from '../ipc/doors.ts'
import { isDeniedOrder } from '../ipc/limited-order.ts'
import { routeCrmMessage } from '../messages/crmd-route.ts'
import type { PeerMessenger } from '../messages/peer-messenger.ts'
import { stepController } from './controller.ts'
import {
  type CibCall,
  type ControllerConfig,
  type ControllerEffect,
  type ControllerEvent,
  type ControllerState,
  type ControllerTimer,
  isDc,
  type LogLevel,
  newController,
  type ScheduleResult,
} from './state.ts'

/** What an agent's process left. */
export type AgentEnd = { readonly end: ProcessEnd; readonly stdout: string; readonly stderr: string }

/** A running agent, alone in a process group of its own. */
export interface AgentProcess {
  /** To the whole group; none left is no error. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void
}

/** How the agents of resources are run on this machine. */
export interface Agents {
  /** `ended` is told once, but never before this has answered. */
  start(run: AgentRun, ended: (what: AgentEnd) => void): AgentProcess
  /** Meta-data of an agent; undefined where it is missing, says nothing that can be read, or takes too long. */
  learn(resource: ResourceSpec): Promise<AgentMetadata | undefined>
  /** Load average of this machine over the last minute. */
  load(): number
}

/** What a controller's shell works with. */
export type ControllerHost = {
  readonly host: DaemonHost
  readonly config: ControllerConfig
  readonly messenger: PeerMessenger
  readonly cib: CibManager
  readonly attributes: AttributeManager
  readonly agents: Agents
  readonly fencer: Fencer
  readonly schedule: (cib: XmlElement) => Promise<ScheduleResult>
  /** The scheduler will be needed soon. */
  readonly rehearse: (cib: XmlElement) => void
  readonly alert: (event: AlertEvent) => void
  readonly log: (level: LogLevel, text: string) => void
  readonly sendToClient: (clientId: string, message: XmlElement) => boolean
  /** The controller has ended. */
  readonly ended: (exitCode: number) => void
}

/** A node that does not lead gets its scheduler ready so long after its start, when there is less to do. */
const rehearsalAfterMs = 4_000
/** How often a node looks how busy it is. */
const loadIntervalMs = 30_000
const loadTimer = 'load of this machine'

/** Runs the controller's core against the world: events in, effects out, one at a time. */
export class ControllerShell implements ControllerDoor {
  readonly #host: ControllerHost
  readonly #state: ControllerState
  readonly #queue: ControllerEvent[] = []
  /** Ways to call off timers, by name. */
  readonly #timers = new Map<string, () => void>()
  readonly #running = new Map<number, AgentProcess>()
  readonly #stops: (() => void)[] = []
  #isStepping = false
  #hasEnded = false

  constructor(host: ControllerHost) {
    this.#host = host
    this.#state = newController(host.config)
  }

  get state(): string {
    return this.#state.phase
  }

  get dc(): string | undefined {
    return this.#state.dc
  }

  get isDc(): boolean {
    return isDc(this.#state)
  }

  /** Joins the group of controllers and begins. */
  async start(): Promise<void> {
    const { messenger, cib } = this.#host
    await messenger.join('crmd', {
      message: ({ from, xml }) => {
        if (from.name === undefined || this.#passToClient(from.name, xml)) return
        const message = this.#message(from.name, xml)
        if (message.isDenied || !this.#forgetNode(xml)) this.#post(message)
      },
      changed: () => this.#peersChanged(),
    })
    this.#stops.push(
      messenger.onView(() => this.#peersChanged()),
      messenger.onLost((error) => this.#post({ kind: 'ring-lost', reason: error.message })),
      cib.onChange((change) => this.#post({ kind: 'cib-changed', before: change.before, after: change.after })),
    )
    this.#stops.push(this.#host.fencer.onFenced((event) => this.#post({ kind: 'fenced', event })))
    this.#peersChanged()
    this.#post({ kind: 'started', cib: cib.cib })
    this.#stops.push(this.#host.host.after(rehearsalAfterMs, () => this.#host.rehearse(cib.cib)))
    this.#stops.push(() => this.#disarm(loadTimer))
    this.#armLoad()
  }

  #armLoad(): void {
    this.#arm(loadTimer, loadIntervalMs, () => {
      this.#armLoad()
      this.#post({ kind: 'load', average: this.#host.agents.load() })
    })
  }

  receive(message: XmlElement): void {
    this.#post(this.#message(this.#host.config.uname, message))
  }

  /** Sends a message of a local client to where it belongs; answers to it come back by its client id. */
  shutdown(): void {
    this.#post({ kind: 'shutdown' })
  }

  /** Hands an answer from another node to the local client that asked. */
  #passToClient(from: string, xml: XmlElement): boolean {
    const facts = { localName: this.#host.config.uname, isDc: this.isDc, dc: this.dc }
    const route = routeCrmMessage(xml, facts, 'peer')
    return route.to === 'client' && this.#host.sendToClient(route.clientId, withAttributes(xml, { src: from }))
  }

  /** Some node was told that another will not come back (`crm_node -R`); all forget it. */
  #forgetNode(xml: XmlElement): boolean {
    if (attr(xml, 'crm_task') !== 'rm_node_cache') return false
    const id = Number(attr(xml, 'id'))
    const name = attr(xml, 'uname')
    this.#host.messenger.purge({ nodeId: Number.isInteger(id) && id > 0 ? id : undefined, name })
    if (name !== undefined) this.#host.fencer.removePeer(name)
    this.#peersChanged()
    return true
  }

  #message(from: string, xml: XmlElement) {
    const isDenied = isDeniedOrder(this.#host.cib.cib, xml, this.#host.config.uname, this.#host.host.isInGroup)
    return { kind: 'message' as const, from, xml, cpu: this.#host.host.cpu(), isDenied }
  }

  #peersChanged(): void {
    const { messenger } = this.#host
    const peers = messenger
      .peers()
      .flatMap(({ nodeId, name, isMember, hasController }) =>
        name === undefined ? [] : [{ uuid: String(nodeId), uname: name, isMember, hasController }],
      )
    this.#post({ kind: 'peers', peers, isQuorate: messenger.view().isQuorate })
  }

  /** Never re-enters the core: what a step causes at once waits for its end. */
  #post(event: ControllerEvent): void {
    if (this.#hasEnded) return
    this.#queue.push(event)
    if (this.#isStepping) return
    this.#isStepping = true
    try {
      for (let next = this.#queue.shift(); next !== undefined && !this.#hasEnded; next = this.#queue.shift()) {
        const { host } = this.#host
        const epochS = Math.trunc(host.epochMs() / 1000)
        const now = { monoMs: monoMs(host.monoMs()), epochS, utcOffsetS: host.utcOffsetS() }
        for (const effect of stepController(this.#state, next, now)) this.#perform(effect)
      }
    } finally {
      this.#isStepping = false
    }
  }

  #perform(effect: ControllerEffect): void {
    const { attributes, cib, log } = this.#host
    switch (effect.do) {
      case 'post':
        this.#send(effect)
        return
      case 'cib':
        this.#call(effect.tag, effect.call)
        return
      case 'primary':
        cib.setPrimary(effect.isPrimary)
        if (effect.isPrimary) this.#host.rehearse(cib.cib)
        return
      case 'attributes':
        attributes.update(effect.updates)
        return
      case 'clear-failures':
        attributes.clearFailure({ resource: effect.resource, node: effect.node })
        return
      case 'schedule':
        this.#schedule(effect.token)
        return
      case 'fence': {
        const { tag, request } = effect
        this.#host.fencer.fence(request, (outcome) => this.#post({ kind: 'fencing-answered', tag, outcome }))
        return
      }
      case 'synchronize-fencing':
        this.#host.fencer.synchronizeHistory()
        return
      case 'arm':
        this.#arm(effect.timer, effect.afterMs, () => this.#post(this.#timer(effect.timer)))
        return
      case 'disarm':
        this.#disarm(effect.timer)
        return
      case 'local':
        this.#local(effect.effect)
        return
      case 'alert':
        this.#host.alert(effect.event)
        return
      case 'log':
        log(effect.level, effect.text)
        return
      case 'exit':
        this.#end(effect.code)
        return
      default:
        effect satisfies never
    }
  }

  #timer(timer: ControllerTimer): ControllerEvent {
    return { kind: 'timer', timer, cpu: this.#host.host.cpu() }
  }

  #send(effect: Extract<ControllerEffect, { readonly do: 'post' }>): void {
    const { messenger, config, sendToClient, log } = this.#host
    const { xml, toType } = effect
    if (this.#state.isCutOff) return
    const facts = { localName: config.uname, isDc: this.isDc, dc: this.dc }
    const route = effect.broadcast ? ({ to: 'everybody' } as const) : routeCrmMessage(xml, facts, 'local')
    switch (route.to) {
      case 'here':
        this.#queue.push(this.#message(config.uname, xml))
        return
      case 'everybody':
        messenger.send('crmd', xml, { toType })
        return
      case 'node':
        messenger.send('crmd', xml, { to: route.name, toType })
        return
      case 'client':
        if (!sendToClient(route.clientId, xml)) log('debug', `No client ${route.clientId} for ${attr(xml, 'crm_task')}`)
        return
      case 'nobody':
        return
      default:
        route satisfies never
    }
  }

  #call(tag: number, call: CibCall): void {
    this.#host.cib.submit({ ...call, clientName: 'crmd', user: 'hacluster' }).then(
      ({ rc, data }) => this.#post({ kind: 'cib-answered', tag, rc, data }),
      (error: unknown) => this.#host.log('debug', `CIB call ${call.op} failed: ${String(error)}`),
    )
  }

  #schedule(token: number): void {
    this.#host.schedule(this.#host.cib.cib).then(
      (result) => this.#post({ kind: 'scheduled', token, result }),
      (error: unknown) => this.#post({ kind: 'scheduled', token, result: { ok: false, reason: String(error) } }),
    )
  }

  #arm(name: string, afterMs: number, run: () => void): void {
    this.#disarm(name)
    const callOff = this.#host.host.after(Math.min(afterMs, hostTimerMsMax), () => {
      this.#timers.delete(name)
      run()
    })
    this.#timers.set(name, callOff)
  }

  #disarm(name: string): void {
    this.#timers.get(name)?.()
    this.#timers.delete(name)
  }

  #local(effect: Extract<ControllerEffect, { readonly do: 'local' }>['effect']): void {
    const tell = (event: LocalEvent): void => this.#post({ kind: 'local', event })
    switch (effect.do) {
      case 'spawn': {
        const { callId, run } = effect
        const agent = this.#host.agents.start(run, (ended) => {
          // The group may outlive its leader: it can be signalled until the core has heard of the end.
          tell({ kind: 'executor', event: { kind: 'ended', callId, ...ended } })
          this.#running.delete(callId)
        })
        this.#running.set(callId, agent)
        return
      }
      case 'register':
        this.#deviceAnswered(effect.callId, this.#host.fencer.register(effect.device))
        return
      case 'operate': {
        const { callId, device, timeoutMs } = effect
        this.#host.fencer.execute(device, 'monitor', timeoutMs, (outcome) => this.#deviceAnswered(callId, outcome))
        return
      }
      case 'unregister':
        this.#deviceAnswered(effect.callId, this.#host.fencer.remove(effect.device))
        return
      case 'signal':
        this.#running.get(effect.callId)?.signal(effect.signal)
        return
      case 'arm': {
        const { callId, timer, afterMs } = effect
        this.#arm(`${callId}/${timer}`, afterMs, () =>
          tell({ kind: 'executor', event: { kind: 'timer', callId, timer } }),
        )
        return
      }
      case 'disarm':
        this.#disarm(`${effect.callId}/${effect.timer}`)
        return
      case 'learn':
        void this.#host.agents
          .learn(effect.resource)
          .then((metadata) => tell({ kind: 'metadata', agent: agentName(effect.resource), metadata }))
        return
      default:
        effect satisfies never
    }
  }

  #deviceAnswered(callId: number, outcome: FencingOutcome): void {
    this.#post({ kind: 'local', event: { kind: 'executor', event: { kind: 'device', callId, outcome } } })
  }

  #end(exitCode: number): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    for (const callOff of this.#timers.values()) callOff()
    this.#timers.clear()
    for (const stop of this.#stops.splice(0)) stop()
    this.#host.ended(exitCode)
  }
}
