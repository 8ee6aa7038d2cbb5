import { nodeId } from '@quorate/base'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type DataPacket, knetFrameBytesMax } from './packet.ts'
import { incompleteFramesMax, Reassembly } from './reassembly.ts'

const part = (seq: number, fragments: number, fragment: number, ...payload: readonly number[]): DataPacket => ({
  ...{ type: 'data', host: nodeId(1), seq, isBroadcast: true, fragments, fragment },
  payload: Uint8Array.from(payload),
})

test('parts come in any order, and more than once', () => {
  const reassembly = new Reassembly()
  expect(reassembly.take(part(7, 3, 3, 5))).toBeUndefined()
  expect(reassembly.take(part(7, 3, 1, 1, 2))).toBeUndefined()
  expect(reassembly.take(part(7, 3, 1, 9, 9))).toBeUndefined()
  expect(reassembly.take(part(7, 3, 2, 3, 4))).toEqual(Uint8Array.of(1, 2, 3, 4, 5))
  expect(reassembly.waiting).toBe(0)
})

test('a part of another count begins the frame anew: its sender has', () => {
  const reassembly = new Reassembly()
  reassembly.take(part(7, 3, 1, 1))
  expect(reassembly.take(part(7, 2, 1, 2))).toBeUndefined()
  expect(reassembly.take(part(7, 2, 2, 3))).toEqual(Uint8Array.of(2, 3))
})

test('what never ends goes: the oldest of too many frames, and one that is too long', () => {
  const reassembly = new Reassembly()
  for (let seq = 1; seq <= incompleteFramesMax + 1; seq += 1) reassembly.take(part(seq, 2, 1, seq))
  expect(reassembly.waiting).toBe(incompleteFramesMax)
  expect(reassembly.take(part(1, 2, 2, 9))).toBeUndefined()
  expect(reassembly.take(part(3, 2, 2, 9))).toEqual(Uint8Array.of(3, 9))
  const long = new Reassembly()
  const half = new Uint8Array(knetFrameBytesMax / 2 + 1)
  long.take({ ...part(1, 3, 1), payload: half })
  long.take({ ...part(1, 3, 2), payload: half })
  expect(long.waiting).toBe(0)
})

test('whatever comes, no more is kept than the limits say', () => {
  const parts = fc.record({
    seq: fc.integer({ min: 1, max: 60 }),
    fragments: fc.integer({ min: 1, max: 4 }),
    fragment: fc.integer({ min: 0, max: 3 }),
  })
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 200 }), (list) => {
      const reassembly = new Reassembly()
      for (const { seq, fragments, fragment } of list) {
        const at = fragments === 1 ? 0 : (fragment % fragments) + 1
        reassembly.take(part(seq, fragments, at, seq))
        expect(reassembly.waiting).toBeLessThanOrEqual(incompleteFramesMax)
      }
    }),
  )
})
