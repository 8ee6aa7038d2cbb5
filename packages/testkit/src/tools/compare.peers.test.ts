import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { compareTools, inScratch } from './compare.ts'
import { randomToolCase } from './random-case.ts'
import { toolNames } from './tool-case.ts'

const isMissing = spawnSync('crm_rule', ['--version']).error !== undefined

/** Command lines of each tool that are compared on every run; `npm run conformance:tools` compares more. */
const count = 40

test.skipIf(isMissing).each(toolNames)(
  `random command lines of %s do what the real one does${isMissing ? ' (skipped: pacemaker-cli-utils is not installed)' : ''}`,
  async (tool) => {
    const differing = await inScratch(async (folder) => {
      const found: string[] = []
      for (let seed = 1; seed <= count; seed += 1) {
        const { differs } = await compareTools(randomToolCase(seed, tool), folder)
        if (differs.length > 0) found.push(`seed ${seed}: ${differs.join(' ')}`)
      }
      return found
    })
    expect(differing).toEqual([])
  },
)
