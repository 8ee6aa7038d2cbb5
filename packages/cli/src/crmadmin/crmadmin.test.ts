import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmadmin } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'crmadmin-'))
const file = path.join(folder, 'cib.xml')
fs.writeFileSync(
  file,
  `<cib validate-with="none" admin_epoch="0" epoch="1" num_updates="0"><configuration><crm_config/><nodes>
<node id="1" uname="b1"/><node id="2" uname="a2" type="member"/><node id="r9" uname="r9" type="remote"/><node id="4" uname="p4" type="ping"/>
</nodes><resources>
<primitive id="rem1" class="ocf" provider="pacemaker" type="remote"/>
<group id="g"><primitive id="vm" class="ocf" provider="heartbeat" type="VirtualDomain"><meta_attributes id="m"><nvpair id="m1" name="remote-node" value="guest1"/></meta_attributes></primitive></group>
<clone id="c"><primitive id="rem2" class="ocf" provider="pacemaker" type="remote"/></clone>
<primitive id="n" class="ocf" provider="heartbeat" type="Dummy"><instance_attributes id="i"><nvpair id="i1" name="remote-node" value="none"/></instance_attributes></primitive>
</resources><constraints/></configuration><status/></cib>`,
)
afterAll(() => fs.rmSync(folder, { recursive: true }))

const said = async (...argv: readonly string[]) => {
  const { code, out, err } = await tryTool(crmadmin, argv, { env: { CIB_file: file } })
  return [code, out, err]
}

describe('crmadmin -N', () => {
  /** As the real one printed it of this file. */
  it.each([
    [
      ['-N'],
      'cluster node: b1 (1)\ncluster node: a2 (2)\nguest node: guest1 (guest1)\nremote node: rem1 (rem1)\nremote node: rem2 (rem2)\n',
    ],
    [['-N', 'remote,guest', '-q'], 'guest1\nrem1\nrem2\n'],
    [['--nodes=cluster', '-B'], 'export b1=1\nexport a2=2\n'],
    [['-Nbogus'], 'No nodes configured\n'],
  ])('%s', async (argv, out) => expect(await said(...argv)).toEqual([0, out, '']))

  it('misses its input where there is no such file', async () => {
    const none = await tryTool(crmadmin, ['-N'], { env: { CIB_file: path.join(folder, 'none.xml') } })
    expect([none.code, none.err]).toEqual([
      66,
      expect.stringMatching(/error: Command failed: Input file not available\n$/),
    ])
  })
})

it('has to be told what to show', async () => {
  const [code, out, err] = await said('-q')
  expect([code, out, String(err).split('\n')[0]]).toEqual([64, '', 'error: Must specify a command option'])
})
