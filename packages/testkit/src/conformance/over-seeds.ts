import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** How many at a time, and what ends it early. */
export type Pace = { readonly jobs?: number; readonly signal?: AbortSignal }

/** Does something for one seed, in a folder that nothing else uses meanwhile. */
export type SeedWork<T> = (seed: number, scratch: string, signal?: AbortSignal) => Promise<T>

/**
 * Does something for each of `count` seeds; answers come in the order of the seeds.
 *
 * @param jobs how many are worked on at a time, at least 1
 * @throws what `signal` was aborted with
 */
export async function* overSeeds<T>(
  count: number,
  firstSeed: number,
  work: SeedWork<T>,
  { jobs = os.availableParallelism(), signal }: Pace = {},
): AsyncGenerator<T> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-random-'))
  const scratches = Array.from({ length: jobs }, (_, index) => fs.mkdtempSync(path.join(folder, `${index}-`)))
  const running: { readonly scratch: string; readonly result: Promise<T> }[] = []
  let seed = firstSeed
  try {
    while (seed < firstSeed + count || running.length > 0) {
      const scratch = seed < firstSeed + count ? scratches.pop() : undefined
      if (scratch !== undefined) {
        const result = work(seed, scratch, signal)
        // An answer that is not waited for any more, because one before it failed, is no failure of its own.
        result.catch(() => undefined)
        running.push({ scratch, result })
        seed += 1
        continue
      }
      const first = running.shift()
      if (first === undefined) return
      yield await first.result
      scratches.push(first.scratch)
    }
  } finally {
    await Promise.allSettled(running.map(({ result }) => result))
    fs.rmSync(folder, { recursive: true, force: true })
  }
}
