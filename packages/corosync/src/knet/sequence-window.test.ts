import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SequenceWindow, sequenceWindowLength } from './sequence-window.ts'

const after = (seq: number, steps: number): number => (seq + steps) % 65_536

test('what came twice is known, in any order, over the wrap too', () => {
  const numbers = fc.integer({ min: 1, max: 65_535 })
  const steps = fc.array(fc.integer({ min: 0, max: sequenceWindowLength - 1 }), { maxLength: 100 })
  fc.assert(
    fc.property(numbers, steps, (first, list) => {
      const window = new SequenceWindow()
      const known = new Set<number>()
      for (const step of list) {
        const seq = after(first, step)
        expect(window.has(seq)).toBe(known.has(seq))
        window.add(seq)
        known.add(seq)
        expect(window.has(seq)).toBe(true)
      }
    }),
  )
})

test('numbers that are skipped are new when they come late; what lies further back than the window is forgotten', () => {
  const window = new SequenceWindow()
  window.add(100)
  window.add(100 + sequenceWindowLength)
  expect(window.has(101)).toBe(false)
  window.add(101)
  expect(window.has(101)).toBe(true)
  // The same places in the window, one round later.
  expect(window.has(101 + sequenceWindowLength)).toBe(false)
  window.moveTo(101 + sequenceWindowLength)
  expect(window.has(101 + sequenceWindowLength)).toBe(false)
})

test('a sender far from where it was has begun anew', () => {
  const window = new SequenceWindow()
  for (let seq = 1; seq <= 10; seq += 1) window.add(seq)
  window.add(40_000)
  expect(window.has(5)).toBe(false)
  window.add(5)
  expect(window.has(40_000)).toBe(false)
  window.clear()
  expect(window.has(5)).toBe(false)
})
