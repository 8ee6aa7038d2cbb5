import { attr, element, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChildIndex } from './child-index.ts'

const item = fc
  .record({
    name: fc.constantFrom('a', 'b', 'c'),
    id: fc.option(fc.constantFrom('1', '2', '3', '4'), { nil: undefined }),
    ref: fc.option(fc.constantFrom('1', '2'), { nil: undefined }),
  })
  .map(({ name, id, ref }) => element(name, { id, 'id-ref': ref }))

const lookups: readonly (readonly ['id' | 'id-ref', string | undefined] | undefined)[] = [
  undefined,
  ['id', '1'],
  ['id', undefined],
  ['id-ref', '2'],
  ['id-ref', undefined],
]

function firstOf(children: readonly XmlElement[], name: string, lookup: (typeof lookups)[number]): number {
  return children.findIndex(
    (each) => each.name === name && (lookup === undefined || attr(each, lookup[0]) === lookup[1]),
  )
}

test('long and short lists alike answer with the first child that fits, also after changes', () => {
  const changes = fc.array(fc.tuple(fc.nat(80), item), { maxLength: 30 })
  fc.assert(
    fc.property(fc.array(item, { maxLength: 60 }), changes, (children, steps) => {
      const index = new ChildIndex(children)
      const plain = [...children]
      for (const [place, changed] of [...steps, [99, element('a')] as const]) {
        for (const name of ['a', 'b', 'd']) {
          for (const lookup of lookups) {
            const found = lookup === undefined ? index.find(name) : index.find(name, ...lookup)
            expect(found).toBe(firstOf(plain, name, lookup))
          }
        }
        if (place < plain.length) {
          plain[place] = changed
          index.set(place, changed)
        } else {
          plain.push(changed)
          index.push(changed)
        }
      }
      expect(index.children).toEqual(plain)
    }),
  )
})
