import { expect, test } from 'vitest'
import { nodeKey, nothingSelected, resourceKey, selectAll } from './selection.ts'
import { addressOf, fromAddress, parsePreferences } from './ui-state.ts'

test('an address says what is seen, and comes back as that', () => {
  const ui = { view: 'map', filter: 'is:failed & more', panel: { kind: 'overview' } } as const
  const selection = selectAll(nothingSelected, [resourceKey('a,b'), nodeKey('n1')])
  expect(addressOf(ui, selection)).toBe('?view=map&q=is%3Afailed+%26+more&sel=resource%3Aa%252Cb%2Cnode%3An1')
  expect(fromAddress(addressOf(ui, selection))).toEqual({ ui, selection })
})

test('what an address does not say, or says wrongly, is as at first', () => {
  expect(fromAddress('?view=x&sel=junk')).toEqual(fromAddress(''))
})

test.each([[null], ['{'], ['null'], ['{"language":"xx","theme":7}'], ['[]']])(
  'preferences %s are as at first',
  (text) => {
    const fallback = { language: 'ja', theme: 'dark' } as const
    expect(parsePreferences(text, fallback)).toEqual(fallback)
  },
)

test('preferences that were stored', () => {
  const stored = { language: 'en', theme: 'light' } as const
  expect(parsePreferences(JSON.stringify(stored), { language: 'ja', theme: 'dark' })).toEqual(stored)
})
