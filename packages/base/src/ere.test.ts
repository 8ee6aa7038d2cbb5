import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parsePattern, patternLengthMax } from './ere.ts'

test('patterns are POSIX extended regular expressions, sought anywhere', () => {
  expect(parsePattern('^web[[:digit:]]+$')?.test('web12')).toBe(true)
  expect(parsePattern('eb')?.test('web12')).toBe(true)
  expect(parsePattern('[\\d]')?.test('1'), 'a backslash means itself in brackets').toBe(false)
  expect(parsePattern('\\d')?.test('d'), 'classes of other languages mean nothing').toBe(true)
  expect(parsePattern('a{1')?.test('a{1')).toBe(true)
})

test.each(['(', '[[:nothing:]]', '(?=a)', '[a', 'a\\', 'a'.repeat(patternLengthMax + 1)])(
  '%# is no pattern',
  (text) => {
    expect(parsePattern(text)).toBeUndefined()
  },
)

test('no text makes the reader throw', () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      parsePattern(text)
    }),
  )
})
