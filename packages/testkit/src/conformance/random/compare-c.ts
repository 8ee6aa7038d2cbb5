import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { parseMoment, simulate } from '@quorate/scheduler'
import { formatXml, type XmlElement } from '@quorate/xml'
import { differences, type OutputKind, type Outputs } from '../compare.ts'
import { graphOf } from '../run-case.ts'
import { type RandomCase, randomCase } from './cib.ts'
import type { RandomFeature } from './feature.ts'
import { randomNowSeconds } from './history.ts'

/** How a random input fared. */
export type RandomResult = {
  readonly seed: number
  readonly differs: readonly OutputKind[]
  /** The C program did not get through, or ours threw. */
  readonly error?: string
}

/** Longest that the C program may take, in milliseconds. */
const patienceMs = 20_000

/** Outputs of the installed crm_simulate; undefined where it did not end well (it aborts on some inputs). */
export function outputsOfC(cib: XmlElement, scratch: string, moment?: string): Outputs | undefined {
  const [input, dot, graph] = ['in.xml', 'dot', 'graph'].map((name) => path.join(scratch, name)) as [
    string,
    string,
    string,
  ]
  fs.writeFileSync(input, formatXml(cib))
  for (const file of [dot, graph]) fs.rmSync(file, { force: true })
  const time = moment === undefined ? [] : ['-t', moment]
  const run = (args: readonly string[]) =>
    spawnSync('crm_simulate', ['-x', input, ...time, ...args], {
      encoding: 'utf8',
      env: { ...process.env, LC_ALL: 'C', CIB_shadow_dir: scratch, PCMK_schema_directory: '/usr/share/pacemaker' },
      timeout: patienceMs,
      maxBuffer: 64 * 1024 * 1024,
    })
  const summary = run(['-S'])
  // Without -Q: the suite has it, but the text between the scores has to be right as well.
  const main = run(['-D', dot, '-G', graph, '-sS'])
  if (main.signal !== null || summary.signal !== null || !fs.existsSync(graph)) return undefined
  return {
    exp: fs.readFileSync(graph, 'utf8'),
    dot: fs.readFileSync(dot, 'utf8'),
    scores: main.stdout,
    summary: summary.stdout,
    stderr: '',
  }
}

/** Outputs of ours for the same input. */
export function outputsOfOurs(cib: XmlElement, moment?: string): Outputs {
  const read = parseMoment(moment, { epochSeconds: randomNowSeconds, offsetSeconds: 0 })
  const effective = moment === undefined || read === undefined ? {} : { effectiveTime: { text: moment, ...read } }
  const base = { nowSeconds: randomNowSeconds, process: true, simulate: true, ...effective }
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

function compareCase(seed: number, { cib, moment }: RandomCase, scratch: string): RandomResult {
  const expected = outputsOfC(cib, scratch, moment)
  if (expected === undefined) return { seed, differs: [], error: 'crm_simulate aborted' }
  try {
    return { seed, differs: differences(expected, outputsOfOurs(cib, moment)) }
  } catch (fault) {
    return { seed, differs: [], error: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault) }
  }
}

/** Compares ours with the installed crm_simulate on random inputs, one after the other. */
export function* compareRandom(
  count: number,
  firstSeed: number,
  features: readonly RandomFeature[] = [],
): Generator<RandomResult> {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-random-'))
  try {
    for (let seed = firstSeed; seed < firstSeed + count; seed += 1) {
      yield compareCase(seed, randomCase(seed, features), scratch)
    }
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}
