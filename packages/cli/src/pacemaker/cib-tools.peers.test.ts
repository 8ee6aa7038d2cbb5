import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { cibadmin } from '../cibadmin/main.ts'
import { crmAttribute } from '../crm_attribute/main.ts'
import { crmDiff } from '../crm_diff/main.ts'
import { crmError } from '../crm_error/main.ts'
import { crmResource } from '../crm_resource/main.ts'
import { crmStandby } from '../crm_standby/main.ts'
import type { ToolHost } from './tool-host.ts'

const hasPacemaker = spawnSync('cibadmin', ['--version']).status === 0
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-tools-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

const cib = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="3" num_updates="1" admin_epoch="0" have-quorum="1" dc-uuid="1">
  <configuration>
    <crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="cbo-se" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes>
    <resources><primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/></resources>
    <constraints/>
  </configuration>
  <status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"/></status>
</cib>
`

type Program = (argv: readonly string[], host: ToolHost) => number | Promise<number>
const programs: Readonly<Record<string, Program>> = {
  cibadmin,
  crm_attribute: crmAttribute,
  crm_diff: crmDiff,
  crm_error: crmError,
  crm_resource: crmResource,
  crm_standby: crmStandby,
}

/** Runs a command line of our tools in this process. */
async function ours(program: string, argv: readonly string[], env: Readonly<Record<string, string>>) {
  let out = ''
  let err = ''
  const host: ToolHost = {
    env: { ...process.env, ...env },
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    readInput: () => '',
    now: () => 0,
    isTerminal: false,
  }
  const code = await (programs[program] as Program)(argv, host)
  return { code, out, err }
}

function real(program: string, argv: readonly string[], env: Readonly<Record<string, string>>) {
  const done = spawnSync(program, argv, { encoding: 'utf8', env: { ...process.env, ...env } })
  return { code: done.status, out: done.stdout, err: done.stderr }
}

/** Command lines, run one after the other on the same CIB. */
const session = `
crm_attribute -n stonith-enabled -G
crm_attribute -n stonith-enabled -G -q
crm_attribute -n x -G
crm_attribute -n x -G -d dflt
crm_attribute -n x -v 5
crm_attribute -n x -v 6
crm_attribute -n x -G
crm_attribute -G
crm_attribute
crm_attribute -n x -D
crm_attribute -n x -D
crm_attribute -N n1 -n loc -v a
crm_attribute -N n1 -n loc -v b
crm_attribute -N n1 -n loc -G
crm_attribute -N n2 -n loc -G
crm_attribute -N n1 -n t1 -v 5 -l reboot
crm_attribute -N n1 -n t1 -G -l reboot
crm_attribute -N n1 -n t1 -G
crm_attribute -N n1 -n t1 -D -l reboot
crm_attribute -N n1 -n cpu -z -v 4
crm_attribute -N n1 -n cpu -z -G
crm_attribute -N n9 -n a -v 3
crm_attribute -n bad!name -v x
crm_attribute -N n1 -n bad!name -v x
crm_attribute -D
crm_attribute -P foo.* -v x
crm_attribute -n value -v value++
crm_attribute -n value -v value++
crm_attribute -p foo -N n1 -v 5
crm_attribute -p foo -N n1 -G
crm_attribute -n stonith-enabled -G --output-as=xml
crm_attribute -n nope -G --output-as=xml
crm_attribute -n nope -v 5 --output-as=xml
crm_attribute -n nope -D --output-as=xml
crm_attribute --bogus
crm_attribute -n
crm_standby -N n1 -G
crm_standby -N n1 -v on
crm_standby -N n1
crm_standby -N n1 -D
crm_standby -N n2 -l reboot -v on
crm_standby -N n2 -G
crm_standby -N n2 -D
crm_resource -L
crm_resource -l
crm_resource -W -r a
crm_resource -W -r nope
crm_resource -W
crm_resource -q -r a
crm_resource -g fake -r a
crm_resource -p fake -v 3 -r a
crm_resource -p fake -v 4 -r a
crm_resource -g fake -r a
crm_resource -d fake -r a
crm_resource -d fake -r a
crm_resource -p target-role -m -v Stopped -r a
crm_resource -g target-role -m -r a
crm_resource -d target-role -m -r a
crm_resource -p cpu -z -v 2 -r a
crm_resource -p fake -r a
crm_resource -M -r a -N n2
crm_resource -M -r a -N n9
crm_resource -M -r a
crm_resource -B -r a -N n1
crm_resource -B -r a -N n2
crm_resource -U -r a -N n1
crm_resource -U -r a
crm_resource -U -r a
crm_resource -Y -r a
crm_resource -D -r a
crm_resource --list-ocf-providers
crm_resource --bogus
cibadmin -Q
cibadmin -Q -o crm_config
cibadmin -Q -o bogus
cibadmin -Q -A //nvpair -e
cibadmin -Q -A //bogus
cibadmin -Q -n
cibadmin -M
cibadmin -E
cibadmin -C -o resources -X <primitive~id="a"~class="ocf"~provider="pacemaker"~type="Dummy"/>
cibadmin -C -o resources -X <primitive~id="b"~class="ocf"/>
cibadmin -C -o resources -X <primitive~id="b"~class="ocf"~provider="pacemaker"~type="Dummy"/>
cibadmin -C -o constraints -X <rsc_location~id="l"~rsc="nope"~node="n1"~score="5"/>
cibadmin -C -o constraints -X <rsc_location~id="l"~rsc="b"~node="n1"~score="5"/>
cibadmin -D -X <primitive~id="b"/>
cibadmin -D -A //rsc_location
cibadmin -d -A //primitive[@id="b"]
cibadmin -d -f -A //primitive[@id="b"]
cibadmin -R -o crm_config -X <crm_config/>
cibadmin -B
cibadmin -5 -X <a~b="1"/>
cibadmin -6 -X <a~crm_feature_set="3.16.1"/>
cibadmin -5
cibadmin -u -f
cibadmin -Q
cibadmin -E -f
cibadmin -Q
cibadmin -a
crm_error -X 105 108
crm_error -n -- -203
crm_diff -O <a~b="1"/> -N <a~b="1"/>
`
  .trim()
  .split('\n')

describe.skipIf(!hasPacemaker)('our tools beside the real ones, on a file (needs Debian pacemaker-cli-utils)', () => {
  const files = { ours: path.join(scratch, 'ours.xml'), real: path.join(scratch, 'real.xml') }
  for (const file of Object.values(files)) fs.writeFileSync(file, cib)

  for (const [i, line] of session.entries()) {
    test(`${i}: ${line}`, async () => {
      const [program = '', ...words] = line.split(' ')
      const argv = words.map((word) => word.replaceAll('~', ' '))
      const theirs = real(program, argv, { CIB_file: files.real })
      const mine = await ours(program, argv, { CIB_file: files.ours })
      const isUsage = theirs.code === 64
      expect({ ...mine, err: isUsage ? '' : mine.err }).toEqual({ ...theirs, err: isUsage ? '' : theirs.err })
      expect(fs.readFileSync(files.ours, 'utf8')).toBe(fs.readFileSync(files.real, 'utf8'))
    })
  }
})
