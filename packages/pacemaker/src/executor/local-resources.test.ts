import { monoMs } from '@quorate/base'
import { parseXml, writeXml, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import {
  activeResources,
  type LocalEffect,
  type LocalEvent,
  localHistory,
  newLocalResources,
  stepLocal,
} from './local-resources.ts'

const uuid = '0cd2311d-d03f-4b5a-ac05-97e34ecfef79'
const now = { monoMs: monoMs(0), epochS: 1_700_000_000 }
const dc = { node: 'n1', system: 'tengine' }

function xml(text: string): XmlElement {
  const read = parseXml(text)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const op = (operation: string, attributes = '', type = 'Dummy') =>
  xml(`<rsc_op id="1" operation="${operation}" operation_key="d1_${operation}_0" on_node="n2" on_node_uuid="2"
    transition-key="1:2:0:${uuid}"><primitive id="d1" class="ocf" provider="pacemaker" type="${type}"/>
    <attributes CRM_meta_timeout="20000" crm_feature_set="3.16.1" ${attributes}/></rsc_op>`)

function bench() {
  const local = newLocalResources({ id: '2', uname: 'n2' })
  local.mayAct = true
  const send = (event: LocalEvent) => stepLocal(local, event, now)
  return {
    local,
    send,
    order: (operation: string, attributes = '') =>
      send({ kind: 'order', task: 'lrm_invoke', op: op(operation, attributes), requester: dc }),
    end: (callId: number, code: number) =>
      send({
        kind: 'executor',
        event: { kind: 'ended', callId, end: { kind: 'exit', code }, stdout: '', stderr: 'ocf-exit-reason:no\n' },
      }),
    known: () =>
      send({ kind: 'metadata', agent: 'ocf:pacemaker:Dummy', metadata: { restarting: ['state'], secret: [] } }),
  }
}

const records = (effects: readonly LocalEffect[]) =>
  effects.flatMap((effect) => (effect.do === 'record' ? [writeXml(effect.update)] : []))
const kinds = (effects: readonly LocalEffect[]) => effects.map((effect) => effect.do).filter((kind) => kind !== 'log')

describe("this node's resources", () => {
  test('record an operation as pending, run it, and record its result once the meta-data is known', () => {
    const { order, end, known } = bench()
    const ordered = order('start')
    expect(kinds(ordered)).toEqual(['learn', 'record', 'spawn', 'arm'])
    expect(records(ordered)[0]).toContain('transition-magic="-1:193;1:2:0:')
    expect(records(end(1, 0))).toEqual([])
    const written = records(known())
    expect(written[0]).toContain('op-force-restart="  state  "')
    expect(written[0]).toContain('<status><node_state id="2" uname="n2" crm-debug-origin="do_update_resource">')
  })

  test('start nothing before the node has joined, and nothing while it shuts down, but always stop', () => {
    const { local, order } = bench()
    local.mayAct = false
    const refused = order('monitor')
    expect(kinds(refused)).toEqual(['answer'])
    expect(refused.some((effect) => effect.do === 'answer' && writeXml(effect.update).includes('op-status="9"'))).toBe(
      true,
    )
    expect(kinds(order('stop'))).toContain('spawn')
    local.mayAct = true
    local.isShuttingDown = true
    expect(kinds(order('start'))).toEqual(['answer'])
  })

  test('a cancel that was ordered erases the entry; one that comes with a stop does not', () => {
    const { order, end, known } = bench()
    order('monitor', 'CRM_meta_interval="10000"')
    end(1, 0)
    known()
    const effects = order('cancel', 'CRM_meta_operation="monitor" CRM_meta_interval="10000"')
    expect(effects).toContainEqual({
      do: 'erase',
      xpath: "//node_state[@uname='n2']/lrm/lrm_resources/lrm_resource[@id='d1']/lrm_rsc_op[@id='d1_monitor_10000']",
    })
    expect(kinds(order('cancel', 'CRM_meta_operation="monitor" CRM_meta_interval="10000"'))).toEqual([
      'erase',
      'answer',
    ])
    order('monitor', 'CRM_meta_interval="10000"')
    end(4, 0)
    expect(kinds(order('stop'))).toEqual(['disarm', 'alert', 'record', 'spawn', 'arm'])
  })

  test('what is under way belongs to what the DC is told at a join, until it has ended', () => {
    const { local, order, end, known } = bench()
    order('monitor')
    known()
    end(1, 0)
    order('start')
    const told = () =>
      localHistory(local)
        .map((item) => writeXml(item))
        .join('')
    expect(told()).toContain('operation="start"')
    expect(told()).toContain('transition-magic="-1:193;1:2:0:')
    expect(told()).not.toContain('operation="monitor"')
    end(2, 0)
    expect(told()).toContain('transition-magic="0:0;1:2:0:')
  })

  test('what was recorded after the DC was told of all is recorded once more when it has written that down', () => {
    const { local, send, order, end, known } = bench()
    order('start')
    known()
    localHistory(local)
    end(1, 0)
    const repeated = records(send({ kind: 'rewritten' }))
    expect(repeated).toHaveLength(1)
    expect(repeated[0]).toContain('transition-magic="0:0;1:2:0:')
    expect(send({ kind: 'rewritten' })).toEqual([])
    localHistory(local)
    order('lrm_delete')
    expect(kinds(send({ kind: 'rewritten' }))).toEqual(['erase'])
  })

  test('a failure is told with its reason', () => {
    const { order, end, known } = bench()
    order('start')
    known()
    const effects = end(1, 1)
    expect(effects).toContainEqual({
      do: 'log',
      level: 'error',
      text: 'Result of start operation for d1 on n2: error (no)',
    })
    expect(records(effects)[0]).toMatch(/d1_last_failure_0.*exit-reason="no".*d1_last_0/)
  })

  test('know what runs', () => {
    const { local, order, end, known } = bench()
    order('monitor')
    known()
    end(1, 7)
    expect(activeResources(local)).toEqual([])
    order('start')
    known()
    end(2, 0)
    expect(activeResources(local)).toEqual(['d1'])
    order('stop')
    end(3, 0)
    expect(activeResources(local)).toEqual([])
  })

  test('forget a resource at a clean-up, and have the DC look anew', () => {
    const { send, order, end, known } = bench()
    order('start')
    known()
    end(1, 0)
    const requester = { node: 'n1', system: 'f4ea25d2' }
    const effects = send({ kind: 'order', task: 'lrm_delete', op: op('x'), requester })
    expect(kinds(effects)).toEqual(['erase', 'answer', 'refreshed'])
  })

  test('forget nothing for a user who is not allowed to, and say so', () => {
    const { send, order, end, known, local } = bench()
    order('start')
    known()
    end(1, 0)
    const requester = { node: 'n1', system: 'f4ea25d2' }
    const effects = send({ kind: 'order', task: 'lrm_delete', op: op('x'), requester, isDenied: true })
    expect(kinds(effects)).toEqual(['answer'])
    expect(JSON.stringify(effects)).toContain('"rc-code","4"')
    expect(activeResources(local)).toEqual(['d1'])
  })

  test('wind down: nothing recurs, and quiet follows the last agent', () => {
    const { send, order, end, known } = bench()
    order('start')
    known()
    expect(kinds(send({ kind: 'wind-down' }))).toEqual([])
    expect(kinds(end(1, 0))).toEqual(['disarm', 'alert', 'record', 'quiet'])
  })

  test('an order without a proper resource is refused', () => {
    const { send } = bench()
    const broken = xml('<rsc_op operation="start" transition-key="1:1:0:x"><primitive id="../x" class="ocf"/></rsc_op>')
    const effects = send({ kind: 'order', task: 'lrm_invoke', op: broken, requester: dc })
    expect(kinds(effects)).toEqual(['answer'])
  })
})

test('a fencing device is described like an agent, watched in its own time, and nothing that runs here', () => {
  const { send, local } = bench()
  const done = { execution: 0, exitStatus: 0, reason: undefined }
  const device = (operation: string, attributes: string) =>
    send({
      kind: 'order',
      task: 'lrm_invoke',
      requester: dc,
      op: xml(`<rsc_op id="1" operation="${operation}" operation_key="f_${operation}_0" on_node="n2" on_node_uuid="2"
        transition-key="1:2:0:${uuid}"><primitive id="f" class="stonith" type="fence_xvm"/>
        <attributes CRM_meta_timeout="20000" pcmk_monitor_timeout="7s" ${attributes}/></rsc_op>`),
    })
  const answer = (callId: number) => send({ kind: 'executor', event: { kind: 'device', callId, outcome: done } })
  expect(kinds(device('start', ''))).toEqual(['learn', 'record', 'register'])
  expect(answer(1)).toContainEqual({ do: 'operate', callId: 1, device: 'f', timeoutMs: 20_000 })
  answer(1)
  const metadata = { restarting: undefined, secret: ['passwd'] }
  const written = records(send({ kind: 'metadata', agent: 'stonith:fence_xvm', metadata }))
  expect(written[0]).toContain('op-secure-params="  passwd  "')
  expect(device('monitor', 'CRM_meta_interval="60000"')).toContainEqual({
    do: 'operate',
    callId: 2,
    device: 'f',
    timeoutMs: 7_000,
  })
  expect(local.executor.devices.has('f')).toBe(true)
  expect(activeResources(local)).toEqual([])
})
