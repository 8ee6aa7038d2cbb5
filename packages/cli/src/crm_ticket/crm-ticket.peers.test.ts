import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmTicket } from './main.ts'

const hasPacemaker = spawnSync('crm_ticket', ['--version']).status === 0
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-ticket-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

const cib = `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="3" num_updates="1" admin_epoch="0" have-quorum="1" dc-uuid="1">
<configuration>
<crm_config><cluster_property_set id="cbo"><nvpair id="cbo-se" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
<nodes/><resources><primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/></resources>
<constraints>
<rsc_ticket id="rt1" rsc="a" ticket="T" loss-policy="stop"/>
<rsc_ticket id="rt2" rsc="a" ticket="U" loss-policy="freeze"/>
<rsc_ticket id="rt3" rsc="a" ticket="U" loss-policy="stop"/>
</constraints></configuration><status/></cib>`

/** Command lines, run one after the other on the same CIB; blanks within a word are written as tildes. */
const session = `
-l
-V -l
-t nope -C
-L
-w
-q
-c
-c -t T
-c -t nope
-l -t T
-l -t nope
-g
-G x
-C
-S foo -v x
-g -t T
-r -t T
-s -t T
-l
-L
-a -t T
-g -t T -f
-l -t T
-L -t T
-q
-q -t T
-q -t nope
-t T -G granted
-t T -G nope
-t T -G nope -d other
-t nope -G granted
-t T -S foo -v bar
-t T -S foo
-L -t T
-t T -D foo
-t T -D foo
-t T -S granted -v false
-t T -S granted -v bogus
-t T -S granted -v true
-t T -D granted
-t T -C
-t T -C -f
-t T -C
-t N -S last-granted -v x
-t N -S expires -v 5
-t N -S another -v 5
-l -t N
-L -t N
-t N -S last-granted -v -1
-l -t N
-L -t N
-t N -C
-t N -s -g -f
-t N -a -S x -v y
-t N -r -f
-L -t N
-t N -S granted -v bogus -f
-t N -D granted -f
-t N -D x -D y
-t N -S id -v Z
-t Z -S b -v 1 -S a -v 2
-t Z -g -r -f
-t Z -D a -g -f
-t Z -l -s
-t Z -q -l
-t Z -l -q
-t Z -C -f -l
-t Z -C -S x -v y
-t Z -C -f
-t a~b -s
-l
-w
-n x -i y -Q -t N -s
-t N -f
-d x -t N

-t
--bogus
--output-as=xml -l
-l more
-t Z -b 1 -S b -v 1
-t Z -S b -v 1
-t Z -l -G b
-t Z -G b -l
-t Z -L -C
-t Z -q -G nope
-t nope -G granted -C
-t nope -C -f
-t nope -D x
-t nope -D granted -f
-t Z -G id
-t Z -G id -d none
`
  .slice(1, -1)
  .split('\n')

/** Tickets and their states without the times. */
function settled(text: string): string {
  return text.replaceAll(/last-granted="\d+"/g, 'last-granted="0"').replaceAll(/'\w{3} \w{3} [ \d:]+'/g, "''")
}

describe.skipIf(!hasPacemaker)('crm_ticket beside the real one, on a file (needs Debian pacemaker-cli-utils)', () => {
  const files = { ours: path.join(scratch, 'ours.xml'), real: path.join(scratch, 'real.xml') }
  for (const file of Object.values(files)) fs.writeFileSync(file, cib)

  for (const [i, line] of session.entries()) {
    test(`${i}: ${line}`, async () => {
      const argv = line === '' ? [] : line.split(' ').map((word) => word.replaceAll('~', ' '))
      const theirs = spawnSync('crm_ticket', argv, { encoding: 'utf8', env: { ...process.env, CIB_file: files.real } })
      const env = { ...process.env, CIB_file: files.ours }
      const { code, out, err } = await tryTool(crmTicket, argv, { env })
      expect({ code, out: settled(out), err }).toEqual({
        code: theirs.status,
        out: settled(theirs.stdout),
        err: theirs.stderr,
      })
      const [mine, real] = [files.ours, files.real].map((file) => settled(fs.readFileSync(file, 'utf8')))
      expect(mine).toBe(real)
    })
  }
})
