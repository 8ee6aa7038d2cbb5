import { invariant } from '@quorate/base'
import { attr, descendants, parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { simulate } from './simulate/session.ts'

/**
 * Clusters on which random comparison with the real crm_simulate found a difference once, each made as small as it goes.
 * What is expected is what the real one was seen to do.
 */
const nowSeconds = 1_700_000_000

type Parts = {
  readonly resources: string
  readonly constraints?: string
  readonly options?: Readonly<Record<string, string>>
  /** What the status section has of each node: number of the node, then the histories there. */
  readonly histories?: Readonly<Record<number, string>>
  /** Transient attributes of each node: sets of them. */
  readonly transient?: Readonly<Record<number, string>>
  readonly nodes?: number
  /** Utilization that each node offers. */
  readonly capacities?: Readonly<Record<number, Readonly<Record<string, number>>>>
  /** Numbers of nodes that left without being shut down. */
  readonly lost?: readonly number[]
  readonly hasQuorum?: boolean
  /** Node states of guests. */
  readonly guests?: string
  readonly tags?: string
}

function capacity(n: number, offered: Readonly<Record<string, number>> = {}): string {
  const pairs = Object.entries(offered).map(
    ([name, value]) => `<nvpair id="${name}-${n}" name="${name}" value="${value}"/>`,
  )
  return `<utilization id="u-${n}">${pairs.join('')}</utilization>`
}

function cib({
  resources,
  constraints = '',
  options = {},
  histories = {},
  transient = {},
  nodes = 2,
  lost = [],
  capacities = {},
  hasQuorum = true,
  guests = '',
  tags = '',
}: Parts): XmlElement {
  const numbers = Array.from({ length: nodes }, (_, i) => i + 1)
  const properties = Object.entries({ 'stonith-enabled': 'false', 'enable-startup-probes': 'false', ...options })
    .map(([name, value]) => `<nvpair id="o-${name}" name="${name}" value="${value}"/>`)
    .join('')
  const states = numbers.map(
    (n) =>
      `<node_state id="${n}" uname="n${n}" ${lost.includes(n) ? 'in_ccm="false" crmd="offline" join="down"' : 'in_ccm="true" crmd="online" join="member"'} expected="member"><transient_attributes id="${n}">${transient[n] ?? ''}</transient_attributes><lrm id="${n}"><lrm_resources>${histories[n] ?? ''}</lrm_resources></lrm></node_state>`,
  )
  const parsed =
    parseXml(`<cib crm_feature_set="3.16.1" have-quorum="${hasQuorum ? 1 : 0}" dc-uuid="1" execution-date="${nowSeconds}">
    <configuration><crm_config><cluster_property_set id="o">${properties}</cluster_property_set></crm_config>
    <nodes>${numbers.map((n) => `<node id="${n}" uname="n${n}">${capacity(n, capacities[n])}</node>`).join('')}</nodes>
    <resources>${resources}</resources><constraints>${constraints}</constraints><tags>${tags}</tags></configuration>
    <status>${states.join('')}${guests}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

const emptyDigest = 'f2317cad3d54cec5d7d7aa7d0bf35cf8'
/** Digest of a recurring operation without parameters, whose timeout is the usual one. */
const monitorDigest = '4811cef7f7f94e3a35a70be7916cb2fd'

type Operation = {
  readonly rc?: number
  readonly intervalMs?: number
  readonly expected?: number
  readonly more?: string
}

/** One operation that was done on a node, without a call id: {@link history} numbers them. */
function operation(
  resource: string,
  task: string,
  { rc = 0, intervalMs = 0, expected = 0, more = '' }: Operation = {},
): string {
  const key = `1:1:${expected}:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee`
  return `<lrm_rsc_op id="${resource}_${task}_${intervalMs}" operation_key="${resource}_${task}_${intervalMs}" operation="${task}" interval="${intervalMs}" rc-code="${rc}" op-status="0" call-id="@" transition-key="${key}" transition-magic="0:${rc};${key}" crm_feature_set="3.16.1" op-digest="${emptyDigest}" ${more}/>`
}

/** History of a resource on a node. */
function history(resource: string, ...operations: readonly string[]): string {
  const numbered = operations.map((text, i) => text.replace('call-id="@"', `call-id="${i + 1}"`))
  return `<lrm_resource id="${resource}" class="ocf" provider="pacemaker" type="Dummy">${numbered.join('')}</lrm_resource>`
}

function primitive(id: string, meta: Readonly<Record<string, string>> = {}, inside = ''): string {
  const pairs = Object.entries(meta).map(
    ([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`,
  )
  return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="${id}-m">${pairs.join('')}</meta_attributes>${inside}</primitive>`
}

/** A clone of one primitive. */
function clone(id: string, meta: Readonly<Record<string, string>>, inside: string): string {
  const pairs = Object.entries(meta).map(
    ([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`,
  )
  return `<clone id="${id}"><meta_attributes id="${id}-m">${pairs.join('')}</meta_attributes>${inside}</clone>`
}

