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
