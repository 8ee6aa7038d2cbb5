import { expect, test } from 'vitest'
import { unknownNameText } from './nearest-name.ts'

const many = Array.from({ length: 20 }, (_, i) => `database-${i}`)

test.each([
  ['few: all of them', 'n9', ['n1', 'n2'], "there is no node 'n9': there are n1, n2"],
  ['one', 'n9', ['n1'], "there is no node 'n9': there is n1"],
  ['none', 'n9', [], "there is no node 'n9': there are none"],
  ['many, and one is like it', 'databse-7', many, "there is no node 'databse-7': database-7 was probably meant"],
  ['many, and none is like it', 'x', many, "there is no node 'x'"],
])('a name that is not there, where there are %s', (_, name, known, text) => {
  expect(unknownNameText('node', name, known)).toBe(text)
})
