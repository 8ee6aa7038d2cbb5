import { spawn } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { quorateProgram } from '@quorate/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

let root = ''
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'heartbeat-'))
  fs.mkdirSync(path.join(root, 'etc/ha.d'), { recursive: true })
})
afterEach(() => fs.rmSync(root, { recursive: true, force: true }))

function write(name: string, content: string, mode = 0o600): void {
  const file = path.join(root, 'etc/ha.d', name)
  fs.writeFileSync(file, content)
  fs.chmodSync(file, mode)
}

function run(...argv: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [quorateProgram, ...argv], { env: { ...process.env, QUORATE_ROOT: root } })
    let out = ''
    let err = ''
    child.stdout.on('data', (bytes) => {
      out += bytes
    })
    child.stderr.on('data', (bytes) => {
      err += bytes
    })
    child.once('close', (code) => resolve({ code, out, err }))
  })
}

const self = os.hostname()
const haCf = `keepalive 250ms\ndeadtime 2\ninitdead 12\nudpport 26940\nbcast nosuch0\nnode ${self}\n`
const keys = 'auth 1\n1 sha1 word\n'

describe('heartbeat as a program', () => {
  it.each([
    ['no ha.cf', undefined, keys, 0o600, undefined, /ha\.cf/],
    [
      'a directive that is not supported',
      `${haCf}serial /dev/ttyS0\n`,
      keys,
      0o600,
      undefined,
      /line 7: serial: serial links are/,
    ],
    ['a cluster of others', haCf.replace(`node ${self}`, 'node other'), keys, 0o600, undefined, /is in no node line/],
    ['keys that others may read', haCf, keys, 0o640, undefined, /authkeys: mode 600 is expected, not 640/],
    ['no keys', haCf, '# none\n', 0o600, undefined, /authkeys: a line 'auth NUMBER' is missing/],
    [
      'resources of release 1',
      haCf,
      keys,
      0o600,
      '# mine\n\nnode1 IPaddr::10.0.0.1\n',
      /haresources: line 3: resources of haresources/,
    ],
  ])('ends with 6 and says why: %s', async (_what, conf, authKeys, mode, resources, why) => {
    if (conf !== undefined) write('ha.cf', conf)
    write('authkeys', authKeys, mode)
    if (resources !== undefined) write('haresources', resources)
    const { code, err } = await run('heartbeat', '-f')
    expect(err).toMatch(why)
    expect(err).not.toContain('word')
    expect(code).toBe(6)
    expect(fs.existsSync(path.join(root, 'run/heartbeat.pid'))).toBe(false)
  })

  it('keeps its uuid, and takes a larger generation each time', async () => {
    write('ha.cf', haCf)
    write('authkeys', keys)
    const folder = path.join(root, 'var/lib/heartbeat')
    const [first, second] = [await run('heartbeat', '-f'), await run('heartbeat', '-f')]
    expect([first.code, second.code]).toEqual([1, 1])
    expect(first.err).toMatch(/nosuch0|setsockopt/)
    const generations = [first, second].map(({ err }) => Number(/Heartbeat generation: (\d+)/.exec(err)?.[1]))
    expect(generations[1]).toBe((generations[0] ?? 0) + 1)
    expect(fs.readFileSync(path.join(folder, 'hb_uuid'))).toHaveLength(16)
    expect(fs.readFileSync(path.join(folder, 'hb_generation'), 'latin1')).toBe(
      `${String(generations[1]).padStart(15)}\n`,
    )
  })

  it('is stopped where it does not run, for heartbeat -s and cl_status alike', async () => {
    expect(await run('heartbeat', '-s')).toMatchObject({ code: 3, out: 'heartbeat is stopped. No process\n' })
    expect(await run('cl_status', 'hbstatus')).toMatchObject({
      code: 1,
      out: 'Heartbeat is stopped on this machine.\n',
    })
    expect((await run('cl_status', 'nodestatus', 'x')).code).toBe(1)
    expect((await run('cl_status', 'bogus')).code).toBe(11)
    expect(await run('heartbeat', '-Q')).toMatchObject({ code: 1 })
  })
})
