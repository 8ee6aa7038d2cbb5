import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { dependsOnTime, ruleText } from './rule-text.ts'

function rule(inside: string, word = ''): Parameters<typeof ruleText>[0] {
  const parsed = parseXml(`<rule id="r" score="1" ${word}>${inside}</rule>`)
  if (!parsed.ok) throw new Error('a rule is well formed')
  return parsed.value
}

const uname = '<expression id="e" attribute="#uname" operation="eq" value="n1"/>'

test.each([
  [uname, '', '#uname eq n1'],
  [`${uname}<expression id="f" attribute="disk" operation="defined"/>`, '', '#uname eq n1 and defined disk'],
  [
    `${uname}<expression id="f" attribute="cpu" operation="gt" value="4" type="integer"/>`,
    'boolean-op="or"',
    '#uname eq n1 or cpu gt 4',
  ],
  [`${uname}<rule id="s"><rule id="t"/></rule>`, '', '#uname eq n1'],
  [
    `${uname}<rule id="s"><date_expression id="d" operation="lt" end="2030-01-01"/></rule>`,
    '',
    '#uname eq n1 and (date lt 2030-01-01)',
  ],
  [
    '<date_expression id="d" operation="in_range" start="2020-01-01" end="2021-01-01"/>',
    '',
    'date in_range from 2020-01-01 to 2021-01-01',
  ],
  [
    '<date_expression id="d" start="2020-01-01"><duration id="u" weeks="2"/></date_expression>',
    '',
    'date in_range from 2020-01-01 to ever, duration weeks=2',
  ],
  [
    '<date_expression id="d" operation="date_spec"><date_spec id="u" hours="9-16" weekdays="1-5"/></date_expression>',
    '',
    'date date_spec hours=9-16 weekdays=1-5',
  ],
  ['', '', ''],
])('%s %s', (inside, word, expected) => {
  expect(ruleText(rule(inside, word))).toBe(expected)
})

test('whether the time decides', () => {
  expect(dependsOnTime(rule(uname))).toBe(false)
  expect(
    dependsOnTime(rule(`${uname}<rule id="s"><date_expression id="d" operation="gt" start="2030-01-01"/></rule>`)),
  ).toBe(true)
})
