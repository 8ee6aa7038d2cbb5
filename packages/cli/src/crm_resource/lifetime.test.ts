import { expect, test } from 'vitest'
import { endOf } from './lifetime.ts'

const start = Date.UTC(2024, 0, 31, 12, 0, 0)

test.each([
  ['PT1M', '2024-01-31T12:01:00.000Z'],
  ['P1D', '2024-02-01T12:00:00.000Z'],
  ['P1M', '2024-02-29T12:00:00.000Z'],
  ['P1Y2M3DT4H5M6S', '2025-04-03T16:05:06.000Z'],
  ['P2W', '2024-02-14T12:00:00.000Z'],
])('%s ends at %s', (duration, end) => {
  expect(new Date(endOf(duration, start) ?? 0).toISOString()).toBe(end)
})

test.each(['', 'P', 'PT', '5', '1M', 'P1H'])('%j is no duration', (text) => {
  expect(endOf(text, start)).toBeUndefined()
})
