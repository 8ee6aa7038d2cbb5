import { expect, test } from 'vitest'
import { cutNodes } from './link-cut.ts'

test('node ids separated by blanks; anything else names nobody', () => {
  expect([...cutNodes(' 2  3 ')]).toEqual([2, 3])
  expect([...cutNodes('')]).toEqual([])
  expect([...cutNodes('n2 0 -1 4294967296 9999999999 1.5')]).toEqual([])
})