type Plan = {
  readonly graph: XmlElement
  /** Lines of the status before anything is done, without the space between their columns. */
  readonly status: readonly string[]
  readonly operations: readonly string[]
  readonly dot: string
  readonly summary: readonly string[]
}

/** The operations of the graph in its order, the picture, and what the summary says is going to happen. */
function plan(parts: Parts): Plan {
  const outcome = simulate(cib(parts), { nowSeconds, process: true, simulate: true })
  const { graph, stdout } = outcome
  const dot = outcome.dot?.() ?? ''
  invariant(graph !== undefined, 'a graph was made')
  const operations = [...descendants(graph)]
    .filter((item) => item.name === 'action_set')
    .flatMap((set) => set.children)
    .map((action) => [attr(action, 'operation_key'), attr(action, 'on_node')].filter(Boolean).join(' on '))
  const summary = stdout.slice(stdout.indexOf('Transition Summary:'), stdout.indexOf('Executing Cluster Transition:'))
  const lines = (text: string): readonly string[] => text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '))
  return {
    graph,
    status: lines(stdout.slice(0, stdout.indexOf('Transition Summary:'))),
    operations,
    dot,
    summary: summary
      .split('\n')
      .filter((line) => line.startsWith('  * '))
      .map((line) => line.slice('  * '.length).replace(/\s+/g, ' ')),
  }
}

test('a resource whose migration is called off is recovered from that, not from being active twice', () => {
  const { dot, summary } = plan({
    resources: primitive('a', { 'multiple-active': 'stop_unexpected' }),
    constraints: '<rsc_location id="l" rsc="a" node="n1" score="-INFINITY"/>',
    histories: {
      1: history(
        'a',
        operation('a', 'start'),
        operation('a', 'migrate_to', { more: 'migrate_source="n1" migrate_target="n2"' }),
      ),
      2: history('a', operation('a', 'monitor', { rc: 1, expected: 7 })),
    },
    nodes: 3,
    hasQuorum: false,
  })
  expect(summary).toEqual(['Stop a ( n2 ) due to no quorum'])
  expect(dot).toContain('"a_start_0 n2" [ style=dashed color="red" fontcolor="black"]')
})

test('the way back through a sequential set begins at its first member', () => {
  const { dot } = plan({
    resources: primitive('a'),
    constraints:
      '<rsc_order id="o"><resource_set id="s" action="stop"><resource_ref id="gone1"/><resource_ref id="gone2"/><resource_ref id="a"/></resource_set></rsc_order>',
    histories: {
      1: history('gone1', operation('gone1', 'start')) + history('gone2', operation('gone2', 'start')),
    },
  })
  expect(dot).toContain('"a_start_0 n1" -> "gone2_start_0 <none>" [ style = dashed]')
})

test('only a monitor can find a resource promoted and degraded; of other operations it is a failure in the promoted role', () => {
  const { status } = plan({
    resources: primitive('a') + primitive('b'),
    histories: {
      1: history('a', operation('a', 'start', { rc: 191 })),
      2: history('b', operation('b', 'start'), operation('b', 'monitor', { rc: 191, intervalMs: 10_000 })),
    },
  })
  expect(status).toContain('* a (ocf:pacemaker:Dummy): FAILED Promoted n1')
  expect(status).toContain('* b (ocf:pacemaker:Dummy): FAILED Promoted n2')
})

test('a unique clone shows the one instance that it keeps while it may have none', () => {
  const meta = { 'globally-unique': 'true', 'clone-max': '0' }
  const { status } = plan({ resources: clone('c', meta, primitive('a')) })
  expect(status).toContain('* a:0 (ocf:pacemaker:Dummy): ORPHANED Stopped')
})

test('a health score that is none counts as not given', () => {
  const health = '<instance_attributes id="h"><nvpair id="h1" name="#health-disk" value="red"/></instance_attributes>'
  const { summary } = plan({
    resources: primitive('a'),
    options: { 'node-health-strategy': 'custom', 'node-health-red': 'red' },
    transient: { 1: health, 2: health },
  })
  expect(summary).toEqual([])
})

