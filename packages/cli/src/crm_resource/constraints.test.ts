import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmResource } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-constraints-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))

test.each([
  ['Stopped', '', 'with-rsc-role="Stopped"/>'],
  ['Started', '', 'score="7"/>'],
  ['Unpromoted', ', with role=Unpromoted', 'with-rsc-role="Unpromoted"/>'],
])('a colocation with what is %s: the line tells a role that runs, the element any', async (role, told, ending) => {
  const file = path.join(folder, 'cib.xml')
  const primitive = (id: string) => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`
  fs.writeFileSync(
    file,
    `<cib validate-with="none" crm_feature_set="3.16.1"><configuration><crm_config/><nodes/>
<resources>${primitive('a')}${primitive('b')}</resources>
<constraints><rsc_colocation id="c" rsc="a" with-rsc="b" with-rsc-role="${role}" score="7"/></constraints></configuration><status/></cib>`,
  )
  const { out } = await tryTool(crmResource, ['-a', '-r', 'a'], { env: { CIB_file: file } })
  expect(out).toBe(`Resources a is colocated with:\n  * b (score=7${told}, id=c)\n`)
  const xml = await tryTool(crmResource, ['-a', '-r', 'a', '--output-as=xml'], { env: { CIB_file: file } })
  expect(/<rsc_colocation .*/.exec(xml.out)?.[0]).toMatch(new RegExp(`${ending}$`))
})

test('of what is configured no more -w shows what is known, whatever else has its id', async () => {
  const file = path.join(folder, 'cib.xml')
  const agent = 'class="ocf" provider="pacemaker" type="Dummy"'
  fs.writeFileSync(
    file,
    `<cib validate-with="none" crm_feature_set="3.16.1"><configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes><resources>
<bundle id="b"><primitive id="a" ${agent}><instance_attributes id="i"/></primitive></bundle></resources><constraints/></configuration>
<status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources>
<lrm_resource id="a" ${agent}><lrm_rsc_op id="a_last_0" operation="start" interval="0" call-id="3" rc-code="0" op-status="0"
operation_key="a_start_0" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x"/></lrm_resource></lrm_resources></lrm></node_state></status></cib>`,
  )
  const { out } = await tryTool(crmResource, ['-w', '-r', 'a'], { env: { CIB_file: file } })
  expect(out).toContain(`<primitive id="a" ${agent}/>\n`)
})
