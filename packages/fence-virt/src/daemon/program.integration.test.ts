import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { UnixSocket } from '@quorate/qb/ffi'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { handshakeMsMax } from './listener.ts'

const quorate = fileURLToPath(new URL('../../../cli/bin/quorate.js', import.meta.url))
/** Not a measure of speed: a loaded machine may take its time. */
const patienceMs = 240_000
let directory = ''
let port = 0
const children: ChildProcess[] = []

beforeEach(async () => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'qfenced'))
  writeFileSync(file('key'), randomBytes(32), { mode: 0o644 })
  port = await freePort()
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

function file(name: string): string {
  return path.join(directory, name)
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}

function configure(backend = 'null', more = '', address = '127.0.0.1'): void {
  writeFileSync(
    file('conf'),
    `fence_virtd { listener = "tcp"; backend = "${backend}"; }
listeners { tcp { key_file = "${file('key')}"; address = "${address}"; port = "${port}"; ${more} } }
backends { null { message = "no"; } }\n`,
    { mode: 0o644 },
  )
}

function run(tool: string, argv: readonly string[], input = '') {
  const done = spawnSync(process.execPath, [quorate, tool, ...argv], { input, encoding: 'utf8', cwd: directory })
  return { code: done.status, out: done.stdout, err: done.stderr }
}

/** Starts the daemon in the foreground and waits until it says that it serves. */
function start(env: NodeJS.ProcessEnv = {}): Promise<ChildProcess> {
  const argv = [quorate, 'fence_virtd', '-F', '-f', file('conf'), '-p', file('d.pid')]
  return started(argv, { ...process.env, ...env })
}

async function started(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'], env })
  children.push(child)
  await new Promise<void>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`ended with ${code}`)))
    let told = ''
    child.stderr?.on('data', (text: Buffer) => {
      told += text.toString()
      if (told.includes('fence_virtd starting')) resolve()
    })
  })
  return child
}

/** Waits until a program has ended and all that it said was heard. */
function ended(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once('close', resolve))
}

/** A shortage that goes on is told so often, ms. */
const shortageToldMs = 10_000
/** Fewer than 30 are open when the daemon serves nobody. */
const filesMax = 48

function silentClient(): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1', () => {
      socket.off('error', reject).on('error', () => undefined)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

const client = (...argv: readonly string[]) =>
  run('fence_virt', ['-T', '127.0.0.1', '-p', `${port}`, '-k', file('key'), ...argv])

