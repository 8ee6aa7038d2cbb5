import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { md5Hex } from '@quorate/base'
import { afterAll, expect, test } from 'vitest'
import { secretValue, withSecrets } from './secrets.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'secrets-'))
afterAll(() => fs.rmSync(folder, { recursive: true }))

/** A secret with its digest, in a place below the folder. */
function keep(place: string): void {
  const file = path.join(folder, place)
  fs.mkdirSync(path.dirname(file), { recursive: true })
  fs.writeFileSync(file, 'hidden\n')
  fs.writeFileSync(`${file}.sign`, md5Hex(Buffer.from('hidden')))
}

test('neither a resource nor a parameter names a file outside of the folder of its secrets', () => {
  for (const place of ['secrets/r/p', 'secrets/p', 'p', 'other/p']) keep(place)
  const read = (resource: string, name: string) =>
    withSecrets(new Map([[name, secretValue]]), resource, path.join(folder, 'secrets'))?.get(name)
  expect(read('r', 'p')).toBe('hidden')
  expect(read('.', 'p')).toBeUndefined()
  expect(read('..', 'p')).toBeUndefined()
  expect(read('../other', 'p')).toBeUndefined()
  expect(read('r', '../../p')).toBeUndefined()
})
