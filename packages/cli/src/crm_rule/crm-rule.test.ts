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
