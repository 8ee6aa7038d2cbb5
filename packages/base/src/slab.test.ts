import { expect, test } from 'vitest'
import { messageBytes } from './slab.ts'

test('pieces are zero, have their size, and do not overlap', () => {
  const pieces = Array.from({ length: 5000 }, (_, i) => messageBytes(i % 700))
  for (const [i, piece] of pieces.entries()) {
    expect(piece.byteLength).toBe(i % 700)
    expect(piece.every((byte) => byte === 0)).toBe(true)
    piece.fill(i % 251)
  }
  for (const [i, piece] of pieces.entries()) expect(piece.every((byte) => byte === i % 251)).toBe(true)
})

test('long pieces have memory of their own', () => {
  expect(messageBytes(1_000_000).buffer.byteLength).toBe(1_000_000)
  expect(() => messageBytes(-1)).toThrow('a message has a size')
})
