import { overSeeds, type Pace } from '../over-seeds.ts'
import type { RandomResult } from '../random/compare-c.ts'
import { compareTrial, differingTraces, type Trial } from './trial.ts'

async function compareOne(seed: number, trial: Trial, scratch: string, signal?: AbortSignal): Promise<RandomResult> {
  try {
    const { expected, actual } = await compareTrial(trial, scratch, signal)
    if (typeof expected === 'string') return { seed, differs: [], failureOfC: expected }
    return { seed, differs: differingTraces(expected, actual) }
  } catch (fault) {
    if (signal?.aborted === true) throw fault
    return { seed, differs: [], error: fault instanceof Error ? (fault.stack ?? fault.message) : String(fault) }
  }
}

/**
 * Compares tools of ours with the installed ones on trials made from seeds: exit codes, what they say and the files that
 * they leave, to the byte. Answers come in the order of the seeds.
 *
 * @throws what `signal` was aborted with
 */
export function compareTools(
  count: number,
  firstSeed: number,
  make: (seed: number) => Trial,
  pace: Pace = {},
): AsyncGenerator<RandomResult> {
  return overSeeds(count, firstSeed, (seed, scratch, signal) => compareOne(seed, make(seed), scratch, signal), pace)
}
