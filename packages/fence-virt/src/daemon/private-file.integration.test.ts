import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { makePrivate } from './private-file.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'qprivate'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

it.each([
  [0o600, undefined],
  [0o4600, undefined],
  [0o400, '0400'],
  [0o700, '0700'],
  [0o640, '0640'],
  [0o2604, '0604'],
  [0, '00'],
] as const)('a file of mode %o becomes private, and that is told as the C daemon tells it', (mode, before) => {
  const file = path.join(folder, 'key')
  writeFileSync(file, 'secret')
  chmodSync(file, mode)
  const told: string[] = []
  makePrivate(file, (text) => told.push(text))
  const words = `Insecure permissions on file '${file}': changing from ${before} to 0600.`
  expect(told).toEqual(before === undefined ? [] : [words])
  expect(statSync(file).mode & 0o777).toBe(0o600)
})

it('what is no file is left to those who read it', () => {
  const told: string[] = []
  for (const name of [folder, path.join(folder, 'nosuch')]) makePrivate(name, (text) => told.push(text))
  expect(told).toEqual([])
})