test('a secret that changed is no reason to restart, though the digest without secrets knows no timeouts', () => {
  const parameters = '<instance_attributes id="p"><nvpair id="p1" name="passwd" value="new"/></instance_attributes>'
  const monitor = '<operations><op id="a-m" name="monitor" interval="10s"/></operations>'
  const secure = `op-secure-params=" passwd " op-secure-digest="${emptyDigest}"`
  const { operations } = plan({
    resources: primitive('a', {}, parameters + monitor),
    histories: {
      1: history(
        'a',
        operation('a', 'start', { more: secure }),
        operation('a', 'monitor', { intervalMs: 10_000, more: secure }),
      ),
    },
  })
  expect(operations).toEqual([])
})

test('the digest without secrets that unfencing carries keeps the parameters of fencing', () => {
  const parameters =
    '<instance_attributes id="p"><nvpair id="p1" name="pcmk_host_list" value="n1"/><nvpair id="p2" name="passwd" value="x"/></instance_attributes>'
  const unfences = '<meta_attributes id="f-m"><nvpair id="f-p" name="provides" value="unfencing"/></meta_attributes>'
  const { graph } = plan({
    resources: `<primitive id="f" class="stonith" type="fence_dummy">${unfences}${parameters}</primitive>`,
    options: { 'stonith-enabled': 'true' },
    nodes: 1,
  })
  const on = [...descendants(graph)].find((item) => attr(item, 'CRM_meta_stonith_action') === 'on')
  invariant(on !== undefined, 'the node is unfenced')
  expect(attr(on, 'CRM_meta_digests_secure')).toBe('f:fence_dummy:e4b1f35d0a729002ba8ef9dc97b9ae7e,')
})

test('a changed definition is noted at the start before it asks for unfencing', () => {
  const unfences = '<meta_attributes id="f-m"><nvpair id="f-p" name="provides" value="unfencing"/></meta_attributes>'
  const changed = operation('f', 'start').replace(emptyDigest, 'another')
  const { graph } = plan({
    resources: `<primitive id="f" class="stonith" type="fence_dummy">${unfences}</primitive>`,
    options: { 'stonith-enabled': 'true' },
    histories: { 1: `<lrm_resource id="f" class="stonith" type="fence_dummy">${changed}</lrm_resource>` },
    nodes: 1,
  })
  const named = (key: string) => [...descendants(graph)].find((item) => attr(item, 'operation_key') === key)
  expect([named('f_start_0'), named('stonith-n1-on')].map((item) => item && attr(item, 'id'))).toEqual(['1', '2'])
})

test('a lock is told with what is done on its node, and while that shuts down with stops', () => {
  const locked = history('a', operation('a', 'start')).replace(
    '<lrm_resource ',
    `<lrm_resource shutdown-lock="${nowSeconds}" `,
  )
  const { graph } = plan({
    resources: '',
    options: { 'shutdown-lock': 'true' },
    histories: {
      1: locked
        .replaceAll('"a"', '"gone"')
        .replaceAll('a_', 'gone_')
        .replace('class="ocf" provider="pacemaker"', 'class="stonith"'),
    },
  })
  const stop = [...descendants(graph)].find((item) => attr(item, 'operation_key') === 'gone_stop_0')
  expect(stop && attr(stop, 'shutdown-lock')).toBe(String(nowSeconds))
})

test('the last promotion is where the history of what runs begins, not the first', () => {
  const outdated = operation('a', 'promote', { more: 'op-restart-digest="other"' }).replace('a_promote_0"', 'old"')
  const { operations } = plan({
    resources: clone('c', { promotable: 'true' }, primitive('a')),
    histories: { 1: history('a', outdated, operation('a', 'promote')) },
    transient: {
      1: '<instance_attributes id="t"><nvpair id="t1" name="master-a" value="10"/></instance_attributes>',
    },
    nodes: 1,
  })
  expect(operations).toEqual([])
})

test('a clone is probed through the instance whose members all go to that node', () => {
  const meta = '<meta_attributes id="g-m"><nvpair id="g-c" name="collocated" value="false"/></meta_attributes>'
  const needs = '<utilization id="b-u"><nvpair id="b-cpu" name="cpu" value="1"/></utilization>'
  const group = `<group id="g">${meta}${primitive('a')}${primitive('b', {}, needs)}</group>`
  const { operations } = plan({
    resources: clone('c', {}, group),
    options: { 'enable-startup-probes': 'true', 'placement-strategy': 'balanced' },
    capacities: { 2: { cpu: 8 } },
    histories: { 1: history('a', operation('a', 'start')) + history('b', operation('b', 'start')) },
  })
  expect(operations.filter((text) => text.includes('monitor'))).toEqual(['a:1_monitor_0 on n2', 'b:1_monitor_0 on n2'])
})

