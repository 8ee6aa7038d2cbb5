import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmResource } from './main.ts'

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const shared = process.env['QUORATE_SHARED'] ?? path.join(repository, '..', 'shared')
const suite = path.join(shared, 'suites', 'scheduler-2.1.5')
const isInstalled = spawnSync('crm_resource', ['--version']).error === undefined
const hasSuite = fs.existsSync(suite)
const lacks = !isInstalled ? ' (skipped: no crm_resource)' : !hasSuite ? ' (skipped: no suite, set QUORATE_SHARED)' : ''
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-resource-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

/** Inputs with groups, clones, promotable ones, bundles, templates, failures, constraints; and resources to ask about. */
const inputs: readonly (readonly [name: string, ...resources: readonly string[]])[] = [
  ['ticket-group-2', 'group1', 'rsc1', 'rsc_stonith'],
  ['colocation-influence', 'rsc1a', 'rsc5-clone', 'rsc14a', 'bundle10'],
  ['template-3', 'rsc1', 'rsc2'],
  ['bundle-order-stop', 'redis-bundle', 'galera-bundle-docker-0'],
  ['promoted-7', 'group-1', 'ocf_192.168.100.181', 'master_rsc_1'],
  ['unmanaged-promoted', 'Fencing', 'group-1', 'stateful-1'],
]

const plain: readonly string[] = ['-L', '-l', '-O', '-o', '-Y']
const ofResource: readonly string[] = ['-Y', '-g target-role -m', '-g nope', '-O']

describe.skipIf(lacks !== '')(`crm_resource -L -l -O -o -Y -g beside the real one${lacks}`, () => {
  beforeAll(() => {
    for (const [name] of inputs) fs.copyFileSync(path.join(suite, `${name}.xml`), path.join(scratch, `${name}.xml`))
  })

  const lines = inputs.flatMap(([name, ...resources]) => {
    const queries = [...plain, ...resources.flatMap((id) => ofResource.map((query) => `${query} -r ${id}`))]
    return queries.flatMap((query) => [`${name} ${query}`, `${name} ${query} --output-as=xml`])
  })

  test.each(lines)('%s', async (line) => {
    const [name, ...argv] = line.split(' ')
    const env = { ...process.env, CIB_file: path.join(scratch, `${name}.xml`) }
    const theirs = spawnSync('crm_resource', argv, { encoding: 'utf8', env })
    const mine = await tryTool(crmResource, argv, { env })
    expect(mine).toEqual({ code: theirs.status, out: theirs.stdout, err: theirs.stderr })
  })

  test('an unknown format, and an output that cannot be written', async () => {
    for (const option of ['--output-as=html', '--output-to=/nowhere/out']) {
      const argv = ['-l', option]
      const theirs = spawnSync('crm_resource', argv, { encoding: 'utf8' })
      const { code, err } = await tryTool(crmResource, argv, { env: process.env })
      expect({ code, err }).toEqual({ code: theirs.status, err: theirs.stderr })
    }
  })
})
