import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { bzip2Compress, bzip2Decompress } from './bzip2.ts'

const plain = new Uint8Array(200_000).map((_, at) => (at * 7) % 251)

describe('bzip2', () => {
  it('comes back as it was, in exactly the room that it needs', () => {
    const packed = bzip2Compress(plain)
    expect(packed.byteLength).toBeLessThan(plain.byteLength / 10)
    expect(bzip2Decompress(packed, plain.byteLength)).toEqual(plain)
    expect(() => bzip2Decompress(packed, plain.byteLength - 1)).toThrow(/needs more than 199999 bytes/)
  })

  it('is what the program of that name reads', () => {
    const done = spawnSync('bzip2', ['-dc'], { input: bzip2Compress(plain), maxBuffer: 1_000_000 })
    if (done.error !== undefined) return expect(done.error).toMatchObject({ code: 'ENOENT' })
    expect(new Uint8Array(done.stdout)).toEqual(plain)
  })

  it('that is broken is refused', () => {
    const packed = bzip2Compress(plain)
    expect(() => bzip2Decompress(packed.slice(0, 20), plain.byteLength)).toThrow(/no valid bzip2 data/)
    packed[100] = (packed[100] ?? 0) ^ 0xff
    expect(() => bzip2Decompress(packed, plain.byteLength)).toThrow(/no valid bzip2 data/)
    expect(() => bzip2Decompress(new Uint8Array(0), 10)).toThrow(/no valid bzip2 data/)
  })
})
