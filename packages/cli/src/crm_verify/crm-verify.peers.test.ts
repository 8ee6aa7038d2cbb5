import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { type ToolOutcome, tryProgram, tryTool } from '../pacemaker/tool-trial.ts'
import { crmVerify } from './main.ts'

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const shared = process.env['QUORATE_SHARED'] ?? path.join(repository, '..', 'shared')
const suite = path.join(shared, 'suites', 'scheduler-2.1.5')
const isInstalled = spawnSync('crm_verify', ['--version']).error === undefined
const lacks = !isInstalled
  ? ' (skipped: no crm_verify)'
  : !fs.existsSync(suite)
    ? ' (skipped: no suite, set QUORATE_SHARED)'
    : ''

/** Parts of Pacemaker whose remarks are about its own insides: what it makes of numbers, and how it chose. */
const ownRemarks = /^\((?:scan_ll|assign_best_node|action_for_ordering)\)/

/** What was told, in no order: the order among equals is that of the hash tables of glib. */
function told({ code, out, err }: ToolOutcome) {
  const lines = err.split('\n').filter((line) => line !== '' && !ownRemarks.test(line))
  return { code, out, err: lines.sort() }
}

/** What is read with -p. */
const piped = (): string => fs.readFileSync(path.join(suite, '1-a-then-bm-move-b.xml'), 'utf8')

const ours = (argv: readonly string[]): Promise<ToolOutcome> =>
  tryTool(crmVerify, argv, { env: { PATH: '/usr/bin' }, input: piped() })
const real = (argv: readonly string[]): Promise<ToolOutcome> =>
  tryProgram('crm_verify', argv, { input: argv.includes('-p') ? piped() : '' })

/** Files of the suite whose result differs, and how. */
async function differences(files: readonly string[], more: readonly string[]): Promise<readonly unknown[]> {
  const found: unknown[] = []
  const rest = [...files]
  const work = async (): Promise<void> => {
    for (let file = rest.shift(); file !== undefined; file = rest.shift()) {
      const argv = ['-x', path.join(suite, file), ...more]
      const [expected, actual] = [told(await real(argv)), told(await ours(argv))]
      try {
        expect(actual).toEqual(expected)
      } catch {
        found.push({ file, actual, expected })
      }
    }
  }
  await Promise.all([work(), work()])
  return found
}

const files = lacks === '' ? fs.readdirSync(suite).filter((name) => name.endsWith('.xml')) : []

test.skipIf(lacks !== '')(
  `exit code and every line of -VV are those of the real crm_verify on all inputs of the suite${lacks}`,
  async () => {
    expect(files.length).toBeGreaterThan(600)
    expect(await differences(files, ['-VV'])).toEqual([])
  },
)

test.skipIf(lacks !== '')(`so they are without -V, with -V and as XML, on every 20th input${lacks}`, async () => {
  const some = files.filter((_, i) => i % 20 === 3)
  for (const more of [[], ['-V'], ['--output-as=xml']]) expect(await differences(some, more)).toEqual([])
})

const wrong: readonly (readonly [what: string, argv: readonly string[]])[] = [
  ['no source', []],
  ['a file that is not there', ['-x', '/nowhere/cib.xml']],
  ['a file that is not there, as XML', ['-x', '/nowhere/cib.xml', '--output-as=xml']],
  ['an unknown option', ['--nope']],
  ['an unknown short option', ['-q']],
  ['a missing argument', ['-x']],
  ['an unknown format', ['--output-as=html', '-X', '<cib/>']],
  ['an output that cannot be written', ['--output-to=/nowhere/out', '-X', '<cib/>']],
  ['the cluster where there is none', ['-L']],
  ['standard input', ['-p']],
  ['something that is no cib', ['-X', '<foo/>']],
]

test.skipIf(lacks !== '').each(wrong)(`%s is answered as the real one does${lacks}`, async (_, argv) => {
  const [expected, actual] = [await real(argv), await ours(argv)]
  const brief = ({ code, out, err }: ToolOutcome) => ({
    code,
    out,
    err: err.split('\n').filter((line) => /^crm_verify: /.test(line)),
  })
  expect(brief(actual)).toEqual(brief(expected))
})
