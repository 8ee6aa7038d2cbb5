import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { crmAttribute } from '../crm_attribute/main.ts'
import { crmResource } from '../crm_resource/main.ts'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { cibadmin } from './main.ts'

const hasPacemaker = spawnSync('cibadmin', ['--version']).status === 0
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-access-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

/** Elements within elements of every access, and text that XML has to escape. */
const cib = `<cib crm_feature_set="3.16.1" validate-with="none" epoch="5" num_updates="2" admin_epoch="0"><configuration><crm_config><cluster_property_set id="s"><nvpair id="o" name="enable-acl" value="true"/></cluster_property_set></crm_config><nodes><!--of nodes--><node id="1" uname="n1"/></nodes><resources><a id="w1"><a id="w2" x="1"><!-- in w2 --><b id="r1"><b id="d1"><b id="d2"><b id="w3"/></b><b id="p1" t="it's"/></b></b></a><a id="w4"/></a><c id="r2"><c id="r3"/><c id="w5"/></c></resources><constraints/><acls><acl_user id="u"><write id="1" xpath="//a[@id='w1']"/><write id="2" ref="w2"/><read id="3" ref="r1"/><deny id="4" ref="d1"/><deny id="5" ref="d2"/><write id="6" ref="w3"/><read id="7" ref="r2"/><read id="8" ref="r3"/><write id="9" ref="w5"/></acl_user><acl_user id="all"><write id="10" xpath="/cib"/></acl_user></acls></configuration><status/></cib>
`

const programs = { cibadmin, crm_attribute: crmAttribute, crm_resource: crmResource }

const ours = (program: keyof typeof programs, argv: readonly string[], env: Readonly<Record<string, string>>) =>
  tryTool(programs[program], argv, { env: { ...process.env, ...env }, nowMs: 0 })

const lines = [
  ['-Q', '-S', '-U', 'u'],
  ['-Q', '-U', 'u', '--show-access=text'],
  ['-Q', '-U', 'u', '--show-access=namespace'],
  ['-Q', '-U', 'u', '--show-access=color'],
  ['-Q', '-U', 'u', '--show-access=auto'],
  ['-Q', '-Snamespace', '-U', 'all'],
  ['-Q', '-Stext', '-U', 'nobody'],
  ['-Q', '-Stext', '-U', 'u', '-o', 'configuration'],
  ['-Q', '-Scolor', '-U', 'u', '-o', 'nodes'],
  ['-Q', '-Snamespace', '-U', 'u', '-A', '//b'],
  ['-Q', '-Stext', '-U', 'u', '-A', '//nothing'],
  ['-Q', '-Stext', '-U', 'root'],
  ['-Q', '-Stext', '-U', 'hacluster'],
  ['-M', '-S', '-U', 'u', '-o', 'resources', '-X', '<a id="w4" x="2"/>'],
  ['-M', '-S', '-U', 'u', '-o', 'resources', '-X', '<b id="d1" x="2"/>'],
  ['-Q', '-U', 'u'],
  ['-Q', '-U', 'nobody'],
  ['-Q', '-U', 'u', '-o', 'nodes'],
  ['-M', '-U', 'u', '-o', 'nodes', '-X', '<node id="1" uname="x"/>'],
  ['-E', '-f', '-U', 'u'],
]

describe.skipIf(!hasPacemaker)('beside the real tools (needs Debian pacemaker-cli-utils)', () => {
  for (const argv of lines) {
    test(`cibadmin ${argv.join(' ')}`, async () => {
      const file = path.join(scratch, 'c.xml')
      fs.writeFileSync(file, cib)
      const done = spawnSync('cibadmin', argv, { encoding: 'utf8', env: { ...process.env, CIB_file: file } })
      const left = fs.readFileSync(file, 'utf8')
      fs.writeFileSync(file, cib)
      expect(await ours('cibadmin', argv, { CIB_file: file })).toEqual({
        code: done.status,
        out: done.stdout,
        err: done.stderr,
      })
      expect(fs.readFileSync(file, 'utf8')).toBe(left)
    })
  }

  test.each([
    ['a style that there is not', ['-Q', '-Sp', '-U', 'u']],
    ['no user', ['-Q', '-Stext']],
    ['no query', ['-Stext', '-U', 'u']],
  ])('%s is an error of the command line', async (_, argv) => {
    const file = path.join(scratch, 'u.xml')
    fs.writeFileSync(file, cib)
    const done = spawnSync('cibadmin', argv, { encoding: 'utf8', env: { ...process.env, CIB_file: file } })
    const told = await ours('cibadmin', argv, { CIB_file: file })
    const first = (text: string) => (/^(cibadmin|Usage)/.test(text) ? '' : text.split('\n')[0])
    expect([told.code, first(told.err)]).toEqual([done.status, first(done.stderr)])
  })

  test('every tool acts as the user that CIB_user names', async () => {
    const file = path.join(scratch, 'e.xml')
    fs.writeFileSync(file, cib)
    const env = { CIB_file: file, CIB_user: 'u' }
    for (const [program, argv] of [
      ['crm_attribute', ['-n', 'k', '-v', '1']],
      ['crm_resource', ['-L']],
    ] as const) {
      const as = program === 'crm_resource' ? { ...env, CIB_user: 'nobody' } : env
      const done = spawnSync(program, argv, { encoding: 'utf8', env: { ...process.env, ...as } })
      expect([program, (await ours(program, argv, as)).code]).toEqual([program, done.status])
      expect(done.status).toBe(4)
    }
  })
})
