import { invariant } from '@quorate/base'
import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { simulate } from '../simulate/session.ts'

/** What waits for room in the picture of two nodes with a resource, of which `history` is recorded on n1. */
function loadLines(history: string): readonly string[] {
  const state = (id: number, operations: string): string =>
    `<node_state id="${id}" uname="n${id}" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="${id}">
      <lrm_resources>${operations}</lrm_resources></lrm></node_state>`
  const room = (id: string): string =>
    `<utilization id="${id}-u"><nvpair id="${id}-c" name="cpu" value="4"/></utilization>`
  const nodes = ['1', '2'].map((id) => `<node id="${id}" uname="n${id}">${room(`n${id}`)}</node>`)
  const parsed = parseXml(`<cib have-quorum="1" dc-uuid="1"><configuration>
    <crm_config><cluster_property_set id="o"><nvpair id="f" name="stonith-enabled" value="false"/>
      <nvpair id="p" name="placement-strategy" value="utilization"/></cluster_property_set></crm_config>
    <nodes>${nodes.join('')}</nodes>
    <resources><primitive id="a" class="ocf" provider="heartbeat" type="Dummy">${room('a')}</primitive></resources>
    <constraints/></configuration><status>${state(1, history)}${state(2, '')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  const { dot } = simulate(parsed.value, { nowSeconds: 0, process: true, simulate: false, dot: { allActions: true } })
  invariant(dot !== undefined, 'something was decided')
  return dot()
    .split('\n')
    .filter((line) => line.startsWith('"load_stopped') && line.includes('->'))
}

const started = `<lrm_resource id="a" type="Dummy" class="ocf" provider="heartbeat"><lrm_rsc_op id="a_last_0"
  operation="start" operation_key="a_start_0" call-id="1" rc-code="0" op-status="0" interval="0"
  op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" crm_feature_set="3.16.1"
  transition-key="1:1:0:0" transition-magic="0:0;1:1:0:0" on_node="n1"/></lrm_resource>`

test('what is not to be done is shown with what has to have left other nodes as well', () => {
  expect(loadLines(started)).toEqual([
    '"load_stopped_n1 n1" -> "a_start_0 n1" [ style = dashed]',
    '"load_stopped_n2 n2" -> "a_start_0 n1" [ style = dashed]',
  ])
})

test('what is to be done is shown with what has to have left its own node', () => {
  expect(loadLines('')).toEqual(['"load_stopped_n1 n1" -> "a_start_0 n1" [ style = bold]'])
})
