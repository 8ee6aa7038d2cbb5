import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  addressItemsMax,
  clearSelection,
  focusOn,
  type ItemKey,
  itemOf,
  movedFocus,
  namesOf,
  nodeKey,
  nothingSelected,
  parseSelectionText,
  resourceKey,
  type Selection,
  selectAll,
  selectCaught,
  selectionText,
  selectOnly,
  selectRange,
  toggle,
  withoutGone,
} from './selection.ts'

const order = ['a', 'b', 'c', 'd', 'e'].map(resourceKey)
const [a, b, c, d, e] = order as [ItemKey, ItemKey, ItemKey, ItemKey, ItemKey]
const chosen = (selection: Selection) => [...selection.keys]

describe('a selection', () => {
  test('a plain click replaces, Ctrl toggles', () => {
    const two = toggle(selectOnly(a), c)
    expect(chosen(two)).toEqual([a, c])
    expect(chosen(toggle(two, a))).toEqual([c])
    expect(chosen(selectOnly(b))).toEqual([b])
  })

  test('Shift extends from the anchor both ways and gives back what it no longer covers', () => {
    const down = selectRange(selectOnly(b), order, d)
    expect(chosen(down)).toEqual([b, c, d])
    expect(chosen(selectRange(down, order, a))).toEqual([a, b])
  })

  test('Shift with Ctrl adds', () => {
    expect(chosen(selectRange(focusOn(selectOnly(a), d), order, e, true))).toEqual([a, d, e])
  })

  test('a range to what the view does not show changes nothing; from there it is the end alone', () => {
    expect(selectRange(selectOnly(a), order, resourceKey('x'))).toEqual(selectOnly(a))
    expect(chosen(selectRange(selectOnly(resourceKey('x')), order, c))).toEqual([c])
  })

  test('a rubber band replaces, with Ctrl it adds; an empty one clears', () => {
    expect(chosen(selectCaught(selectOnly(a), [c, d], false))).toEqual([c, d])
    expect(chosen(selectCaught(selectOnly(a), [c, d], true))).toEqual([a, c, d])
    expect(chosen(selectCaught(selectOnly(a), [], false))).toEqual([])
    expect(chosen(selectCaught(selectOnly(a), [], true))).toEqual([a])
  })

  test('all is what is shown; Esc clears and leaves the keyboard where it was', () => {
    const all = selectAll(focusOn(nothingSelected, c), order)
    expect(chosen(all)).toEqual(order)
    expect(clearSelection(all)).toEqual({ keys: new Set(), anchor: undefined, focus: c })
  })

  test('what is gone from the cluster leaves it by name', () => {
    const selection = selectRange(selectOnly(a), order, c)
    const left = withoutGone(selection, (key) => key !== c)
    expect(left.gone).toEqual([c])
    expect(left.selection).toEqual({ keys: new Set([a, b]), anchor: a, focus: undefined })
    expect(withoutGone(selection, () => true).selection).toBe(selection)
  })

  test('a resource and a node of one name are two items', () => {
    const both = toggle(selectOnly(resourceKey('n1')), nodeKey('n1'))
    expect(namesOf(both, 'resource')).toEqual(['n1'])
    expect(namesOf(both, 'node')).toEqual(['n1'])
    expect(itemOf(nodeKey('resource:x'))).toEqual({ kind: 'node', name: 'resource:x' })
  })
})

describe('the keyboard', () => {
  test.each([
    ['ArrowDown', b, c],
    ['ArrowUp', b, a],
    ['ArrowUp', a, a],
    ['PageDown', b, d],
    ['PageUp', b, a],
    ['Home', d, a],
    ['End', b, e],
    ['ArrowDown', undefined, a],
    ['End', resourceKey('gone'), e],
  ] as const)('%s from %s is at %s', (key, from, to) => {
    expect(movedFocus(order, from, key, 2)).toBe(to)
  })

  test('other keys move nothing, and in an empty view none does', () => {
    expect(movedFocus(order, a, 'x', 2)).toBeUndefined()
    expect(movedFocus([], undefined, 'ArrowDown', 2)).toBeUndefined()
  })
})

describe('a selection in an address', () => {
  test('comes back whatever the ids are', () => {
    const id = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' })
    const ids = fc.uniqueArray(id, { maxLength: addressItemsMax })
    fc.assert(
      fc.property(ids, (names) => {
        const keys = new Set(names.map(resourceKey))
        const text = selectionText({ ...nothingSelected, keys })
        expect(parseSelectionText(text ?? '')).toEqual([...keys])
      }),
    )
  })

  test('is left out from one more than the limit on', () => {
    const some = (count: number) => Array.from({ length: count }, (_, i) => resourceKey(`r${i}`))
    expect(selectionText(selectAll(nothingSelected, some(addressItemsMax)))).toBeDefined()
    expect(selectionText(selectAll(nothingSelected, some(addressItemsMax + 1)))).toBeUndefined()
  })

  test('what is no key is left out', () => {
    expect(parseSelectionText('resource%3A%0A')).toEqual([resourceKey('\n')])
    expect(parseSelectionText('x,%,resource:,node%3An1')).toEqual([nodeKey('n1')])
  })
})
