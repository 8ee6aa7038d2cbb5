import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { settledCib } from '../cluster/sample-cluster.ts'
import { inlineThinker } from './oracle-thread.ts'
import { SampleSource } from './sample-source.ts'
import { startConsole } from './start.ts'
import { dropStaleTokens, dropTokens, keepTokens } from './token-file.ts'

let root = ''

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-tokens-'))
  vi.stubEnv('QUORATE_ROOT', root)
})
afterEach(() => {
  vi.unstubAllEnvs()
  fs.rmSync(root, { recursive: true, force: true })
})

test('files of consoles that were killed are taken away; those of consoles that run, and of others, stay', async () => {
  const other = net.createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as net.AddressInfo
  const addresses = (at: number) => new Map([['viewer', `http://127.0.0.1:${at}/#token=t_-1`] as const])
  // Nobody listens on the port of tcpmux, which needs root besides.
  const stale = keepTokens(1, addresses(1))
  const running = keepTokens(port, addresses(port))
  const folder = path.dirname(stale)
  const foreign = path.join(folder, 'console-2')
  fs.writeFileSync(foreign, 'terminal of somebody else\n')
  const link = path.join(folder, 'console-3')
  fs.symlinkSync(foreign, link)
  try {
    await dropStaleTokens()
    expect(fs.readdirSync(folder).sort()).toEqual(['console-2', 'console-3', path.basename(running)].sort())
  } finally {
    other.close()
  }
  dropTokens(running)
  expect(fs.existsSync(running)).toBe(false)
})

test('a console that starts takes away what one has left behind that was killed, and its own once it ends', async () => {
  const stale = keepTokens(1, new Map([['viewer', 'http://127.0.0.1:1/#token=t']]))
  const source = new SampleSource(settledCib({ resources: '' }))
  const options = { source, role: 'viewer', address: '127.0.0.1', port: 0 } as const
  const console = await startConsole({ ...options, thinker: inlineThinker(), webFolder: root })
  expect(fs.readdirSync(path.dirname(stale))).toEqual([path.basename(console.tokenFile)])
  await console.close()
  expect(fs.readdirSync(path.dirname(stale))).toEqual([])
})

test('where no console has run before there is nothing to take away', async () => {
  await dropStaleTokens()
  expect(fs.readdirSync(root)).toEqual([])
})