test('two nodes that are fenced both tell the survivors of the same instance', () => {
  const { dot } = plan({
    resources: `<primitive id="f" class="stonith" type="fence_dummy"/>${clone('c', { 'globally-unique': 'true', notify: 'true' }, primitive('a'))}`,
    options: { 'stonith-enabled': 'true' },
    histories: { 1: history('a:1', operation('a:1', 'start')), 2: history('a:1', operation('a:1', 'start')) },
    lost: [1, 2],
    nodes: 3,
  })
  expect(dot).toContain(`"stonith 'reboot' n1" -> "a:1_post_notify_stonith_0"`)
  expect(dot).toContain(`"stonith 'reboot' n2" -> "a:1_post_notify_stonith_0"`)
})

test('a failed stop that nobody manages still holds back a clone that may not be on its node', () => {
  const { dot } = plan({
    resources: clone('c', {}, primitive('a')),
    constraints:
      '<rsc_order id="o" first="c" then="gone" then-action="stop"/><rsc_colocation id="apart" rsc="gone" with-rsc="c" score="-INFINITY"/>',
    histories: { 1: history('gone', operation('gone', 'stop', { rc: 1 })) },
    nodes: 1,
  })
  expect(dot).toContain('"gone_stop_0 n1" -> "c_start_0" [ style = bold]')
})

test('whether only secrets changed is asked of every operation, not only where the first of its kind has a digest for it', () => {
  const failed = operation('a', 'monitor', {
    rc: 1,
    intervalMs: 10_000,
    more: `last-rc-change="${nowSeconds - 100}" op-secure-digest="${emptyDigest}"`,
  })
  const { operations } = plan({
    resources: primitive(
      'a',
      { 'failure-timeout': '10s' },
      '<operations><op id="a-m" name="monitor" interval="10s"/></operations>',
    ),
    histories: {
      1: history(
        'a',
        operation('a', 'monitor', { intervalMs: 10_000 }).replace(emptyDigest, monitorDigest),
        failed.replace('id="a_monitor_10000"', 'id="a_last_failure_0"'),
      ),
    },
    nodes: 1,
  })
  expect(operations).toEqual([])
})

test('a member of a group that does not order its members is held back by the first thing that comes back to it', () => {
  const unordered = '<meta_attributes id="g-m"><nvpair id="g-o" name="ordered" value="false"/></meta_attributes>'
  const { summary } = plan({
    resources: `<group id="g">${unordered}${primitive('a')}${primitive('b')}</group>${primitive('c')}<group id="h">${primitive('d')}</group>`,
    constraints:
      '<rsc_order id="o"><resource_set id="s1"><resource_ref id="g"/></resource_set><resource_set id="s2"><resource_ref id="h"/><resource_ref id="c"/></resource_set></rsc_order>',
    histories: {
      1: history('a', operation('a', 'monitor', { rc: 4, intervalMs: 10_000 })),
      2: history('b', operation('b', 'stop', { rc: 4 })) + history('c', operation('c', 'migrate_from')),
    },
  })
  expect(summary).toEqual([
    'Recover a ( n1 -> n2 )',
    'Stop c ( n2 ) due to unrunnable g running',
    'Start d ( n1 ) due to unrunnable g running (blocked)',
  ])
})

test('a result that is no number is the one that stands for none, and a state that is none is pending', () => {
  const start = operation('a', 'start')
  const { status } = plan({
    resources: primitive('a') + primitive('b'),
    histories: {
      1: history(
        'a',
        start.replace('op-status="0"', 'op-status="what"').replace('id="a_start_0"', 'id="a_last_0"'),
        start,
      ),
      2: history('b', operation('b', 'start').replace('rc-code="0"', 'rc-code="5000000000"')),
    },
  })
  expect(status).toContain('* a (ocf:pacemaker:Dummy): Starting n1')
  expect(status).toContain('* b (ocf:pacemaker:Dummy): FAILED n2')
})

test('an interval ends where 32 bits of milliseconds do', () => {
  const monitor = '<operations><op id="a-m" name="monitor" interval="100000000000s"/></operations>'
  const { operations } = plan({ resources: primitive('a', {}, monitor), nodes: 1 })
  expect(operations).toContain('a_monitor_4294967295 on n1')
})

