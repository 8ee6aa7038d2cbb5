import { spawnSync } from 'node:child_process'
import { invariant } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { compareInputs } from '../random/compare-c.ts'
import { situations } from './situations.ts'

const isMissing = spawnSync('crm_simulate', ['--version']).error !== undefined

function cibOf(text: string): XmlElement {
  const parsed = parseXml(text)
  invariant(parsed.ok, 'a situation is well formed')
  return parsed.value
}

test.skipIf(isMissing)(
  `clusters of every kind get what the real crm_simulate gives them${isMissing ? ' (skipped: pacemaker-cli-utils is not installed)' : ''}`,
  async () => {
    const all = [...situations]
    const different: unknown[] = []
    const inputs = compareInputs(all.length, 0, (index) => ({ cib: cibOf(all[index]?.[1] ?? '') }))
    for await (const { seed, differs, failureOfC, error } of inputs) {
      const isSame = differs.length === 0 && failureOfC === undefined && error === undefined
      if (!isSame) different.push({ situation: all[seed]?.[0], differs, failureOfC, error })
    }
    expect(different).toEqual([])
    expect(all.length).toBeGreaterThan(50)
  },
)
