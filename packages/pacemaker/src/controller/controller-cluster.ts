import { monoMs } from '@quorate/base'
import { emptyCib } from '@quorate/cib'
import { schedule } from '@quorate/scheduler'
import { attr, element, parseXml, type XmlElement } from '@quorate/xml'
import type { AlertEvent } from '../alerts/alert-event.ts'
import { CibCore } from '../cib-manager/cib-core.ts'
import { callOptions } from '../cib-manager/service.ts'
import { agentName } from '../executor/agent.ts'
import type { ExecutorTimer } from '../executor/executor.ts'
import type { FencingEvent, FencingOutcome, FencingRequest } from '../fencer/service.ts'
import { cibCommand, withOrigin } from '../messages/cib-message.ts'
import { routeCrmMessage } from '../messages/crmd-route.ts'
import { stepController } from './controller.ts'
import { type ControllerEffect, type ControllerEvent, type ControllerState, isDc, newController } from './state.ts'

/** Reads a document that has to be right. */
export function documentOf(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const epochS = 1_795_000_000

/** Outcomes of fencing. */
export const fencingDone: FencingOutcome = { execution: 0, exitStatus: 0, reason: undefined }
export const fencingFailed: FencingOutcome = { execution: 0, exitStatus: 1, reason: 'Agent returned error' }

/** A node: controller and CIB manager, and what its agents have started. */
export type ClusterNode = {
  readonly name: string
  readonly uuid: string
  controller: ControllerState
  cib: CibCore
  readonly running: Set<string>
  isUp: boolean
  exitCode: number | undefined
  readonly timers: Map<string, number>
  readonly alerts: AlertEvent[]
  readonly log: string[]
}

/** A fencing that is under way: how it ends is for the test to say. */
export type PendingFencing = {
  readonly origin: string
  readonly controller: ControllerState
  readonly tag: number
  readonly request: FencingRequest
}

type Work = { readonly atMs: number; readonly seq: number; readonly run: () => void }

/**
 * A cluster of values, for tests and simulations: one clock, one total order, agents that do as they are told, and the
 * real scheduler.
 */
export class ControllerCluster {
  readonly nodes = new Map<string, ClusterNode>()
  readonly #configuredNodes: readonly { readonly uname: string; readonly uuid: string }[]
  #boots = 0
  readonly #work: Work[] = []
  #seq = 0
  nowMs = 1_000
  /** Nodes by partition; those with the same number see each other. */
  readonly side = new Map<string, number>()
  /** Nodes that are still in the ring without a controller. */
  readonly ringOnly = new Set<string>()
  /** Agents that fail: `NODE RESOURCE ACTION` to exit code. */
  readonly failures = new Map<string, number>()
  /** `power`: nodes are taken down and it is told; `refuse`: every try fails; `hold`: the test ends them. */
  fencing: 'power' | 'refuse' | 'hold' = 'power'
  readonly fencings: PendingFencing[] = []
  /** Times at which the fencers were asked to tell each other what they remember, by node. */
  readonly historySyncs: string[] = []
  /** Time that a message, a change of the membership or an agent takes beyond the least, ms; messages keep their order. */
  delayMs: () => number = () => 0
  /** When what was sent last arrives. */
  #arrivesMs = 0
  /** Most starts of one resource at a time, over all. */
  readonly doubleStarts: string[] = []

  readonly #startState: 'standby' | undefined

  constructor(names: readonly string[], configuration = '', startState?: 'standby') {
    this.#startState = startState
    this.#configuredNodes = names.map((uname, i) => ({ uname, uuid: String(i + 1) }))
    for (const { uname, uuid } of this.#configuredNodes) {
      this.nodes.set(uname, {
        name: uname,
        uuid,
        controller: this.#controller(uname, uuid),
        cib: cibOf(uname, configuration === '' ? emptyCib(0) : documentOf(configuration)),
        running: new Set(),
        isUp: false,
        exitCode: undefined,
        timers: new Map(),
        alerts: [],
        log: [],
      })
    }
  }

  #controller(uname: string, uuid: string): ControllerState {
    this.#boots += 1
    return newController({
      uname,
      uuid,
      featureSet: '3.16.1',
      dcVersion: '2.1.5-quorate',
      clusterName: 'test',
      configuredNodes: this.#configuredNodes,
      transitionUuid: `${String(this.#boots).padStart(8, '0')}-0000-0000-0000-000000000000`,
      processors: 2,
      startState: this.#startState,
    })
  }

  node(name: string): ClusterNode {
    const node = this.nodes.get(name)
    if (node === undefined) throw new Error(`no node ${name}`)
    return node
  }

  up(...names: readonly string[]): void {
    for (const name of names) {
      this.node(name).isUp = true
      this.side.set(name, 0)
    }
    this.viewChanged()
    for (const name of names) {
      // Whom it finds there it knows before it begins.
      if (this.#arrivesMs > this.nowMs) this.post(name, this.#view(name))
      this.post(name, { kind: 'started', cib: this.node(name).cib.cib })
    }
  }

  /** Starts a node that is off, with the configuration that it had. */
  boot(name: string): void {
    const node = this.node(name)
    const status = element('status')
    const saved = node.cib.cib
    const children = saved.children.map((item) => (item.name === 'status' ? status : item))
    node.controller = this.#controller(node.name, node.uuid)
    node.cib = cibOf(node.name, { ...saved, children })
    node.exitCode = undefined
    this.up(name)
  }

  /** Power off. */
  kill(name: string): void {
    const node = this.node(name)
    node.isUp = false
    node.timers.clear()
    node.running.clear()
    this.viewChanged()
  }

  split(...sides: readonly (readonly string[])[]): void {
    sides.forEach((names, i) => {
      for (const name of names) this.side.set(name, i)
    })
    this.viewChanged()
  }

  viewChanged(): void {
    for (const name of this.nodes.keys()) {
      if (this.node(name).isUp) this.#send(() => this.post(name, this.#view(name)))
    }
  }

  #view(name: string): ControllerEvent {
    const peers = [...this.nodes.values()].map((node) => {
      const isThere = this.sees(name, node.name)
      const isMember = isThere || this.ringOnly.has(node.name)
      return { uuid: node.uuid, uname: node.name, isMember, hasController: isThere }
    })
    const there = peers.filter((peer) => peer.isMember).length
    return { kind: 'peers', peers, isQuorate: there * 2 > this.nodes.size }
  }

  sees(a: string, b: string): boolean {
    return this.node(a).isUp && this.node(b).isUp && this.side.get(a) === this.side.get(b)
  }

  post(name: string, event: ControllerEvent): void {
    const { controller } = this.node(name)
    this.later(0, () => {
      const node = this.node(name)
      if (!node.isUp || node.controller !== controller) return
      const now = { monoMs: monoMs(this.nowMs), epochS: epochS + Math.trunc(this.nowMs / 1000) }
      for (const effect of stepController(node.controller, event, now)) this.#perform(node, effect)
    })
  }

  later(afterMs: number, run: () => void): void {
    this.#seq += 1
    this.#work.push({ atMs: this.nowMs + afterMs, seq: this.#seq, run })
  }

  #send(arrive: () => void): void {
    this.#arrivesMs = Math.max(this.#arrivesMs, this.nowMs + this.delayMs())
    if (this.#arrivesMs === this.nowMs) arrive()
    else this.later(this.#arrivesMs - this.nowMs, arrive)
  }

  /** Runs until nothing is left to do but wait for timers; or, with a time, for that long. */
  run(forMs = 0): void {
    const until = this.nowMs + forMs
    for (let steps = 0; ; steps += 1) {
      if (steps > 50_000) throw new Error('the cluster does not come to rest')
      this.#work.sort((a, b) => a.atMs - b.atMs || a.seq - b.seq)
      const next = this.#work[0]
      const timer = this.#nextTimer()
      const at = Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, timer?.atMs ?? Number.POSITIVE_INFINITY)
      if (next !== undefined && next.atMs <= at && (next.atMs <= until || forMs === 0)) {
        this.#work.shift()
        this.nowMs = Math.max(this.nowMs, next.atMs)
        next.run()
      } else if (timer !== undefined && forMs > 0 && timer.atMs <= until) {
        this.nowMs = Math.max(this.nowMs, timer.atMs)
        timer.node.timers.delete(timer.name)
        this.#fire(timer.node, timer.name)
      } else {
        this.nowMs = Math.max(this.nowMs, until)
        return
      }
    }
  }

  #nextTimer(): { node: ClusterNode; name: string; atMs: number } | undefined {
    let found: { node: ClusterNode; name: string; atMs: number } | undefined
    for (const node of this.nodes.values()) {
      for (const [name, atMs] of node.timers) if (found === undefined || atMs < found.atMs) found = { node, name, atMs }
    }
    return found
  }

  #fire(node: ClusterNode, name: string): void {
    const [kind, callId, timer] = name.split('|')
    if (kind === 'cib') {
      this.#cibStep(node, { kind: 'tick' })
      return
    }
    if (kind !== 'agent') {
      this.post(node.name, { kind: 'timer', timer: name as never, cpu: { ageS: 0, ageUs: 0 } })
      return
    }
    const event = { kind: 'timer', callId: Number(callId), timer: timer as ExecutorTimer } as const
    this.post(node.name, { kind: 'local', event: { kind: 'executor', event } })
  }

  #perform(node: ClusterNode, effect: ControllerEffect): void {
    const { controller } = node
    switch (effect.do) {
      case 'post': {
        if (controller.isCutOff) return
        const facts = { localName: node.name, isDc: isDc(controller), dc: controller.dc }
        const route = routeCrmMessage(effect.xml, facts, 'local')
        if (effect.broadcast || route.to === 'everybody') this.#multicast(node, effect.xml, undefined)
        else if (route.to === 'here') this.#deliver(node, node.name, effect.xml)
        else if (route.to === 'node') this.#multicast(node, effect.xml, route.name)
        return
      }
      case 'cib':
        this.#cib(node, effect.tag, effect.call)
        return
      case 'primary':
        node.cib.step({ kind: 'primary', isPrimary: effect.isPrimary }, this.#instant())
        return
      case 'attributes':
        for (const update of effect.updates) this.#attribute(node, update.name, update.value, update.node ?? node.name)
        return
      case 'clear-failures':
        return
      case 'schedule': {
        const graph = schedule(node.cib.cib, { nowSeconds: epochS + Math.trunc(this.nowMs / 1000) }).graph
        this.later(1 + this.delayMs(), () =>
          this.post(node.name, {
            kind: 'scheduled',
            token: effect.token,
            result: { ok: true, graph, inputFile: undefined },
          }),
        )
        return
      }
      case 'fence': {
        const fencing = { origin: node.name, controller, tag: effect.tag, request: effect.request }
        this.fencings.push(fencing)
        if (this.fencing === 'power') this.later(20, () => this.powerOff(fencing))
        if (this.fencing === 'refuse') this.later(20, () => this.endFencing(fencing, fencingFailed))
        return
      }
      case 'synchronize-fencing':
        this.historySyncs.push(`${node.name} ${this.nowMs}`)
        return
      case 'arm':
        node.timers.set(effect.timer, this.nowMs + effect.afterMs)
        return
      case 'disarm':
        node.timers.delete(effect.timer)
        return
      case 'local':
        this.#local(node, effect.effect)
        return
      case 'alert':
        node.alerts.push(effect.event)
        return
      case 'log':
        node.log.push(`${effect.level}: ${effect.text}`)
        return
      case 'exit':
        node.exitCode = effect.code
        node.isUp = false
        node.timers.clear()
        this.viewChanged()
        return
      default:
        effect satisfies never
    }
  }

  /** Does what was asked for, and tells everybody. */
  powerOff(fencing: PendingFencing, executioner = fencing.origin): void {
    if (fencing.request.action !== 'on') this.kill(fencing.request.target)
    this.endFencing(fencing, fencingDone, executioner)
  }

  /** Ends a fencing without doing anything: the fencer that runs it answers, and all fencers that it can reach tell it. */
  endFencing(fencing: PendingFencing, outcome: FencingOutcome, executioner: string | undefined = fencing.origin): void {
    const { origin, request, tag } = fencing
    const at = this.fencings.indexOf(fencing)
    if (at >= 0) this.fencings.splice(at, 1)
    const node = this.node(origin)
    // A fencer that is gone tells nobody, and one that has started anew knows nothing of it.
    if (!node.isUp || node.controller !== fencing.controller) return
    this.post(origin, { kind: 'fencing-answered', tag, outcome })
    this.tellFencing(origin, { ...request, executioner, client: 'pacemaker-controld.7', outcome })
  }

  /** All fencers that a node's can reach tell of the end of a fencing. */
  tellFencing(
    origin: string,
    end: Pick<FencingEvent, 'target' | 'action' | 'executioner' | 'client' | 'outcome'>,
  ): void {
    const { target, action, executioner, client, outcome } = end
    const event = { operation: 'uuid', target, action, executioner, client, origin, outcome }
    for (const name of this.nodes.keys()) if (this.sees(origin, name)) this.post(name, { kind: 'fenced', event })
  }

  #instant() {
    return { monoMs: monoMs(this.nowMs), epochS }
  }

  #multicast(from: ClusterNode, message: XmlElement, to: string | undefined): void {
    for (const node of this.nodes.values()) {
      if ((to === undefined || to === node.name) && this.sees(from.name, node.name))
        this.#send(() => this.#deliver(node, from.name, message))
    }
  }

  #deliver(node: ClusterNode, from: string, message: XmlElement): void {
    const host = attr(message, 'crm_host_to')
    if (host !== undefined && host !== node.name) return
    this.post(node.name, { kind: 'message', from, xml: message, cpu: { ageS: 0, ageUs: Number(node.uuid) } })
  }

  #cib(node: ClusterNode, tag: number, call: Extract<ControllerEffect, { readonly do: 'cib' }>['call']): void {
    const { op, section, options, data, host } = call
    const command = cibCommand({ clientId: 'crmd', callId: tag, op, section, options: options ?? 0, data, host })
    const request = withOrigin(command, { id: 'crmd', name: 'crmd', user: 'hacluster', node: node.name })
    this.#cibStep(node, { kind: 'request', xml: request, isPrivileged: true, isInside: true })
  }

  #cibStep(node: ClusterNode, event: Parameters<CibCore['step']>[0]): void {
    for (const effect of node.cib.step(event, this.#instant())) {
      if (effect.kind === 'send') {
        const { xml: message, to } = effect
        const arrive = (): void => {
          for (const other of this.nodes.values()) {
            if (!this.sees(node.name, other.name) || (to !== undefined && to !== other.name)) continue
            this.#cibStep(other, { kind: 'message', from: node.name, isOwn: other === node, xml: message })
          }
        }
        this.later(0, () => this.#send(arrive))
      } else if (effect.kind === 'changed') {
        this.post(node.name, { kind: 'cib-changed', before: effect.change.before, after: effect.change.after })
      } else if (effect.kind === 'reply' && effect.clientId === 'crmd') {
        this.post(node.name, { kind: 'cib-answered', tag: Number(effect.callId), rc: effect.rc, data: effect.output })
      }
    }
    const { dueMs } = node.cib
    if (dueMs === undefined) node.timers.delete('cib')
    else node.timers.set('cib', dueMs)
  }

  /** Stands for the attribute manager: straight into the CIB. */
  #attribute(node: ClusterNode, name: string, value: string | undefined, host: string): void {
    const { uuid } = this.node(host)
    const pair = element('nvpair', { id: `status-${uuid}-${name.replace(/[#]/g, '.')}`, name, value })
    const set = element('instance_attributes', { id: `status-${uuid}` }, [pair])
    const data = element('status', {}, [
      element('node_state', { id: uuid }, [element('transient_attributes', { id: uuid }, [set])]),
    ])
    this.#cib(node, 0, { op: 'cib_modify', section: 'status', data, options: callOptions.canCreate })
  }

  #local(node: ClusterNode, effect: Extract<ControllerEffect, { readonly do: 'local' }>['effect']): void {
    const tell = (event: Extract<ControllerEvent, { readonly kind: 'local' }>['event']) =>
      this.post(node.name, { kind: 'local', event })
    switch (effect.do) {
      case 'spawn': {
        const { resource, action } = effect.run
        const planned = this.failures.get(`${node.name} ${resource.id} ${action}`)
        const code = planned ?? (action === 'monitor' && !node.running.has(resource.id) ? 7 : 0)
        if (planned === undefined && action === 'start') this.#started(node, resource.id)
        if (planned === undefined && action === 'stop') node.running.delete(resource.id)
        this.later(10 + this.delayMs(), () => {
          const end = { kind: 'exit', code } as const
          tell({ kind: 'executor', event: { kind: 'ended', callId: effect.callId, end, stdout: '', stderr: '' } })
        })
        return
      }
      case 'register':
      case 'operate':
      case 'unregister': {
        const { callId } = effect
        this.later(5, () => tell({ kind: 'executor', event: { kind: 'device', callId, outcome: fencingDone } }))
        return
      }
      case 'arm':
        node.timers.set(`agent|${effect.callId}|${effect.timer}`, this.nowMs + effect.afterMs)
        return
      case 'disarm':
        node.timers.delete(`agent|${effect.callId}|${effect.timer}`)
        return
      case 'learn':
        this.later(5, () => tell({ kind: 'metadata', agent: agentName(effect.resource), metadata: undefined }))
        return
      default:
        return
    }
  }

  #started(node: ClusterNode, resource: string): void {
    for (const other of this.nodes.values()) {
      if (other !== node && other.isUp && other.running.has(resource))
        this.doubleStarts.push(`${resource} on ${node.name} and ${other.name}`)
    }
    node.running.add(resource)
  }

  get dcs(): readonly string[] {
    return [...this.nodes.values()].filter((node) => node.isUp && isDc(node.controller)).map((node) => node.name)
  }

  where(resource: string): readonly string[] {
    return [...this.nodes.values()].filter((node) => node.isUp && node.running.has(resource)).map((node) => node.name)
  }

  phases(): readonly string[] {
    return [...this.nodes.values()].filter((node) => node.isUp).map((node) => node.controller.phase)
  }

  /** Changes the CIB as an administrator would. */
  configure(node: string, section: string, data: string): void {
    this.#cib(this.node(node), 0, { op: 'cib_modify', section, data: documentOf(data), options: callOptions.canCreate })
  }
}

function cibOf(localName: string, cib: XmlElement): CibCore {
  return new CibCore({ localName, cib, status: 0, isValid: () => true, localTime: () => 'now' })
}
