import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sortedNames, sortShort } from './short-sort.ts'

test('lists of any length are sorted as Array.prototype.sort does, equals in the order in which they come', () => {
  const items = fc.array(fc.record({ key: fc.nat({ max: 5 }), n: fc.nat() }), { maxLength: 40 })
  fc.assert(
    fc.property(items, (list) => {
      const compare = (a: { key: number }, b: { key: number }): number => a.key - b.key
      expect(sortShort([...list], compare)).toEqual([...list].sort(compare))
    }),
  )
})

test('names are sorted as texts are by themselves', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 40 }), (names) => {
      const table = new Map(names.map((name) => [name, 1]))
      expect(sortedNames(table)).toEqual([...table.keys()].sort())
    }),
  )
})
