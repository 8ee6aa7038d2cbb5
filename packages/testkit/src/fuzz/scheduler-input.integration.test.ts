import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { formatXml } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { defaultSuite } from '../conformance/suite.ts'
import { inputOf, readSamples, runInput } from './scheduler-input.ts'

const repository = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const suite = defaultSuite(repository)
const isMissing = !fs.existsSync(suite)
const lacks = isMissing ? ' (skipped: no suite, set QUORATE_SHARED)' : ''

describe.skipIf(isMissing)(`mutated inputs of the scheduler suite${lacks}`, () => {
  test('are decided on without an exception, the first 2000 of seed 2', () => {
    const samples = readSamples(suite)
    for (let index = 0; index < 2000; index += 1) {
      expect(
        () => runInput(inputOf(2, index, samples), index),
        `npm run fuzz -- --seed 2 --case ${index}`,
      ).not.toThrow()
    }
  })

  test('are the same for the same seed and number, and others for another', () => {
    const samples = readSamples(suite)
    const text = (seed: number, index: number): string => {
      const { root, text: damaged } = inputOf(seed, index, samples)
      return damaged ?? (root === undefined ? '' : formatXml(root))
    }
    expect(text(1, 77)).toBe(text(1, 77))
    expect(text(1, 77)).not.toBe(text(1, 78))
    expect(text(1, 77)).not.toBe(text(2, 77))
  })
})
