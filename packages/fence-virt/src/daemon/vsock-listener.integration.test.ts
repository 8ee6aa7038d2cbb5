import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type ExchangeEnd, runExchange } from '../client/exchange.ts'
import { nodeDigest } from '../client/node-digest.ts'
import { connectionRequest } from '../client/tcp-exchange.ts'
import type { HashName } from '../hash.ts'
import type { OperationName } from '../operation.ts'
import { defaultRateLimit } from '../rate-limit.ts'
import { FenceDesk } from './fence-desk.ts'
import { NullBackend } from './null-backend.ts'
import { type OpenVsock, VsockListener } from './vsock-listener.ts'

/**
 * Kernels without VSOCKETS_LOOPBACK cannot carry vsock from a machine to itself. Everything above the socket is tried
 * here, over a unix socket that stands in for it; CIDs are the test's.
 */
const key = randomBytes(64)
const journal = { error: () => undefined, info: () => undefined, debug: () => undefined }
const groups = [{ name: undefined, uuids: ['vm-a'], ips: ['77'] }]
let folder = ''
let server: net.Server | undefined
let listener: VsockListener | undefined
let nextCid = 77

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'qvsock'))
  nextCid = 77
  const open: OpenVsock = (port, take) => {
    expect(port).toBe(1229)
    server = net.createServer((stream) => take(stream, nextCid)).listen(path.join(folder, 's'))
    return server
  }
  const desk = new FenceDesk(new NullBackend('', journal), groups, journal)
  const security = { key, hash: 'sha256', auth: 'sha512', digest: nodeDigest } as const
  listener = new VsockListener(1229, { desk, journal, rateLimit: defaultRateLimit, security }, open)
  await listener.start()
})
afterEach(async () => {
  await listener?.stop()
  rmSync(folder, { recursive: true, force: true })
})

async function ask(
  operation: OperationName,
  domain: string,
  { hash = 'sha256', auth = 'sha512', secret = key }: { hash?: HashName; auth?: HashName; secret?: Buffer } = {},
): Promise<ExchangeEnd> {
  const stream = net.connect(path.join(folder, 's'))
  await new Promise((resolve) => stream.once('connect', resolve))
  const security = { key: secret, auth, digest: nodeDigest }
  const request = { operation, domain, isUuid: false, hash, security, timeoutMs: 240_000 }
  return runExchange(stream, security, connectionRequest(request), request.timeoutMs)
}

describe('requests over vsock, on a stand-in for the socket', () => {
  it('are answered, for those who hold the key and may', async () => {
    expect(await ask('monitor', '')).toEqual({ kind: 'response', response: 0 })
    expect(await ask('status', 'vm-a')).toEqual({ kind: 'response', response: 1 })
    expect(await ask('status', 'vm-b')).toEqual({ kind: 'response', response: 3 })
    nextCid = 78
    expect(await ask('off', 'vm-a')).toEqual({ kind: 'response', response: 3 })
    expect(listener?.describe()).toMatchObject({ port: '1229', hash: 'sha256', auth: 'sha512' })
  })

  it('are dropped where the hash is weak or the key another', async () => {
    expect(await ask('monitor', '', { hash: 'sha1' })).toMatchObject({ kind: 'closed' })
    expect(await ask('monitor', '', { secret: randomBytes(64) })).toMatchObject({ kind: 'closed' })
    expect(await ask('monitor', '', { auth: 'sha1' })).toMatchObject({ kind: 'mismatch' })
  })
})
