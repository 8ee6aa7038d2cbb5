import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { XmlElement } from '@quorate/xml'
import { essence, type OutputKind, type Outputs, outputKinds } from '../compare.ts'
import type { RandomCase } from './cib.ts'
import { outputsOfC, outputsOfOurs } from './compare-c.ts'
import { shrink } from './shrink.ts'

/** Lines in which two runs differ, each with its kind of output; numbers of actions do not count. */
type Difference = ReadonlySet<string>

const nothing: Difference = new Set()

function lineCounts(kind: OutputKind, text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const line of essence(kind, text).split('\n')) {
    const clean = line.replace(/\bid="\d+"/g, '')
    counts.set(clean, (counts.get(clean) ?? 0) + 1)
  }
  return counts
}

function difference(expected: Outputs, actual: Outputs): Difference {
  const found = new Set<string>()
  for (const kind of outputKinds) {
    if (essence(kind, expected[kind]) === essence(kind, actual[kind])) continue
    const [a, b] = [lineCounts(kind, expected[kind]), lineCounts(kind, actual[kind])]
    const lines = [...new Set([...a.keys(), ...b.keys()])].filter((line) => a.get(line) !== b.get(line))
    for (const line of lines.length === 0 ? ['order of lines'] : lines) found.add(`${kind}: ${line}`)
  }
  return found
}

function kindOf(line: string): string {
  return line.slice(0, line.indexOf(':'))
}

/** Whether one difference is like another: in no other kind of output, and with a line that both have. */
function isLike(now: Difference, before: Difference): boolean {
  const kinds = new Set([...before].map(kindOf))
  return [...now].every((line) => kinds.has(kindOf(line))) && [...now].some((line) => before.has(line))
}

/**
 * Makes an input smaller while it still shows what it shows: a difference from the installed crm_simulate.
 *
 * @returns undefined where there is no difference
 */
export async function shrinkRandom({ cib, moment }: RandomCase): Promise<XmlElement | undefined> {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-shrink-'))
  const look = async (candidate: XmlElement): Promise<Difference> => {
    const expected = await outputsOfC(candidate, scratch, moment)
    if (expected === 'aborted' || expected === 'endless') return nothing
    try {
      const actual = outputsOfOurs(candidate, moment)
      if (expected !== 'refused' && actual !== 'refused') return difference(expected, actual)
      return expected === actual ? nothing : new Set([`refused: ${expected === 'refused' ? 'crm_simulate' : 'ours'}`])
    } catch (fault) {
      return new Set([`fault: ${fault instanceof Error ? fault.message : String(fault)}`])
    }
  }
  try {
    const before = await look(cib)
    if (before.size === 0) return undefined
    return await shrink(cib, async (candidate) => isLike(await look(candidate), before))
  } finally {
    fs.rmSync(scratch, { recursive: true, force: true })
  }
}
