import { monoMs } from '@quorate/base'
import { emptyCib } from '@quorate/cib'
import { attr, child, childrenNamed, descendants, element, idOf, parseXml, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { CibCore } from '../cib-manager/cib-core.ts'
import { callOptions } from '../cib-manager/service.ts'
import type { ExecutorTimer } from '../executor/executor.ts'
import { cibCommand, withOrigin } from '../messages/cib-message.ts'
import { routeCrmMessage } from '../messages/crmd-route.ts'
import { stepController } from './controller.ts'
import { type ControllerEffect, type ControllerEvent, type ControllerState, isDc, newController } from './state.ts'

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const epochS = 1_795_000_000

/** A node: controller and CIB manager, and what its agents have started. */
type Node = {
  readonly name: string
  readonly uuid: string
  controller: ControllerState
  readonly cib: CibCore
  readonly running: Set<string>
  isUp: boolean
  exitCode: number | undefined
  readonly timers: Map<string, number>
  readonly log: string[]
}

type Work = { readonly atMs: number; readonly seq: number; readonly run: () => void }

/** A cluster of values: one clock, one total order, agents that do as they are told, and a scheduler of a few lines. */
class TestCluster {
  readonly nodes = new Map<string, Node>()
  readonly #work: Work[] = []
  #seq = 0
  nowMs = 1_000
  /** Nodes by partition; those with the same number see each other. */
  readonly side = new Map<string, number>()
  /** Agents that fail: `NODE RESOURCE ACTION` to exit code. */
  readonly failures = new Map<string, number>()
  /** Most starts of one resource at a time, over all. */
  readonly doubleStarts: string[] = []

  constructor(names: readonly string[], configuration = '') {
    const configuredNodes = names.map((uname, i) => ({ uname, uuid: String(i + 1) }))
    for (const { uname, uuid } of configuredNodes) {
      const empty = emptyCib(0)
      const cib = configuration === '' ? empty : xml(configuration)
      this.nodes.set(uname, {
        name: uname,
        uuid,
        controller: newController({
          uname,
          uuid,
          featureSet: '3.16.1',
          dcVersion: '2.1.5-quorate',
          clusterName: 'test',
          configuredNodes,
          transitionUuid: `0000000${uuid}-0000-0000-0000-000000000000`,
          processors: 2,
        }),
        cib: new CibCore({ localName: uname, cib, status: 0, isValid: () => true, localTime: () => 'now' }),
        running: new Set(),
        isUp: false,
        exitCode: undefined,
        timers: new Map(),
        log: [],
      })
    }
  }

  node(name: string): Node {
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
    for (const name of names) this.post(name, { kind: 'started', cib: this.node(name).cib.cib })
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
      if (this.node(name).isUp) this.post(name, this.#view(name))
    }
  }

  #view(name: string): ControllerEvent {
    const peers = [...this.nodes.values()].map((node) => {
      const isThere = this.sees(name, node.name)
      return { uuid: node.uuid, uname: node.name, isMember: isThere, hasController: isThere }
    })
    const there = peers.filter((peer) => peer.isMember).length
    return { kind: 'peers', peers, isQuorate: there * 2 > this.nodes.size }
  }

  sees(a: string, b: string): boolean {
    return this.node(a).isUp && this.node(b).isUp && this.side.get(a) === this.side.get(b)
  }

  post(name: string, event: ControllerEvent): void {
    this.later(0, () => {
      const node = this.node(name)
      if (!node.isUp) return
      const now = { monoMs: monoMs(this.nowMs), epochS: epochS + Math.trunc(this.nowMs / 1000) }
      for (const effect of stepController(node.controller, event, now)) this.#perform(node, effect)
    })
  }

  later(afterMs: number, run: () => void): void {
    this.#seq += 1
    this.#work.push({ atMs: this.nowMs + afterMs, seq: this.#seq, run })
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

  #nextTimer(): { node: Node; name: string; atMs: number } | undefined {
    let found: { node: Node; name: string; atMs: number } | undefined
    for (const node of this.nodes.values()) {
      for (const [name, atMs] of node.timers) if (found === undefined || atMs < found.atMs) found = { node, name, atMs }
    }
    return found
  }

  #fire(node: Node, name: string): void {
    const [kind, callId, timer] = name.split('|')
    if (kind !== 'agent') {
      this.post(node.name, { kind: 'timer', timer: name as never, cpu: { ageS: 0, ageUs: 0 } })
      return
    }
    const event = { kind: 'timer', callId: Number(callId), timer: timer as ExecutorTimer } as const
    this.post(node.name, { kind: 'local', event: { kind: 'executor', event } })
  }

  #perform(node: Node, effect: ControllerEffect): void {
    const { controller } = node
    switch (effect.do) {
      case 'post': {
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
        const graph = toySchedule(node.cib.cib)
        this.later(1, () =>
          this.post(node.name, {
            kind: 'scheduled',
            token: effect.token,
            result: { ok: true, graph, inputFile: undefined },
          }),
        )
        return
      }
      case 'arm':
        node.timers.set(effect.timer, this.nowMs + effect.afterMs)
        return
      case 'disarm':
        node.timers.delete(effect.timer)
        return
      case 'local':
        this.#local(node, effect.effect)
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

  #instant() {
    return { monoMs: monoMs(this.nowMs), epochS }
  }

  #multicast(from: Node, message: XmlElement, to: string | undefined): void {
    for (const node of this.nodes.values()) {
      if ((to === undefined || to === node.name) && this.sees(from.name, node.name))
        this.#deliver(node, from.name, message)
    }
  }

  #deliver(node: Node, from: string, message: XmlElement): void {
    const host = attr(message, 'crm_host_to')
    if (host !== undefined && host !== node.name) return
    this.post(node.name, { kind: 'message', from, xml: message, cpu: { ageS: 0, ageUs: Number(node.uuid) } })
  }

  #cib(node: Node, tag: number, call: Extract<ControllerEffect, { readonly do: 'cib' }>['call']): void {
    const { op, section, options, data, host } = call
    const command = cibCommand({ clientId: 'crmd', callId: tag, op, section, options: options ?? 0, data, host })
    const request = withOrigin(command, { id: 'crmd', name: 'crmd', user: 'hacluster', node: node.name })
    this.#cibStep(node, { kind: 'request', xml: request, isPrivileged: true, isInside: true })
  }

  #cibStep(node: Node, event: Parameters<CibCore['step']>[0]): void {
    for (const effect of node.cib.step(event, this.#instant())) {
      if (effect.kind === 'send') {
        const { xml: message, to } = effect
        this.later(0, () => {
          for (const other of this.nodes.values()) {
            if (!this.sees(node.name, other.name) || (to !== undefined && to !== other.name)) continue
            this.#cibStep(other, { kind: 'message', from: node.name, isOwn: other === node, xml: message })
          }
        })
      } else if (effect.kind === 'changed') {
        this.post(node.name, { kind: 'cib-changed', before: effect.change.before, after: effect.change.after })
      } else if (effect.kind === 'reply' && effect.clientId === 'crmd') {
        this.post(node.name, { kind: 'cib-answered', tag: Number(effect.callId), rc: effect.rc, data: effect.output })
      }
    }
  }

  /** Stands for the attribute manager: straight into the CIB. */
  #attribute(node: Node, name: string, value: string | undefined, host: string): void {
    const { uuid } = this.node(host)
    const pair = element('nvpair', { id: `status-${uuid}-${name.replace(/[#]/g, '.')}`, name, value })
    const set = element('instance_attributes', { id: `status-${uuid}` }, [pair])
    const data = element('status', {}, [
      element('node_state', { id: uuid }, [element('transient_attributes', { id: uuid }, [set])]),
    ])
    this.#cib(node, 0, { op: 'cib_modify', section: 'status', data, options: callOptions.canCreate })
  }

  #local(node: Node, effect: Extract<ControllerEffect, { readonly do: 'local' }>['effect']): void {
    const tell = (event: Extract<ControllerEvent, { readonly kind: 'local' }>['event']) =>
      this.post(node.name, { kind: 'local', event })
    switch (effect.do) {
      case 'spawn': {
        const { resource, action } = effect.run
        const planned = this.failures.get(`${node.name} ${resource.id} ${action}`)
        const code = planned ?? (action === 'monitor' && !node.running.has(resource.id) ? 7 : 0)
        if (planned === undefined && action === 'start') this.#started(node, resource.id)
        if (planned === undefined && action === 'stop') node.running.delete(resource.id)
        this.later(10, () => {
          const end = { kind: 'exit', code } as const
          tell({ kind: 'executor', event: { kind: 'ended', callId: effect.callId, end, stdout: '', stderr: '' } })
        })
        return
      }
      case 'arm':
        node.timers.set(`agent|${effect.callId}|${effect.timer}`, this.nowMs + effect.afterMs)
        return
      case 'disarm':
        node.timers.delete(`agent|${effect.callId}|${effect.timer}`)
        return
      case 'learn':
        this.later(5, () => tell({ kind: 'metadata', agent: 'ocf:quorate:test', metadata: undefined }))
        return
      default:
        return
    }
  }

  #started(node: Node, resource: string): void {
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
    this.#cib(this.node(node), 0, { op: 'cib_modify', section, data: xml(data), options: callOptions.canCreate })
  }
}

