import { expect, test } from 'vitest'
import { compareVersions } from './rule.ts'

// Each pair as the C program's rules of type "version" were seen to judge it.
test.each([
  ['1', '1.0', 0],
  ['1.2', '1.2.0', 0],
  ['1', '1.', 0],
  ['1..2', '1.0.2', 0],
  ['.1', '0.1', 0],
  ['1', '1.-1', 1],
  ['-1', 'a', -1],
  ['1', 'a', 1],
  ['', '0', -1],
  ['', 'a', -1],
  ['', 'Promoted', -1],
  ['', '0.0', -1],
  ['', '-1', 0],
])('"%s" beside "%s": %d', (a, b, order) => {
  expect(Math.sign(compareVersions(a, b))).toBe(order)
  expect(Math.sign(compareVersions(b, a))).toBe(order === 0 ? 0 : -order)
})
