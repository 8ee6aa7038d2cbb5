import { execFile } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { cibFaultsIn, usableCib } from '@quorate/cib'
import { parseMoment, simulate } from '@quorate/scheduler'
import { formatXml, type XmlElement } from '@quorate/xml'
import { differences, type Outputs } from '../compare.ts'
import { overSeeds, type Pace } from '../over-seeds.ts'
import { graphOf } from '../run-case.ts'
import { type RandomCase, randomCase } from './cib.ts'
import type { RandomFeature } from './feature.ts'
import { randomNowSeconds } from './history.ts'

/** How the C program failed on an input: it refused it, crashed, or did not end within its processor time. */
export type FailureOfC = 'refused' | 'aborted' | 'endless'

/** How a random input fared. */
export type RandomResult = {
  readonly seed: number
  /** Empty too where the C program failed otherwise than ours: nothing can be compared, but ours has to get through. */
  readonly differs: readonly string[]
  readonly failureOfC?: FailureOfC
  /** Ours threw. */
  readonly error?: string
}

/** Longest that the C program may work, in seconds of processor time; most of these inputs take it milliseconds. */
const patienceCpuSeconds = 4
/** Exit code of the C program where the simulated transition got stuck: its outputs are complete. */
const stuckExit = 1
/** Exit code where it ended because several states have the name of a node: its outputs are what there was until then. */
const ambiguousExit = 70
const outputBytesMax = 64 * 1024 * 1024

/** Runs the C program; @returns what it printed, or how it failed. The system itself ends one that never would. */
function runC(
  args: readonly string[],
  scratch: string,
  signal?: AbortSignal,
): Promise<{ readonly text: string } | FailureOfC> {
  const argv = ['--core=0', `--cpu=${patienceCpuSeconds}`, 'crm_simulate', ...args]
  const options = {
    encoding: 'utf8' as const,
    env: { ...process.env, LC_ALL: 'C', CIB_shadow_dir: scratch, PCMK_schema_directory: '/usr/share/pacemaker' },
    maxBuffer: outputBytesMax,
    ...(signal === undefined ? {} : { signal }),
  }
  return new Promise((resolve, reject) => {
    execFile('prlimit', argv, options, (error, text) => {
      if (signal?.aborted === true) reject(signal.reason)
      else if (error === null || error.code === stuckExit || error.code === ambiguousExit) resolve({ text })
      else if (typeof error.code === 'number') resolve('refused')
      else if (typeof error.code === 'string') reject(error)
      else resolve(error.signal === 'SIGXCPU' || error.signal === 'SIGKILL' ? 'endless' : 'aborted')
    })
  })
}

/** Outputs of the installed crm_simulate, or how it failed (it crashes on some inputs). */
export async function outputsOfC(
  cib: XmlElement,
  scratch: string,
  moment?: string,
  signal?: AbortSignal,
): Promise<Outputs | FailureOfC> {
  const [input, dot, graph] = ['in.xml', 'dot', 'graph'].map((name) => path.join(scratch, name)) as [
    string,
    string,
    string,
  ]
  fs.writeFileSync(input, formatXml(cib))
  for (const file of [dot, graph]) fs.rmSync(file, { force: true })
  const base = ['-x', input, ...(moment === undefined ? [] : ['-t', moment])]
  const summary = await runC([...base, '-S'], scratch, signal)
  if (typeof summary === 'string') return summary
  // Without -Q: the suite has it, but the text between the scores has to be right as well.
  const main = await runC([...base, '-D', dot, '-G', graph, '-sS'], scratch, signal)
  if (typeof main === 'string') return main
  return {
    exp: fs.readFileSync(graph, 'utf8'),
    dot: fs.readFileSync(dot, 'utf8'),
    scores: main.text,
    summary: summary.text,
    stderr: '',
  }
}

/** Outputs of ours for the same input, or that it is refused. */
export function outputsOfOurs(cib: XmlElement, moment?: string): Outputs | 'refused' {
  const usable = usableCib(cib)
  return !usable.ok || cibFaultsIn(usable.cib, 1).length > 0 ? 'refused' : outputsFor(usable.cib, moment)
}

function outputsFor(cib: XmlElement, moment: string | undefined): Outputs {
  const read = parseMoment(moment, { epochSeconds: randomNowSeconds, offsetSeconds: 0 })
  const effective = moment === undefined || read === undefined ? {} : { effectiveTime: { text: moment, ...read } }
  const base = { nowSeconds: Math.floor(Date.now() / 1000), process: true, simulate: true, ...effective }
  const summary = simulate(cib, base)
  const main = simulate(cib, { ...base, showsScores: true })
  return {
    exp: graphOf(main),
    dot: main.dot?.() ?? '',
    scores: main.stdout,
    summary: summary.stdout,
    stderr: '',
  }
}

async function compareCase(
  seed: number,
  { cib, moment }: RandomCase,
  scratch: string,
  signal?: AbortSignal,
): Promise<RandomResult> {
  const expected = await outputsOfC(cib, scratch, moment, signal)
  try {
    const actual = outputsOfOurs(cib, moment)
    if (expected === 'refused' || actual === 'refused') {
      return expected === actual
        ? { seed, differs: [], failureOfC: 'refused' }
        : { seed, differs: [], error: `${expected === 'refused' ? 'crm_simulate' : 'ours'} refuses it` }
    }
    return typeof expected === 'string'
      ? { seed, differs: [], failureOfC: expected }
      : { seed, differs: differences(expected, actual) }
  } catch (fault) {
    return { seed, differs: [], error: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault) }
  }
}

/** Compares ours with the installed crm_simulate on random clusters with some features; see {@link compareInputs}. */
export function compareRandom(
  count: number,
  firstSeed: number,
  features: readonly RandomFeature[] = [],
  pace: Pace = {},
): AsyncGenerator<RandomResult> {
  return compareInputs(count, firstSeed, (seed) => randomCase(seed, features), pace)
}

/**
 * Compares ours with the installed crm_simulate on inputs made from seeds; answers come in the order of the seeds.
 *
 * @throws what `signal` was aborted with
 */
export function compareInputs(
  count: number,
  firstSeed: number,
  make: (seed: number) => RandomCase,
  pace: Pace = {},
): AsyncGenerator<RandomResult> {
  return overSeeds(count, firstSeed, (seed, scratch, signal) => compareCase(seed, make(seed), scratch, signal), pace)
}
