import { expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmRule } from './main.ts'

const rule = '<rule id="r"><date_expression id="d" operation="gt" start="2020-01-01"/></rule>'
const check = (xml: string, ...words: string[]) => tryTool(crmRule, ['-c', '-r', 'r', '-X', xml, ...words])

test.each([
  [`<cib><configuration><constraints>${rule}</constraints></configuration></cib>`, 0],
  [`<cib><configuration><constraints/></configuration><status>${rule}</status></cib>`, 0],
  [`<cib><configuration>${rule}</configuration></cib>`, 105],
  [`<configuration><constraints>${rule}</constraints></configuration>`, 105],
  [`<cib><configuration><constraints>${rule}<x>${rule}</x></constraints></configuration></cib>`, 109],
])('in %s the rule is looked for with the code %i', async (xml, code) => {
  const { err, ...done } = await check(xml)
  const reason = code === 109 ? 'Found more than one rule with matching ID' : 'Rule not found'
  expect(done).toEqual({ code, out: code === 0 ? 'Rule r is still in effect\n' : '' })
  expect(err).toBe(code === 0 ? '' : `Could not determine whether rule r is in effect: ${reason}\n`)
})

test('without any output there are no complaints either', async () => {
  expect(await check('<cib/>', '--output-as=none')).toEqual({ code: 105, out: '', err: '' })
})

test('what the scheduler says of the past has the local time', async () => {
  const entry = `<lrm_rsc_op id="a_monitor_10000" operation="monitor" interval="10000" call-id="3" rc-code="1" op-status="0"
    operation_key="a_monitor_10000" last-rc-change="1700000000" transition-key="1:1:0:x" transition-magic="0:1;1:1:0:x"/>`
  const agent = 'class="ocf" provider="pacemaker" type="Dummy"'
  const xml = `<cib><configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes>
    <resources><primitive id="a" ${agent}/></resources><constraints>${rule}</constraints></configuration>
    <status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1">
    <lrm_resources><lrm_resource id="a" ${agent}>${entry}</lrm_resource></lrm_resources></lrm></node_state></status></cib>`
  const before = process.env['TZ']
  process.env['TZ'] = 'Asia/Tokyo'
  try {
    expect((await check(xml, '-VV')).err).toContain('recorded for monitor of a on n1 at Nov 15 07:13:20 2023')
  } finally {
    if (before === undefined) delete process.env['TZ']
    else process.env['TZ'] = before
  }
})
