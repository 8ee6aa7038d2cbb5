import { invariant } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { explain } from './explain.ts'
import { explanationLines } from './explanation-text.ts'

const options = { nowSeconds: 1_700_000_000 }

const pair = (name: string, value: string): string =>
  `<nvpair id="v-${name}-${value}" name="${name}" value="${value}"/>`
const meta = (id: string, name: string, value: string): string =>
  `<meta_attributes id="${id}-m">${pair(name, value)}</meta_attributes>`
const dummy = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`
const ran = (id: string): string =>
  `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_start_0" operation="start" call-id="1" rc-code="0" op-status="0" interval="0" op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x" crm_feature_set="3.16.1"/></lrm_resource>`
const capacity = (id: string, memory: number): string =>
  `<utilization id="${id}-u"><nvpair id="${id}-u-m" name="memory" value="${memory}"/></utilization>`

type Parts = {
  readonly resources: string
  readonly constraints?: string
  readonly properties?: string
  readonly more?: string
  readonly quorum?: boolean
  readonly nodes?: readonly { readonly inside?: string; readonly history?: string; readonly attributes?: string }[]
}

function cib({
  resources,
  constraints = '',
  properties,
  more = '',
  quorum = true,
  nodes = [{}, {}],
}: Parts): XmlElement {
  const known = nodes.map(({ inside = '' }, i) => `<node id="${i + 1}" uname="n${i + 1}">${inside}</node>`)
  const states = nodes.map(
    ({ history = '', attributes = '' }, i) =>
      `<node_state id="${i + 1}" uname="n${i + 1}" in_ccm="true" crmd="online" join="member" expected="member"><transient_attributes id="${i + 1}"><instance_attributes id="s${i + 1}">${attributes}</instance_attributes></transient_attributes><lrm id="${i + 1}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`,
  )
  const parsed = parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="${quorum ? 1 : 0}">
    <configuration><crm_config><cluster_property_set id="p">${properties ?? pair('stonith-enabled', 'false')}</cluster_property_set></crm_config>
    <nodes>${known.join('')}</nodes><resources>${resources}</resources><constraints>${constraints}</constraints>${more}</configuration>
    <status>${states.join('')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

function told(of: Parts, id: string, node: string): string {
  const found = explain(cib(of), id, node, options)
  invariant(found.ok, 'the resource is there')
  return explanationLines(found.value).join('\n')
}

const held = {
  resources: dummy('web'),
  constraints: '<rsc_location id="prefer" rsc="web" node="n1" score="50"/>',
  more: `<rsc_defaults>${meta('d', 'resource-stickiness', '100')}</rsc_defaults>`,
  nodes: [{}, { history: ran('web') }],
}

test('a node that is asked about and has less score is told with what the other one has', () => {
  const out = told(held, 'web', 'n1')
  expect(out).toContain('n2, where it is to run, has 100:')
  expect(out).toMatch(/ \+100 {2}it runs on n2 and resource-stickiness is 100 \(rsc_defaults, set d-m\)/)
  const found = explain(cib(held), 'web', undefined, options)
  invariant(found.ok, 'the resource is there')
  expect(found.value.instances[0]?.nodes.map(({ outdoneBy }) => outdoneBy?.node)).toEqual(['n2', undefined])
  // Where every node is told, so is the other one.
  expect(explanationLines(found.value).join('\n')).not.toContain('where it is to run')
})

test('a node without an instance of a clone that has all that it may have: clone-max', () => {
  const clone = `<clone id="c">${meta('c', 'clone-max', '1')}${dummy('web')}</clone>`
  const out = told({ resources: clone, nodes: [{ history: ran('web') }, {}] }, 'web', 'n2')
  expect(out).toContain('clone-max=1 of c, and that many are placed elsewhere')
  expect(out).toContain('try: quorate what-if --meta c:clone-max=2')
})

test('quorum: the policy as it is configured, and as what it counts', () => {
  const fenced = '<primitive id="fence" class="stonith" type="fence_xvm"/>'
  const by = (policy: string): string =>
    told({ resources: fenced + dummy('web'), properties: pair('no-quorum-policy', policy), quorum: false }, 'web', 'n1')
  expect(by('freeze')).toMatch(/^web: .*: this partition has no quorum and no-quorum-policy is freeze\.$/m)
  expect(by('suicide')).toContain('no-quorum-policy is suicide, which counts as stop here')
})

test('a remote node that is not there says why, and a failure that is the same everywhere is told as that', () => {
  const remote = '<primitive id="far" class="ocf" provider="pacemaker" type="remote"/>'
  const attributes = pair('fail-count-far#start_0', 'INFINITY')
  const out = told({ resources: remote + dummy('web'), nodes: [{ attributes }, { attributes }] }, 'web', 'far')
  expect(out).toContain('far is offline: far is to run nowhere: far has a fail-count of INFINITY on every node')
})

test('location constraints: what left them, the tag that they name, and those that are exclusive', () => {
  const location = (id: string, rsc: string, more: string): string => `<rsc_location id="${id}" rsc="${rsc}" ${more}/>`
  const by = (constraints: string): string =>
    told(
      { resources: dummy('web'), constraints, more: '<tags><tag id="all"><obj_ref id="web"/></tag></tags>' },
      'web',
      'n1',
    )
  expect(by(location('cli-ban-web-on-n1', 'web', 'node="n1" score="-INFINITY"'))).toContain(
    'location constraint cli-ban-web-on-n1, left by crm_resource --ban',
  )
  expect(by(location('no', 'all', 'node="n1" score="-INFINITY"'))).toContain('location constraint no (tag all)')
  expect(by(location('only', 'web', 'node="n2" score="0" resource-discovery="exclusive"'))).toContain(
    'location constraint only with resource-discovery=exclusive names other nodes only',
  )
})

test('what is to be apart can be so by the constraint too, as it is supposed', () => {
  const constraints =
    '<rsc_colocation id="apart" rsc="web" with-rsc="db" score="-INFINITY"/><rsc_location id="db-n1" rsc="db" node="n1" score="INFINITY"/>'
  const out = told({ resources: dummy('db') + dummy('web'), constraints }, 'web', 'n1')
  expect(out).toContain('to run here: db has to run elsewhere, or constraint apart to go')
})

test('failures are told with the time after which they are forgotten, and capacity with who takes it', () => {
  const limits = `<meta_attributes id="web-m">${pair('migration-threshold', '3')}${pair('failure-timeout', '1h')}</meta_attributes>`
  const attributes = pair('fail-count-web#monitor_10000', '3') + pair('last-failure-web#monitor_10000', '1699999900')
  expect(told({ resources: dummy('web', limits), nodes: [{ attributes }, {}] }, 'web', 'n1')).toContain(
    'which reaches migration-threshold=3, until failure-timeout=1h has passed since the last',
  )
  const out = told(
    {
      resources: dummy('a', capacity('a', 6)) + dummy('big', capacity('big', 6)),
      properties: pair('stonith-enabled', 'false') + pair('placement-strategy', 'utilization'),
      nodes: [{ inside: capacity('n1', 8), history: ran('a') }, { inside: capacity('n2', 4) }],
    },
    'big',
    'n1',
  )
  expect(out).toContain('too little capacity left on n1: big needs memory=6 of 2 (a takes 6 of 8)')
})

const stateful = (id: string): string => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Stateful"/>`
const ranStateful = ran('db').replaceAll('Dummy', 'Stateful')

test('another one is promoted: by what most of all, and by whose target-role none is', () => {
  const clone = (target: string): string =>
    `<clone id="dbs"><meta_attributes id="dbs-m">${pair('promotable', 'true')}${target}</meta_attributes>${stateful('db')}</clone>`
  const nodes = [10, 5].map((score) => ({ history: ranStateful, attributes: pair('master-db', String(score)) }))
  const constraints = '<rsc_location id="prom" rsc="dbs" node="n2" score="100" role="Promoted"/>'
  expect(told({ resources: clone(''), constraints, nodes }, 'db:0', 'n1')).toContain(
    'promoted-max is 1, and db:1 with 105 (of that 100 by location constraint prom on dbs) comes first: it has 10',
  )
  const unpromoted = told({ resources: clone(pair('target-role', 'Unpromoted')), nodes }, 'db:0', 'n1')
  expect(unpromoted).toContain('  * dbs has target-role=Unpromoted')
  expect(unpromoted).toContain('try: quorate what-if --meta dbs:target-role=Started')
})