test('a recorded interval past 32 bits is none', () => {
  const found = operation('gone', 'monitor', { rc: 7, expected: 7, intervalMs: 100_000_000_000 })
  const { graph } = plan({ resources: '', histories: { 1: history('gone', found) }, nodes: 1 })
  const clean = [...descendants(graph)].find((item) => attr(item, 'operation_key') === 'gone_delete_0')
  expect(clean && attr(clean, 'id')).toBe('1')
})

test('a fence device whose agent changed asks for unfencing even where it does not run', () => {
  const unfences = '<meta_attributes id="f-m"><nvpair id="f-p" name="provides" value="unfencing"/></meta_attributes>'
  const { summary } = plan({
    resources: `<primitive id="f" class="stonith" type="fence_dummy">${unfences}</primitive>`,
    options: { 'stonith-enabled': 'true' },
    histories: { 1: `<lrm_resource id="f" class="stonith" type="Other">${operation('f', 'stop')}</lrm_resource>` },
    nodes: 1,
    hasQuorum: false,
  })
  expect(summary).toContain("Fence (on) n1 'Device definition changed'")
})

test('a group is promoted without quorum where its first member is, not where any is', () => {
  const group = `<group id="g">${primitive('a', { requires: 'nothing' })}${primitive('b')}</group>`
  const { operations } = plan({
    resources: clone('c', { promotable: 'true' }, group),
    options: { 'no-quorum-policy': 'freeze' },
    histories: { 1: history('b', operation('b', 'start'), operation('b', 'promote')) },
    transient: {
      1: '<instance_attributes id="t"><nvpair id="t1" name="master-b" value="100"/></instance_attributes>',
    },
    nodes: 1,
    hasQuorum: false,
  })
  expect(operations.filter((text) => text.includes('promote'))).toEqual([])
  expect(operations).toContain('b_demote_0 on n1')
})

test('a migration counts only where its source is written as the node is', () => {
  const marks = 'migrate_source="N1" migrate_target="n2"'
  const { status } = plan({
    resources: primitive('a'),
    histories: { 1: history('a', operation('a', 'migrate_to', { more: marks })) },
  })
  expect(status).toContain('* a (ocf:pacemaker:Dummy): Stopped')
})

test('where a migration went counts under the name of its target, also when that is no node any more', () => {
  const marks = 'migrate_source="n1" migrate_target="gone"'
  const { status } = plan({
    resources: primitive('a'),
    histories: { 1: history('a', operation('a', 'migrate_to', { more: marks })) },
    guests: `<node_state id="gone" uname="gone" remote_node="true"><lrm id="gone"><lrm_resources>${history('a', operation('a', 'migrate_from', { more: 'migrate_source="n1"' }))}</lrm_resources></lrm></node_state>`,
  })
  expect(status).toContain('* a (ocf:pacemaker:Dummy): Stopped')
})

test('nodes that a changed fence device has to unfence come as a hash table of their ids gives them', () => {
  const unfences = '<meta_attributes id="f-m"><nvpair id="f-p" name="provides" value="unfencing"/></meta_attributes>'
  const { graph } = plan({
    resources: `<primitive id="f" class="stonith" type="fence_dummy">${unfences}</primitive>`,
    options: { 'stonith-enabled': 'true' },
    histories: { 1: `<lrm_resource id="f" class="stonith" type="Other">${operation('f', 'start')}</lrm_resource>` },
    transient: {
      1: '<instance_attributes id="t"><nvpair id="t1" name="maintenance" value="true"/></instance_attributes>',
    },
    lost: [1],
    nodes: 8,
  })
  const numbers = [...descendants(graph)].flatMap((item) => {
    const isOn = item.name === 'crm_event' && item.children.length > 0 && attr(item, 'operation_key')?.endsWith('-on')
    return isOn === true ? [`${attr(item, 'id')} ${attr(item, 'on_node')}`] : []
  })
  expect(numbers.sort()).toEqual(['2 n4', '3 n3', '4 n2', '5 n8', '6 n7', '7 n6', '8 n5'])
})

test('a failure that blocks has no end to be looked at again', () => {
  const monitor = '<operations><op id="a-m" name="monitor" interval="10s" on-fail="block"/></operations>'
  const count = `<nvpair id="t1" name="fail-count-a#monitor_10000" value="1"/><nvpair id="t2" name="last-failure-a#monitor_10000" value="${nowSeconds - 10}"/>`
  const failed = { rc: 1, intervalMs: 10_000, more: `last-rc-change="${nowSeconds - 10}"` }
  const { graph } = plan({
    resources: primitive('a', { 'failure-timeout': '1h' }, monitor),
    histories: { 1: history('a', operation('a', 'start'), operation('a', 'monitor', failed)) },
    transient: { 1: `<instance_attributes id="t">${count}</instance_attributes>` },
    nodes: 1,
  })
  expect(attr(graph, 'recheck-by')).toBeUndefined()
})

