import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { md5Hex } from './md5.ts'

test('md5Hex is MD5, at every length around a block', () => {
  for (let length = 0; length < 200; length += 1) {
    const text = 'aé漢'.repeat(100).slice(0, length)
    expect(md5Hex(text)).toBe(createHash('md5').update(text).digest('hex'))
  }
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(md5Hex(text)).toBe(createHash('md5').update(text).digest('hex'))
    }),
  )
})
