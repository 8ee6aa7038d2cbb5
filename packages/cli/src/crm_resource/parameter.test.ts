import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmResource } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-parameter-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))

/** What --get-parameter tells of a meta-attribute of a cloned group `c`, its group `g` and the member `m`. */
async function told(name: string, defaults = ''): Promise<readonly string[]> {
  const file = path.join(folder, 'cib.xml')
  fs.writeFileSync(
    file,
    `<cib validate-with="none" crm_feature_set="3.16.1"><configuration><crm_config/><nodes/>
<resources><clone id="c"><group id="g"><primitive id="m" class="ocf" provider="pacemaker" type="Dummy"/></group></clone></resources>
<constraints/><rsc_defaults><meta_attributes id="d">${defaults}</meta_attributes></rsc_defaults></configuration><status/></cib>`,
  )
  const answers = ['c', 'g', 'm'].map((id) =>
    tryTool(crmResource, ['-m', '-g', name, '-r', id], { env: { CIB_file: file } }),
  )
  return (await Promise.all(answers)).map(({ out }) => out.trim())
}

test('what clones and instances have unasked is told of what is inside of them', async () => {
  expect(await told('resource-stickiness')).toEqual(['', '1', '1'])
  expect(await told('globally-unique')).toEqual(['', 'false', 'false'])
  expect(await told('clone-max')).toEqual(['', '', '1'])
  const defaults = '<nvpair id="s" name="resource-stickiness" value="5"/>'
  expect(await told('resource-stickiness', defaults)).toEqual(['5', '5', '5'])
})
