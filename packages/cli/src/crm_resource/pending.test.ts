import { simulate } from '@quorate/scheduler'
import { parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { activeInTheEnd, activeResources, pendingActions } from './pending.ts'

const nowMs = Date.UTC(2026, 10, 22)

/** A node on which `running` runs, of a primitive, a group and a clone. */
function cibWith(running: readonly string[], options = ''): XmlElement {
  const primitive = (id: string, inner = '') =>
    `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inner}</primitive>`
  const history = ['a', 'g1', 'g2', 'c'].map((id) => {
    const isOn = running.includes(id)
    const task = isOn ? 'start' : 'monitor'
    const rc = isOn ? 0 : 7
    return `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_${task}_0" operation="${task}" crm_feature_set="3.16.1" transition-key="1:1:${rc}:x" transition-magic="0:${rc};1:1:${rc}:x" call-id="3" rc-code="${rc}" op-status="0" interval="0"/></lrm_resource>`
  })
  const operation = '<operations><op id="a-s" name="start" interval="0s" timeout="77s"/></operations>'
  const read =
    parseXml(`<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1" dc-uuid="1"><configuration>
<crm_config><cluster_property_set id="o"><nvpair id="o-1" name="stonith-enabled" value="false"/>${options}</cluster_property_set></crm_config>
<nodes><node id="1" uname="n1"/></nodes>
<resources>${primitive('a', operation)}<group id="g">${primitive('g1')}${primitive('g2')}</group><clone id="cl">${primitive('c')}</clone></resources><constraints/></configuration>
<status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources>${history.join('')}</lrm_resources></lrm></node_state></status></cib>`)
  if (!read.ok) throw new Error(read.error.reason)
  return read.value
}

const all = ['a', 'g1', 'g2', 'c']

test('what is due is told with its node and the time that it may take', () => {
  const due = pendingActions(cibWith(['g1', 'g2']), nowMs)
  expect(due).toContainEqual({ id: expect.any(String), key: 'a_start_0', node: 'n1', timeoutMs: 77_000 })
  expect(due).toContainEqual({ id: expect.any(String), key: 'c_start_0', node: 'n1', timeoutMs: 20_000 })
})

test('a cluster that has done all has nothing to do', () => {
  const moment = { nowSeconds: nowMs / 1000, showsScores: false }
  const { output } = simulate(cibWith([]), { ...moment, process: true, simulate: true, quiet: true })
  expect(pendingActions(output, nowMs)).toEqual([])
  expect([...activeResources(output, nowMs)]).toEqual(['a', 'cl', 'g1', 'g2'])
})

test('what runs is told by primitives, and clones as a whole; in the end it is all', () => {
  const cib = cibWith(['a', 'g1', 'c'])
  expect([...activeResources(cib, nowMs)]).toEqual(['a', 'cl', 'g1'])
  expect([...activeInTheEnd(cib, nowMs)]).toEqual(['a', 'cl', 'g1', 'g2'])
})

test('in the end nothing runs where all is to stop', () => {
  const stop = '<nvpair id="o-2" name="stop-all-resources" value="true"/>'
  expect([...activeInTheEnd(cibWith(all, stop), nowMs)]).toEqual([])
})

test('a secret that has changed in the cluster is waited for like any other parameter', () => {
  // Digests of passwd=old, with which it was started, and of the parameters without it.
  const [old, rest] = ['0556a203982bd6feb223091a538b271b', 'f2317cad3d54cec5d7d7aa7d0bf35cf8']
  const dueWith = (passwd: string): readonly string[] => {
    const read =
      parseXml(`<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0" have-quorum="1"><configuration>
<crm_config><cluster_property_set id="o"><nvpair id="o-1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config><nodes><node id="1" uname="n1"/></nodes>
<resources><primitive id="db" class="ocf" provider="pacemaker" type="Dummy"><instance_attributes id="i"><nvpair id="i-1" name="passwd" value="${passwd}"/></instance_attributes></primitive></resources><constraints/></configuration>
<status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources><lrm_resource id="db" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="db_last_0" operation_key="db_start_0" operation="start" crm_feature_set="3.16.1" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x" call-id="3" rc-code="0" op-status="0" interval="0" op-digest="${old}" op-secure-params=" passwd " op-secure-digest="${rest}"/></lrm_resource></lrm_resources></lrm></node_state></status></cib>`)
    if (!read.ok) throw new Error(read.error.reason)
    return pendingActions(read.value, nowMs).map(({ key }) => key)
  }
  expect(dueWith('old')).toEqual([])
  expect(dueWith('new').toSorted()).toEqual(['db_start_0', 'db_stop_0'])
})
