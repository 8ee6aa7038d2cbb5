import { attr } from '@quorate/xml'
import { expect, test } from 'vitest'
import { resultElement } from './result-xml.ts'

test.each([
  [['tool', '-x', "it's", '', 'a"b', 'tab\tin it'], `tool -x it's  a"b 'tab\tin it'`],
  [['tool', '-t', '2020-01-01 10:00', "it's his"], "tool -t '2020-01-01 10:00' 'it\\'s his'"],
  [['tool', 'a\tb', 'a\\b'], 'tool a\tb a\\b'],
])('a result repeats %j', (argv, expected) => {
  expect(attr(resultElement(argv, [], 0), 'request')).toBe(expected)
})
