import { expect, test } from 'vitest'
import { mutantWorlds } from './mutant-bundle.ts'
import { type Mutant, mutants } from './mutant-table.ts'

/** A mutant must be found within so many seeds (guides/reliability.md 4). */
const seedsMax = 500
/** The slowest takes half a minute where the machine has nothing else to do. */
const testMs = 600_000

async function firstViolation(mutant: Mutant): Promise<string> {
  const { runRingSeed, runServiceSeed } = await mutantWorlds(mutant)
  const runSeed = mutant.world === 'ring' ? runRingSeed : runServiceSeed
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    try {
      runSeed(BigInt(seed))
    } catch (error) {
      return error instanceof Error && error.constructor.name === 'Violation' ? error.message : `no violation: ${error}`
    }
  }
  return `nothing found in ${seedsMax} seeds`
}

test.each(mutants)(
  `within ${seedsMax} seeds: $name`,
  async (mutant) => {
    expect(await firstViolation(mutant)).toMatch(mutant.rule)
  },
  testMs,
)

test('a mutant whose text the source no longer has is named', async () => {
  const lost: Mutant = { ...(mutants[0] as Mutant), name: 'lost', was: 'no such text' }
  await expect(mutantWorlds(lost)).rejects.toThrow(/mutant "lost": its text is 0 times in totem/)
})