test('nodes whose capacities have no order are sorted by halves, and so decide which resource is placed first', () => {
  const { summary } = plan({
    resources: primitive('a') + primitive('b'),
    constraints:
      '<rsc_location id="a3" rsc="a" node="n3" score="-INFINITY"/><rsc_location id="b1" rsc="b" node="n1" score="-INFINITY"/>',
    options: { 'placement-strategy': 'balanced' },
    capacities: { 1: { cpu: 4 }, 2: { ram: 2 }, 3: { cpu: 8 } },
    nodes: 4,
  })
  expect(summary).toEqual(['Start b ( n2 )', 'Start a ( n1 )'])
})

test('between sets that are sequential only the first and the last member need to exist', () => {
  const { summary } = plan({
    resources: primitive('a') + primitive('b'),
    constraints:
      '<rsc_location id="l1" rsc="a" node="n1" score="10"/><rsc_location id="l2" rsc="b" node="n1" score="20"/>' +
      '<rsc_colocation id="c" score="-INFINITY"><resource_set id="s1"><resource_ref id="a"/><resource_ref id="gone1"/></resource_set><resource_set id="s2"><resource_ref id="gone2"/><resource_ref id="b"/></resource_set></rsc_colocation>',
  })
  expect(summary).toEqual(['Start a ( n2 )', 'Start b ( n1 )'])
})

test('a member of the second set that does not exist ends the colocation at the first member of the first', () => {
  const { summary } = plan({
    resources: primitive('a') + primitive('b') + primitive('c'),
    constraints:
      '<rsc_location id="l1" rsc="a" node="n1" score="10"/><rsc_location id="l2" rsc="b" node="n1" score="10"/><rsc_location id="l3" rsc="c" node="n1" score="20"/>' +
      '<rsc_colocation id="c" score="-INFINITY"><resource_set id="s1" sequential="false"><resource_ref id="a"/><resource_ref id="b"/></resource_set><resource_set id="s2" sequential="false"><resource_ref id="c"/><resource_ref id="gone"/></resource_set></rsc_colocation>',
  })
  expect(summary).toEqual(['Start a ( n2 )', 'Start b ( n1 )', 'Start c ( n1 )'])
})

test('a recurring start is cancelled even without quorum', () => {
  const { operations } = plan({
    resources: primitive('a'),
    options: { 'no-quorum-policy': 'stop', 'maintenance-mode': 'true' },
    histories: {
      1: history(
        'a',
        operation('a', 'start'),
        operation('a', 'start', { intervalMs: 60_000, rc: 193 }).replace('op-status="0"', 'op-status="-1"'),
      ),
    },
    nodes: 1,
    hasQuorum: false,
  })
  expect(operations).toContain('a_start_60000 on n1')
})

test('a connection into a container that has no node is led to the clean one of those where that is active', () => {
  const bundle =
    '<bundle id="b"><podman image="i"/><network control-port="3121"/><primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/></bundle>'
  const container = history('b-podman-0', operation('b-podman-0', 'start'))
    .replace('"pacemaker"', '"heartbeat"')
    .replace('"Dummy"', '"podman"')
  const { graph } = plan({
    resources: bundle,
    constraints: ['n1', 'n2']
      .map((node) => `<rsc_location id="l-${node}" rsc="b" node="${node}" score="-INFINITY"/>`)
      .join(''),
    options: { 'shutdown-lock': 'true' },
    histories: {
      1: container,
      2: container + history('b-0', operation('b-0', 'start')).replace('type="Dummy"', 'type="remote"'),
    },
    lost: [1],
  })
  const told = [...descendants(graph)].find((item) => item.name === 'attributes' && attr(item, 'port') === '3121')
  expect(told && attr(told, 'addr')).toBe('n2')
})

test('a clone counts as running while an instance is thought to be active, even on a guest that is gone', () => {
  const guestState =
    '<node_state id="g1" uname="g1" remote_node="true" in_ccm="true"><lrm id="g1"><lrm_resources>' +
    `${history('a', operation('a', 'promote'))}</lrm_resources></lrm></node_state>`
  const staysStopped = '<operations><op id="vm-s" name="start" interval="0" on-fail="stop"/></operations>'
  const { dot } = plan({
    resources: `<primitive id="f" class="stonith" type="fence_dummy"/>${primitive('vm', { 'remote-node': 'g1' }, staysStopped)}${clone('c', { 'clone-max': '1', promotable: 'true' }, primitive('a'))}`,
    options: { 'stonith-enabled': 'true' },
    histories: { 1: history('vm', operation('vm', 'start', { rc: 1 })) },
    transient: {
      1: `<instance_attributes id="t"><nvpair id="t1" name="shutdown" value="${nowSeconds}"/></instance_attributes>`,
    },
    guests: guestState,
  })
  expect(dot).toContain('"c_start_0" -> "c_running_0" [ style = bold]')
})

