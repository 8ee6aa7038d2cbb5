import { invariant } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { decisionOn } from './decision.ts'
import { endingOf } from './ending.ts'
import { explain } from './explain.ts'
import { explanationLines } from './explanation-text.ts'
import { supposedCib } from './supposition.ts'
import { whatIf, whatIfLines } from './what-if.ts'

const options = { nowSeconds: 1_700_000_000 }

const dummy = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`
const meta = (id: string, name: string, value: string): string =>
  `<meta_attributes id="${id}-m"><nvpair id="${id}-${name}" name="${name}" value="${value}"/></meta_attributes>`

type Parts = {
  readonly resources: string
  readonly constraints?: string
  readonly config?: string
  readonly nodes?: readonly string[]
  readonly attributes?: string
  /** What n1 has done. */
  readonly history?: string
  /** States of other nodes. */
  readonly more?: string
  readonly isUp?: boolean
  /** Entries of other nodes. */
  readonly guests?: string
}

function cib({
  resources,
  constraints = '',
  config,
  nodes = ['n1'],
  attributes = '',
  history = '',
  more = '',
  isUp = true,
  guests = '',
}: Parts): XmlElement {
  const known = nodes.map((name, i) => `<node id="${i + 1}" uname="${name}">${i === 0 ? attributes : ''}</node>`)
  const states = nodes.map(
    (name, i) =>
      `<node_state id="${i + 1}" uname="${name}" ${isUp ? 'in_ccm="true" crmd="online" join="member"' : 'in_ccm="false" crmd="offline" join="down"'} expected="member"><lrm id="${i + 1}"><lrm_resources>${i === 0 ? history : ''}</lrm_resources></lrm></node_state>`,
  )
  const off = '<nvpair id="fencing" name="stonith-enabled" value="false"/>'
  const parsed = parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1">
    <configuration><crm_config>${config ?? `<cluster_property_set id="p">${off}</cluster_property_set>`}</crm_config>
    <nodes>${known.join('')}${guests}</nodes><resources>${resources}</resources><constraints>${constraints}</constraints></configuration>
    <status>${states.join('')}${more}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

function explained(of: XmlElement, id: string, node: string) {
  const found = explain(of, id, node, options)
  invariant(found.ok, 'the resource is there')
  const [at] = found.value.instances[0]?.nodes ?? []
  invariant(at !== undefined, 'the node is there')
  return { at, text: explanationLines(found.value).join('\n') }
}

const order = (id: string, first: string, then: string): string =>
  `<rsc_order id="${id}" first="${first}" then="${then}"/>`
const circle = {
  resources: dummy('a') + dummy('b', meta('b', 'target-role', 'Stopped')),
  constraints: order('o1', 'a', 'b') + order('o2', 'b', 'a'),
}
const started = { metaAttributes: [{ resource: 'b', name: 'target-role', value: 'Started' }] }

test('a transition that gets stuck says which actions wait for each other, and by which constraints', () => {
  const supposed = supposedCib(cib(circle), started, options)
  invariant(supposed.ok, 'b is there')
  const { standstill } = endingOf(decisionOn(supposed.value, options))
  expect(standstill?.text).toBe(
    'the start of a on n1 waits for the start of b on n1 (order constraint o2), which waits for the start of a on n1 (order constraint o1)',
  )
  expect(standstill?.constraints).toEqual(['o2', 'o1'])
})

test('what-if says that a plan gets stuck, and where', () => {
  const found = whatIf(cib(circle), started, options)
  invariant(found.ok, 'b is there')
  expect(found.value).toMatchObject({ isComplete: false, isStuckAnyway: false })
  expect(found.value.summary).toBe('The cluster would get stuck on the way.')
  expect(whatIfLines(found.value).at(-1)).toMatch(/^It would get stuck: the start of a on n1 waits for the start of b/)
})

test('a remedy brings the transition to its end: the constraint that closes its circle has to go as well', () => {
  const { at } = explained(cib(circle), 'b', 'n1')
  expect(at.whatIf).toEqual(['--without', 'o2', '--meta', 'b:target-role=Started'])
  expect(at.remedies).toContain('constraint o2 has to go')
  const supposed = supposedCib(cib(circle), at.suppose ?? {}, options)
  invariant(supposed.ok, 'what is supposed is there')
  const { standstill, restless, decision } = endingOf(decisionOn(supposed.value, options))
  expect([standstill, restless]).toEqual([undefined, []])
  expect(decision.cluster.resourceById.get('b')?.runningOn.map(({ uname }) => uname)).toEqual(['n1'])
})

const remote = '<primitive id="far" class="ocf" provider="pacemaker" type="remote"/>'

test('where no changes at once bring a transition to its end something is done first', () => {
  // What is to be looked for on a remote node has to be looked for everywhere before that node is connected.
  const constraints =
    '<rsc_order id="o"><resource_set id="o1" sequential="true" require-all="false" action="stop" symmetrical="false"><resource_ref id="a"/></resource_set><resource_set id="o2" require-all="false"><resource_ref id="far"/></resource_set></rsc_order>'
  const resources = dummy('a', meta('a', 'target-role', 'Stopped')) + remote
  const { at, text } = explained(cib({ resources, constraints }), 'a', 'n1')
  expect([at.suppose, at.isTried, at.shortfall]).toEqual([undefined, true, undefined])
  // What is looked for on the remote node has to be looked for before that is connected: so it is left out for a while.
  expect(at.steps.map(({ whatIf }) => whatIf)).toEqual([
    ['--meta', 'far:target-role=Stopped'],
    ['--meta', 'a:target-role=Started'],
  ])
  expect(at.whatIf).toEqual(['--meta', 'far:target-role=Stopped', '--then', '--meta', 'a:target-role=Started'])
  expect(text).toContain('        1. target-role=Stopped of far: crm_resource --meta')
  expect(text).toContain('        2. target-role=Started of a: crm_resource --meta')
  expect(text).toContain('try: quorate what-if --meta far:target-role=Stopped --then --meta a:target-role=Started')
})

/** A container that a node is remembered to run, without the connection into it. */
const bundle = `<bundle id="b"><podman image="i" replicas="2"/><network ip-range-start="192.0.2.7" host-interface="eth0"/>${dummy('in')}</bundle>`
const ran = (id: string, type: string, provider = 'heartbeat'): string =>
  `<lrm_resource id="${id}" class="ocf" provider="${provider}" type="${type}"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_start_0" operation="start" call-id="1" rc-code="0" op-status="0" interval="0" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x" crm_feature_set="3.16.1"/></lrm_resource>`

test('a node that comes online is started anew where what it is remembered to run is in the way', () => {
  const history = ran('b-podman-0', 'podman') + ran('b-ip-192.0.2.7', 'IPaddr2')
  const { at } = explained(
    cib({ resources: bundle, history, isUp: false, guests: '<node id="b-0" uname="b-0" type="remote"/>' }),
    'b-podman-0',
    'n1',
  )
  expect(at.whatIf).toEqual(['--reboot', 'n1'])
})

test('an option in a set with a rule that does not hold is supposed in one without', () => {
  const rule = '<rule id="r"><expression id="e" attribute="#uname" operation="eq" value="nobody"/></rule>'
  const config = `<cluster_property_set id="cib-bootstrap-options">${rule}<nvpair id="f" name="stonith-enabled" value="true"/></cluster_property_set>`
  const { at } = explained(cib({ resources: dummy('a'), config }), 'a', 'n1')
  expect(at.whatIf).toEqual(['--option', 'stonith-enabled=false'])
})

const connected = ran('far', 'remote', 'pacemaker')

test('a remote node whose connection runs on a node in maintenance is there again once that node is', () => {
  const attributes =
    '<instance_attributes id="at"><nvpair id="at-m" name="maintenance" value="true"/></instance_attributes>'
  const more =
    '<node_state id="far" uname="far" remote_node="true" in_ccm="true"><lrm id="far"><lrm_resources/></lrm></node_state>'
  const of = cib({ resources: remote + dummy('a'), nodes: ['n1', 'n2'], attributes, history: connected, more })
  const { at, text } = explained(of, 'a', 'far')
  expect(text).toContain('its connection far is not managed: it runs on n1, which is in maintenance')
  expect(at.remedies).toContain('crm_attribute --node n1 --name maintenance --delete')
  expect(at.whatIf).toContain('n1:maintenance=')
})

test('an orphan of a name that is something else now cannot run any more', () => {
  const history = connected.replaceAll('far', 'a:1').replaceAll('remote', 'Dummy')
  const { at } = explained(cib({ resources: `<group id="g">${dummy('a')}</group>`, history }), 'a:1', 'n1')
  expect(at.remedies).toEqual(['a:1 is left over from what a was before: it cannot run any more'])
  expect(at.isTried).toBe(false)
})

test('what ran before its instances were numbered cannot run any more', () => {
  const numbered = bundle.replace('replicas="2"', 'replicas="2" replicas-per-host="2"')
  const { at } = explained(cib({ resources: numbered, history: ran('in', 'Dummy', 'pacemaker') }), 'in', 'n1')
  expect(at.remedies).toEqual(['in is left over from when its instances had no numbers: it cannot run any more'])
})

test('in a cluster that is not symmetric, what has to run somewhere first is given a node as well', () => {
  const config =
    '<cluster_property_set id="p"><nvpair id="f" name="stonith-enabled" value="false"/><nvpair id="y" name="symmetric-cluster" value="false"/></cluster_property_set>'
  const { at } = explained(cib({ resources: remote + dummy('a'), config }), 'a', 'far')
  expect(at.whatIf).toEqual(expect.arrayContaining(['far@n1=0', 'a@far=0']))
})

test('what is only remembered to run on a node that is gone is not there', () => {
  const history = ran('a', 'Dummy', 'pacemaker')
  const config =
    '<cluster_property_set id="p"><nvpair id="f" name="stonith-enabled" value="true"/></cluster_property_set>'
  const resources = `<clone id="c">${meta('c', 'clone-max', '2')}${dummy('a')}</clone>`
  const of = cib({ resources, config, history, isUp: false })
  const found = explain(of, 'c', 'n1', options)
  invariant(found.ok, 'the clone is there')
  const [other] = found.value.instances.filter(({ runningOn }) => runningOn.length === 0)
  expect(other?.nodes[0]?.isChosen).toBe(false)
  expect(other?.nodes[0]?.whatIf).not.toEqual([])
})

test('what is to be with a promoted replica says which of them has to be promoted, by its node', () => {
  const inside = '<primitive id="in" class="ocf" provider="pacemaker" type="Stateful"/>'
  const promotable = `<bundle id="b"><podman image="i" replicas="2" promoted-max="1"/><network ip-range-start="192.0.2.7" host-interface="eth0"/>${inside}</bundle>`
  const constraints =
    '<rsc_colocation id="c" rsc="vip" with-rsc="b" with-rsc-role="Promoted" score="INFINITY"/><rsc_order id="o" first="b" first-action="promote" then="vip" then-action="start"/>'
  const of = cib({ resources: promotable + dummy('vip'), constraints, nodes: ['n1', 'n2'] })
  const whatIfs = ['n1', 'n2'].map((node) => explained(of, 'vip', node).at.whatIf)
  expect(whatIfs).toEqual([
    ['--prefer-promoted', 'b@b-0=1'],
    ['--prefer-promoted', 'b@b-1=1'],
  ])
})

test('what a simulation cannot begin is told, since nothing is known of what follows', () => {
  const check = `<primitive id="check" class="nagios" type="check_tcp">${meta('check', 'target-role', 'Stopped')}</primitive>`
  const of = cib({ resources: check })
  const { at } = explained(of, 'check', 'n1')
  expect(at.shortfall).toContain('cannot be simulated (Invalid class for check: nagios)')
  const wanted = { metaAttributes: [{ resource: 'check', name: 'target-role', value: 'Started' }] }
  const found = whatIf(of, wanted, options)
  invariant(found.ok, 'check is there')
  expect(found.value.unsimulated).toEqual(['Invalid class for check: nagios'])
  expect(whatIfLines(found.value).at(-1)).toBe(
    'Not known to the end: what a cluster does then cannot be simulated (Invalid class for check: nagios).',
  )
})

test('where no two steps are tried any more that is said', () => {
  const stopped = (id: string): string => dummy(id, meta(id, 'target-role', 'Stopped'))
  const constraints =
    '<rsc_order id="o"><resource_set id="o1" action="stop"><resource_ref id="a"/></resource_set><resource_set id="o2" action="start"><resource_ref id="far"/></resource_set></rsc_order>'
  const others = Array.from({ length: 299 }, (_, i) => stopped(`x${i}`)).join('')
  const { at } = explained(cib({ resources: stopped('a') + remote + others, constraints }), 'a', 'n1')
  expect([at.steps, at.shortfall]).toEqual([
    [],
    expect.stringMatching(/; two steps are not tried in a cluster of more than 300 instances$/),
  ])
})
