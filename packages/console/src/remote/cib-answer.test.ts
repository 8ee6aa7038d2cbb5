import { expect, test } from 'vitest'
import { cibLines, cibOf } from './cib-answer.ts'

const before = ['<cib epoch="1">', '  <status/>', '</cib>']
const change = '1c1\n< <cib epoch="1">\n---\n> <cib epoch="2" name="ü">'
const after = ['<cib epoch="2" name="ü">', '  <status/>', '</cib>']
/** Bytes of the text of the lines after. */
const length = 44

test('a CIB comes whole, as what has changed, or not at all', () => {
  expect(cibLines(before, 'same')).toBe('same')
  expect(cibLines([], `whole\n${before.join('\n')}`)).toEqual(before)
  expect(cibLines(before, `delta ${length}\n${change}`)).toEqual(after)
  expect(cibLines(before, `delta ${before.join('\n').length}\n`)).toEqual(before)
})

test.each([
  ['a change of another CIB', ['<cib epoch="7">', '</cib>'], `delta ${length}\n${change}`],
  ['a text that is longer than it should be', before, `delta ${length - 1}\n${change}`],
  ['a change of nothing that is known', [], `delta ${length}\n${change}`],
  ['anything else', before, 'cibadmin: Connection refused'],
])('%s does not fit', (_, lines, answer) => {
  expect(cibLines(lines, answer)).toBeUndefined()
})

test('lines that are no CIB are none', () => {
  expect(cibOf(before)?.name).toBe('cib')
  expect(cibOf(['<status/>'])).toBeUndefined()
  expect(cibOf(['<cib>'])).toBeUndefined()
})
