import type { CpuTime } from '../election/election.ts'

/** For this long one reading serves all elections. */
const keptMs = 10_000

let kept: { readonly cpu: CpuTime; readonly untilMs: number } | undefined

/**
 * CPU time of this process, by which elections tell the older one. One reading serves all ballots of an election: while
 * a vote is on its way the reader goes on ageing, so that with fresh readings each of two nodes would find itself the
 * older one, and they would vote each other down for ever.
 */
export function cpuTime(): CpuTime {
  const now = performance.now()
  if (kept === undefined || kept.untilMs < now) {
    const { user } = process.cpuUsage()
    kept = {
      cpu: { ageS: Math.trunc(user / 1_000_000), ageUs: user % 1_000_000 },
      untilMs: now + keptMs,
    }
  }
  return kept.cpu
}
