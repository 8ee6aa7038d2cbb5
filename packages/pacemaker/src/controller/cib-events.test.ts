import { attr } from '@quorate/xml'
import { expect, test } from 'vitest'
import { cibEvents } from './cib-events.ts'
import { readOptions } from './cluster-options.ts'
import { documentOf } from './controller-cluster.ts'

const cib = (status: string, configuration = '') =>
  documentOf(`<cib><configuration>${configuration}</configuration><status>${status}</status></cib>`)
const state = (inner: string) => `<node_state id="1" uname="n1" in_ccm="true">${inner}</node_state>`
const history = (ops: string, resource = 'a', lock = '') =>
  `<lrm id="1"><lrm_resources><lrm_resource id="${resource}"${lock}>${ops}</lrm_resource></lrm_resources></lrm>`
const op = (rc: string) => `<lrm_rsc_op id="a_last_0" operation="start" rc-code="${rc}"/>`

const kinds = (before: string, after: string) => cibEvents(cib(before), cib(after)).map((event) => event.kind)

test('what does not matter to a graph is no event', () => {
  expect(kinds(state(history(op('0'))), state(history(op('0'))))).toEqual([])
  expect(kinds('<node_state id="1" in_ccm="true"/>', '<node_state id="1" in_ccm="false"/>')).toEqual([])
  const reordered = op('0').replace('operation="start" rc-code="0"', 'rc-code="0" operation="start"')
  expect(kinds(state(history(op('0'))), state(history(reordered)))).toEqual([])
})

test('a result, new or changed, is told with its node and resource', () => {
  const events = cibEvents(cib(state('')), cib(state(history(op('7')))))
  expect(events).toMatchObject([{ kind: 'operation', nodeUuid: '1', uname: 'n1', resource: 'a' }])
  const [first] = events
  expect(first?.kind === 'operation' && attr(first.op, 'rc-code')).toBe('7')
  expect(kinds(state(history(op('7'))), state(history(op('0'))))).toEqual(['operation'])
})

test('removals are told by how much is gone', () => {
  expect(kinds(state(history(op('0'))), state(history('')))).toEqual(['operation-removed'])
  expect(kinds(state(history(op('0'))), state(history('', 'b')))).toEqual(['history-removed'])
  expect(kinds(state(history(op('0'))), state(''))).toEqual(['history-removed'])
  expect(kinds(state(''), '')).toEqual(['node-removed'])
})

test('attributes, tickets, locks and the configuration', () => {
  const attributes = '<transient_attributes id="1"><instance_attributes id="s"/></transient_attributes>'
  expect(kinds(state(''), state(attributes))).toEqual(['attributes'])
  expect(cibEvents(cib(state(attributes)), cib(state('')))).toEqual([
    { kind: 'attributes', nodeUuid: '1', isDeleted: true },
  ])
  expect(kinds('', '<tickets><ticket_state id="t"/></tickets>')).toEqual(['tickets'])
  expect(kinds(state(history('', 'a', ' shutdown-lock="99"')), state(history('')))).toEqual(['lock-cleared'])
  expect(cibEvents(cib(''), cib('', '<resources/>')).map((event) => event.kind)).toEqual(['configuration'])
})

test('options: as Pacemaker takes them where several sets have one, and what cannot be read counts as not there', () => {
  const set = (id: string, value: string, score?: string, rule = '') =>
    `<cluster_property_set id="${id}"${score === undefined ? '' : ` score="${score}"`}>${rule}<nvpair id="${id}-x" name="dc-deadtime" value="${value}"/></cluster_property_set>`
  const deadtime = (...sets: readonly string[]) =>
    readOptions(cib('', `<crm_config>${sets.join('')}</crm_config>`), { epochS: 1_796_009_878 }).dcDeadtimeMs
  // Each line as seen of a real controller, but for the rule.
  expect(deadtime(set('other', '7s', '500'), set('cib-bootstrap-options', '5s'))).toBe(5_000)
  expect(deadtime(set('a', '1s', '1'), set('b', '2s', '10'))).toBe(2_000)
  expect(deadtime(set('a', '1s', '10'), set('b', '2s', '1'))).toBe(1_000)
  expect(deadtime(set('a', '1s', '5'), set('b', '2s', '5'))).toBe(2_000)
  expect(deadtime(set('a', '1s'), set('b', '2s'))).toBe(2_000)
  const rule = (operation: string) =>
    `<rule id="r" score="INFINITY"><date_expression id="d" operation="${operation}" start="2001-01-01" end="2001-01-01"/></rule>`
  expect(deadtime(set('a', '1s'), set('b', '2s', '10', rule('lt')))).toBe(1_000)
  expect(deadtime(set('a', '1s'), set('b', '2s', '10', rule('gt')))).toBe(2_000)
  expect(readOptions(cib('', `<crm_config>${set('o', 'soon')}</crm_config>`), { epochS: 0 })).toMatchObject({
    dcDeadtimeMs: 20_000,
    noQuorumPolicy: 'stop',
    recheckIntervalMs: 900_000,
  })
})
