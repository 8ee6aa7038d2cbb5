import { invariant } from '@quorate/base'
import { attr, formatXml, parseXml, withAttributes } from '@quorate/xml'
import { inputOf, readSamples } from '../../fuzz/scheduler-input.ts'
import type { RandomCase } from './cib.ts'
import { randomNowSeconds } from './history.ts'

/** Seeds that are tried for one input: some damage the text, and have nothing to decide on. */
const triesMax = 100

/**
 * Makes cases out of a suite's inputs, each changed in a few places; the same for the same seed.
 *
 * @throws Error where the folder has no inputs
 */
export function mutator(suite: string): (seed: number) => RandomCase {
  const samples = readSamples(suite)
  return (seed) => {
    for (let turn = 0; turn < triesMax; turn += 1) {
      const { root, text } = inputOf(seed, turn, samples)
      if (root === undefined || text !== undefined || root.name !== 'cib') continue
      const date = attr(root, 'execution-date') ?? String(randomNowSeconds)
      const written = formatXml(withAttributes(root, { 'execution-date': date }))
      // A change may put one element in two places, which no document has: it is read as the real program reads it.
      const read = parseXml(written)
      if (!read.ok || written.includes('\0')) continue
      return { cib: read.value }
    }
    invariant(false, 'most seeds change the tree only')
  }
}
