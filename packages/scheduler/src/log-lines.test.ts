import { invariant } from '@quorate/base'
import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { scheduleLog } from './schedule.ts'

/**
 * Lines of the log in situations where random comparison found them missing, told too often or elsewhere. What is expected
 * is what `crm_verify -VVV` was seen to say.
 */
const nowSeconds = 1_700_000_000

type Parts = {
  readonly resources: string
  readonly constraints?: string
  readonly options?: Readonly<Record<string, string>>
  /** Histories on the first node. */
  readonly histories?: string
  /** Whether the first node is to be fenced, and in maintenance. */
  readonly isDoomed?: boolean
  /** Tags, and what else comes after the constraints. */
  readonly more?: string
}

function told(source: string, parts: Parts): readonly string[] {
  const { resources, constraints = '', options = {}, histories = '', isDoomed = false, more = '' } = parts
  const properties = Object.entries({ 'stonith-enabled': 'false', ...options })
    .map(([name, value]) => `<nvpair id="o-${name}" name="${name}" value="${value}"/>`)
    .join('')
  const doom = isDoomed
    ? '<transient_attributes id="1"><instance_attributes id="t"><nvpair id="t1" name="terminate" value="true"/><nvpair id="t2" name="maintenance" value="true"/></instance_attributes></transient_attributes>'
    : ''
  const state = (n: number, inside: string) =>
    `<node_state id="${n}" uname="n${n}" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="${n}"><lrm_resources>${inside}</lrm_resources></lrm></node_state>`
  const parsed = parseXml(`<cib crm_feature_set="3.16.1" have-quorum="1" dc-uuid="1">
    <configuration><crm_config><cluster_property_set id="o">${properties}</cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes><resources>${resources}</resources>
    <constraints>${constraints}</constraints>${more}</configuration>
    <status>${state(1, histories).replace('<lrm ', `${doom}<lrm `)}${state(2, '')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  const log = scheduleLog(parsed.value, { nowSeconds })
  return log.filter((line) => line.source === source).map(({ text }) => text)
}

function primitive(id: string, inside = '', agent = 'class="ocf" provider="p" type="x"'): string {
  return `<primitive id="${id}" ${agent}>${inside}</primitive>`
}

function meta(id: string, values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(
    ([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`,
  )
  return `<meta_attributes id="${id}">${pairs.join('')}</meta_attributes>`
}

/** What a primitive did on a node; it runs there where that went well. */
function history(
  id: string,
  { task = 'start', rc = 0, interval = 0, agent = 'class="ocf" provider="p" type="x"' } = {},
): string {
  const magic = '1:1:0:aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa'
  return `<lrm_resource id="${id}" ${agent}><lrm_rsc_op id="${id}_last_0" operation_key="${id}_${task}_${interval}" operation="${task}" call-id="2" rc-code="${rc}" op-status="${rc === 0 ? 0 : 4}" interval="${interval}" transition-key="${magic}" transition-magic="${rc === 0 ? 0 : 4}:${rc};${magic}"/></lrm_resource>`
}

test('a target-role that makes no sense is told of as the resource is read, and again with each of its histories', () => {
  const resources = primitive('r', meta('m', { 'target-role': 'Promoted' }))
  const line = "Ignoring 'target-role' for r because 'Promoted' only makes sense for promotable clones"
  expect(told('get_target_role', { resources })).toEqual([line])
  expect(told('get_target_role', { resources, histories: history('r') })).toEqual([line, line])
})

test('an order that serializes is told to be no symmetric one: twice, and once of itself and of each of its sets', () => {
  const resources = ['a', 'b', 'c'].map((id) => primitive(id)).join('')
  const of = (id: string) => `Ignoring symmetrical for '${id}' because not valid with kind of 'Serialize'`
  const order = (symmetrical: string) =>
    `<rsc_order id="o" first="a" then="b" kind="Serialize" symmetrical="${symmetrical}"/>`
  expect(told('get_ordering_symmetry', { resources, constraints: order('yes') })).toEqual([of('o'), of('o')])
  expect(told('get_ordering_symmetry', { resources, constraints: order('false') })).toEqual([])
  const sets = `<rsc_order id="o" kind="Serialize" symmetrical="true"><resource_set id="s"><resource_ref id="a"/><resource_ref id="b"/></resource_set><resource_set id="t" kind="Mandatory"><resource_ref id="c"/></resource_set></rsc_order>`
  expect(told('get_ordering_symmetry', { resources, constraints: sets })).toEqual([of('o'), of('s')])
})

