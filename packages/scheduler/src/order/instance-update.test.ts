import { invariant } from '@quorate/base'
import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { simulate } from '../simulate/session.ts'

function clone(id: string): string {
  return `<clone id="${id}"><meta_attributes id="${id}-m"><nvpair id="${id}-i" name="interleave" value="true"/></meta_attributes>
    <primitive id="${id}-p" class="ocf" provider="heartbeat" type="Dummy"/></clone>`
}

test('an instance that loses its partner takes along those that have it as theirs', () => {
  const states = ['1', '2'].map(
    (id) => `<node_state id="${id}" uname="n${id}" in_ccm="true" crmd="online" join="member" expected="member"/>`,
  )
  const parsed = parseXml(`<cib have-quorum="1" dc-uuid="1"><configuration>
    <crm_config><cluster_property_set id="o"><nvpair id="f" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>
    <resources>${['a', 'b', 'c', 'd'].map(clone).join('')}</resources>
    <constraints><rsc_location id="ban" rsc="a" node="n2" score="-INFINITY"/>
      <rsc_order id="ab" first="a" then="b"/><rsc_order id="bc" first="b" then="c"/><rsc_order id="cd" first="c" then="d"/>
    </constraints></configuration><status>${states.join('')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  const { stdout } = simulate(parsed.value, { nowSeconds: 0, process: true, simulate: false })
  const starts = stdout.split('\n').filter((line) => line.includes('Start '))
  expect(starts.map((line) => line.replace(/ +/g, ' '))).toEqual([
    ' * Start a-p:0 ( n1 )',
    ' * Start b-p:1 ( n1 )',
    ' * Start c-p:1 ( n1 )',
    ' * Start d-p:1 ( n1 )',
  ])
})
