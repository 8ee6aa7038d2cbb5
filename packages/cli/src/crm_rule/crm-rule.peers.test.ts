import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmRule } from './main.ts'

const hasPacemaker = spawnSync('crm_rule', ['--version']).status === 0
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-rule-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

/** A rule for every name. */
const rules: Readonly<Record<string, string>> = {
  past: '<date_expression id="e1" operation="lt" end="2020-01-01"/>',
  future: '<date_expression id="e2" operation="gt" start="2040-01-01"/>',
  range: '<date_expression id="e3" operation="in_range" start="2020-01-01" end="2040-01-01"/>',
  none: '<expression id="e4" attribute="#uname" operation="eq" value="n1"/>',
  two: '<date_expression id="e5" operation="gt" start="2040-01-01"/><date_expression id="e6" operation="gt" start="2040-01-01"/>',
  years:
    '<date_expression id="e7" operation="date_spec"><date_spec id="s1" years="2019" months="3-5" monthdays="7"/></date_expression>',
  open: '<date_expression id="e8" operation="date_spec"><date_spec id="s2" years="2019-"/></date_expression>',
  hours: '<date_expression id="e9" operation="date_spec"><date_spec id="s3" hours="9-16"/></date_expression>',
  moon: '<date_expression id="e10" operation="date_spec"><date_spec id="s4" years="2019" moon="1"/></date_expression>',
  nested: '<rule id="inner"><date_expression id="e11" operation="lt" end="2020-01-01"/></rule>',
  length:
    '<date_expression id="e12" operation="in_range" start="2020-01-31"><duration id="d1" months="1"/></date_expression>',
  both: '<date_expression id="e13" operation="lt" end="2020-01-01"/><expression id="e14" attribute="x" operation="defined"/>',
  since: '<date_expression id="e15" operation="in_range" start="2020-01-01"/>',
  until: '<date_expression id="e16" operation="in_range" end="2020-01-01"/>',
  unreadable: '<date_expression id="e17" operation="gt" start="soon"/>',
}
const constraints = Object.entries(rules).map(
  ([id, content]) => `<rsc_location id="l-${id}" rsc="a"><rule id="${id}" score="1">${content}</rule></rsc_location>`,
)
const cib = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="3" num_updates="1" admin_epoch="0">
<configuration><crm_config/><nodes/><resources><primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/></resources>
<constraints>${constraints.join('\n')}</constraints></configuration><status/></cib>`
const dates = [
  '2019-03-06',
  '2019-03-07',
  '2020-01-01 00:00:00Z',
  '2020-01-01 00:00:01Z',
  '2020-02-29',
  '2020-03-01',
  '2041-01-01',
]

const lines: readonly (readonly string[])[] = [
  ...[...Object.keys(rules), 'inner', 'nope', 'l-past', 'e1'].map((id) => ['-c', '-r', id]),
  ...Object.keys(rules).flatMap((id) => dates.map((date) => ['-c', '-r', id, '-d', date])),
  ['-c', '-r', 'past', '-r', 'range'],
  ['-c', '-r', 'range', '-r', 'past'],
  ['-c', '-r', 'past', '--output-as=xml'],
  ['-c', '-r', 'nope', '--output-as=xml'],
  ['-c', '-r', 'two', '--output-as=xml'],
  ['-c', '-r', 'range', '-r', 'future', '--output-as=xml'],
  ['-c', '--output-as=xml'],
  ['-c', '-r', 'past', '--output-as=html'],
  ['-c', '-r', 'past', '-d', 'soon'],
  ['-c', '-r', 'past', '-X', cib],
  ['-c', '-r', 'past', '-X', cib, '-V'],
  ['-c', '-r', 'nope', '-X', cib, '-VV', '--output-as=xml'],
  ['-c', '-r', 'past', '-X', 'past'],
  ['-c', '-r', 'past', 'more'],
  ['-c', '-r', ''],
  ['-V', '-c', '-r', 'past'],
  ['-c'],
  ['-r', 'past'],
  ['-c', '-r', 'past', '-r', 'open'],
  ['-c', '-r', 'nope', '-r', 'open', '--output-as=xml'],
  ['-c', '-r', 'nope', '-r', 'unreadable', '-V'],
  ['-c', '-r', 'unreadable', '-V'],
  ['-c', '-r', 'unreadable', '-r', 'past', '-V'],
  ['-c', '-r', 'past', '-d', 'bogus', '-V'],
  ['-c', '-r', 'past', '-d', '2024-01-01 25:00', '-V'],
  [],
  ['-d'],
  ['--bogus'],
]

describe.skipIf(!hasPacemaker)('crm_rule beside the real one (needs Debian pacemaker-cli-utils)', () => {
  const file = path.join(scratch, 'cib.xml')
  fs.writeFileSync(file, cib)
  const compare = async (argv: readonly string[], env: Readonly<Record<string, string | undefined>>) => {
    const theirs = spawnSync('crm_rule', argv, { encoding: 'utf8', env })
    const mine = await tryTool(crmRule, argv, { env })
    expect(mine).toEqual({ code: theirs.status, out: theirs.stdout, err: theirs.stderr })
  }

  for (const [i, argv] of lines.entries()) {
    test(`${i}: ${argv.join(' ').slice(0, 80)}`, () => compare(argv, { ...process.env, CIB_file: file }))
  }
  test('a date without operation, which only a CIB without a schema can have', async () => {
    const unnamed = '<date_expression id="e7" operation="date_spec">'
    const odd = cib.replace('pacemaker-3.9', 'none').replace(unnamed, '<date_expression id="e7" start="2019-01-01">')
    const place = path.join(scratch, 'odd.xml')
    fs.writeFileSync(place, odd)
    await compare(['-c', '-r', 'past', '-r', 'years', '-d', '2019-03-07'], { ...process.env, CIB_file: place })
  })
  test('a rule that is in no CIB is not found; the real one tells of its own asserts too', async () => {
    const argv = ['-c', '-r', 'r', '-X', `<rule id="r" score="1">${rules['past']}</rule>`]
    const theirs = spawnSync('crm_rule', argv, { encoding: 'utf8' })
    const { code, out, err } = await tryTool(crmRule, argv, {})
    expect({ code, out }).toEqual({ code: theirs.status, out: theirs.stdout })
    expect(theirs.stderr).toContain(err)
  })
  test('a file that is not there', () => compare(['-c', '-r', 'past'], { ...process.env, CIB_file: `${file}.none` }))
})
