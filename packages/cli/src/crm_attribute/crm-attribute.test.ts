import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { crmStandby } from '../crm_standby/main.ts'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmAttribute } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'attribute-'))
const file = path.join(folder, 'cib.xml')
afterAll(() => fs.rmSync(folder, { recursive: true }))

beforeEach(() => {
  fs.writeFileSync(
    file,
    '<cib crm_feature_set="3.16.1" validate-with="none" admin_epoch="0" epoch="1" num_updates="0"><configuration><crm_config/><nodes><node id="5" uname="e"><instance_attributes id="nodes-5"><nvpair id="i1" name="x" value="1"/><nvpair id="i2" name="y" value="2"/></instance_attributes></node></nodes><resources/><constraints/></configuration><status><node_state id="5" uname="e"/></status></cib>',
  )
})

type Tool = typeof crmAttribute

async function said(tool: Tool, ...argv: readonly string[]) {
  const { code, out, err } = await tryTool(tool, argv, { env: { CIB_file: file } })
  return [code, out + err]
}

/** Attributes of an entry afterwards. */
function entry(id: string): string | undefined {
  return new RegExp(`<nvpair id="${id}" ([^>]*)/>`).exec(fs.readFileSync(file, 'utf8'))?.[1]
}

describe('crm_attribute', () => {
  test.each([
    [['-i', 'i1'], 'scope=nodes id=i1 name=x value=1\n'],
    [['-P', '.*'], 'scope=nodes  name=x value=1\nscope=nodes  name=y value=2\n'],
    [['-n', 'x', '-P', 'y'], 'scope=nodes  name=y value=2\n'],
    [['-i', 'nope', '-d', 'q'], 'scope=nodes id=nope  value=q\n'],
    [['-n', 'x', '-t', 'bogus', '-l', 'forever'], 'scope=nodes  name=x value=1\n'],
  ])('asks for %j', async (argv, out) => {
    expect(await said(crmAttribute, '-G', '-N', 'e', ...argv)).toEqual([0, out])
  })

  test.each([
    [['-N', 'e', '-P', 'z', '-G', '-d', 'q'], 105, 'Error performing operation: No such device or address'],
    [['-N', 'e', '-P', '[', '-G'], 105, 'Error performing operation: No such device or address'],
    [['-N', 'e', '-n', 'x', '-G', '-t', 'bogus'], 76, 'Error performing operation: No message of desired type'],
    [['-N', 'e', '-n', 'x', '-G', '-l', 'z'], 76, 'Error performing operation: No message of desired type'],
    [['-N', 'zz', '-t', 'rsc_defaults', '-n', 'x', '-G'], 105, 'Could not map name=zz to a UUID'],
    [['-N', 'zz', '-P', 'x', '-D'], 105, 'Could not map name=zz to a UUID'],
    [['-N', 'e', '-D', '-i', 'i1'], 64, 'Error: must specify attribute name or pattern to delete'],
    [['-N', 'e', '-v', '1'], 70, 'Error performing operation: Invalid argument'],
  ])('refuses %j', async (argv, code, text) => {
    expect(await said(crmAttribute, ...argv)).toEqual([code, `crm_attribute: ${text}\n`])
  })

  test('an entry may be named by its id alone', async () => {
    expect(await said(crmAttribute, '-N', 'e', '-i', 'i1', '-v', '7')).toEqual([0, ''])
    expect(entry('i1')).toBe('name="x" value="7"')
    expect(await said(crmAttribute, '-N', 'e', '-i', 'new', '-v', '7')).toEqual([0, ''])
    expect(entry('new')).toBe('name="new" value="7"')
  })

  test('what is deleted by its id is not looked for before', async () => {
    const told = 'Deleted nodes attribute: id=(null) name=x\n'
    expect(await said(crmAttribute, '-N', 'e', '-n', 'x', '-D', '-i', 'other')).toEqual([0, told])
    expect(entry('i1')).toBeDefined()
    expect(await said(crmAttribute, '-N', 'e', '-n', 'x', '-D', '-i', 'i1')).toEqual([0, told])
    expect(entry('i1')).toBeUndefined()
  })

  test('the lifetime says more than the type; tickets and utilization of the status have places of their own', async () => {
    expect(await said(crmAttribute, '-t', 'tickets', '-n', 'a', '-v', '1')).toEqual([0, ''])
    expect(entry('status-tickets-a')).toBe('name="a" value="1"')
    expect(await said(crmAttribute, '-t', 'crm_config', '-l', 'reboot', '-N', 'e', '-z', '-n', 'a', '-v', '3')).toEqual(
      [0, ''],
    )
    expect(entry('status-5-utilization-a')).toBe('name="a" value="3"')
    expect(await said(crmAttribute, '-t', 'crm_config', '-N', 'zz', '-n', 'a', '-v', '1')).toEqual([0, ''])
    expect(entry('cib-bootstrap-options-a')).toBe('name="a" value="1"')
  })

  test('without any output there is no complaint either', async () => {
    expect(await said(crmAttribute, '-N', 'e', '-n', 'zz', '-G', '--output-as=none')).toEqual([105, ''])
  })
})

describe('crm_standby, which is a script with the real one', () => {
  test('words are taken apart at blanks, and empty ones are none', async () => {
    expect(await said(crmStandby, '-N', 'e', '-v', 'a b')).toEqual([0, ''])
    expect(entry('nodes-5-standby')).toBe('name="standby" value="a"')
    expect(await said(crmStandby, '-N', 'e', '-v', '')).toEqual([0, ''])
    expect(entry('nodes-5-standby')).toBe('name="standby" value="-l"')
  })

  test('a node that is on no standby for ever may be so for now; where a lifetime is asked for nothing is supposed', async () => {
    expect(await said(crmStandby, '-N', 'e')).toEqual([0, 'scope=status  name=standby value=off\n'])
    expect(await said(crmStandby, '-N', 'e', '-i', 'zz')).toEqual([0, 'scope=status id=zz name=standby value=off\n'])
    const none = 'crm_attribute: Error performing operation: No such device or address\n'
    expect(await said(crmStandby, '-N', 'e', '-G', '-l', 'forever')).toEqual([105, none])
  })

  test('help is told of a mistake', async () => {
    const { code, out, err } = await tryTool(crmStandby, ['-?'], { env: { CIB_file: file } })
    expect([code, err]).toEqual([1, "crm_standby: invalid option -- '?'\n"])
    expect(out).toMatch(/^\nUsage: crm_standby/)
  })
})
