import { attr, descendants, parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { type SimulationOutcome, simulate } from './session.ts'

// What crm_simulate 2.1.5 was seen to leave in the CIB as it is in the end.

function run(resources: string): SimulationOutcome {
  const read =
    parseXml(`<cib have-quorum="1" crm_feature_set="3.16.1" execution-date="1700000000"><configuration><crm_config>
    <cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/></nodes><resources>${resources}</resources><constraints/></configuration><status>
    <node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources></lrm_resources></lrm></node_state></status></cib>`)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return simulate(read.value, { nowSeconds: 1_700_000_000, process: true, simulate: true })
}

function primitive(id: string, inside: string): string {
  return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`
}

function named(root: XmlElement, id: string): XmlElement | undefined {
  return [...descendants(root)].find((item) => attr(item, 'id') === id)
}

test('parameters whose names begin with a digit count for the digest of what was done', () => {
  const digestWith = (name: string): string | undefined => {
    const set = `<instance_attributes id="i"><nvpair id="i1" name="${name}" value="one"/></instance_attributes>`
    const { output } = run(primitive('p', set))
    return attr(named(output, 'p_last_0') ?? output, 'op-digest')
  }
  expect([digestWith('1'), digestWith('state')]).toEqual([
    'd60db62726e7553ef2f69ffa3c7c7ebc',
    '6ea417e03cf6adc2bc733f1f0caa0edd',
  ])
})
