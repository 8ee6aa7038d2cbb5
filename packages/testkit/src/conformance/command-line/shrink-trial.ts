import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { shrink } from '../random/shrink.ts'
import { compareTrial, differingTraces, type Traces, type Trial } from './trial.ts'

/** Lines in which two runs differ, each after the name of where it stands. */
type Difference = ReadonlySet<string>

const nothing: Difference = new Set()

function lineCounts(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const line of text.split('\n')) counts.set(line, (counts.get(line) ?? 0) + 1)
  return counts
}

function difference(expected: Traces, actual: Traces): Difference {
  const found = new Set<string>()
  for (const name of differingTraces(expected, actual)) {
    const [wanted, got] = [expected.get(name) ?? '', actual.get(name) ?? '']
    const [a, b] = [lineCounts(wanted), lineCounts(got)]
    const lines = [...new Set([...a.keys(), ...b.keys()])].filter((line) => a.get(line) !== b.get(line))
    for (const line of lines.length === 0 ? ['order of lines'] : lines) found.add(`${name}\t${line}`)
  }
  return found
}

/** Whether a difference stands where another does, in a line that differed before as well. */
function isLike(now: Difference, before: Difference): boolean {
  const places = (of: Difference): Set<string> => new Set([...of].map((line) => line.slice(0, line.indexOf('\t'))))
  const known = places(before)
  return [...places(now)].every((place) => known.has(place)) && [...now].some((line) => before.has(line))
}

async function look(trial: Trial, scratch: string): Promise<Difference> {
  try {
    const { expected, actual } = await compareTrial(trial, scratch)
    return typeof expected === 'string' ? nothing : difference(expected, actual)
  } catch (fault) {
    return new Set([`fault\t${fault instanceof Error ? fault.message : String(fault)}`])
  }
}

/** Without what of the line is not needed for what a trial shows. */
async function withShorterLine(trial: Trial, shows: (of: Trial) => Promise<boolean>): Promise<Trial> {
  let now = trial
  for (const words of trial.line) {
    const shorter = { ...now, line: now.line.filter((item) => item !== words) }
    if (await shows(shorter)) now = shorter
  }
  return now
}

/**
 * Makes a trial smaller, line and input, while it still shows what it shows: a difference from the installed tool.
 *
 * @returns undefined where there is no difference
 */
export async function shrinkTrial(trial: Trial): Promise<Trial | undefined> {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-shrink-'))
  try {
    const before = await look(trial, scratch)
    if (before.size === 0) return undefined
    const shows = async (of: Trial): Promise<boolean> => isLike(await look(of, scratch), before)
    const brief = await withShorterLine(trial, shows)
    const cib = await shrink(brief.cib, (candidate) => shows({ ...brief, cib: candidate }))
    return await withShorterLine({ ...brief, cib }, shows)
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}