/**
 * Probes every resource on every node, then runs each on the first node that may run it: enough of a scheduler to see
 * the controllers work.
 */
function toySchedule(cib: XmlElement): XmlElement {
  const configuration = child(cib, 'configuration')
  const resources = configuration === undefined ? [] : (child(configuration, 'resources')?.children ?? [])
  const states = childrenNamed(child(cib, 'status') ?? cib, 'node_state')
  const isQuorate = attr(cib, 'have-quorum') === '1'
  const isOnline = (state: XmlElement) =>
    attr(state, 'in_ccm') === 'true' && attr(state, 'crmd') === 'online' && attr(state, 'join') === 'member'
  const online = states.filter(isOnline)
  const isLeaving = (state: XmlElement) =>
    [...descendants(state)].some(
      (item) => item.name === 'nvpair' && attr(item, 'name') === 'shutdown' && attr(item, 'value') !== '0',
    )
  const failed = (state: XmlElement, id: string) =>
    [...descendants(state)].some((item) => item.name === 'nvpair' && attr(item, 'name') === `fail-count-${id}#start_0`)
  const synapses: XmlElement[] = []
  let ids = 0
  const add = (
    state: XmlElement,
    primitive: XmlElement,
    operation: string,
    rc: number,
    inputs: readonly number[],
  ): number => {
    ids += 1
    const key = `${idOf(primitive)}_${operation}_0`
    const action = element(
      'rsc_op',
      { id: String(ids), operation, operation_key: key, on_node: attr(state, 'uname'), on_node_uuid: idOf(state) },
      [
        element('primitive', { id: idOf(primitive), class: 'ocf', provider: 'quorate', type: 'test' }),
        element('attributes', {
          CRM_meta_timeout: '20000',
          CRM_meta_op_target_rc: String(rc),
          crm_feature_set: '3.16.1',
        }),
      ],
    )
    const triggers = inputs.map((input) => element('trigger', {}, [element('rsc_op', { id: String(input) })]))
    synapses.push(
      element('synapse', { id: String(ids) }, [element('action_set', {}, [action]), element('inputs', {}, triggers)]),
    )
    return ids
  }
  const last = (state: XmlElement, id: string) =>
    [...descendants(state)].find((item) => item.name === 'lrm_rsc_op' && idOf(item) === `${id}_last_0`)
  const stops = new Map<string, number[]>()
  for (const primitive of resources) {
    const id = idOf(primitive)
    const isUp = (state: XmlElement) => {
      const op = last(state, id)
      return op !== undefined && attr(op, 'operation') !== 'stop' && attr(op, 'rc-code') === '0'
    }
    const may = (state: XmlElement) => isQuorate && !isLeaving(state) && !failed(state, id)
    const target = online.find((state) => may(state) && isUp(state)) ?? online.find(may)
    const before = online
      .filter((state) => last(state, id) === undefined)
      .map((state) => add(state, primitive, 'monitor', 7, []))
    for (const state of online) {
      const op = last(state, id)
      const isBroken = op !== undefined && attr(op, 'operation') === 'start' && attr(op, 'rc-code') !== '0'
      if ((isUp(state) && state !== target) || isBroken) {
        const stop = add(state, primitive, 'stop', 0, before)
        stops.set(idOf(state), [...(stops.get(idOf(state)) ?? []), stop])
        before.push(stop)
      }
    }
    if (target !== undefined && !isUp(target)) add(target, primitive, 'start', 0, before)
  }
  for (const state of online.filter(isLeaving)) {
    ids += 1
    const event = element(
      'crm_event',
      { id: String(ids), operation: 'do_shutdown', on_node: attr(state, 'uname'), on_node_uuid: idOf(state) },
      [
        element('attributes', { CRM_meta_op_no_wait: 'true' }),
        element('downed', {}, [element('node', { id: idOf(state) })]),
      ],
    )
    const triggers = (stops.get(idOf(state)) ?? []).map((input) =>
      element('trigger', {}, [element('rsc_op', { id: String(input) })]),
    )
    synapses.push(
      element('synapse', { id: String(ids) }, [element('action_set', {}, [event]), element('inputs', {}, triggers)]),
    )
  }
  return element('transition_graph', { 'cluster-delay': '60s', 'failed-start-offset': 'INFINITY' }, synapses)
}

