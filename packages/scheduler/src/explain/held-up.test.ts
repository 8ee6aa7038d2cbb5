import { invariant } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { explain } from './explain.ts'
import { explanationLines } from './explanation-text.ts'
import type { DueAction } from './reason.ts'

const options = { nowSeconds: 1_700_000_000 }

type Parts = { readonly resources: string; readonly constraints: string; readonly running?: readonly string[] }

/** One node, on which some resources run. */
function cib({ resources, constraints, running = [] }: Parts): XmlElement {
  const properties = ['stonith-enabled', 'enable-startup-probes'].map(
    (name) => `<nvpair id="${name}" name="${name}" value="false"/>`,
  )
  const history = running.map(
    (id) =>
      `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_start_0" operation="start" call-id="1" rc-code="0" op-status="0" interval="0" op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x" crm_feature_set="3.16.1"/></lrm_resource>`,
  )
  const parsed = parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1">
    <configuration><crm_config><cluster_property_set id="p">${properties.join('')}</cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/></nodes>
    <resources>${resources}</resources><constraints>${constraints}</constraints></configuration>
    <status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources>${history.join('')}</lrm_resources></lrm></node_state></status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

const primitive = (id: string, target = 'Started'): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="${id}-m"><nvpair id="${id}-t" name="target-role" value="${target}"/></meta_attributes></primitive>`
const order = (id: string, first: string, then: string, more = ''): string =>
  `<rsc_order id="${id}" first="${first}" then="${then}" ${more}/>`

function answer(of: Parts, id: string) {
  const found = explain(cib(of), id, undefined, options)
  invariant(found.ok, 'the resource is there')
  return found.value
}

function due(of: Parts, id: string, task: string): DueAction {
  const action = answer(of, id).instances[0]?.actions.find((item) => item.task === task)
  invariant(action !== undefined, `${id} has a ${task}`)
  return action
}

/** The way to what is waited for, without the words of it. */
function ways(action: DueAction) {
  return action.waitsFor.map(({ resource, task, way }) => [
    `${task} ${resource}`,
    ...way.map((step) => `${step.kind} ${step.constraints.join(' ')}: ${step.task} ${step.resource}`),
  ])
}

test('a start that waits names every order on the way, the resource, and why that one does not start', () => {
  const of = {
    resources: primitive('a', 'Stopped') + primitive('b') + primitive('c'),
    constraints: order('o1', 'a', 'b') + order('o2', 'b', 'c'),
  }
  expect(ways(due(of, 'c', 'start'))).toEqual([['start a', 'order o2: start b', 'order o1: start a']])
  expect(explanationLines(answer(of, 'c')).slice(0, 5)).toEqual([
    'c: stopped; cannot be started on n1 now: it waits for the start of a: a has target-role=Stopped (by o2, o1).',
    '  * due: start on n1, which cannot be done now: the start of b cannot be done now (order constraint o2)',
    '      it waits for the start of a: a has target-role=Stopped',
    '        order constraint o2: the start of b comes before the start of c',
    '        order constraint o1: the start of a comes before the start of b',
  ])
})

test('so does what stops since what it follows stops', () => {
  const of = {
    resources: primitive('a', 'Stopped') + primitive('b'),
    constraints: order('o1', 'a', 'b'),
    running: ['a', 'b'],
  }
  expect(answer(of, 'b').instances[0]?.mainReason).toBe(
    'it waits for the start of a: a has target-role=Stopped (by o1)',
  )
  expect(ways(due(of, 'b', 'start'))).toEqual([['start a', 'order o1: start a']])
})

test('what is restarted with another says by which order', () => {
  const of = { resources: primitive('a') + primitive('b'), constraints: order('o1', 'a', 'b'), running: ['b'] }
  const start = due(of, 'b', 'start')
  expect(start.why).toBe('it follows the start of a (order constraint o1)')
  expect(start.follows).toMatchObject({ kind: 'order', constraints: ['o1'], resource: 'a', task: 'start' })
})

test('members of a group name their group, and what the group waits for', () => {
  const of = {
    resources: `${primitive('a', 'Stopped')}<group id="g">${primitive('m1')}${primitive('m2')}</group>`,
    constraints: order('o1', 'a', 'g'),
  }
  expect(ways(due(of, 'm2', 'start'))).toEqual([['start a', 'group g: start m1', 'order o1: start a']])
})

test('orders of sets, also of those of which some are enough', () => {
  const set = (id: string, name: string, more = ''): string =>
    `<resource_set id="${id}" ${more}><resource_ref id="${name}"/></resource_set>`
  const resources = primitive('a', 'Stopped') + primitive('b')
  const all = { resources, constraints: `<rsc_order id="o">${set('s1', 'a')}${set('s2', 'b')}</rsc_order>` }
  expect(ways(due(all, 'b', 'start'))).toEqual([['start a', 'order o: start a']])
  const any = 'sequential="false" require-all="false"'
  const some = { resources, constraints: `<rsc_order id="o">${set('s1', 'a', any)}${set('s2', 'b')}</rsc_order>` }
  expect(ways(due(some, 'b', 'start'))).toEqual([['start a', 'order o: start undefined']])
  expect(due(some, 'b', 'start').waitsFor[0]?.way[0]?.text).toBe(
    'order constraint o: the start of at least 1 of set s1 comes before the start of b',
  )
  expect(due(some, 'b', 'start').why).toBe(
    'the start of at least 1 of set s1 comes first, which cannot be done now (order constraint o)',
  )
})

test('orders of clones, which are told once for all instances', () => {
  const clone = (id: string, inside: string, least = ''): string =>
    `<clone id="${id}"><meta_attributes id="${id}-m">${least}</meta_attributes>${inside}</clone>`
  const resources = clone('k', primitive('i', 'Stopped')) + primitive('b')
  const constraints = order('o', 'k', 'b')
  expect(ways(due({ resources, constraints }, 'b', 'start'))).toEqual([['start i:0', 'order o: start k']])
  const least = clone('k', primitive('i', 'Stopped'), '<nvpair id="min" name="clone-min" value="2"/>') + primitive('b')
  expect(due({ resources: least, constraints }, 'b', 'start').waitsFor[0]?.way.map(({ text }) => text)).toEqual([
    "order constraint o: the start of at least 2 of k's instances comes before the start of b",
  ])
})

test('what has to be with something that cannot start names the colocation', () => {
  const of = {
    resources: primitive('a', 'Stopped') + primitive('b') + primitive('c'),
    constraints: `${order('o1', 'a', 'b')}<rsc_colocation id="with" rsc="c" with-rsc="b" score="INFINITY"/>`,
  }
  expect(ways(due(of, 'c', 'start'))).toEqual([['start a', 'colocation with: start b', 'order o1: start a']])
  expect(due(of, 'c', 'start').why).toBe('it is to be with b, which cannot be started now (colocation constraint with)')
})

test('orders of clones that are notified are found behind the notification', () => {
  const notified = `<clone id="k"><meta_attributes id="k-m"><nvpair id="k-n" name="notify" value="true"/></meta_attributes>${primitive('i', 'Stopped')}</clone>`
  const of = { resources: notified + primitive('b'), constraints: order('o', 'k', 'b') }
  expect(ways(due(of, 'b', 'start'))).toEqual([['start k', 'order o: start k']])
  expect(due(of, 'b', 'start').follows?.constraints).toEqual(['o'])
})

test('a start after a promotion that is not to be says why nothing is promoted', () => {
  const promotable = `<clone id="k"><meta_attributes id="m"><nvpair id="m1" name="promotable" value="true"/></meta_attributes><primitive id="i" class="ocf" provider="pacemaker" type="Stateful"/></clone>`
  const of = {
    resources: promotable + primitive('b'),
    constraints: order('o', 'k', 'b', 'first-action="promote" then-action="start"'),
  }
  const [wait] = due(of, 'b', 'start').waitsFor
  expect(wait).toMatchObject({ resource: 'k', task: 'promote' })
  expect(wait?.because).toBe('its promotion score on n1 is -1, and less than 0 is never promoted')
})
