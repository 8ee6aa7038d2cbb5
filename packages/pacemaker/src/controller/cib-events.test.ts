import { attr } from '@quorate/xml'
import { expect, test } from 'vitest'
import { cibEvents } from './cib-events.ts'
import { clusterOption, readOptions } from './cluster-options.ts'
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

test('options: the bootstrap set counts first, and what cannot be read counts as not there', () => {
  const set = (id: string, value: string) =>
    `<cluster_property_set id="${id}"><nvpair id="${id}-x" name="dc-deadtime" value="${value}"/></cluster_property_set>`
  const both = cib('', `<crm_config>${set('other', '7s')}${set('cib-bootstrap-options', '5s')}</crm_config>`)
  expect(clusterOption(both, 'dc-deadtime')).toBe('5s')
  expect(readOptions(both).dcDeadtimeMs).toBe(5_000)
  expect(readOptions(cib('', `<crm_config>${set('o', 'soon')}</crm_config>`))).toMatchObject({
    dcDeadtimeMs: 20_000,
    noQuorumPolicy: 'stop',
    recheckIntervalMs: 900_000,
  })
})