test('a call id past 32 bits is that of an operation that is not done', () => {
  const numbered = (text: string, id: string): string => text.replace('call-id="@"', `call-id="${id}"`)
  const { status } = plan({
    resources: primitive('a'),
    histories: {
      1: history(
        'a',
        numbered(operation('a', 'start'), '-1'),
        numbered(operation('a', 'stop'), '4294967297').replaceAll('1:1:0', '2:2:0'),
        numbered(operation('a', 'monitor', { intervalMs: 10_000 }), '1').replaceAll('1:1:0', '3:3:0'),
      ),
    },
    nodes: 1,
  })
  expect(status).toContain('* a (ocf:pacemaker:Dummy): Started n1')
})

test('what is simulated after the last call id of 32 bits does not count as done', () => {
  const stop = operation('a', 'stop').replace('call-id="@"', 'call-id="2147483647"')
  const input = cib({ resources: primitive('a'), histories: { 1: history('a', stop) }, nodes: 1 })
  const { stdout } = simulate(input, { nowSeconds, process: true, simulate: true })
  expect(stdout.slice(stdout.indexOf('Revised Cluster Status:'))).toContain('a\t(ocf:pacemaker:Dummy):\t Stopped')
})

test('a message about an operation without an interval tells that of what was cancelled before', () => {
  const parameters = '<instance_attributes id="p"><nvpair id="p1" name="passwd" value="new"/></instance_attributes>'
  const secure = `op-secure-params=" passwd " op-secure-digest="${emptyDigest}"`
  const input = cib({
    resources: primitive('a') + primitive('b', {}, parameters),
    histories: {
      1:
        history('a', operation('a', 'start'), operation('a', 'monitor', { intervalMs: 90_000 })) +
        history('b', operation('b', 'start', { more: secure })),
    },
    nodes: 1,
  })
  const { stdout } = simulate(input, { nowSeconds, process: true, simulate: false, showsScores: true })
  expect(stdout).toContain("Only 'private' parameters to 1m30s-interval start for b on n1 changed")
})

test('whether a migration waits for itself is asked on every way, which settles what the probes on other nodes hold back', () => {
  const needs = (id: string) => `<utilization id="${id}-u"><nvpair id="${id}-cpu" name="cpu" value="3"/></utilization>`
  const { dot } = plan({
    resources: `<group id="g">${primitive('a')}${primitive('b', {}, needs('b'))}</group>${primitive('m', { 'allow-migrate': 'true' }, needs('m'))}<group id="h">${primitive('d')}</group>`,
    constraints:
      '<rsc_order id="o" first="h" then="g" kind="Serialize" then-action="stop"/><rsc_order id="p" first="m" then="h"/><rsc_colocation id="apart" rsc="a" with-rsc="m" score="-INFINITY"/>',
    options: { 'placement-strategy': 'minimal', 'enable-startup-probes': 'true' },
    histories: {
      1: history('m', operation('m', 'start')),
      2: history('b', operation('b', 'monitor', { expected: 7 })),
    },
    capacities: { 2: { cpu: 8 } },
    nodes: 3,
    hasQuorum: false,
  })
  expect(dot.split('\n').filter((line) => /"a_monitor_0 n\d" -> "m_start_0/.test(line))).toEqual([
    '"a_monitor_0 n2" -> "m_start_0 n2" [ style = dashed]',
  ])
})

test('a message about a secret of what a promotion left behind tells a start', () => {
  const parameters = '<instance_attributes id="p"><nvpair id="p1" name="passwd" value="new"/></instance_attributes>'
  const secure = `op-secure-params=" passwd " op-secure-digest="${emptyDigest}"`
  const input = cib({
    resources: primitive('a', {}, parameters),
    histories: { 1: history('a', operation('a', 'promote', { more: secure })) },
    nodes: 1,
  })
  const { stdout } = simulate(input, { nowSeconds, process: true, simulate: false, showsScores: true })
  expect(stdout).toContain("Only 'private' parameters to 0s-interval start for a on n1 changed")
})

