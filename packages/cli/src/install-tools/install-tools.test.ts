import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { installTools } from './main.ts'

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'install-tools-'))
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

test('links every tool, again and again, but never over a file of somebody else', async () => {
  const install = installTools(['crm_mon', 'cibadmin'])
  expect(await install([folder])).toBe(0)
  expect(await install([folder])).toBe(0)
  expect(fs.readdirSync(folder).toSorted()).toEqual(['cibadmin', 'crm_mon'])
  expect(fs.readlinkSync(path.join(folder, 'crm_mon'))).toBe(fs.realpathSync(process.argv[1] as string))

  fs.rmSync(path.join(folder, 'crm_mon'))
  fs.writeFileSync(path.join(folder, 'crm_mon'), 'the real one')
  fs.rmSync(path.join(folder, 'cibadmin'))
  expect(await install([folder])).toBe(73)
  expect(fs.readdirSync(folder)).toEqual(['crm_mon'])
  expect(await install(['--force', folder])).toBe(0)
  expect(fs.lstatSync(path.join(folder, 'crm_mon')).isSymbolicLink()).toBe(true)
})

test('wants a folder and knows its options', async () => {
  const install = installTools(['crm_mon'])
  expect(await install([])).toBe(64)
  expect(await install(['--frce', folder])).toBe(64)
})
