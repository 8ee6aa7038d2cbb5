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
  readonly nodes?: number
  readonly hasQuorum?: boolean
}

function cib({
  resources,
  constraints = '',
  options = {},
  histories = {},
  nodes = 2,
  hasQuorum = true,
}: Parts): XmlElement {
  const numbers = Array.from({ length: nodes }, (_, i) => i + 1)
  const properties = Object.entries({ 'stonith-enabled': 'false', 'enable-startup-probes': 'false', ...options })
    .map(([name, value]) => `<nvpair id="o-${name}" name="${name}" value="${value}"/>`)
    .join('')
  const states = numbers.map(
    (n) =>
      `<node_state id="${n}" uname="n${n}" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="${n}"><lrm_resources>${histories[n] ?? ''}</lrm_resources></lrm></node_state>`,
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

type Plan = { readonly operations: readonly string[]; readonly dot: string; readonly summary: readonly string[] }

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
  return {
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