test('what is inside a bundle and is to be with that bundle is asked for again, not for ever', () => {
  const input = cib({
    resources:
      '<template id="t" class="ocf" provider="pacemaker" type="Dummy"/><bundle id="b"><docker image="i"/><network control-port="3131"/><primitive id="p" template="t"/></bundle>',
    constraints: '<rsc_colocation id="c" rsc="t" with-rsc="b" score="5000"/>',
    guests:
      '<node_state id="b-0"><lrm id="b-0"><lrm_resources><lrm_resource id="p"><lrm_rsc_op id="p_last_0"/></lrm_resource></lrm_resources></lrm></node_state>',
    options: { 'stonith-enabled': 'true' },
    nodes: 0,
  })
  const { stdout } = simulate(input, { nowSeconds, process: true, simulate: false })
  expect(stdout.slice(stdout.indexOf('Transition Summary:')).trim()).toBe('Transition Summary:')
})

test('a bundle stays unique when what is in it can only be anonymous', () => {
  const { status } = plan({
    resources:
      '<bundle id="b"><podman image="i" replicas="2" replicas-per-host="2"/><network ip-range-start="192.0.2.1"/><primitive id="p" class="lsb" type="x"/></bundle>',
  })
  expect(status).toContain('* Container bundle set: b [i] (unique):')
})

test('the connection of a guest whose container cannot be used is not locked by a shutdown', () => {
  const input = cib({
    resources:
      '<primitive id="v" template="none"><meta_attributes id="v-m"><nvpair id="v-g" name="remote-node" value="g"/></meta_attributes></primitive>',
    options: { 'shutdown-lock': 'true' },
    histories: {
      1: `<lrm_resource id="g" class="ocf" provider="pacemaker" type="remote">${operation('g', 'start')}</lrm_resource>`,
    },
    transient: {
      1: '<instance_attributes id="t"><nvpair id="t1" name="shutdown" value="1699999990"/></instance_attributes>',
    },
  })
  const { stdout } = simulate(input, { nowSeconds, process: true, simulate: false, showsScores: true })
  expect(stdout.split('\n').filter((line) => line.includes(': g allocation score on n'))).toEqual([
    'pcmk__primitive_assign: g allocation score on n1: 0',
    'pcmk__primitive_assign: g allocation score on n2: 0',
  ])
})

test('an agent that is called #default is none for the graph, where a meta-attribute can stand in for it', () => {
  const stands =
    '<meta_attributes id="s"><nvpair id="s1" name="provider" value="pacemaker"/><nvpair id="s2" name="type" value="Other"/></meta_attributes>'
  const { graph } = plan({
    resources: `<primitive id="a" class="ocf" provider="#default" type="Dummy">${stands}</primitive><primitive id="b" class="ocf" provider="heartbeat" type="#Default"/>`,
    options: { 'enable-startup-probes': 'true' },
    nodes: 1,
  })
  const agents = [...descendants(graph)].flatMap((item) =>
    item.name === 'primitive' ? [`${attr(item, 'id')} ${attr(item, 'provider')} ${attr(item, 'type')}`] : [],
  )
  expect([...new Set(agents)].sort()).toEqual(['a pacemaker Dummy', 'b heartbeat undefined'])
})

test.each([
  ['host', 4],
  ['HOST', 0],
])('notifications tell hosts where container-attribute-target is written as %s', (target, count) => {
  const { graph } = plan({
    resources: clone('c', { notify: 'true', 'container-attribute-target': target }, primitive('a')),
    nodes: 2,
  })
  const told = [...descendants(graph)].filter((item) => attr(item, 'CRM_meta_notify_all_hosts') !== undefined)
  expect(told.map((item) => attr(item, 'CRM_meta_notify_all_hosts'))).toEqual(Array(count).fill('n1 n2'))
})

test('a bundle that asks for itself tells the scores of its instance for the inner time as well', () => {
  const input = cib({
    resources:
      '<bundle id="b"><docker image="i"/><network control-port="3131"/><primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/></bundle>',
    constraints: '<rsc_colocation id="c" rsc="b" with-rsc="t" score="INFINITY"/>',
    tags: '<tag id="t"><obj_ref id="b"/></tag>',
    nodes: 0,
  })
  const { stdout } = simulate(input, { nowSeconds, process: true, simulate: false, showsScores: true })
  expect(stdout.split('\n').filter((line) => line.startsWith('pcmk__bundle_allocate: p:0 allocation score'))).toEqual([
    'pcmk__bundle_allocate: p:0 allocation score on b-0: 500',
    'pcmk__bundle_allocate: p:0 allocation score on b-0: 500',
    'pcmk__bundle_allocate: p:0 allocation score on b-0: INFINITY',
  ])
})
