import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { schedulerBundle } from './scheduler-bundle.ts'

/** Largest bundle in bytes, compressed: what a page can load without anybody noticing. */
const gzippedMax = 150_000

test('the scheduler is bundled for browsers, needs nothing of Node, and is small', async () => {
  const bundle = await schedulerBundle()
  expect(bundle).not.toMatch(/["'`]node:|\brequire\(|\bprocess\./)
  expect(gzipSync(bundle).length).toBeLessThan(gzippedMax)
  expect(gzipSync(bundle).length).toBeGreaterThan(10_000)
})
