import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { runCase } from './run-case.ts'
import { defaultSuite, readSuite } from './suite.ts'
import { failureLines, isPassed, resultTable } from './table.ts'

const usage = `Usage: npm run conformance -- [DIR] [--group NAME] [--case NAME] [--quiet]

Runs a scheduler suite through the scheduler, in this process, and compares every output.
DIR is a folder with cases.json, or cts/scheduler of a Pacemaker checkout.
`

function main(argv: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      group: { type: 'string' },
      case: { type: 'string' },
      quiet: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    process.stdout.write(usage)
    return 0
  }
  const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
  const all = readSuite(positionals[0] ?? defaultSuite(repository))
  const cases = all.filter(
    (item) =>
      (values.group === undefined || item.group === values.group) &&
      (values.case === undefined || item.name === values.case),
  )
  const began = process.hrtime.bigint()
  const nowSeconds = Math.floor(Date.now() / 1000)
  const results = cases.map((item) => runCase(item, nowSeconds))
  const seconds = Number(process.hrtime.bigint() - began) / 1e9
  process.stdout.write(`${resultTable(results)}\n`)
  if (values.quiet !== true) for (const line of failureLines(results)) process.stdout.write(`${line}\n`)
  const passed = results.filter(isPassed).length
  process.stdout.write(`${passed} passed, ${results.length - passed} failed (${seconds.toFixed(1)} s)\n`)
  return results.length > 0 && passed === results.length ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
