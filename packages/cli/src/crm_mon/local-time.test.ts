import { expect, test } from 'vitest'
import { spanText, utcTime } from './local-time.ts'

test.each([
  [0, '0s'],
  [500, '500ms'],
  [1000, '1000ms'],
  [2001, '2.001s'],
  [10_000, '10s'],
  [60_000, '60s'],
  [60_001, '1m1ms'],
  [95_134, '1m35.134s'],
  [7_200_000, '2h'],
])('%d ms is %s', (ms, text) => {
  expect(spanText(ms)).toBe(text)
})

test('utcTime writes seconds and Z', () => {
  expect(utcTime(1_795_362_085)).toBe('2026-11-22 15:41:25Z')
})
