import fs from 'node:fs'
import path from 'node:path'
import { parseXml } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { type Graph, parseDurationMs, unpackGraph } from './graph.ts'
import { expectsDown, newTransition, stepTransition, type TransitionEffect } from './transition.ts'
import { formatTransitionKey, parseTransitionKey, parseTransitionMagic } from './transition-key.ts'

const shared = process.env['QUORATE_SHARED'] ?? path.resolve(import.meta.dirname, '../../../../../shared')
const suite = path.join(shared, 'suites/scheduler-2.1.5')

function graphOf(text: string): Graph {
  const xml = parseXml(text)
  if (!xml.ok) throw new Error(xml.error.reason)
  const graph = unpackGraph(xml.value)
  if (!graph.ok) throw new Error(graph.error)
  return graph.value
}

const start = (id: number, node: string, inputs: readonly number[] = [], priority = 0) =>
  `<synapse id="${id}" priority="${priority}"><action_set><rsc_op id="${id}" operation="start" operation_key="r${id}_start_0"
  on_node="${node}" on_node_uuid="${node.slice(1)}"><primitive id="r${id}"/><attributes CRM_meta_timeout="20000"/></rsc_op></action_set>
  <inputs>${inputs.map((input) => `<trigger><rsc_op id="${input}"/></trigger>`).join('')}</inputs></synapse>`

const graph = (inner: string, attributes = '') =>
  graphOf(`<transition_graph cluster-delay="60s" transition_id="4" ${attributes}>${inner}</transition_graph>`)

const executed = (effects: readonly TransitionEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'execute' ? [effect.action.id] : []))
const end = (effects: readonly TransitionEffect[]) => effects.find((effect) => effect.do === 'finished')

