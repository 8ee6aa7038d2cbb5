import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmResource } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-why-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))

function meta(owner: string, name: string, value: string): string {
  return `<meta_attributes id="${owner}-m"><nvpair id="${owner}-n" name="${name}" value="${value}"/></meta_attributes>`
}

function dummy(id: string, inside = ''): string {
  return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`
}

/** Lines of reasons that --why gives for resources. */
async function reasons(resources: string, argv: readonly string[] = [], properties = ''): Promise<readonly string[]> {
  const file = path.join(folder, 'cib.xml')
  fs.writeFileSync(
    file,
    `<cib validate-with="none" crm_feature_set="3.16.1"><configuration>
<crm_config><cluster_property_set id="p">${properties}</cluster_property_set></crm_config><nodes/>
<resources>${resources}</resources><constraints/></configuration><status/></cib>`,
  )
  const { out } = await tryTool(crmResource, ['--why', ...argv], { env: { CIB_file: file } })
  return out.split('\n').filter((line) => line.startsWith('Configuration'))
}

const unmanaged = (id: string) => [`Configuration prevents cluster from stopping or starting unmanaged '${id}'`]

test('what is-managed says makes a resource unmanaged, maintenance does not', async () => {
  expect(await reasons(dummy('a', meta('a', 'is-managed', 'no')))).toEqual(unmanaged('a'))
  expect(await reasons(dummy('a', meta('a', 'is-managed', 'bogus')))).toEqual(unmanaged('a'))
  expect(await reasons(dummy('a', meta('a', 'maintenance', 'true')))).toEqual([])
  expect(await reasons(dummy('a'), [], '<nvpair id="m" name="maintenance-mode" value="true"/>')).toEqual([])
})

test('what counts is the setting of the resource that is asked about, which is told of its collective', async () => {
  const group = `<group id="g">${dummy('a', meta('a', 'is-managed', 'false'))}${dummy('b')}</group>`
  expect(await reasons(group)).toEqual([])
  expect(await reasons(group, ['-r', 'b'])).toEqual([])
  expect(await reasons(group, ['-r', 'a'])).toEqual(unmanaged('g'))
})

test('only what can be promoted is told not to be', async () => {
  const role = meta('c', 'target-role', 'Unpromoted')
  const promotable = role.replace('</meta', '<nvpair id="c-p" name="promotable" value="true"/></meta')
  expect(await reasons(`<clone id="c">${role}${dummy('a')}</clone>`)).toEqual([])
  expect(await reasons(`<clone id="c">${promotable}${dummy('a')}</clone>`)).toEqual([
    "Configuration specifies 'c' should not be promoted",
  ])
})
