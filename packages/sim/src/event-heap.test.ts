import fc from 'fast-check'
import { expect, test } from 'vitest'
import { EventHeap } from './event-heap.ts'

test('what is planned comes in time order, and at one time in the order of planning', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), (times) => {
      const heap = new EventHeap<number>()
      times.forEach((at, index) => {
        heap.plan(at, index)
      })
      const taken: [number, number][] = []
      for (let next = heap.take(); next !== undefined; next = heap.take()) taken.push([next.atMs, next.what])
      const sorted = times.map((at, index): [number, number] => [at, index]).sort((a, b) => a[0] - b[0] || a[1] - b[1])
      expect(taken).toEqual(sorted)
    }),
  )
})
