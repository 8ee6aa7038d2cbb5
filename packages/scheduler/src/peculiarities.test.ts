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
  readonly hasQuorum?: boolean
}

function cib({
  resources,
  constraints = '',
  options = {},
  histories = {},
  transient = {},
  nodes = 2,
  hasQuorum = true,
}: Parts): XmlElement {
  const numbers = Array.from({ length: nodes }, (_, i) => i + 1)
  const properties = Object.entries({ 'stonith-enabled': 'false', 'enable-startup-probes': 'false', ...options })
    .map(([name, value]) => `<nvpair id="o-${name}" name="${name}" value="${value}"/>`)
    .join('')
  const states = numbers.map(
    (n) =>
      `<node_state id="${n}" uname="n${n}" in_ccm="true" crmd="online" join="member" expected="member"><transient_attributes id="${n}">${transient[n] ?? ''}</transient_attributes><lrm id="${n}"><lrm_resources>${histories[n] ?? ''}</lrm_resources></lrm></node_state>`,
  )
  const parsed =
    parseXml(`<cib crm_feature_set="3.16.1" have-quorum="${hasQuorum ? 1 : 0}" dc-uuid="1" execution-date="${nowSeconds}">
    <configuration><crm_config><cluster_property_set id="o">${properties}</cluster_property_set></crm_config>
    <nodes>${numbers.map((n) => `<node id="${n}" uname="n${n}"/>`).join('')}</nodes>
    <resources>${resources}</resources><constraints>${constraints}</constraints></configuration>
    <status>${states.join('')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

const emptyDigest = 'f2317cad3d54cec5d7d7aa7d0bf35cf8'

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
  const { graph, dot = '', stdout } = outcome
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
