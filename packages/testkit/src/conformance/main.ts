import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { formatXml } from '@quorate/xml'
import { compareRandom } from './random/compare-c.ts'
import { parseFeatures, type RandomFeature, randomFeatures } from './random/feature.ts'
import { shrinkRandom } from './random/shrink-case.ts'
import { runCase } from './run-case.ts'
import { defaultSuite, readSuite } from './suite.ts'
import { failureLines, isPassed, resultTable } from './table.ts'

const usage = `Usage: npm run conformance -- [DIR] [--group NAME] [--case NAME] [--quiet]
       npm run conformance -- --random N [--seed S] [--features LIST]
       npm run conformance -- --shrink SEED [--features LIST]

Runs a scheduler suite through the scheduler, in this process, and compares every output.
With --random: N small CIBs made from seeds, compared with the installed crm_simulate.
With --shrink: the CIB of that seed, made smaller while it still shows its difference.
LIST has the features that they may show, all where it is not given: ${randomFeatures.join(', ')};
all, none, or plain for those that need no other nodes, templates, tags, rules and times.
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
      random: { type: 'string' },
      seed: { type: 'string' },
      shrink: { type: 'string' },
      features: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    process.stdout.write(usage)
    return 0
  }
  if (values.random !== undefined) {
    return random(Number(values.random), Number(values.seed ?? '1'), parseFeatures(values.features ?? 'all'))
  }
  if (values.shrink !== undefined) {
    const small = shrinkRandom(Number(values.shrink), parseFeatures(values.features ?? 'all'))
    process.stdout.write(small === undefined ? 'no difference\n' : formatXml(small))
    return small === undefined ? 0 : 1
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

function random(count: number, seed: number, features: readonly RandomFeature[]): number {
  let [same, different, unusable] = [0, 0, 0]
  for (const result of compareRandom(count, seed, features)) {
    if (result.error === 'crm_simulate aborted') unusable += 1
    else if (result.error !== undefined || result.differs.length > 0) {
      different += 1
      process.stdout.write(`seed ${result.seed}: ${result.error ?? `differs in ${result.differs.join(' ')}`}\n`)
    } else same += 1
  }
  process.stdout.write(`${same} the same, ${different} different, ${unusable} on which crm_simulate aborted\n`)
  return different === 0 ? 0 : 1
}

process.exitCode = main(process.argv.slice(2))
