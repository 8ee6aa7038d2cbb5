import { invariant } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { explain } from './explain.ts'
import { explanationLines } from './explanation-text.ts'

const options = { nowSeconds: 1_700_000_000 }

function cib(resources: string, constraints = '', states = '', properties = ''): XmlElement {
  const nodes = [1, 2, 3]
  const parsed =
    parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1" epoch="1" num_updates="0" admin_epoch="0">
    <configuration><crm_config><cluster_property_set id="p"><nvpair id="p1" name="stonith-enabled" value="false"/>${properties}</cluster_property_set></crm_config>
    <nodes>${nodes.map((n) => `<node id="${n}" uname="n${n}"/>`).join('')}</nodes>
    <resources>${resources}</resources><constraints>${constraints}</constraints></configuration>
    <status>${states === '' ? nodes.map((n) => state(n)).join('') : states}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

function state(n: number, { online = true, inside = '' } = {}): string {
  const word = online ? 'online' : 'offline'
  return `<node_state id="${n}" uname="n${n}" in_ccm="${online}" crmd="${word}" join="${online ? 'member' : 'down'}" expected="${online ? 'member' : 'down'}">${inside}</node_state>`
}

/** Digest of an operation without parameters: what runs was started with what is configured. */
const emptyDigest = 'f2317cad3d54cec5d7d7aa7d0bf35cf8'

function running(id: string, digest = emptyDigest): string {
  const op = `<lrm_rsc_op id="${id}_last_0" operation_key="${id}_start_0" operation="start" call-id="1" rc-code="0" op-status="0" interval="0" op-digest="${digest}" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x" crm_feature_set="3.16.1"/>`
  return `<lrm id="x"><lrm_resources><lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy">${op}</lrm_resource></lrm_resources></lrm>`
}

const primitive = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`

function lines(of: XmlElement, resource: string, node?: string): readonly string[] {
  const found = explain(of, resource, node, options)
  invariant(found.ok, 'the resource is there')
  return explanationLines(found.value)
}

test('a location constraint, with its id and its score, and what another node lacks', () => {
  const of = cib(primitive('a'), '<rsc_location id="likes" rsc="a" node="n2" score="50"/>')
  expect(lines(of, 'a')).toEqual([
    'a: stopped; is to run on n2.',
    '  * due: start on n2',
    '  - n1: score 0',
    '      to run here: more than 50 more score for n1: it has 0, n2 has 50',
    '      try: quorate what-if --prefer a@n1=51',
    '  + n2: score 50, chosen',
    '            +50  location constraint likes',
    '  - n3: score 0',
    '      to run here: more than 50 more score for n3: it has 0, n2 has 50',
    '      try: quorate what-if --prefer a@n3=51',
  ])
})

test('what a move left behind is cleared by its own command', () => {
  const of = cib(primitive('a'), '<rsc_location id="cli-ban-a-on-n1" rsc="a" node="n1" score="-INFINITY"/>')
  expect(lines(of, 'a', 'n1')).toContain('      to run here: crm_resource --clear --resource a')
})

test('states of a node rule it out whatever its score', () => {
  const of = cib(
    primitive('a'),
    '<rsc_location id="likes" rsc="a" node="n3" score="INFINITY"/>',
    [state(1), state(2), state(3, { online: false })].join(''),
  )
  expect(lines(of, 'a', 'n3')).toEqual([
    'a: stopped; is to run on n1.',
    '  * due: start on n1',
    '  - n3: score INFINITY',
    '       excluded  n3 is offline',
    '      +INFINITY  location constraint likes',
    '      to run here: n3 has to come online',
    '      try: quorate what-if --node-up n3',
  ])
})

test('failures that reach the threshold, with the command that forgets them', () => {
  const meta = '<meta_attributes id="am"><nvpair id="am1" name="migration-threshold" value="2"/></meta_attributes>'
  const counts = `<transient_attributes id="1"><instance_attributes id="t1"><nvpair id="t2" name="fail-count-a#monitor_10000" value="3"/></instance_attributes></transient_attributes>`
  const of = cib(primitive('a', meta), '', [state(1, { inside: counts }), state(2), state(3)].join(''))
  expect(lines(of, 'a', 'n1').slice(2)).toEqual([
    '  - n1: score -INFINITY',
    '      -INFINITY  a failed 3 times on n1, which reaches migration-threshold=2',
    '      to run here: crm_resource --cleanup --resource a --node n1',
    '      try: quorate what-if --cleanup a@n1',
  ])
})

test('a colocation follows its primary; stickiness holds what runs', () => {
  const of = cib(
    primitive(
      'a',
      '<meta_attributes id="am"><nvpair id="am1" name="resource-stickiness" value="7"/></meta_attributes>',
    ) + primitive('b'),
    '<rsc_colocation id="together" rsc="b" with-rsc="a" score="INFINITY"/>',
    [state(1), state(2, { inside: running('a') }), state(3)].join(''),
  )
  expect(lines(of, 'b', 'n1').slice(2)).toEqual([
    '  - n1: score -INFINITY',
    '      -INFINITY  colocation together: with a, which runs on n2',
    '      to run here: a: more than 7 more score for n1: it has 0, n2 has 7',
    '      try: quorate what-if --prefer a@n1=8',
    '      besides: moved: a',
  ])
  expect(lines(of, 'a', 'n2')).toEqual([
    'a: runs on n2; is to stay.',
    '  + n2: score 7, chosen',
    '             +7  it runs on n2 and resource-stickiness is 7',
  ])
})

test('a changed definition restarts in place, and says so', () => {
  const of = cib(primitive('a'), '', [state(1, { inside: running('a', 'changed') }), state(2), state(3)].join(''))
  expect(lines(of, 'a', 'n1').slice(0, 3)).toEqual([
    'a: runs on n1; is to be restarted there: its parameters have changed since it was started.',
    '  * due: stop on n1',
    '  * due: start on n1: its parameters have changed since it was started',
  ])
})

test('what holds for every node: target-role, quorum, opt-in', () => {
  const stopped = '<meta_attributes id="am"><nvpair id="am1" name="target-role" value="Stopped"/></meta_attributes>'
  expect(lines(cib(primitive('a', stopped)), 'a')[1]).toBe('  * a has target-role=Stopped')
  const optIn = cib(primitive('a'), '', '', '<nvpair id="p2" name="symmetric-cluster" value="false"/>')
  expect(lines(optIn, 'a', 'n1')).toContain(
    '       excluded  symmetric-cluster=false, and no location constraint names n1',
  )
})

test('an unknown resource or node is said by name', () => {
  expect(explain(cib(primitive('a')), 'b', undefined, options)).toEqual({
    ok: false,
    error: "there is no resource 'b': there is a",
  })
  expect(explain(cib(primitive('a')), 'a', 'n9', options)).toEqual({
    ok: false,
    error: "there is no node 'n9': there are n1, n2, n3",
  })
})