test('a monitor of stopped instances is told to be ignored where they have no number', () => {
  const monitor = '<operations><op id="m" name="monitor" interval="9s" role="Stopped"/></operations>'
  const clone = (unique: string) =>
    `<clone id="c">${meta('cm', { 'globally-unique': unique, 'clone-max': '1' })}${primitive('r', monitor)}</clone>`
  const ignored = 'Ignoring m (recurring monitors for Stopped role are not supported for anonymous clones)'
  expect(new Set(told('recurring_op_for_inactive', { resources: clone('false') }))).toEqual(new Set([ignored]))
  expect(told('recurring_op_for_inactive', { resources: clone('true') }).join()).not.toContain('Ignoring')
})

test('a resource that is stopped where nothing was unfenced is told to wait for that', () => {
  const device = primitive('f', meta('fm', { provides: 'unfencing' }), 'class="stonith" type="fence_x"')
  const resources = device + primitive('r', meta('m', { 'target-role': 'Stopped' }))
  const parts = { resources, options: { 'stonith-enabled': 'true' }, histories: history('r') }
  const line = 'Stopping r until n1 can be unfenced'
  // Once on its way down and up again, and once on the way to where it is going to be.
  expect(told('stop_resource', parts)).toEqual([line, line])
})

const tags = '<tags><tag id="empty"/><tag id="half"><obj_ref id="a"/><obj_ref id="gone"/></tag></tags>'

test('what a colocation or a ticket finds missing is told of under the constraint, and under the set', () => {
  const resources = primitive('a') + primitive('b')
  const colocation = '<rsc_colocation id="c" rsc="half" with-rsc="b" score="1"/>'
  expect(told('colocate_rsc_sets', { resources, constraints: colocation, more: tags })).toEqual([
    'c: No resource found for gone',
  ])
  const ticket = '<rsc_ticket id="c" rsc="half" ticket="T"/>'
  expect(told('unpack_rsc_ticket_set', { resources, constraints: ticket, more: tags })).toEqual([
    'half: No resource found for gone',
  ])
})

test('a tag without members is none', () => {
  const constraints = '<rsc_location id="l" rsc="empty" node="n1" score="1"/>'
  expect(told('find_constraint_tag', { resources: primitive('a'), constraints, more: tags })).toEqual([
    "No template or tag named 'empty'",
  ])
})

test('a migration-threshold below zero is told of once', () => {
  const resources = ['a', 'b'].map((id) => primitive(id, meta(`${id}-m`, { 'migration-threshold': '-1' }))).join('')
  expect(told('pe__unpack_resource', { resources })).toEqual([
    'migration-threshold must be non-negative, using 1 instead',
  ])
})

test('actions of a node that is to be fenced are told to be left out, those of instances once more', () => {
  const parts = {
    options: { 'stonith-enabled': 'true' },
    histories: history('r', { task: 'monitor', rc: 1, interval: 9000 }),
    isDoomed: true,
  }
  const ids = (resources: string) =>
    told('should_add_action_to_graph', { ...parts, resources }).map((text) =>
      /^Skipping action (\S+) \(\d+\) because it was scheduled for unclean node \(bug\?\)$/.exec(text)?.at(1),
    )
  const monitor = (id: string) => `${id}_monitor_9000`
  expect(ids(primitive('r'))).toEqual([monitor('r'), monitor('r')])
  expect(ids(`<clone id="c">${primitive('r')}</clone>`)).toEqual([monitor('r:0'), monitor('r:0'), monitor('r:0')])
})

test('what a rule compares as a whole number is told of where it is none', () => {
  const rule = (value: string, type = '') =>
    `<rsc_location id="l" rsc="a"><rule id="u" score="1" boolean-op="and"><expression id="e" attribute="#uname" operation="eq" value="n1"/><expression id="f" attribute="#id" operation="gte" value="${value}"${type}/></rule></rsc_location>`
  const of = (constraints: string) => told('scan_ll', { resources: primitive('a'), constraints })
  expect(of(rule('red'))).toEqual([
    "Could not parse integer from 'red' (using 0 instead): No digits found",
    "Characters left over after parsing 'red': 'red'",
  ])
  expect(of(rule('1.9'))).toEqual([])
  expect(of(rule('1.9', ' type="integer"'))).toEqual(["Characters left over after parsing '1.9': '.9'"])
  expect(of(rule('-99999999999999999999'))).toEqual([
    "Integer parsed from '-99999999999999999999' was clipped to -9223372036854775808",
  ])
})

test('a role after failures that is asked for is told of once, also where on-fail says it all', () => {
  const operation = (id: string) =>
    `<operations><op id="${id}" name="start" interval="0" on-fail="stop" role_after_failure="Stopped"/></operations>`
  const resources = ['a', 'b'].map((id) => primitive(id, operation(`${id}-o`))).join('')
  expect(told('unpack_operation', { resources })).toEqual([
    'Support for role_after_failure is deprecated and will be removed in a future release',
  ])
})
