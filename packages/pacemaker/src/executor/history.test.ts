import { parseXml, writeXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import type { OperationOrder } from './executor.ts'
import { emptyHistory, historyElement, operationElements, pendingEntry, withResult } from './history.ts'
import { readMetadata } from './metadata.ts'

const uuid = '0cd2311d-d03f-4b5a-ac05-97e34ecfef79'
const dummy = { id: 'd1', standard: 'ocf', provider: 'pacemaker', type: 'Dummy' }
const metadata = { restarting: ['state'], secret: ['passwd'] }

const order = (
  key: string,
  action: string,
  intervalMs: number,
  parameters: Record<string, string> = {},
): OperationOrder => ({
  callId: 7,
  resource: dummy,
  action,
  intervalMs,
  timeoutMs: 20_000,
  startDelayMs: 0,
  transitionKey: `${key}:${uuid}`,
  parameters: new Map(
    Object.entries({ CRM_meta_timeout: '20000', CRM_meta_on_node: 'n1', crm_feature_set: '3.16.1', ...parameters }),
  ),
})
const result = (what: OperationOrder, rc: number, status = 0) => ({
  order: what,
  callId: what.callId,
  rc,
  status,
  exitReason: rc === 0 ? '' : 'broken',
  lastRcChangeS: 1795358071,
  execTimeMs: 9,
  queueTimeMs: 1,
})

// The texts of both tests were written by a C node for the same operations (captures/pacemaker-messages).
test('a recurring monitor is recorded as the real controller records it', () => {
  expect(
    operationElements(result(order('4:2:0', 'monitor', 10_000), 0), 'n1', 'do_update_resource', metadata).map((item) =>
      writeXml(item),
    ),
  ).toEqual([
    `<lrm_rsc_op id="d1_monitor_10000" operation_key="d1_monitor_10000" operation="monitor" crm-debug-origin="do_update_resource" crm_feature_set="3.16.1" transition-key="4:2:0:${uuid}" transition-magic="0:0;4:2:0:${uuid}" exit-reason="" on_node="n1" call-id="7" rc-code="0" op-status="0" interval="10000" last-rc-change="1795358071" exec-time="9" queue-time="1" op-digest="4811cef7f7f94e3a35a70be7916cb2fd" op-secure-params="  passwd  " op-secure-digest="4811cef7f7f94e3a35a70be7916cb2fd"/>`,
  ])
})

test('a pending start is recorded as the real controller records it', () => {
  const entry = pendingEntry(order('3:2:0', 'start', 0), 1795358071)
  expect(operationElements(entry, 'n1', 'do_update_resource', metadata).map((item) => writeXml(item))).toEqual([
    `<lrm_rsc_op id="d1_last_0" operation_key="d1_start_0" operation="start" crm-debug-origin="do_update_resource" crm_feature_set="3.16.1" transition-key="3:2:0:${uuid}" transition-magic="-1:193;3:2:0:${uuid}" exit-reason="" on_node="n1" call-id="-1" rc-code="193" op-status="-1" interval="0" last-rc-change="1795358071" exec-time="0" queue-time="0" op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" op-force-restart="  state  " op-restart-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" op-secure-params="  passwd  " op-secure-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8"/>`,
  ])
})

test('a failure is kept under an id of its own, and once more as the last operation', () => {
  const ids = (rc: number, action: string, intervalMs: number) =>
    operationElements(result(order('1:1:0', action, intervalMs), rc), 'n1', 'do_update_resource', metadata).map(
      (item) => item.attributes[1],
    )
  expect(ids(1, 'start', 0)).toEqual(['d1_last_failure_0', 'd1_last_0'])
  expect(ids(1, 'monitor', 5_000)).toEqual(['d1_last_failure_0'])
  expect(ids(0, 'migrate_to', 0)).toEqual(['d1_migrate_to_0'])
})

test('a stop forgets the recurring operations and keeps the parameters of the start', () => {
  let history = emptyHistory(dummy)
  history = withResult(history, result(order('1:1:0', 'start', 0, { state: '/x' }), 0))
  history = withResult(history, result(order('2:1:0', 'monitor', 10_000, { state: '/x' }), 0))
  const shown = historyElement(history, [], 'n1', metadata)
  expect(shown?.children.map((item) => item.attributes[1])).toEqual(['d1_last_0', 'd1_monitor_10000'])
  history = withResult(history, result(order('3:1:0', 'stop', 0, { state: '/y' }), 0))
  expect(history.recurring).toEqual([])
  expect(history.stopParameters?.get('state')).toBe('/x')
})

test('meta-data tells which parameters need a restart', () => {
  const read = (version: string, action: string) => {
    const xml = parseXml(`<resource-agent><version>${version}</version><parameters>
      <parameter name="state" unique="1"/><parameter name="fake" reloadable="1"/><parameter name="passwd" reloadable="1"/>
      </parameters><actions><action name="${action}"/></actions></resource-agent>`)
    return xml.ok ? readMetadata(xml.value) : undefined
  }
  expect(read('1.1', 'reload-agent')).toEqual({ restarting: ['state'], secret: ['passwd'] })
  expect(read('1.0', 'reload')).toEqual({ restarting: ['state'], secret: ['passwd'] })
  expect(read('1.0', 'start')).toEqual({ restarting: undefined, secret: ['passwd'] })
})
