import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Prng } from '@quorate/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ShmRing } from './shm-ring.ts'

const owner = { pid: process.pid, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
let folder: string
let writer: ShmRing
let reader: ShmRing

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-ring-'))
  writer = ShmRing.create(path.join(folder, 'ring'), 12_328, owner)
  reader = ShmRing.open(path.join(folder, 'ring'))
})

afterEach(() => {
  writer.close()
  reader.close()
  writer.removeFiles()
  expect(fs.readdirSync(folder)).toEqual([])
  fs.rmdirSync(folder)
})

/** Writes into the shared header file behind the ring's back, as a hostile peer would. */
function tamper(suffix: 'header' | 'data', at: number, value: number): void {
  const fd = fs.openSync(path.join(folder, `ring-${suffix}`), 'r+')
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  fs.writeSync(fd, bytes, 0, 4, at)
  fs.closeSync(fd)
}

test('the data file has the size that libqb computes: max + 13 rounded up to pages', () => {
  expect(fs.statSync(path.join(folder, 'ring-data')).size).toBe(16_384)
  expect(fs.statSync(path.join(folder, 'ring-header')).size).toBe(8252)
})

test('messages of every size come out whole and in order, over many wraps', () => {
  const random = new Prng(7n)
  const waiting: Uint8Array[] = []
  let written = 0
  while (written < 1500) {
    const message = Uint8Array.from({ length: random.below(700) }, () => random.below(256))
    if (writer.write(message)) {
      waiting.push(message)
      written += 1
    } else {
      expect(waiting.length).toBeGreaterThan(0)
      expect(reader.read()).toEqual(waiting.shift())
    }
  }
  for (const message of waiting) expect(reader.read()).toEqual(message)
  expect(reader.read()).toBeUndefined()
})

test('a full ring takes nothing, and takes again when its reader has read', () => {
  const message = new Uint8Array(4000).fill(3)
  let count = 0
  while (writer.write(message)) count += 1
  expect(count).toBe(4)
  expect(writer.write(new Uint8Array(400))).toBe(false)
  expect(reader.read()).toEqual(message)
  expect(writer.write(new Uint8Array(400))).toBe(true)
})

test('a message longer than the ring never fits', () => {
  expect(writer.write(new Uint8Array(16_384))).toBe(false)
})

test('a read index outside the ring leaves no room instead of writing elsewhere', () => {
  writer.write(new Uint8Array(8))
  tamper('header', 4, 0x7fff_fff0)
  expect(writer.write(new Uint8Array(8))).toBe(false)
})

test('a chunk that is longer than the ring is refused', () => {
  writer.write(new Uint8Array(8))
  tamper('data', 0, 0x7fff_ffff)
  expect(() => reader.read()).toThrow('ring: chunk of 2147483647 bytes')
})

test('a chunk that nobody committed is refused', () => {
  writer.write(new Uint8Array(8))
  tamper('data', 4, 0xa110_ced0)
  expect(() => reader.read()).toThrow('not committed')
})

test('a header that promises an odd ring is refused', () => {
  tamper('header', 8, 1025)
  expect(() => ShmRing.open(path.join(folder, 'ring'))).toThrow('ring of 1025 words')
})

test('a wait holds the thread up for about as long as asked', () => {
  const start = performance.now()
  expect(reader.read(1000)).toBeUndefined()
  expect(performance.now() - start).toBeGreaterThanOrEqual(0.9)
})

test('a closed ring reads and writes nothing', () => {
  writer.close()
  expect(writer.write(new Uint8Array(1))).toBe(false)
  expect(writer.read()).toBeUndefined()
})
