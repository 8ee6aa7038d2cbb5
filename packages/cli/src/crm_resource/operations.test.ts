import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmResource } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-operations-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))

test('histories are of the node of their name, not of one whose id is theirs', async () => {
  const file = path.join(folder, 'cib.xml')
  const agent = 'class="ocf" provider="pacemaker" type="Dummy"'
  const entry = `<lrm_rsc_op id="a_last_0" operation="start" interval="0" call-id="3" rc-code="0" op-status="0"
    operation_key="a_start_0" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x"/>`
  fs.writeFileSync(
    file,
    `<cib validate-with="none" crm_feature_set="3.16.1"><configuration><crm_config/><nodes>
<node id="1" uname="other"/><node id="2" uname="n2"/></nodes>
<resources><primitive id="a" ${agent}/></resources><constraints/></configuration>
<status><node_state id="1" uname="n2" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1">
<lrm_resources><lrm_resource id="a" ${agent}>${entry}</lrm_resource></lrm_resources></lrm></node_state></status></cib>`,
  )
  const { out } = await tryTool(crmResource, ['-o'], { env: { CIB_file: file } })
  expect(out).toContain('a_start_0 (node=n2, call=3, rc=0)')
})

test('what ran on a remote node whose connection has failed does not count without fencing', async () => {
  const history = (id: string, agent: string, task: string, status: number) => `<lrm_resource id="${id}" ${agent}>
<lrm_rsc_op id="${id}_last_0" operation="${task}" interval="0" call-id="3" rc-code="${status === 0 ? 0 : 1}" op-status="${status}"
operation_key="${id}_${task}_0" transition-key="1:1:0:x" transition-magic="${status}:0;1:1:0:x"/></lrm_resource>`
  const remote = 'class="ocf" provider="pacemaker" type="remote"'
  const dummy = 'class="ocf" provider="pacemaker" type="Dummy"'
  const lrm = (id: string, inside: string) => `<lrm id="${id}"><lrm_resources>${inside}</lrm_resources></lrm>`
  const told = async (status: number, isFenced: boolean) => {
    const file = path.join(folder, 'remote.xml')
    fs.writeFileSync(
      file,
      `<cib validate-with="none" crm_feature_set="3.16.1"><configuration><crm_config><cluster_property_set id="p">
<nvpair id="p1" name="stonith-enabled" value="${isFenced}"/></cluster_property_set></crm_config><nodes><node id="1" uname="n1"/></nodes>
<resources><primitive id="far" ${remote}/><primitive id="a" ${dummy}/></resources><constraints/></configuration><status>
<node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member">${lrm('1', history('far', remote, 'start', 0))}</node_state>
<node_state id="far" uname="far" remote_node="true">${lrm('far', history('a', dummy, 'start', status))}</node_state></status></cib>`,
    )
    return (await tryTool(crmResource, ['-o'], { env: { CIB_file: file } })).out.includes('a_start_0')
  }
  const notConnected = 8
  expect(await told(notConnected, false)).toBe(false)
  expect(await told(notConnected, true)).toBe(true)
  expect(await told(0, false)).toBe(true)
})

test('what is wrong with a history is told with the local time', async () => {
  const file = path.join(folder, 'cancelled.xml')
  const agent = 'class="ocf" provider="pacemaker" type="Dummy"'
  fs.writeFileSync(
    file,
    `<cib validate-with="none" crm_feature_set="3.16.1"><configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes>
<resources><primitive id="a" ${agent}/></resources><constraints/></configuration><status>
<node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources>
<lrm_resource id="a" ${agent}><lrm_rsc_op id="a_last_0" operation="stop" interval="0" call-id="3" rc-code="0" op-status="1"
operation_key="a_stop_0" transition-key="1:1:0:x" transition-magic="1:0;1:1:0:x" last-rc-change="1700000000"/></lrm_resource>
</lrm_resources></lrm></node_state></status></cib>`,
  )
  const zone = process.env['TZ']
  process.env['TZ'] = 'Asia/Tokyo'
  try {
    const { err } = await tryTool(crmResource, ['-l', '-V'], { env: { CIB_file: file } })
    expect(err).toContain("contains cancellation 'a_last_0' (stop of a on n1 at Nov 15 07:13:20 2023)")
  } finally {
    if (zone === undefined) delete process.env['TZ']
    else process.env['TZ'] = zone
  }
})
