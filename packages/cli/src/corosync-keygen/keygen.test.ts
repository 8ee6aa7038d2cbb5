import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { run } from './main.ts'

let folder: string

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'keygen-'))
})

afterEach(() => {
  vi.restoreAllMocks()
  fs.rmSync(folder, { recursive: true })
})

/** Exit code and output of a run. */
async function outcome(...argv: readonly string[]): Promise<readonly [number, string]> {
  let output = ''
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      output += String(text)
      return true
    })
  }
  return [await run(argv), output.replaceAll(folder, 'FOLDER')]
}

test('a key is made, of the size asked for, readable by its owner only, and another one each time', async () => {
  const file = path.join(folder, 'authkey')
  expect(await outcome('-k', file)).toEqual([
    0,
    `Corosync Cluster Engine Authentication key generator.
Gathering 2048 bits for key from /dev/urandom.
Writing corosync key to FOLDER/authkey.
`,
  ])
  const first = fs.readFileSync(file)
  expect([first.byteLength, fs.statSync(file).mode & 0o777]).toEqual([256, 0o400])
  expect((await outcome('-l', '--size=4096', `--key-file=${file}`))[0]).toBe(0)
  const second = fs.readFileSync(file)
  expect([second.byteLength, second.subarray(0, 256).equals(first)]).toEqual([4096, false])
  expect(fs.readdirSync(folder)).toEqual(['authkey'])
})

test.each(['127', '4097', 'abc', '200x', ''])('size %j is refused', async (size) => {
  expect(await outcome('-s', size)).toEqual([1, 'corosync-keygen: Unsupported key size (supported <128,4096>)\n'])
})

test('what cannot be read or written is said, and nothing is left behind', async () => {
  expect((await outcome('-k', path.join(folder, 'none/key')))[0]).toBe(2)
  const short = path.join(folder, 'short')
  fs.writeFileSync(short, 'abc')
  const [code, output] = await outcome('-r', short, '-k', path.join(folder, 'key'))
  expect([code, output]).toEqual([1, expect.stringContaining('FOLDER/short ends after 3 of 256 bytes')])
  expect((await outcome('-z'))[0]).toBe(1)
  expect(fs.readdirSync(folder)).toEqual(['short'])
})
