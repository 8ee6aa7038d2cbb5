import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { compareRandom, type RandomResult } from './compare-c.ts'
import { parseFeatures } from './feature.ts'

const isMissing = spawnSync('crm_simulate', ['--version']).error !== undefined

/** Random clusters that are compared on every run; `npm run conformance -- --random N --seed S` compares more. */
const count = 60

test.skipIf(isMissing).each(['plain', 'all', 'every', 'whole', 'full'])(
  `random clusters with features %s get the graphs of the real crm_simulate${isMissing ? ' (skipped: pacemaker-cli-utils is not installed)' : ''}`,
  async (features) => {
    const results: RandomResult[] = []
    for await (const result of compareRandom(count, 1, parseFeatures(features))) results.push(result)
    expect(results.filter(({ differs, error }) => differs.length > 0 || error !== undefined)).toEqual([])
    expect(results.length).toBe(count)
  },
)
