import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runCase } from './run-case.ts'
import { defaultSuite, readSuite } from './suite.ts'
import { failureLines, isPassed } from './table.ts'

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const folder = defaultSuite(repository)
const isMissing = !fs.existsSync(folder)

/** Cases of suite 2.1.5 that agree in every output. It never goes down. */
const passedLeast = 638

test.skipIf(isMissing)(
  `the scheduler suite agrees in every output${isMissing ? ' (skipped: no suite, set QUORATE_SHARED)' : ''}`,
  () => {
    const nowSeconds = Math.floor(Date.now() / 1000)
    const results = readSuite(folder).map((item) => runCase(item, nowSeconds))
    expect(failureLines(results)).toEqual([])
    expect(results.filter(isPassed).length).toBeGreaterThanOrEqual(passedLeast)
  },
  120_000,
)

test('a folder that is no suite is named in the error', () => {
  expect(() => readSuite('/nowhere')).toThrow('/nowhere: expected a scheduler suite')
})
