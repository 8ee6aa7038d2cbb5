import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { fenceRequestLayout } from '../fence-request.ts'
import { digestSize, paddedDigest } from '../hash.ts'
import { encodeHosts } from '../host-record.ts'
import { runAgent } from './agent.ts'
import { nodeDigest } from './node-digest.ts'

const key = randomBytes(64)
const asked = fenceRequestLayout.size + digestSize
let directory = ''
let server: net.Server

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'agent'))
  writeFileSync(path.join(directory, 'key'), key)
})
afterEach(() => {
  server.close()
  rmSync(directory, { recursive: true })
})

/** Bytes of a daemon: those that answer the challenge, those that answer the request, and whether it then hangs up. */
type Manners = { readonly proves: boolean; readonly says: Uint8Array; readonly stays?: boolean }

/** A daemon that knows the key and has manners of its own. */
function daemon({ proves, says, stays = false }: Manners): Promise<number> {
  server = net.createServer((socket) => {
    let got = Buffer.alloc(0)
    socket.on('error', () => undefined)
    socket.on('data', (bytes) => {
      const before = got.byteLength
      got = Buffer.concat([got, bytes])
      if (before < asked && got.byteLength >= asked) {
        const challenge = got.subarray(fenceRequestLayout.size, asked)
        socket.write(paddedDigest(nodeDigest, 'sha256', key, challenge))
        if (proves) socket.write(randomBytes(digestSize))
        else socket.end()
      }
      if (before < asked + digestSize && got.byteLength >= asked + digestSize) {
        socket.write(says)
        if (!stays) socket.end()
      }
    })
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : 0)
    })
  })
}

/** Exit code and standard output. */
async function ask(manners: Manners, ...argv: readonly string[]): Promise<string> {
  const port = await daemon(manners)
  let shown = ''
  const out = (text: string): void => {
    shown += text
  }
  const host = { out, err: () => undefined, keyFile: path.join(directory, 'key'), readStdin: async () => '' }
  // The time is out where the daemon neither answers nor hangs up, and nowhere else.
  const timeoutS = manners.stays === true ? '3' : '45'
  const code = await runAgent('fence_virt', ['-T', '127.0.0.1', '-p', `${port}`, '-t', timeoutS, ...argv], host)
  return `${code} ${shown}`
}

const byte = (value: number): Manners => ({ proves: true, says: Uint8Array.of(value) })

it('tells what an answer means in the words and exit codes of the C clients', async () => {
  const status = ['-o', 'status', '-n', 'x']
  expect(await ask(byte(0), ...status)).toBe('0 Status: ON\n')
  expect(await ask(byte(2), ...status)).toBe('2 Status: OFF\n')
  expect(await ask(byte(2), '-o', 'off', '-n', 'x')).toBe('2 ')
  expect(await ask(byte(3), ...status)).toBe('3 Permission denied\n')
  expect(await ask(byte(4), ...status)).toBe('4 Unknown response (4)\n')
  expect(await ask(byte(254), ...status)).toBe('254 Unknown response (-2)\n')
})

it('tells how a connection ended that gave no answer', async () => {
  const nothing = new Uint8Array(0)
  const status = ['-o', 'status', '-n', 'x']
  expect(await ask({ proves: false, says: nothing }, ...status)).toBe(
    '1 Invalid response to challenge\nOperation failed\n',
  )
  expect(await ask({ proves: true, says: nothing }, ...status)).toBe('1 Operation failed\n')
  expect(await ask({ proves: true, says: nothing, stays: true }, ...status)).toBe('255 Unknown response (-1)\n')
})

it('does not ask its own machine where the host is empty', async () => {
  const port = await daemon({ proves: true, says: Uint8Array.of(0) })
  let shown = ''
  const out = (text: string): void => {
    shown += text
  }
  const host = { out, err: () => undefined, keyFile: path.join(directory, 'key'), readStdin: async () => '' }
  const there = ['-p', `${port}`, '-o', 'status', '-n', 'x']
  expect(await runAgent('fence_virt', ['-T', '', ...there], host)).toBe(1)
  expect(await runAgent('fence_virt', ['-A', '', ...there], host)).toBe(255)
  expect(shown).toBe(
    `Unable to connect to fence_virtd host :${port} No such file or directory\nOperation failed\n` +
      `Failed to connect to :${port}\nUnknown response (-1)\n`,
  )
})

it('shows nothing but JSON where that is asked for, whatever happens', async () => {
  const json = ['--output-as=json', '-n', 'x', '-o']
  const nothing = new Uint8Array(0)
  const outcomes = [
    await ask(byte(2), ...json, 'status'),
    await ask({ proves: false, says: nothing }, ...json, 'status'),
    await ask({ proves: true, says: nothing, stays: true }, ...json, 'off'),
    await ask(byte(0), ...json, 'validate-all'),
    await ask(byte(0), ...json, 'frob'),
    await ask(byte(0), '-d', '--output-as=json', '-o', 'on'),
  ]
  expect(outcomes.map((text) => [text.split(' ')[0], JSON.parse(text.replace(/^\d+ /, ''))])).toEqual([
    ['2', { action: 'status', domain: 'x', result: 'off', response: 2 }],
    ['1', { action: 'status', domain: 'x', result: 'failed', response: 1 }],
    ['255', { action: 'off', domain: 'x', result: 'unknown', response: -1 }],
    ['0', { action: 'validate-all', domain: 'x', result: 'valid', mistakes: [] }],
    ['1', { action: 'reboot', domain: 'x', result: 'invalid', mistakes: ['Unsupported operation: frob'] }],
    ['1', { action: 'on', domain: null, result: 'invalid', mistakes: ['No domain specified!'] }],
  ])
})

it('pads names by their bytes', async () => {
  const hosts = [{ name: 'ünï', uuid: 'u', state: 1 }]
  const says = Uint8Array.from([253, ...encodeHosts(hosts), 0])
  expect(await ask({ proves: true, says }, '-o', 'list')).toBe(`0 ünï${' '.repeat(27)} u on\n`)
})
