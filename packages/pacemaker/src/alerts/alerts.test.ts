import { parseXml, type XmlElement } from '@quorate/xml'
import { describe, expect, it } from 'vitest'
import { alertEnded, alertsInFlightMax, alertsWaitingMax, newAlertQueue, sendAlerts } from './alert-core.ts'
import type { AlertEvent } from './alert-event.ts'
import { alertTimeoutMs, readAlerts } from './alert-list.ts'
import type { WallTime } from './timestamp.ts'

const at: WallTime = { epochS: 1_796_009_878, micros: 22_259, offsetS: 0, zone: 'UTC' }
const now = { epochSeconds: at.epochS, offsetSeconds: 0 }

function cibWith(alerts: string): XmlElement {
  const read = parseXml(`<cib><configuration><alerts>${alerts}</alerts></configuration></cib>`)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const value = (id: string, name: string, text: string) => `<nvpair id="${id}" name="${name}" value="${text}"/>`
const alert = (id: string, inner = '') => `<alert id="${id}" path="/a/${id}">${inner}</alert>`
const recipient = (id: string, inner = '') => `<recipient id="${id}" value="to-${id}">${inner}</recipient>`
const until2001 = (id: string) =>
  `<rule id="${id}" score="INFINITY"><date_expression id="${id}-d" operation="lt" end="2001-01-01"/></rule>`

const attribute = (name = 'wanted', text: string | undefined = '1'): AlertEvent => ({
  kind: 'attribute',
  node: 'n2',
  nodeId: '2',
  name,
  value: text,
})
const lost: AlertEvent = { kind: 'node', node: 'n2', nodeId: '2', state: 'lost' }
const result: AlertEvent = {
  kind: 'resource',
  node: 'n1',
  resource: 'd',
  task: 'monitor',
  intervalMs: 10_000,
  status: 1,
  rc: 0,
  targetRc: 0,
  execTimeMs: 12,
}
const fenced: AlertEvent = {
  kind: 'fencing',
  event: {
    operation: 'uuid',
    target: 'n2',
    action: 'reboot',
    executioner: 'n1',
    origin: 'n1',
    client: 'stonith_admin.7',
    outcome: { execution: 0, exitStatus: 0, reason: undefined },
  },
}

function runsOf(alerts: string, event: AlertEvent) {
  return sendAlerts(newAlertQueue(), readAlerts(cibWith(alerts), now), event, at).flatMap((effect) =>
    effect.do === 'run' ? [effect.run] : [],
  )
}

/** Variables of the one run, without those of the moment. */
function told(event: AlertEvent): Record<string, string> {
  const [run] = runsOf(
    alert('a', `<select><select_nodes/><select_fencing/><select_resources/><select_attributes/></select>`),
    event,
  )
  const all = Object.entries(run?.environment ?? {})
  const old = all.filter(([name]) => name.startsWith('CRM_notify_')).map(([name, text]) => [name.slice(11), text])
  const today = all.filter(([name]) => name.startsWith('CRM_alert_')).map(([name, text]) => [name.slice(10), text])
  expect(old).toEqual(today)
  return Object.fromEntries(today.filter(([name]) => !/^(version|node_sequence|timestamp)/.test(name ?? '')))
}

/** As agents of a real node were told. */
describe('an agent is told', () => {
  it('of nodes', () => expect(told(lost)).toEqual({ kind: 'node', node: 'n2', nodeid: '2', desc: 'lost' }))

  it('of results', () => {
    expect(told(result)).toEqual({
      kind: 'resource',
      node: 'n1',
      rsc: 'd',
      task: 'monitor',
      interval: '10000',
      desc: 'Cancelled',
      status: '1',
      rc: '0',
      target_rc: '0',
      exec_time: '12',
    })
    expect(told({ ...result, status: 0, rc: 7 })).toMatchObject({ desc: 'not running', rc: '7' })
    expect(told({ ...result, status: 7, rc: 5 })).toMatchObject({ desc: 'Not installed', rc: '5' })
  })

  it('of fencing, by whom and for whom', () => {
    expect(told(fenced)).toEqual({
      kind: 'fencing',
      node: 'n2',
      task: 'st_notify_fence',
      rc: '0',
      desc: 'Operation reboot of n2 by n1 for stonith_admin.7@n1: OK (ref=uuid)',
    })
    const outcome = { execution: 10, exitStatus: 1, reason: 'No fence device' }
    expect(told({ ...fenced, event: { ...fenced.event, executioner: undefined, outcome } })).toMatchObject({
      rc: '-19',
      desc: 'Operation reboot of n2 by the cluster for stonith_admin.7@n1: No fence device (ref=uuid)',
    })
  })

  it('of attributes, also when they are unset', () => {
    const expected = { kind: 'attribute', node: 'n2', nodeid: '2', attribute_name: 'wanted', attribute_value: '1' }
    expect(told(attribute())).toEqual(expected)
    expect(told({ ...attribute(), value: undefined } as AlertEvent)).toEqual({ ...expected, attribute_value: '' })
  })

  it('when that was, and who it is told for', () => {
    const [run] = runsOf(alert('a', recipient('r')), lost)
    expect(run).toMatchObject({ id: 'a', path: '/a/a', timeoutMs: alertTimeoutMs })
    expect(run?.environment).toMatchObject({
      CRM_alert_version: '2.1.5',
      CRM_alert_recipient: 'to-r',
      CRM_alert_node_sequence: '1',
      CRM_alert_timestamp: '03:37:58.022259',
      CRM_alert_timestamp_epoch: '1796009878',
      CRM_alert_timestamp_usec: '022259',
    })
  })
})

describe('an alert', () => {
  it('is sent to the last of the configuration first', () => {
    const runs = runsOf(alert('a', recipient('a1') + recipient('a2')) + alert('b') + alert('c', recipient('c1')), lost)
    expect(runs.map(({ id, environment }) => [id, environment['CRM_alert_recipient']])).toEqual([
      ['c', 'to-c1'],
      ['b', undefined],
      ['a', 'to-a2'],
      ['a', 'to-a1'],
    ])
    expect(runs.map(({ environment }) => environment['CRM_alert_node_sequence'])).toEqual(['1', '2', '3', '4'])
  })

  it.each([
    ['', [true, true, true, false]],
    ['<select/>', [true, true, true, false]],
    ['<select><select_nodes/></select>', [true, false, false, false]],
    ['<select><select_fencing/><select_resources/></select>', [false, true, true, false]],
    ['<select><select_attributes/></select>', [false, false, false, true]],
    [
      '<select><select_attributes><attribute id="x" name="wanted"/></select_attributes></select>',
      [false, false, false, true],
    ],
    [
      '<select><select_attributes><attribute id="x" name="WANTED"/></select_attributes></select>',
      [false, false, false, false],
    ],
  ])('with %s is for %s', (select, expected) => {
    const all = [lost, fenced, result, attribute()].map((event) => runsOf(alert('a', select), event).length === 1)
    expect(all).toEqual(expected)
  })

  it('takes meta attributes by their rules, a recipient before the alert, and a time that is none as the default', () => {
    const meta = (id: string, inner: string) => `<meta_attributes id="${id}">${inner}</meta_attributes>`
    const inner =
      meta('m1', until2001('r1') + value('v1', 'timestamp-format', 'expired')) +
      meta('m2', value('v2', 'timestamp-format', '%s') + value('v3', 'timeout', '5s')) +
      recipient('r') +
      recipient('q', meta('m3', value('v4', 'timeout', 'soon') + value('v5', 'timestamp-format', '')))
    const [second, first] = runsOf(alert('a', inner), lost)
    expect([first?.timeoutMs, first?.environment['CRM_alert_timestamp']]).toEqual([5000, '1796009878'])
    expect([second?.timeoutMs, second?.environment['CRM_alert_timestamp']]).toEqual([alertTimeoutMs, undefined])
  })

  it('gives instance attributes of the first set under their names, and nobody may pass for the event', () => {
    const set = (id: string, inner: string) => `<instance_attributes id="${id}">${inner}</instance_attributes>`
    const inner =
      set(
        'i1',
        until2001('r1') +
          value('v1', 'mine', 'alert') +
          value('v2', 'both', 'alert') +
          value('v3', 'CRM_alert_kind', 'mine'),
      ) +
      set('i2', value('v4', 'second', 'x')) +
      recipient('r', set('i3', value('v5', 'both', 'recipient')))
    const [run] = runsOf(alert('a', inner), lost)
    expect(run?.environment).toMatchObject({ mine: 'alert', both: 'recipient', CRM_alert_kind: 'node' })
    expect(run?.environment).not.toHaveProperty('second')
  })
})

describe('agents', () => {
  const alerts = readAlerts(cibWith(alert('a')), now)
  const send = (queue: ReturnType<typeof newAlertQueue>) => sendAlerts(queue, alerts, lost, at)

  it('run so many at a time, the others in the order of their numbers', () => {
    const queue = newAlertQueue()
    for (let i = 0; i < alertsInFlightMax; i += 1) expect(send(queue)).toHaveLength(1)
    expect([send(queue), send(queue)]).toEqual([[], []])
    const numbers = [alertEnded(queue), alertEnded(queue)].map(
      ([effect]) => effect?.do === 'run' && effect.run.environment['CRM_alert_node_sequence'],
    )
    expect(numbers).toEqual([alertsInFlightMax + 1, alertsInFlightMax + 2].map(String))
    for (let i = 0; i < alertsInFlightMax; i += 1) expect(alertEnded(queue)).toEqual([])
    expect(send(queue)).toHaveLength(1)
  })

  it('are not run where too many wait, and the log says how many', () => {
    const queue = newAlertQueue()
    for (let i = 0; i < alertsInFlightMax + alertsWaitingMax; i += 1) send(queue)
    expect(send(queue)).toMatchObject([{ do: 'log', level: 'warning' }])
    expect(send(queue)).toEqual([])
    const said = Array.from({ length: alertsWaitingMax + 1 }, () => alertEnded(queue)).flat()
    expect(said.filter((effect) => effect.do === 'log')).toEqual([
      { do: 'log', level: 'warning', text: '2 alerts were dropped' },
    ])
  })
})
