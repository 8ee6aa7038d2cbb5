import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, it } from 'vitest'
import { keySizeMax } from '../hash.ts'
import { readKeyFile } from './key-file.ts'

it('reads as much of a key file as counts, from a device without an end as well', () => {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'key'))
  try {
    const file = path.join(directory, 'key')
    for (const size of [0, 1, keySizeMax - 1, keySizeMax, keySizeMax + 1]) {
      writeFileSync(file, Buffer.alloc(size, 'k\n'))
      expect(readKeyFile(file).byteLength).toBe(Math.min(size, keySizeMax))
    }
    expect([...readKeyFile(file).subarray(0, 2)]).toEqual([0x6b, 0x0a])
    expect(readKeyFile('/dev/zero').byteLength).toBe(keySizeMax)
    expect(() => readKeyFile(directory)).toThrow('EISDIR')
    expect(() => readKeyFile(path.join(directory, 'none'))).toThrow('ENOENT')
  } finally {
    rmSync(directory, { recursive: true })
  }
})
