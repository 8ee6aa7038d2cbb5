import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { crmMon } from '../crm_mon/main.ts'
import { crmResource } from '../crm_resource/main.ts'
import { tryTool } from './tool-trial.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-unfencing-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))

/** A node whose device is not as it was, and on which a stop failed. */
const file = path.join(folder, 'cib.xml')
fs.writeFileSync(
  file,
  `<cib validate-with="none" crm_feature_set="3.16.1"><configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes>
<resources><primitive id="f" class="stonith" type="fence_mpath"><meta_attributes id="m">
<nvpair id="mp" name="provides" value="unfencing"/></meta_attributes></primitive></resources><constraints/></configuration>
<status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member">
<transient_attributes id="1"><instance_attributes id="t"><nvpair id="t1" name="#digests-all" value="f:fence_mpath:x,"/>
</instance_attributes></transient_attributes>
<lrm id="1"><lrm_resources><lrm_resource id="a" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="a_last_failure_0"
operation_key="a_stop_0" operation="stop" interval="0" call-id="3" rc-code="1" op-status="0" transition-key="1:1:0:x"
transition-magic="0:1;1:1:0:x"/></lrm_resource></lrm_resources></lrm></node_state></status></cib>`,
)
const env = { CIB_file: file }
const notice = 'notice: Unfencing Pacemaker Remote node n1 because the definition of f changed\n'

test.each([
  ['crm_resource', crmResource, '-l', `${notice}f\na\n`],
  ['crm_resource', crmResource, '-l -Q', 'f\na\n'],
  ['crm_mon', crmMon, '-1', `${notice}Cluster Summary:\n`],
  ['crm_mon', crmMon, '-s', `${notice}CLUSTER WARN: `],
] as const)('%s says that a device which unfences has changed: %#', async (_name, tool, line, text) => {
  const { out } = await tryTool(tool, line.split(' '), { env })
  expect(out.slice(0, text.length)).toBe(text)
})

test('that a device which unfences has changed is no part of XML', async () => {
  for (const tool of [crmResource, crmMon]) {
    const { out } = await tryTool(tool, ['-1', '--output-as=xml'].slice(tool === crmMon ? 0 : 1), { env })
    expect(out).toMatch(/^<pacemaker-result /)
    expect(out).not.toContain('Unfencing')
  }
})
