import process from 'node:process'
import fc from 'fast-check'

/**
 * Random properties are asked with the same values at every run, so that a test of a change answers for that change. New
 * ones are for those who look for faults: `QUORATE_SEED=random npm run check`, or a number to see a run again.
 */
const asked = process.env['QUORATE_SEED'] ?? '1'
if (asked !== 'random') {
  const seed = Number(asked)
  if (!Number.isInteger(seed)) throw new Error(`QUORATE_SEED: expected a whole number or 'random', got '${asked}'`)
  fc.configureGlobal({ seed })
}
