import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmResource } from './main.ts'

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-ocf-'))
afterAll(() => fs.rmSync(root, { recursive: true }))
for (const [provider, agent] of [
  ['one', 'Dummy'],
  ['one', 'Other'],
  ['two', 'Dummy'],
] as const) {
  const folder = path.join(root, 'resource.d', provider)
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(path.join(folder, agent), '', { mode: 0o755 })
}

test.each([
  ['--list-ocf-providers', 'one\ntwo\n'],
  ['--list-ocf-providers=Other', 'one\ntwo\n'],
  ['--list-ocf-providers --text-fancy', 'Providers:\n  * one\n  * two\n'],
  ['--list-ocf-alternatives Other --text-fancy', 'Providers:\n  * one\n'],
  ['--list-agents ocf:one --text-fancy', 'one agents:\n  * Dummy\n  * Other\n'],
])('crm_resource %s', async (line, out) => {
  expect(await tryTool(crmResource, line.split(' '), { env: { OCF_ROOT: root } })).toEqual({ code: 0, out, err: '' })
})

test('--expired without --clear is told before words that mean nothing', async () => {
  const { code, err } = await tryTool(crmResource, ['-L', '-e', 'word'])
  expect({ code, err }).toEqual({ code: 64, err: 'crm_resource: --expired requires --clear or -U\n' })
})

test.each([
  ['x:y:z', 'Metadata query for x:y:z failed: No such device or address'],
  ['ocf:Dummy', "'ocf:Dummy' is not a valid agent specification"],
])('--show-metadata %s is refused', async (spec, why) => {
  const err = `crm_resource: ${why}\nError performing operation: No such object\n`
  const argv = ['--show-metadata', spec]
  expect(await tryTool(crmResource, argv, { env: { OCF_ROOT: root } })).toEqual({ code: 105, out: '', err })
})

test('an agent without a name has no providers', async () => {
  expect(await tryTool(crmResource, ['--list-ocf-alternatives', ''], { env: { OCF_ROOT: root } })).toMatchObject({
    code: 105,
    out: '',
  })
})
