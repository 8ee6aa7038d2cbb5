import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { keyBytesMax, keyBytesMin, readKey } from './shared-key.ts'

let folder: string

beforeAll(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'authkey-'))
})

afterAll(() => fs.rmSync(folder, { recursive: true }))

function keyFile(bytes: number, mode: number) {
  const file = path.join(folder, `${bytes}-${mode}`)
  fs.writeFileSync(file, new Uint8Array(bytes).fill(7))
  fs.chmodSync(file, mode)
  return readKey('c.conf', { from: 'file', path: file, line: 3 })
}

const text = (characters: number) => readKey('c.conf', { from: 'setting', text: 'x'.repeat(characters), line: 3 }).bytes

test('a key file is used as it is, up to a limit; one that others can read is used with a warning', () => {
  expect(keyFile(keyBytesMin, 0o400)).toEqual({ bytes: new Uint8Array(keyBytesMin).fill(7), warning: undefined })
  expect(keyFile(keyBytesMax + 1, 0o600).bytes).toHaveLength(keyBytesMax)
  expect(keyFile(keyBytesMin, 0o640).warning).toMatch(
    / is open to others than its owner \(mode 640\); mode 400 is expected$/,
  )
})

test('a key that is too short, or not there, is refused with the place', () => {
  expect(() => keyFile(keyBytesMin - 1, 0o400)).toThrow(
    /^c.conf:3: Could only read 1016 bits of minimum 1024 bits from /,
  )
  expect(() => readKey('c.conf', { from: 'file', path: '/nonexistent', line: undefined })).toThrow(
    /^c.conf: Could not open \/nonexistent: /,
  )
  expect(() => text(keyBytesMin - 2)).toThrow('c.conf:3: key is too short: at least 127 characters are expected')
})

test('a key in corosync.conf has the zero in it that ends the string in the C daemon', () => {
  expect(text(keyBytesMin - 1)).toHaveLength(keyBytesMin)
  expect(text(200).at(-1)).toBe(0)
})
