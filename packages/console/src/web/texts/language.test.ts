import { expect, test } from 'vitest'
import { ageText, languages, preferredLanguage } from './language.ts'

test.each([
  [['ja-JP', 'en'], 'ja'],
  [['de', 'JA'], 'ja'],
  [['fr'], 'en'],
  [[], 'en'],
])('of the wishes %j the first that there is', (wishes, language) => {
  expect(preferredLanguage(wishes)).toBe(language)
})

test.each([
  [2_000, 'just now', 'たった今'],
  [-9_000, 'just now', 'たった今'],
  [30_000, '30 seconds ago', '30 秒前'],
  [180_000, '3 minutes ago', '3 分前'],
  [7_200_000, '2 hours ago', '2 時間前'],
  [259_200_000, '3 days ago', '3 日前'],
])('%d milliseconds ago', (ms, en, ja) => {
  expect(ageText(languages.en, 0, ms)).toBe(en)
  expect(ageText(languages.ja, 0, ms)).toBe(ja)
})

/** Every text at every place of a table, functions as `function`. */
function leaves(value: object, path = ''): readonly (readonly [string, string])[] {
  return Object.entries(value).flatMap(([name, part]) =>
    typeof part === 'object'
      ? leaves(part, `${path}${name}.`)
      : [[path + name, typeof part === 'string' ? part : 'function']],
  )
}

test('no text of the Japanese table is English that was left', () => {
  const same = new Map(leaves(languages.en))
  const kept = leaves(languages.ja).filter(([place, text]) => text !== 'function' && same.get(place) === text)
  expect(kept.map(([place]) => place)).toEqual(['dc', 'cib', 'infinity'])
})
