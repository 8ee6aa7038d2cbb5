import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeEach, describe, expect, test } from 'vitest'
import { crmDiff } from '../crm_diff/main.ts'
import { crmNode } from '../crm_node/main.ts'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmShadow } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shadow-'))
const file = path.join(folder, 'cib.xml')
const cib =
  '<cib dc-uuid="1" have-quorum="0" crm_feature_set="3.16.1" validate-with="none" epoch="1" num_updates="0" admin_epoch="0"><configuration><crm_config/><nodes><node id="1" uname="a"/></nodes><resources/><constraints/></configuration><status/></cib>'
afterAll(() => fs.rmSync(folder, { recursive: true }))
beforeEach(() => {
  for (const name of fs.readdirSync(folder)) fs.rmSync(path.join(folder, name))
  fs.writeFileSync(file, cib)
})

function shadow(argv: readonly string[], active?: string) {
  const env = { CIB_file: file, CIB_shadow_dir: folder, ...(active === undefined ? {} : { CIB_shadow: active }) }
  return tryTool(crmShadow, argv, { env })
}

const write = (name: string, text: string) => fs.writeFileSync(path.join(folder, name), text)

describe('crm_shadow', () => {
  test('another shadow may be made and changed to, but not made empty, while one is in use', async () => {
    expect(await shadow(['-b', '-c', 's1'], 's2')).toMatchObject({ code: 0 })
    expect((await shadow(['-b', '-s', 's1'], 's2')).out).toBe(
      'Setting up shadow instance\nTo switch to the named shadow instance, paste the following into your shell:\n  CIB_shadow=s1 ; export CIB_shadow\n',
    )
    const { code, err } = await shadow(['-b', '-e', 's3'], 's2')
    expect(code).toBe(64)
    expect(err).toMatch(/^The supplied shadow instance \(s3\) is not the same as the active one \(s2\)\.\n/)
  })

  test('what is asked about the active one is refused before anything else', async () => {
    const refused = { code: 105, out: '', err: 'No active shadow configuration defined\n' }
    expect(await shadow(['-b', '-d', '--bogus'])).toEqual(refused)
    expect(await shadow(['-b', '-F', '--help'])).toEqual(refused)
    expect(await shadow(['--bogus', '-d'])).toMatchObject({ code: 64 })
  })

  test('a line without a command, and words that are no options', async () => {
    expect(await shadow(['-b'])).toEqual({ code: 105, out: '', err: 'No shadow instance provided\n' })
    expect(await shadow([])).toMatchObject({ code: 64 })
    expect(await shadow(['-w', 'x'], 's1')).toMatchObject({ code: 64, out: 'non-option ARGV-elements: x \n' })
  })

  test('after a shadow is gone the variable should be too, whether it is there or not', async () => {
    expect((await shadow(['-b', '-f', '-D', 's1'])).out).toMatch(/^Please remember to unset the CIB_shadow variable/)
  })

  test('a shadow without a configuration cannot be committed, and the variable should be gone all the same', async () => {
    write('shadow.s1', '<cib/>')
    const { code, out, err } = await shadow(['-b', '-f', '-C', 's1'])
    expect(code).toBe(70)
    expect(err).toBe("Could not commit shadow instance 's1' to the CIB: Invalid argument\n")
    expect(out).toContain('  unset CIB_shadow\n')
  })

  test('where there is no CIB nothing else counts', async () => {
    fs.rmSync(file)
    write('shadow.s1', cib)
    for (const command of ['-c', '-r']) {
      expect((await shadow(['-b', command, 's1'])).err).toBe('Could not connect to CIB: No such device or address\n')
    }
  })

  test('differences: of the same version, of what is no number, and of what has more in it', async () => {
    write('shadow.s1', cib.replace('uname="a"', 'uname="b"'))
    expect((await shadow(['-d'], 's1')).out).toBe(
      "  : Local-only Change: 0.1.0\n+  /cib/configuration/nodes/node[@id='1']:  @uname=b\n",
    )
    write('shadow.s1', cib.replace('num_updates="0"', 'num_updates="x"'))
    expect((await shadow(['-d'], 's1')).out).toContain('Diff: +++ 0.1.-1 (null)\n')
    const group = '<resources><group id="g"><primitive id="p"/></group></resources>'
    write('shadow.s1', cib.replace('<resources/>', group))
    expect((await shadow(['-d'], 's1')).out).toContain(
      '++ /cib/configuration/resources:  <group id="g"/>\n' +
        '++                                  <primitive id="p"/>\n' +
        '++                                </group>\n',
    )
  })
})

describe('crm_diff', () => {
  async function difference(change: readonly [string, string], ...argv: readonly string[]) {
    const after = path.join(folder, 'after.xml')
    fs.writeFileSync(after, cib.replace(...change))
    return tryTool(crmDiff, ['-o', file, '-n', after, ...argv])
  }

  test('as a CIB: attributes that only moved up are no change', async () => {
    const without = ['dc-uuid="1" ', ''] as const
    expect((await difference(without)).out).toContain('<change-attr name="have-quorum" operation="set" value="0"/>')
    expect((await difference(without, '-c')).out).not.toContain('<change-attr name="have-quorum"')
  })

  test('the target version is told as it is written, and as it was where it is not', async () => {
    expect((await difference(['epoch="1"', 'epoch="007"'])).out).toContain(
      '<target admin_epoch="0" epoch="007" num_updates="0"/>',
    )
    expect((await difference([' epoch="1"', ''])).out).toContain('<target admin_epoch="0" epoch="1" num_updates="0"/>')
  })

  test('documents about different things are not compared', async () => {
    expect(await difference(['<cib ', '<cib id="q" '])).toEqual({ code: 0, out: '', err: '' })
  })

  test('a CIB has versions', async () => {
    expect(await difference(['uname="a"', 'uname="b"'], '-c', '-u')).toEqual({
      code: 64,
      out: '',
      err: 'error: -u/--no-version incompatible with -c/--cib\n',
    })
  })

  test('a patch that does not fit ends with why', async () => {
    const patch = path.join(folder, 'patch.xml')
    fs.writeFileSync(
      patch,
      '<diff format="2"><version><source admin_epoch="0" epoch="0" num_updates="0"/><target admin_epoch="0" epoch="0" num_updates="1"/></version><change operation="delete" path="/cib/status"/></diff>',
    )
    const { code, err } = await tryTool(crmDiff, ['-o', file, '-p', patch, '-c', '-u'])
    expect(code).toBe(103)
    expect(err).toMatch(/^warning: -u\/--no-version ignored with -p\/--patch\n/)
  })
})

test('crm_node does nothing while a line also asks for what is dangerous', async () => {
  const { code, err } = await tryTool(crmNode, ['-R', 'x', '-q'])
  expect(code).toBe(64)
  expect(err).toMatch(/^The supplied command is considered dangerous\./)
  expect(await tryTool(crmNode, [])).toMatchObject({ code: 64, out: '' })
})
