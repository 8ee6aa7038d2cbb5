import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  BoundedQueue,
  compareNodeNames,
  decodeText,
  encodeText,
  layout,
  nodeId,
  Prng,
  padEndBytes,
  padStartBytes,
} from './index.ts'

test('node names: digits count as numbers, and different names never compare equal', () => {
  const names = ['n10', 'n2', '11', '00', '12', '02', 'n1', 'n01', '10', 'a', '01']
  expect(names.sort(compareNodeNames)).toEqual(['00', '01', '02', '10', '11', '12', 'a', 'n01', 'n1', 'n2', 'n10'])
  fc.assert(
    fc.property(fc.string(), fc.string(), (a, b) => {
      expect(Math.sign(compareNodeNames(a, b)) + Math.sign(compareNodeNames(b, a))).toBe(0)
      expect(compareNodeNames(a, b) === 0).toBe(a === b)
    }),
  )
})

test('node ids outside 1..4294967295 are refused', () => {
  for (const bad of [0, -1, 1.5, 0x1_0000_0000, Number.NaN]) expect(() => nodeId(bad)).toThrow(RangeError)
  expect(nodeId(0xffff_ffff)).toBe(0xffff_ffff)
})

test('a queue refuses one item over its bound and keeps order across the wrap', () => {
  const queue = new BoundedQueue<number>(2)
  expect([queue.offer(1), queue.offer(2), queue.offer(3)]).toEqual([true, true, false])
  expect(queue.take()).toBe(1)
  expect(queue.offer(4)).toBe(true)
  expect([queue.take(), queue.take(), queue.take()]).toEqual([2, 4, undefined])
})

test('the same seed gives the same run; draws stay in range', () => {
  const draw = (seed: bigint): number[] => {
    const prng = new Prng(seed)
    return Array.from({ length: 50 }, () => prng.between(3, 9))
  }
  expect(draw(7n)).toEqual(draw(7n))
  expect(draw(7n)).not.toEqual(draw(8n))
  expect(Math.min(...draw(7n))).toBeGreaterThanOrEqual(3)
  expect(Math.max(...draw(7n))).toBeLessThanOrEqual(9)
})

const record = layout(24, [
  { name: 'id', type: 'u32', at: 0, doc: 'an id' },
  { name: 'seq', type: 'u64', at: 8, doc: 'a sequence' },
  { name: 'name', type: 'text', at: 16, size: 8, doc: 'a name' },
])

test('a layout reads what it wrote and refuses a short record', () => {
  const bytes = new Uint8Array(24)
  record.encode(bytes, { id: 0xffff_fffe, seq: 2n ** 63n, name: 'nöde' })
  expect(record.decode(bytes)).toEqual({ id: 0xffff_fffe, seq: 2n ** 63n, name: 'nöde' })
  expect(() => record.decode(bytes.subarray(1))).toThrow('need 24 bytes, got 23')
})

test('UTF-8 agrees with the host', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const clean = text.replaceAll('\0', '')
      expect([...encodeText(clean)]).toEqual([...new TextEncoder().encode(clean)])
      expect(decodeText(encodeText(clean))).toBe(
        new TextDecoder('utf-8', { ignoreBOM: true }).decode(encodeText(clean)),
      )
    }),
  )
})

test('texts are padded by bytes', () => {
  expect([padEndBytes('ä', 3), padStartBytes('€', 5), padEndBytes('long', 2)]).toEqual(['ä ', '  €', 'long'])
})
