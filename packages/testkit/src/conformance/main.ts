import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { formatXml } from '@quorate/xml'
import { type RandomCase, randomCase } from './random/cib.ts'
import { compareInputs, type FailureOfC, type RandomResult } from './random/compare-c.ts'
import {
  changeFeatures,
  courseFeatures,
  oddFeatures,
  parseFeatures,
  randomFeatures,
  strangeFeatures,
} from './random/feature.ts'
import { mutator } from './random/mutated.ts'
import { shrinkRandom } from './random/shrink-case.ts'
import { runCase } from './run-case.ts'
import { defaultSuite, readSuite } from './suite.ts'
import { failureLines, isPassed, resultTable } from './table.ts'

const usage = `Usage: npm run conformance -- [DIR] [--group NAME] [--case NAME] [--quiet]
       npm run conformance -- --random N [--seed S] [--features LIST] [--jobs J]
       npm run conformance -- --mutated N [--seed S] [--jobs J] [DIR]
       npm run conformance -- --shrink SEED [--features LIST | --mutated 1 [DIR]]

Runs a scheduler suite through the scheduler, in this process, and compares every output.
With --random: N small CIBs made from seeds, compared with the installed crm_simulate, J at a time (as many as there are
processors); Ctrl-C ends it with what was found so far.
With --mutated: the same with N inputs of the suite, each changed in a few places.
With --shrink: the CIB of that seed, made smaller while it still shows its difference.
LIST has the features that they may show, all where it is not given: ${randomFeatures.join(', ')};
all, none, or plain for those that need no other nodes, templates, tags, rules and times; what few clusters have:
${oddFeatures.join(', ')}; odd for these, every for all and odd; what comes of clusters that change:
${changeFeatures.join(', ')}; whole for these and every; clusters that have run for a while:
${courseFeatures.join(', ')}; full for all these; beyond small clusters that a tool would write:
${strangeFeatures.join(', ')}; total for all that there are.
DIR is a folder with cases.json, or cts/scheduler of a Pacemaker checkout.
`

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      group: { type: 'string' },
      case: { type: 'string' },
      quiet: { type: 'boolean' },
      random: { type: 'string' },
      mutated: { type: 'string' },
      seed: { type: 'string' },
      shrink: { type: 'string' },
      features: { type: 'string' },
      jobs: { type: 'string', default: String(os.availableParallelism()) },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help === true) {
    process.stdout.write(usage)
    return 0
  }
  const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
  const suite = positionals[0] ?? defaultSuite(repository)
  const features = parseFeatures(values.features ?? 'all')
  const make = values.mutated === undefined ? (seed: number) => randomCase(seed, features) : mutator(suite)
  if (values.shrink !== undefined) {
    const small = await shrinkRandom(make(Number(values.shrink)))
    process.stdout.write(small === undefined ? 'no difference\n' : formatXml(small))
    return small === undefined ? 0 : 1
  }
  const count = values.mutated ?? values.random
  if (count !== undefined) {
    return compare({ count: Number(count), seed: Number(values.seed ?? '1'), jobs: Number(values.jobs), make })
  }
  const all = readSuite(suite)
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

/** A line on stderr says how far a comparison is after every so many inputs. */
const progressInputs = 250

async function compare(of: {
  readonly count: number
  readonly seed: number
  readonly jobs: number
  readonly make: (seed: number) => RandomCase
}): Promise<number> {
  const { count, seed, jobs, make } = of
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal)
  const counts = { same: 0, different: 0, refused: 0, aborted: 0, endless: 0 }
  let done = 0
  try {
    for await (const result of compareInputs(count, seed, make, { jobs, signal: stop.signal })) {
      counts[kindOf(result)] += 1
      done += 1
      if (kindOf(result) === 'different') {
        process.stdout.write(`seed ${result.seed}: ${result.error ?? `differs in ${result.differs.join(' ')}`}\n`)
      }
      if (done % progressInputs === 0) process.stderr.write(`${done} of ${count}, ${counts.different} different\n`)
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error
  }
  const { same, different, refused, aborted, endless } = counts
  process.stdout.write(
    `${same} the same, ${different} different, ${refused} refused by both, ${aborted} on which crm_simulate aborted, ${endless} on which it did not end${done < count ? `; interrupted at seed ${seed + done}` : ''}\n`,
  )
  if (stop.signal.aborted) return 130
  return different === 0 ? 0 : 1
}

function kindOf({ differs, error, failureOfC }: RandomResult): 'same' | 'different' | FailureOfC {
  if (error !== undefined || differs.length > 0) return 'different'
  return failureOfC ?? 'same'
}

process.exitCode = await main(process.argv.slice(2))