describe('fence_virtd as a program', () => {
  it('listens on the address of a name, and shows its configuration where much debugging is asked for', async () => {
    configure('null', '', 'localhost')
    const argv = ['fence_virtd', '-F', '-f', file('conf'), '-p', file('d.pid')]
    const child = spawn(process.execPath, [quorate, ...argv, '-d', '4'], { stdio: ['ignore', 'pipe', 'pipe'] })
    children.push(child)
    let shown = ''
    child.stdout.on('data', (text: Buffer) => {
      shown += text.toString()
    })
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (text: Buffer) => text.toString().includes('fence_virtd starting') && resolve())
    })
    expect(client('-o', 'monitor').code).toBe(0)
    await vi.waitFor(
      () => expect(shown).toContain('Debugging threshold is now 4\nfence_virtd {\n\tlistener = "tcp";'),
      {
        timeout: patienceMs,
      },
    )
  })

  it('says what it cannot write, and serves without a place for its status', async () => {
    configure()
    mkdirSync(file('directory'))
    const taken = run('fence_virtd', ['-F', '-f', file('conf'), '-p', file('directory')])
    expect(taken.code).toBe(1)
    expect(taken.err).toContain(`fence_virtd: ${file('directory')}: EISDIR`)
    const unwritten = run('fence_virtd', ['-c', '-f', file('nowhere/conf')], `y${'\n'.repeat(9)}y\n`)
    expect(unwritten.code).toBe(1)
    expect(unwritten.out).toContain('Failed to write configuration file!')
    const long = file(`${'d'.repeat(100)}.pid`)
    const child = await started([quorate, 'fence_virtd', '-F', '-f', file('conf'), '-p', long], process.env)
    expect(client('-o', 'monitor').code).toBe(0)
    child.kill('SIGKILL')
  })

  it('outlives the signals that the C daemon outlives, and opens no debugger', async () => {
    configure()
    const child = await start()
    let told = ''
    child.stderr?.on('data', (text: Buffer) => {
      told += text.toString()
    })
    for (const signal of ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGALRM'] as const) child.kill(signal)
    expect(client('-o', 'monitor').code).toBe(0)
    const end = ended(child)
    child.kill('SIGQUIT')
    expect(await end).toBe(0)
    expect(told).not.toContain('Debugger')
    expect(existsSync(file('d.pid'))).toBe(false)
  })

  it('serves who asks when silent clients hold more connections than it may have files open', async () => {
    configure()
    const child = await start()
    // Only now: to load its modules it opens more.
    spawnSync('prlimit', ['--pid', `${child.pid}`, `--nofile=${filesMax}:${filesMax}`])
    let told = ''
    child.stderr?.on('data', (text: Buffer) => {
      told += text.toString()
    })
    const began = performance.now()
    const silent = await Promise.all(Array.from({ length: 2 * filesMax }, silentClient))
    for (let round = 0; round < 3; round += 1) expect(client('-o', 'monitor').code).toBe(0)
    // A slow machine needs longer for that than a silent client is borne.
    expect(silent.some((socket) => !socket.destroyed) || performance.now() - began > handshakeMsMax).toBe(true)
    for (const socket of silent) socket.destroy()
    expect(client('-o', 'monitor').code).toBe(0)
    const end = ended(child)
    child.kill('SIGTERM')
    expect(await end).toBe(0)
    const shortages = told.match(/too many open files: no connection is accepted/g) ?? []
    expect(shortages.length).toBeGreaterThan(0)
    expect(shortages.length).toBeLessThanOrEqual(1 + Math.floor((performance.now() - began) / shortageToldMs))
    expect(told.match(/connections are accepted again/g)).toHaveLength(shortages.length)
  })

  it('serves, tells its state, and ends at SIGTERM without leaving files', async () => {
    configure()
    const child = await start()
    expect(Number(readFileSync(file('d.pid'), 'utf8'))).toBe(child.pid)
    expect([file('conf'), file('key')].map((name) => statSync(name).mode & 0o777)).toEqual([0o600, 0o600])
    expect(client('-o', 'monitor')).toEqual({ code: 0, out: '', err: '' })
    expect(client('-o', 'off', '-n', 'x')).toEqual({ code: 1, out: 'Operation failed\n', err: '' })
    const json = JSON.parse(run('fence_virtd', ['--status', '--output-as=json', '-p', file('d.pid')]).out)
    expect(json).toMatchObject({ pid: child.pid, answered: 2, listener: { kind: 'tcp' }, backend: { kind: 'null' } })
    expect(json.lastOperations[0]).toMatchObject({ operation: 'off', target: 'x', source: '127.0.0.1', response: 1 })
    const text = run('fence_virtd', ['--status', '-p', file('d.pid')]).out
    expect(text).toContain('Operations answered: 2')
    const end = ended(child)
    child.kill('SIGTERM')
    expect(await end).toBe(0)
    expect([existsSync(file('d.pid')), existsSync(file('d.sock'))]).toEqual([false, false])
  })

  it('keeps all that has a default below QUORATE_ROOT: configuration, key, pid file, socket', async () => {
    const env = { ...process.env, QUORATE_ROOT: directory }
    for (const folder of ['etc/cluster', 'var/run']) mkdirSync(file(folder), { recursive: true })
    const key = file('etc/cluster/fence_xvm.key')
    writeFileSync(key, randomBytes(32), { mode: 0o600 })
    writeFileSync(
      file('etc/fence_virt.conf'),
      `fence_virtd { listener = "tcp"; backend = "null"; }
listeners { tcp { address = "127.0.0.1"; port = "${port}"; } }
`,
      { mode: 0o600 },
    )
    const rooted = (...argv: readonly string[]) =>
      spawnSync(process.execPath, [quorate, ...argv], { encoding: 'utf8', env, input: '\n'.repeat(9) })
    const child = await started([quorate, 'fence_virtd', '-F'], env)
    expect(readdirSync(file('var/run')).toSorted()).toEqual(['fence_virtd.pid', 'fence_virtd.sock'])
    const ask = ['fence_virt', '-T', '127.0.0.1', '-p', `${port}`, '-o', 'monitor']
    expect(rooted(...ask)).toMatchObject({ status: 0, stdout: '' })
    writeFileSync(key, randomBytes(32))
    expect(rooted(...ask).status).toBe(1)
    expect(rooted('fence_virtd', '--status').stdout).toContain('Operations answered: 1;')
    expect(rooted('fence_virtd', '-c').stdout).toContain(`Key File [${key}]: `)
    child.kill('SIGTERM')
    expect(await ended(child)).toBe(0)
  })

  it('does not start twice with one pid file', async () => {
    configure()
    await start()
    const second = run('fence_virtd', ['-F', '-f', file('conf'), '-p', file('d.pid')])
    expect(second.code).toBe(1)
    expect(second.err).toContain('is already running')
  })

  it('starts where the pid file of one that died names another program by now', async () => {
    configure()
    const other = spawn('sleep', ['1000'])
    children.push(other)
    writeFileSync(file('d.pid'), `${other.pid}\n`)
    const child = await start()
    expect(readFileSync(file('d.pid'), 'utf8')).toBe(`${child.pid}\n`)
  })

  it('stays in the foreground where its configuration says so, in whatever form', async () => {
    configure()
    const conf = readFileSync(file('conf'), 'utf8')
    writeFileSync(file('conf'), conf.replace('fence_virtd {', 'fence_virtd { Foreground\n=\n"yes";'))
    const child = await started([quorate, 'fence_virtd', '-f', file('conf'), '-p', file('d.pid')], process.env)
    expect(readFileSync(file('d.pid'), 'utf8')).toBe(`${child.pid}\n`)
  })

  it('goes to the background when it serves', async () => {
    configure()
    expect(run('fence_virtd', ['-f', file('conf'), '-p', file('d.pid')]).code).toBe(0)
    expect(client('-o', 'monitor').code).toBe(0)
    const pid = Number(readFileSync(file('d.pid'), 'utf8'))
    process.kill(pid, 'SIGTERM')
    await vi.waitFor(() => expect(existsSync(`/proc/${pid}/fd/0`)).toBe(false), { timeout: patienceMs, interval: 50 })
  })

  it('does not go to the background when it cannot serve', () => {
    configure('null', 'family = "ipv6";')
    const done = run('fence_virtd', ['-f', file('conf'), '-p', file('d.pid')])
    expect(done.code).toBe(1)
    expect(done.err).toContain('conf:2: listeners/tcp/address: expected an ipv6 address')
  })

  it('tells systemd when it serves', async () => {
    configure()
    const socket = UnixSocket.datagram({ kind: 'file', name: file('notify') }, 4096)
    chmodSync(file('notify'), 0o777)
    const child = await start({ NOTIFY_SOCKET: file('notify') })
    const into = new Uint8Array(256)
    let got = socket.receive(into)
    while (got < 0) {
      await new Promise((resolve) => setImmediate(resolve))
      got = socket.receive(into)
    }
    socket.close()
    expect(Buffer.from(into.subarray(0, got)).toString()).toBe(
      `READY=1\nMAINPID=${child.pid}\nSTATUS=listener tcp, backend null`,
    )
  })

  it.each(['-w', 'wait_for_init'] as const)('with %s it waits for what is not there yet', async (how) => {
    configure()
    if (how !== '-w') {
      writeFileSync(
        file('conf'),
        readFileSync(file('conf'), 'utf8').replace('fence_virtd {', `fence_virtd { ${how} = "1";`),
      )
    }
    const other = net.createServer()
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    const argv = [quorate, 'fence_virtd', '-F', '-f', file('conf'), '-p', file('d.pid'), ...(how === '-w' ? [how] : [])]
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'] })
    children.push(child)
    let told = ''
    child.stderr.on('data', (text: Buffer) => {
      told += text.toString()
      if (told.includes('trying again in 5 s')) other.close()
    })
    await vi.waitFor(() => expect(told).toContain('fence_virtd starting'), { timeout: patienceMs, interval: 50 })
    expect(told).toContain('listener tcp: bind')
    expect(client('-o', 'monitor').code).toBe(0)
    child.kill('SIGINT')
    expect(await ended(child)).toBe(0)
  })

  it('keeps nothing open of what it could not start', async () => {
    writeFileSync(
      file('conf'),
      `fence_virtd { listener = "multicast"; backend = "null"; }
listeners { multicast { key_file = "${file('key')}"; port = "${port}"; interface = "nosuch0"; } }\n`,
    )
    const done = run('fence_virtd', ['-F', '-f', file('conf'), '-p', file('d.pid')])
    expect(done.code).toBe(1)
    expect(done.err).toContain("no ipv4 multicast on interface 'nosuch0'")
  })

  it('ends while it waits', async () => {
    configure()
    const other = net.createServer()
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    const argv = [quorate, 'fence_virtd', '-F', '-w', '-f', file('conf'), '-p', file('d.pid')]
    const env = { ...process.env, NOTIFY_SOCKET: file('nobody') }
    const child = spawn(process.execPath, argv, { stdio: ['ignore', 'ignore', 'pipe'], env })
    children.push(child)
    let told = ''
    child.stderr.on('data', (text: Buffer) => {
      told += text.toString()
      if (told.includes('trying again')) child.kill('SIGQUIT')
    })
    expect(await ended(child)).toBe(0)
    other.close()
    // Nor does it say meanwhile that it serves.
    expect(told.trim().split('\n')).toEqual([expect.stringContaining('trying again')])
    expect(existsSync(file('d.pid'))).toBe(false)
  })

  it('refuses what it cannot use, with the exit codes of the C daemon', () => {
    configure('checkpoint')
    expect(run('fence_virtd', ['-F', '-f', file('conf')])).toMatchObject({
      code: 255,
      err: expect.stringContaining("use 'cpg'"),
    })
    configure('zz')
    expect(run('fence_virtd', ['-F', '-f', file('conf')])).toMatchObject({
      code: 1,
      out: expect.stringContaining('Could not find backend "zz"\n'),
    })
    configure('null', 'hash = "x\r";')
    expect(run('fence_virtd', ['-F', '-f', file('conf')])).toMatchObject({
      code: 1,
      out: expect.stringContaining('Listener plugin tcp failed to initialize\n'),
      err: `${file('conf')}:2: listeners/tcp/hash: expected none, sha1, sha256, sha512, got 'x\\r'\n`,
    })
    writeFileSync(file('conf'), 'foo')
    expect(run('fence_virtd', ['-F', '-f', file('conf')])).toMatchObject({
      code: 255,
      out: expect.stringContaining(`Failed to parse ${file('conf')}`),
      err: expect.stringContaining('conf:1: foo: expected'),
    })
    configure()
    rmSync(file('key'))
    expect(run('fence_virtd', ['-F', '-f', file('conf')])).toMatchObject({
      code: 255,
      out: expect.stringContaining(`stat failed on file '${file('key')}': No such file or directory`),
    })
    expect(run('fence_virtd', ['-h']).code).toBe(0)
    expect(run('fence_virtd', ['-l']).out).toContain('    multicast\n')
  })

  it('asks and writes its configuration, which it then reads', () => {
    const answers = ['y', '', 'tcp', '127.0.0.1', `${port}`, file('key'), 'null', 'y'].join('\n')
    const done = run('fence_virtd', ['-c', '-f', file('new')], `${answers}\n`)
    expect(done.code).toBe(0)
    expect(statSync(file('new')).mode & 0o777).toBe(0o600)
    expect(readFileSync(file('new'), 'utf8')).toContain(`\t\tport = "${port}";\n`)
    const refused = run('fence_virtd', ['-c', '-f', file('other')], 'n\n')
    expect([refused.code, existsSync(file('other'))]).toEqual([1, false])
  })
})