const two = `<cib admin_epoch="0" epoch="5" num_updates="0" validate-with="none" crm_feature_set="3.16.1"><configuration><crm_config/><nodes/>
  <resources><primitive id="a" class="ocf" provider="quorate" type="test"/><primitive id="b" class="ocf" provider="quorate" type="test"/>
  </resources><constraints/></configuration><status/></cib>`

function running(names: readonly string[] = ['n1', 'n2', 'n3']): TestCluster {
  const cluster = new TestCluster(names, two)
  cluster.up(...names)
  cluster.run()
  return cluster
}

describe('a cluster of controllers', () => {
  test('elects one DC at once when every configured node is there, joins, and starts resources', () => {
    const cluster = running()
    expect(cluster.dcs).toHaveLength(1)
    expect([...cluster.phases()].sort()).toEqual(['S_IDLE', 'S_NOT_DC', 'S_NOT_DC'])
    expect(cluster.nowMs).toBeLessThan(2_000)
    expect(cluster.where('a')).toHaveLength(1)
    const digests = new Set([...cluster.nodes.values()].map((node) => node.cib.digest()))
    expect(digests.size).toBe(1)
  })

  test('waits dc-deadtime for nodes that are not there', () => {
    const cluster = new TestCluster(['n1', 'n2', 'n3'], two)
    cluster.up('n1', 'n2')
    cluster.run(19_000)
    expect(cluster.dcs).toEqual([])
    cluster.run(2_000)
    expect(cluster.dcs).toHaveLength(1)
    cluster.run(1_000)
    expect(cluster.where('a')).toHaveLength(1)
  })

  test('takes in a node that comes later, without a new election', () => {
    const cluster = new TestCluster(['n1', 'n2', 'n3'], two)
    cluster.up('n1', 'n2')
    cluster.run(25_000)
    const [dc] = cluster.dcs
    cluster.up('n3')
    cluster.run(100)
    cluster.run()
    expect(cluster.dcs).toEqual([dc])
    expect(cluster.node('n3').controller.phase).toBe('S_NOT_DC')
  })

  test.each(['dc', 'other'])('recovers resources when a node dies (%s)', (which) => {
    const cluster = running()
    const [dc] = cluster.dcs
    const victim = which === 'dc' ? (dc as string) : (['n1', 'n2', 'n3'].find((name) => name !== dc) as string)
    cluster.kill(victim)
    const from = cluster.nowMs
    cluster.run()
    expect(cluster.dcs).toHaveLength(1)
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.where('a')).not.toEqual([victim])
    expect(cluster.nowMs - from).toBeLessThan(200)
    expect(cluster.doubleStarts).toEqual([])
  })

  test('a node that is cut off stops what it runs, and comes back in when the ring heals', () => {
    const cluster = running()
    const [alone] = cluster.where('a')
    const others = ['n1', 'n2', 'n3'].filter((name) => name !== alone)
    cluster.split([alone as string], others)
    cluster.run()
    expect(cluster.node(alone as string).running.size).toBe(0)
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.dcs).toHaveLength(2)
    cluster.split(['n1', 'n2', 'n3'])
    cluster.run(10_000)
    expect(cluster.dcs).toHaveLength(1)
    expect([...cluster.phases()].sort()).toEqual(['S_IDLE', 'S_NOT_DC', 'S_NOT_DC'])
    expect(cluster.where('a')).toHaveLength(1)
  })

  test.each(['dc', 'other'])(
    'a node that is asked to stop is emptied first, and leaves with exit code 0 (%s)',
    (which) => {
      const cluster = running()
      const [dc] = cluster.dcs
      const name = which === 'dc' ? (dc as string) : (['n1', 'n2', 'n3'].find((other) => other !== dc) as string)
      cluster.post(name, { kind: 'shutdown' })
      cluster.run()
      expect(cluster.node(name).exitCode).toBe(0)
      expect(cluster.node(name).running.size).toBe(0)
      expect(cluster.dcs).toHaveLength(1)
      expect(cluster.where('a')).toHaveLength(1)
      expect(cluster.node(name).log.filter((line) => line.startsWith('crit'))).toEqual([])
    },
  )

  test('all nodes can stop at once', () => {
    const cluster = running()
    for (const name of cluster.nodes.keys()) cluster.post(name, { kind: 'shutdown' })
    cluster.run()
    cluster.run(60_000)
    expect([...cluster.nodes.values()].map((node) => node.exitCode)).toEqual([0, 0, 0])
    expect([...cluster.nodes.values()].every((node) => node.running.size === 0)).toBe(true)
  })

  test('a single node leads itself', () => {
    const cluster = running(['n1'])
    expect(cluster.dcs).toEqual(['n1'])
    expect(cluster.where('a')).toEqual(['n1'])
  })

  test('a start that fails is counted, cleaned up and tried elsewhere', () => {
    const cluster = new TestCluster(['n1', 'n2', 'n3'], two)
    for (const name of ['n1', 'n2']) cluster.failures.set(`${name} a start`, 1)
    cluster.up('n1', 'n2', 'n3')
    cluster.run()
    expect(cluster.where('a')).toEqual(['n3'])
    const names = [...descendants(cluster.node('n1').cib.cib)].flatMap((item) => attr(item, 'name') ?? [])
    expect(names.filter((name) => name === 'fail-count-a#start_0').length).toBeGreaterThan(0)
  })

  test('losing the ring stops everything here before the node goes, newest first', () => {
    const cluster = running(['n1'])
    cluster.post('n1', { kind: 'ring-lost', reason: 'corosync has gone' })
    cluster.run()
    const node = cluster.node('n1')
    expect(node.exitCode).toBe(102)
    expect(node.running.size).toBe(0)
    expect(node.log.filter((line) => line.startsWith('warning: Stopping'))).toEqual([
      'warning: Stopping b: this node has lost its ring',
      'warning: Stopping a: this node has lost its ring',
    ])
  })

  test('a graph that needs fencing is not taken for fenced', () => {
    const cluster = running(['n1'])
    const node = cluster.node('n1')
    cluster.post('n1', { kind: 'timer', timer: 'recheck', cpu: { ageS: 0, ageUs: 0 } })
    const graph =
      xml(`<transition_graph cluster-delay="60s"><synapse id="0"><action_set><crm_event id="1" operation="stonith"
      operation_key="stonith-n2-reboot" on_node="n2" on_node_uuid="2"/></action_set><inputs/></synapse>
      <synapse id="1"><action_set><rsc_op id="2" operation="start" operation_key="x_start_0" on_node="n1" on_node_uuid="1">
      <primitive id="x" class="ocf" provider="quorate" type="test"/><attributes/></rsc_op></action_set>
      <inputs><trigger><crm_event id="1"/></trigger></inputs></synapse></transition_graph>`)
    cluster.later(0, () => {
      const token = node.controller.scheduleToken ?? -1
      cluster.post('n1', { kind: 'scheduled', token, result: { ok: true, graph, inputFile: undefined } })
    })
    cluster.run()
    expect(node.running.has('x')).toBe(false)
    expect(node.log.some((line) => line.startsWith('error: Cannot fence node n2'))).toBe(true)
    expect(node.controller.phase).toBe('S_IDLE')
  })
})
