import { expect, test } from 'vitest'
import { patchedLines } from './line-patch.ts'

const lines = (text: string): string[] => text.split('\n')

test.each([
  ['a b c', '2c2\n< b\n---\n> B', 'a B c'],
  ['a b c', '0a1,2\n> x\n> y', 'x y a b c'],
  ['a b c', '3a4\n> d', 'a b c d'],
  ['a b c', '1,2d0\n< a\n< b', 'c'],
  ['a b c', '1d0\n< a\n3c2\n< c\n---\n> C', 'b C'],
  ['a', '', 'a'],
])('%s with %j is %s', (before, diff, after) => {
  expect(patchedLines(before.split(' '), diff === '' ? [] : lines(diff))).toEqual(after.split(' '))
})

test.each([
  ['another line', '2c2\n< x\n---\n> B'],
  ['a line that is not there', '4d3\n< d'],
  ['backwards', '2d1\n< b\n1d0\n< a'],
  ['too few lines', '2c2,3\n< b\n---\n> B'],
  ['no diff', 'Binary files differ'],
  ['no mark between', '2c2\n< b\n> B'],
])('%s is no diff of that text', (_, diff) => {
  expect(patchedLines(['a', 'b', 'c'], lines(diff))).toBeUndefined()
})
