import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { formatXml } from '@quorate/xml'
import { compareTools } from './command-line/compare-tools.ts'
import { logTrials, simulationTrials } from './command-line/draw.ts'
import { shrinkTrial } from './command-line/shrink-trial.ts'
import { lineText, type Trial, toolNames } from './command-line/trial.ts'
import type { Pace } from './over-seeds.ts'
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
import { readInput, runCase } from './run-case.ts'
import { defaultSuite, readSuite, type SuiteCase } from './suite.ts'
import { failureLines, isPassed, resultTable } from './table.ts'

const usage = `Usage: npm run conformance -- [DIR] [--group NAME] [--case NAME] [--quiet]
       npm run conformance -- --random N [--seed S] [--features LIST] [--jobs J]
       npm run conformance -- --mutated N [--seed S] [--jobs J] [DIR]
       npm run conformance -- --shrink SEED [--features LIST | --mutated 1 [DIR]]
       npm run conformance -- --random N | --mutated N | --shrink SEED ... --options | --log TOOL
       npm run conformance -- --log TOOL [DIR]

Runs a scheduler suite through the scheduler, in this process, and compares every output.
With --random: N small CIBs made from seeds, compared with the installed crm_simulate, J at a time (as many as there are
processors); Ctrl-C ends it with what was found so far.
With --mutated: the same with N inputs of the suite, each changed in a few places.
With --shrink: the CIB of that seed, made smaller while it still shows its difference.
With --options: each input with a command line of crm_simulate, made from the seed too; what is compared to the byte are
exit code, both outputs, and every file that is left behind.
With --log: each input, those of the suite where nothing else is asked for, with -VVV of that tool (crm_verify or
crm_simulate); what is compared to the byte is the same.
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
      options: { type: 'boolean' },
      log: { type: 'string' },
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
  const tool = toolNames.find((name) => name === values.log)
  if (values.log !== undefined && tool === undefined) {
    process.stderr.write(`--log: "${values.log}" is none of ${toolNames.join(', ')}\n`)
    return 64
  }
  const trial =
    tool !== undefined ? logTrials(tool, make) : values.options === true ? simulationTrials(make) : undefined
  if (values.shrink !== undefined) return shrinkSeed(Number(values.shrink), make, trial)
  const count = values.mutated ?? values.random
  const pace = { jobs: Number(values.jobs) }
  if (count !== undefined) {
    const seed = Number(values.seed ?? '1')
    const results = (how: Pace): AsyncGenerator<RandomResult> =>
      trial === undefined
        ? compareInputs(Number(count), seed, make, how)
        : compareTools(Number(count), seed, trial, how)
    return compare({ count: Number(count), seed, pace, results })
  }
  const all = readSuite(suite)
  const cases = all.filter(
    (item) =>
      (values.group === undefined || item.group === values.group) &&
      (values.case === undefined || item.name === values.case),
  )
  if (tool !== undefined) {
    const ofSuite = logTrials(tool, (index) => ({ cib: readInput((cases[index] as SuiteCase).files['xml'] ?? '') }))
    return compare({
      count: cases.length,
      seed: 0,
      pace,
      results: (how) => compareTools(cases.length, 0, ofSuite, how),
      nameOf: (index) => (cases[index] as SuiteCase).name,
    })
  }
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

/** Prints what still shows the difference of a seed. @returns the exit code */
async function shrinkSeed(
  seed: number,
  make: (seed: number) => RandomCase,
  trial: ((seed: number) => Trial) | undefined,
): Promise<number> {
  const small = trial === undefined ? undefined : await shrinkTrial(trial(seed))
  if (small !== undefined) process.stdout.write(`${lineText(small)}\n`)
  const cib = trial === undefined ? await shrinkRandom(make(seed)) : small?.cib
  process.stdout.write(cib === undefined ? 'no difference\n' : formatXml(cib))
  return cib === undefined ? 0 : 1
}

/** A line on stderr says how far a comparison is after every so many inputs. */
const progressInputs = 250

async function compare(of: {
  readonly count: number
  readonly seed: number
  readonly pace: Pace
  readonly results: (pace: Pace) => AsyncGenerator<RandomResult>
  readonly nameOf?: (seed: number) => string
}): Promise<number> {
  const { count, seed, pace, results, nameOf = (of) => `seed ${of}` } = of
  const stop = new AbortController()
  const onSignal = () => stop.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, onSignal)
  const counts = { same: 0, different: 0, refused: 0, aborted: 0, endless: 0 }
  let done = 0
  try {
    for await (const result of results({ ...pace, signal: stop.signal })) {
      counts[kindOf(result)] += 1
      done += 1
      if (kindOf(result) === 'different') {
        process.stdout.write(`${nameOf(result.seed)}: ${result.error ?? `differs in ${result.differs.join(' ')}`}\n`)
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