describe('a graph', () => {
  test('runs actions when their inputs are done, and completes', () => {
    const run = newTransition(graph(start(1, 'n1') + start(2, 'n2', [1])))
    const first = stepTransition(run, { kind: 'run' })
    expect(executed(first)).toEqual([1])
    expect(first).toContainEqual({ do: 'arm', action: 1, afterMs: 80_000 })
    const second = stepTransition(run, { kind: 'confirmed', action: 1, isFailed: false })
    expect(executed(second)).toEqual([2])
    const third = stepTransition(run, { kind: 'confirmed', action: 2, isFailed: false })
    expect(end(third)).toMatchObject({ end: 'complete', completion: 'done', counts: { complete: 2, incomplete: 0 } })
  })

  test('an empty graph completes at once', () => {
    expect(end(stepTransition(newTransition(graph('')), { kind: 'run' }))).toMatchObject({ end: 'complete' })
  })

  test('a failure stops what depends on it and asks for a new graph, while what is in flight ends', () => {
    const run = newTransition(graph(start(1, 'n1') + start(2, 'n1', [1]) + start(3, 'n2')))
    stepTransition(run, { kind: 'run' })
    const effects = stepTransition(run, { kind: 'confirmed', action: 1, isFailed: true })
    expect(executed(effects)).toEqual([])
    expect(end(effects)).toBeUndefined()
    const last = stepTransition(run, { kind: 'confirmed', action: 3, isFailed: false })
    expect(end(last)).toMatchObject({ end: 'stopped', completion: 'restart', reason: 'Event failed' })
  })

  const stonith = (attributes: string) =>
    `<synapse id="1"><action_set><crm_event id="1" operation="stonith" operation_key="stonith-n2-reboot" on_node="n2"
    on_node_uuid="2"><attributes CRM_meta_stonith_action="reboot" ${attributes}/><downed><node id="2"/></downed></crm_event>
    </action_set><inputs/></synapse>`

  test('nothing runs behind a fencing that failed, whatever attributes its node has', () => {
    const run = newTransition(
      graph(
        stonith('CRM_meta_on_fail="ignore" CRM_meta_can_fail="true"') + start(2, 'n1', [1]),
        'stonith-timeout="30s"',
      ),
    )
    expect(executed(stepTransition(run, { kind: 'run' }))).toEqual([1])
    const effects = stepTransition(run, { kind: 'confirmed', action: 1, isFailed: true, onFailure: 'wait' })
    expect(executed(effects)).toEqual([])
    expect(end(effects)).toMatchObject({ end: 'stopped', completion: 'wait' })
  })

  test('a fencing is waited for much longer than the cluster gives it, and its delay', () => {
    const run = newTransition(graph(stonith('CRM_meta_priority_fencing_delay="15"'), 'stonith-timeout="30s"'))
    expect(stepTransition(run, { kind: 'run' })).toContainEqual({ do: 'arm', action: 1, afterMs: 675_000 })
  })

  test('a node that is being fenced is not down before the fencing has succeeded', () => {
    const run = newTransition(graph(stonith('') + start(2, 'n1', [1])))
    expect(expectsDown(run, '2')).toBeUndefined()
    stepTransition(run, { kind: 'run' })
    expect(expectsDown(run, '2')).toBe('fencing')
    expect(executed(stepTransition(run, { kind: 'node-lost', nodeUuid: '2' }))).toEqual([])
    expect(executed(stepTransition(run, { kind: 'confirmed', action: 1, isFailed: false }))).toEqual([2])
    expect(expectsDown(run, '2')).toBe('expected')
    const failing = newTransition(graph(stonith('')))
    stepTransition(failing, { kind: 'run' })
    stepTransition(failing, { kind: 'confirmed', action: 1, isFailed: true })
    expect(expectsDown(failing, '2')).toBeUndefined()
  })

  test('only synapses of priority INFINITY run behind a failure', () => {
    const run = newTransition(graph(start(1, 'n1') + start(2, 'n1', [1], 1_000_000)))
    stepTransition(run, { kind: 'run' })
    expect(executed(stepTransition(run, { kind: 'confirmed', action: 1, isFailed: true }))).toEqual([2])
  })

  test('an abort starts nothing below its priority and keeps the strongest completion', () => {
    const run = newTransition(graph(start(1, 'n1') + start(2, 'n1', [1])))
    stepTransition(run, { kind: 'run' })
    stepTransition(run, { kind: 'abort', priority: 1_000_000, completion: 'shutdown', reason: 'a' })
    stepTransition(run, { kind: 'abort', priority: 1, completion: 'restart', reason: 'b' })
    const last = stepTransition(run, { kind: 'confirmed', action: 1, isFailed: false })
    expect(end(last)).toMatchObject({ end: 'stopped', completion: 'shutdown', counts: { skipped: 1 } })
  })

  test('an action without an answer is lost', () => {
    const run = newTransition(graph(start(1, 'n1')))
    stepTransition(run, { kind: 'run' })
    const effects = stepTransition(run, { kind: 'overdue', action: 1 })
    expect(effects.map((effect) => effect.do)).toEqual(['lost', 'aborted', 'finished'])
  })

  test('the loss of a node fails its actions only', () => {
    const run = newTransition(graph(start(1, 'n1') + start(2, 'n2')))
    stepTransition(run, { kind: 'run' })
    stepTransition(run, { kind: 'abort', priority: 1_000_000, completion: 'restart', reason: 'Node failure' })
    expect(stepTransition(run, { kind: 'node-lost', nodeUuid: '1' })).toEqual([{ do: 'disarm', action: 1 }])
    expect(end(stepTransition(run, { kind: 'confirmed', action: 2, isFailed: false }))).toMatchObject({
      completion: 'restart',
    })
  })

  test('batch-limit and the limit of a node hold actions back', () => {
    const batch = newTransition(graph(start(1, 'n1') + start(2, 'n2') + start(3, 'n3'), 'batch-limit="2"'))
    expect(executed(stepTransition(batch, { kind: 'run' }))).toEqual([1, 2])
    expect(executed(stepTransition(batch, { kind: 'confirmed', action: 1, isFailed: false }))).toEqual([3])
    const node = newTransition(graph(start(1, 'n1') + start(2, 'n1') + start(3, 'n2')))
    expect(executed(stepTransition(node, { kind: 'limits', jobsMax: new Map([['n1', 1]]) }))).toEqual([1, 3])
  })

  test('a loop of inputs ends as terminated instead of waiting for ever', () => {
    const run = newTransition(graph(start(1, 'n1', [2]) + start(2, 'n1', [1])))
    expect(end(stepTransition(run, { kind: 'run' }))).toMatchObject({ end: 'terminated', counts: { incomplete: 2 } })
  })

  test('a graph of 30,000 actions runs in the time that its actions take', () => {
    const synapses = Array.from({ length: 30_000 }, (_, i) => {
      const xml = { name: 'rsc_op', attributes: [], children: [], text: '' }
      const node = `n${i % 16}`
      const action = { id: i, kind: 'rsc', task: 'monitor', key: '', node, nodeUuid: node, xml } as const
      const rest = { router: undefined, intervalMs: 0, timeoutMs: 0, resource: undefined, ignoresFailure: false }
      const actions = [{ ...action, ...rest, isUnattended: false, downed: [] }]
      return { id: i, priority: 0, actions, inputs: i < 16 ? [] : [i - 16] }
    })
    const run = newTransition({ ...graph(''), synapses })
    const began = performance.now()
    let effects = stepTransition(run, { kind: 'limits', jobsMax: new Map(synapses.map((_, i) => [`n${i % 16}`, 4])) })
    const open = [...executed(effects)]
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      effects = stepTransition(run, { kind: 'confirmed', action: id, isFailed: false })
      open.push(...executed(effects))
    }
    expect(end(effects)).toMatchObject({ end: 'complete', counts: { complete: 30_000 } })
    // Generous for a slow and loaded machine; what grows with the square of the graph takes minutes here.
    expect(performance.now() - began).toBeLessThan(40_000)
  })

  test.skipIf(!fs.existsSync(suite))('every graph of the scheduler suite runs to its end (needs ../shared)', () => {
    const names = fs.readdirSync(suite).filter((name) => name.endsWith('.exp'))
    expect(names.length).toBeGreaterThan(600)
    for (const name of names) {
      const run = newTransition(graphOf(fs.readFileSync(path.join(suite, name), 'utf8')))
      let effects = stepTransition(run, { kind: 'run' })
      const open = executed(effects)
      for (let id = open.shift(); id !== undefined; id = open.shift()) {
        effects = stepTransition(run, { kind: 'confirmed', action: id, isFailed: false })
        open.push(...executed(effects))
      }
      expect(end(effects), name).toMatchObject({ end: 'complete', counts: { incomplete: 0, skipped: 0 } })
    }
  })
})

