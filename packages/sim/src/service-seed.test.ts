import { describe, expect, test, vi } from 'vitest'
import type { ServiceSabotage } from './corosync-process.ts'
import { runServiceSeed } from './service-seed.ts'
import { Violation } from './violation.ts'

// A seed takes 20 ms where the machine has nothing else to do.
vi.setConfig({ testTimeout: 120_000 })

/** Seeds of the smoke run. `npm run sim -- --world services --seed 1 --seeds 1000` runs more. */
const smokeSeeds = 60
/** A planted fault must be found within so many seeds (guides/reliability.md 4). */
const canarySeeds = 500

const staleEnd = 'the end of a synchronisation counted for the ring that had replaced its own'

/** Seeds that found a fault once; what it was stands beside them. */
const pastFaults: readonly (readonly [bigint, string])[] = [
  [458n, `two partitions were quorate: ${staleEnd}`],
  [1215n, `two partitions were quorate: ${staleEnd}`],
  [877n, `members of a group disagreed on who is one: ${staleEnd}`],
  [935n, `members of a group disagreed on who is one: ${staleEnd}`],
  [1038n, `members of a group disagreed on who is one: ${staleEnd}`],
  [
    33_264n,
    'the checker took a node that had seen all, at the very end of a ring, for one that does not wait for them',
  ],
]

test(`${smokeSeeds} seeds of whole nodes run clean`, () => {
  const flavours = new Set<string>()
  let deliveries = 0
  let verdicts = 0
  for (let seed = 1; seed <= smokeSeeds; seed += 1) {
    const report = runServiceSeed(BigInt(seed))
    flavours.add(report.quorum)
    deliveries += report.deliveries
    verdicts += report.verdicts
  }
  expect([...flavours].sort()).toEqual(['majority', 'tie-breaker', 'two-node', 'wait-for-all'])
  expect(deliveries).toBeGreaterThan(20_000)
  expect(verdicts).toBeGreaterThan(500)
})

test.each(pastFaults)('seed %s stays clean: %s', (seed) => {
  runServiceSeed(seed)
})

describe(`planted faults are found within ${canarySeeds} seeds`, () => {
  test.each<[string, RegExp, ServiceSabotage]>([
    [
      'every node believes that it is the whole cluster',
      /^quorum: .*(both quorate|does not wait)/,
      { expectedVotes: 1 },
    ],
    ['votes are counted that no member has', /^quorum: .*counts/, { votes: 2 }],
    ['a client is not told of one event in a thousand', /^cpg: |^L: /, { losesEventEach: 1000 }],
  ])('%s', (_, rule, sabotage) => {
    expect(firstViolation(sabotage)).toMatch(rule)
  })
})

function firstViolation(sabotage: ServiceSabotage): string {
  for (let seed = 1; seed <= canarySeeds; seed += 1) {
    try {
      runServiceSeed(BigInt(seed), { sabotage })
    } catch (error) {
      if (error instanceof Violation) return error.message
      throw error
    }
  }
  return `nothing found in ${canarySeeds} seeds`
}
