import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  caughtBy,
  intersects,
  lineBetween,
  mapLayout,
  neighbour,
  type Place,
  type Rect,
  rectBetween,
} from './map-layout.ts'

const place = (resource: string, node: string | undefined, more: Partial<Place> = {}): Place => ({
  resource,
  node,
  group: undefined,
  isGhost: false,
  ...more,
})

const names = ['n1', 'n2', 'n3']
const anyPlace = fc.record({
  resource: fc.integer({ min: 0, max: 200 }).map((n) => `r${n}`),
  node: fc.constantFrom(undefined, 'gone', ...names),
  group: fc.constantFrom(undefined, undefined, undefined, 'g1', 'g2'),
  isGhost: fc.boolean(),
})
const places = fc.uniqueArray(anyPlace, { maxLength: 120, selector: (one) => `${one.resource}@${one.node}` })

function isInside(inner: Rect, outer: Rect): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  )
}

function overlapping(rects: readonly Rect[]): number {
  return rects.filter((one, i) => rects.some((other, j) => j > i && intersects(one, other))).length
}

describe('the layout of the map', () => {
  test('the same cluster gives the same picture', () => {
    fc.assert(
      fc.property(places, (some) => {
        expect(mapLayout(names, some)).toEqual(mapLayout(names, some))
      }),
    )
  })

  test('every place has one card, in the box of its node; no cards and no boxes touch', () => {
    fc.assert(
      fc.property(places, (some) => {
        const layout = mapLayout(names, some)
        expect(layout.cards).toHaveLength(some.length)
        for (const card of layout.cards) {
          const node = card.node !== undefined && names.includes(card.node) ? card.node : undefined
          const box = layout.boxes.find((one) => one.node === node)
          expect(box !== undefined && isInside(card, box)).toBe(true)
        }
        expect(overlapping(layout.cards)).toBe(0)
        expect(overlapping(layout.boxes)).toBe(0)
      }),
    )
  })

  test('a frame is around the members of its group and touches no other card', () => {
    fc.assert(
      fc.property(places, (some) => {
        const layout = mapLayout(names, some)
        for (const frame of layout.frames) {
          const touched = layout.cards.filter((card) => intersects(card, frame))
          expect(touched.filter((card) => card.group !== frame.group)).toEqual([])
          expect(touched.every((card) => isInside(card, frame))).toBe(true)
        }
      }),
    )
  })

  test('what runs nowhere has a box of its own, which is not there where all run', () => {
    expect(mapLayout(names, [place('a', 'n1')]).boxes.map((box) => box.node)).toEqual(names)
    expect(mapLayout(names, [place('a', undefined)]).boxes.map((box) => box.node)).toEqual([...names, undefined])
  })

  test('a preview moves no card within its box', () => {
    const real = Array.from({ length: 30 }, (_, i) => place(`r${i}`, 'n1'))
    const ghosts = [place('x', 'n1', { isGhost: true }), place('y', 'n2', { isGhost: true })]
    const before = mapLayout(names, real)
    const after = mapLayout(names, [...ghosts, ...real])
    expect(after.cards.filter((card) => !card.isGhost)).toEqual(before.cards)
  })
})

describe('the rubber band', () => {
  test('catches exactly what it touches, whichever way it is drawn', () => {
    fc.assert(
      fc.property(places, fc.nat(900), fc.nat(900), fc.nat(900), fc.nat(900), (some, x1, y1, x2, y2) => {
        const layout = mapLayout(names, some)
        const band = rectBetween({ x: x1, y: y1 }, { x: x2, y: y2 })
        expect(band).toEqual(rectBetween({ x: x2, y: y2 }, { x: x1, y: y1 }))
        const caught = new Set(caughtBy(layout, band))
        for (const card of layout.cards) {
          if (!card.isGhost && intersects(card, band)) expect(caught).toContain(card.resource)
        }
        for (const id of caught) {
          expect(layout.cards.some((card) => card.resource === id && !card.isGhost && intersects(card, band))).toBe(
            true,
          )
        }
      }),
    )
  })

  test('a resource on two nodes is caught once; ghosts are not', () => {
    const layout = mapLayout(names, [place('a', 'n1'), place('a', 'n2'), place('b', 'n3', { isGhost: true })])
    expect(caughtBy(layout, { x: 0, y: 0, width: layout.width, height: layout.height })).toEqual(['a'])
  })
})

describe('arrow keys on the map', () => {
  const layout = mapLayout(
    ['n1'],
    ['a', 'b', 'c', 'd'].map((id) => place(id, 'n1')),
  )
  const at = (id: string) => layout.cards.find((card) => card.resource === id) ?? expect.fail(`no card of ${id}`)

  test('lead to the card beside, above and below', () => {
    expect(neighbour(layout, at('a'), 'ArrowRight')?.resource).toBe('b')
    expect(neighbour(layout, at('a'), 'ArrowDown')?.resource).toBe('c')
    expect(neighbour(layout, at('d'), 'ArrowUp')?.resource).toBe('b')
    expect(neighbour(layout, at('d'), 'ArrowLeft')?.resource).toBe('c')
  })

  test('lead nowhere at the edge, and no other key does', () => {
    expect(neighbour(layout, at('a'), 'ArrowLeft')).toBeUndefined()
    expect(neighbour(layout, at('a'), 'x')).toBeUndefined()
  })
})

describe('the line of a constraint', () => {
  const layout = mapLayout(names, [place('a', 'n1'), place('a', 'n2'), place('b', 'n2'), place('c', 'n3')])
  const cardsOf = (id: string) => layout.cards.filter((card) => card.resource === id)

  test('joins the cards on one node where there are some', () => {
    const line = lineBetween('o1', cardsOf('a'), cardsOf('b'))
    const [, a2] = cardsOf('a')
    const [b] = cardsOf('b')
    expect(line).toMatchObject({ x1: (a2?.x ?? 0) + (a2?.width ?? 0), x2: b?.x })
  })

  test('is not there where one of the two has no card', () => {
    expect(lineBetween('o1', cardsOf('a'), [])).toBeUndefined()
    expect(lineBetween('o1', undefined, cardsOf('a'))).toBeUndefined()
  })
})