describe('reading', () => {
  test('keys and magic', () => {
    const key = '2:3:7:0cd2311d-d03f-4b5a-ac05-97e34ecfef79'
    const read = parseTransitionKey(key)
    expect(read).toMatchObject({ action: 2, transition: 3, targetRc: 7 })
    expect(read && formatTransitionKey(read)).toBe(key)
    expect(parseTransitionMagic(`-1:193;${key}`)).toMatchObject({ status: -1, rc: 193, key: { transition: 3 } })
    expect(parseTransitionMagic('0:0')).toBeUndefined()
    expect(parseTransitionKey('1:2:3')).toBeUndefined()
  })

  test('durations', () => {
    expect(['60s', '20', '2min', '100ms', '1h', ''].map(parseDurationMs)).toEqual([
      60_000,
      20_000,
      120_000,
      100,
      3_600_000,
      undefined,
    ])
  })

  test('a broken graph is refused with its place', () => {
    const read = (text: string) => {
      const xml = parseXml(text)
      return xml.ok ? unpackGraph(xml.value) : xml
    }
    expect(read('<x/>')).toEqual({ ok: false, error: 'expected <transition_graph>, got <x>' })
    expect(read('<transition_graph><synapse id="7"/></transition_graph>')).toEqual({
      ok: false,
      error: 'synapse 7 has no action',
    })
  })
})
