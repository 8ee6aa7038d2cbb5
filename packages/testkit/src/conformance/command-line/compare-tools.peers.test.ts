import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { randomCase } from '../random/cib.ts'
import type { RandomResult } from '../random/compare-c.ts'
import { parseFeatures } from '../random/feature.ts'
import { compareTools } from './compare-tools.ts'
import { simulationTrials } from './draw.ts'

const isMissing = spawnSync('crm_simulate', ['--version']).error !== undefined

/** Random command lines that are compared on every run; `npm run conformance -- --random N --options` compares more. */
const count = 50

test.skipIf(isMissing).each(['all', 'full'])(
  `random command lines on clusters with features %s say and leave what they do of the real crm_simulate${isMissing ? ' (skipped: pacemaker-cli-utils is not installed)' : ''}`,
  { timeout: 600_000 },
  async (features) => {
    const make = simulationTrials((seed) => randomCase(seed, parseFeatures(features)))
    const results: RandomResult[] = []
    for await (const result of compareTools(count, 1, make)) results.push(result)
    expect(results.filter(({ differs, error }) => differs.length > 0 || error !== undefined)).toEqual([])
    expect(results.length).toBe(count)
  },
)
