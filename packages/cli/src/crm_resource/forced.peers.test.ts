import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { hasProgram } from '@quorate/testkit'
import { afterAll, describe, expect, test } from 'vitest'
import { tryProgram, tryTool } from '../pacemaker/tool-trial.ts'
import { crmResource } from './main.ts'

const hasPacemaker = hasProgram('crm_resource') && fs.existsSync('/usr/lib/ocf/resource.d/pacemaker/Dummy')
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-forced-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

/** A CIB whose agents keep their state below a folder. */
function cibIn(folder: string): string {
  const state = (id: string) =>
    `<instance_attributes id="${id}-i"><nvpair id="${id}-s" name="state" value="${folder}/${id}"/></instance_attributes>`
  const primitive = (id: string, agent: string) =>
    `<primitive id="${id}" class="ocf" provider="pacemaker" type="${agent}">${state(id)}</primitive>`
  const ran =
    '<lrm_rsc_op id="c_last_0" operation_key="c_start_0" operation="start" transition-key="1:1:0:a" transition-magic="0:0;1:1:0:a" call-id="2" rc-code="0" op-status="0" interval="0"/>'
  return `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="3" num_updates="1" admin_epoch="0"><configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes><resources>
${primitive('d', 'Dummy')}${primitive('none', 'Nope')}
<primitive id="l" class="lsb" type="nope"/><primitive id="f" class="stonith" type="fence_xvm"/>
<group id="g">${primitive('g1', 'Dummy')}</group><clone id="cl">${primitive('c', 'Dummy')}</clone>
</resources><constraints/></configuration><status><node_state id="1" uname="n1" crmd="online" in_ccm="true" join="member" expected="member"><lrm id="1"><lrm_resources><lrm_resource id="c" class="ocf" provider="pacemaker" type="Dummy">${ran}</lrm_resource></lrm_resources></lrm></node_state></status></cib>`
}

const session = `
-r d --force-check
-r d --force-start
-r d --force-check --output-as=xml
-r d --force-check=ten
-r d --force-stop -Q
-r d --force-promote
-r d --validate
-r d --validate op_sleep=1 fake=2
-r d --validate --output-as=xml fake=2
-r none --force-check
-r none --force-check --output-as=xml
-r l --force-check
-r f --force-start
-r g --force-check
-r cl --force-start
-r cl --force-start --force
-r cl --force-check
-r cl --force-stop
-r nobody --force-stop
--force-stop
`
  .trim()
  .split('\n')

describe.skipIf(!hasPacemaker)('agents that are run by hand, beside the real tool (needs Debian pacemaker)', () => {
  const [ours, real] = ['ours', 'real'].map((whose) => {
    const folder = path.join(scratch, whose)
    fs.mkdirSync(folder)
    fs.writeFileSync(path.join(folder, 'cib.xml'), cibIn(folder))
    return { ...process.env, CIB_file: path.join(folder, 'cib.xml') }
  })

  test.each(session)('%s', async (line) => {
    const argv = line.split(' ')
    const theirs = await tryProgram('crm_resource', argv, { env: real ?? {} })
    expect(await tryTool(crmResource, argv, { env: ours ?? {} })).toEqual(theirs)
  })
})
