import { invariant } from '@quorate/base'
import { formatXml, parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { simulate } from '../simulate/session.ts'

const operations = '<operations><op id="OP" name="monitor" interval="10s"/></operations>'

/** A CIB of two nodes on which nothing is known yet, so that there are probes for everything. */
function textAndElements(resources: string): readonly [text: string, elements: string] {
  const states = ['1', '2'].map(
    (id) => `<node_state id="${id}" uname="n&amp;${id}" in_ccm="true" crmd="online" join="member" expected="member"/>`,
  )
  const parsed = parseXml(`<cib have-quorum="1" dc-uuid="1"><configuration>
    <crm_config><cluster_property_set id="o"><nvpair id="f" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n&amp;1"/><node id="2" uname="n&amp;2"/></nodes>
    <resources>${resources}</resources><constraints/></configuration><status>${states.join('')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  const { graph, graphText } = simulate(parsed.value, { nowSeconds: 0, process: true, simulate: false })
  invariant(graph !== undefined && graphText !== undefined, 'something was decided')
  return [[...graphText()].join(''), formatXml(graph)]
}

function primitive(id: string, parameters: Readonly<Record<string, string>> = {}, meta = ''): string {
  const pairs = Object.entries(parameters).map(
    ([name, value], i) => `<nvpair id="${id}-${i}" name="${name}" value="${value}"/>`,
  )
  return `<primitive id="${id}" class="ocf" provider="heartbeat" type="Dummy"><meta_attributes id="${id}-m">${meta}</meta_attributes>
    <instance_attributes id="${id}-i">${pairs.join('')}</instance_attributes>${operations.replace('OP', `${id}-op`)}</primitive>`
}

test.each([
  ['nothing to do', ''],
  ['probes that differ in the node only', primitive('a') + primitive('b', { x: '&lt;&quot;1&quot;>' })],
  ['parameters that are numbers', primitive('a', { 1: 'one', 23: 'more', x: 'y' })],
  ['parameters called like what an action is told anyway', primitive('a', { CRM_meta_on_node: 'mine' })],
  ['one that sorts between the name and the id of the node', primitive('a', { CRM_meta_on_node_name: 'between' })],
  ['a priority', primitive('a', {}, '<nvpair id="a-p" name="priority" value="5"/>')],
  [
    'instances that tell each other',
    `<clone id="c"><meta_attributes id="c-m"><nvpair id="c-n" name="notify" value="true"/></meta_attributes>${primitive('a')}</clone>`,
  ],
  [
    'parameters that depend on the node',
    primitive('a').replace(
      '<operations>',
      `<instance_attributes id="r"><rule id="r-r" score="0"><expression id="r-e" attribute="#uname" operation="eq" value="n&amp;2"/></rule>
        <nvpair id="r-v" name="where" value="two"/></instance_attributes><operations>`,
    ),
  ],
])('a graph is written as its elements are: %s', (_, resources) => {
  const [text, elements] = textAndElements(resources)
  expect(text).toBe(elements)
})

test('probes of a resource name their own nodes', () => {
  const [text] = textAndElements(primitive('a', { x: '1' }))
  for (const id of ['1', '2']) {
    expect(text).toContain(`CRM_meta_on_node="n&amp;${id}" CRM_meta_on_node_uuid="${id}" CRM_meta_op_target_rc="7"`)
  }
})

/** The attributes of each probe of `a`, by the node that it is on. */
function told(text: string): readonly string[] {
  const probe = /operation_key="a_monitor_0" on_node="n&amp;(\d)"[^>]*>\s*<primitive[^>]*>\s*<attributes ([^>]*)\/>/g
  return [...text.matchAll(probe)].map(([, node, attributes]) => `${node}: ${attributes}`).sort()
}

test('a parameter called like the field for the node keeps its value on every node', () => {
  const [text] = textAndElements(primitive('a', { CRM_meta_on_node: 'mine' }))
  expect(told(text)).toEqual([
    expect.stringMatching(/^1: .*CRM_meta_on_node="mine" CRM_meta_on_node_uuid="1"/),
    expect.stringMatching(/^2: .*CRM_meta_on_node="mine" CRM_meta_on_node_uuid="2"/),
  ])
})

test('parameters that depend on the node are told to that node only', () => {
  const rule = `<instance_attributes id="r"><rule id="r-r" score="0"><expression id="r-e" attribute="#uname" operation="eq" value="n&amp;2"/></rule>
    <nvpair id="r-v" name="where" value="two"/></instance_attributes>`
  const [text] = textAndElements(primitive('a').replace('<operations>', `${rule}<operations>`))
  expect(told(text).map((line) => line.includes('where="two"'))).toEqual([false, true])
})
