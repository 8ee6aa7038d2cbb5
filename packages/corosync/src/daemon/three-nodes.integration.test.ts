import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import dgram from 'node:dgram'
import { once } from 'node:events'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { nodeId } from '@quorate/base'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CpgClient, type CpgMember, connectRing, type QuorumView } from '../client/index.ts'

const program = fileURLToPath(new URL('../../../cli/bin/quorate.js', import.meta.url))
/** Clear of ports that the kernel hands out; a ring takes the one below as well. */
const port = 25_000 + 2 * (process.pid % 2500)
/** Not a measure of speed: a loaded machine may take its time. */
const patienceMs = 240_000
/** Where a node is to be missed soon. One that does not get to run for so long is missed as well. */
const soonMs = 2000
/** So long that no machine, however busy, misses a token by it. */
const neverMs = 30_000
const ids = [1, 2, 3]

let root: string
const running = new Map<number, ChildProcess>()

const folderOf = (id: number): string => path.join(root, `n${id}`)
const logOf = (id: number): string => fs.readFileSync(path.join(folderOf(id), 'var/log/corosync.log'), 'utf8')

function configuration(tokenMs: number): string {
  const nodes = ids.map((id) => `  node {\n    nodeid: ${id}\n    name: n${id}\n    ring0_addr: 127.0.0.${id}\n  }\n`)
  return `totem {
  version: 2
  transport: udpu
  token: ${tokenMs}
  token_coefficient: 50
  interface {
    mcastport: ${port}
  }
}
nodelist {
${nodes.join('')}}
quorum {
  provider: corosync_votequorum
}
system {
  sched_rr: no
}
logging {
  to_stderr: no
  to_syslog: no
  to_logfile: yes
  logfile: /var/log/corosync.log
}
`
}

function prepare(id: number, tokenMs = soonMs, text = configuration(tokenMs)): void {
  const folder = folderOf(id)
  fs.mkdirSync(path.join(folder, 'etc/corosync'), { recursive: true })
  fs.writeFileSync(path.join(folder, 'etc/hostname'), `n${id}\n`)
  fs.writeFileSync(path.join(folder, 'etc/corosync/corosync.conf'), text)
}

/** As {@link prepare}, with what corosync does where no transport is named: knet, and a key for it. */
function prepareSecure(id: number, key: Uint8Array): void {
  const secure = configuration(neverMs).replace('transport: udpu', 'secauth: on')
  // Links that are up soon, and stay so on a machine that is busy.
  const pings = `knet_ping_interval: 100\n    knet_ping_timeout: ${neverMs}`
  prepare(id, neverMs, secure.replace('mcastport', `${pings}\n    mcastport`))
  fs.writeFileSync(path.join(folderOf(id), 'etc/corosync/authkey'), key, { mode: 0o400 })
}

function start(id: number): ChildProcess {
  const child = spawn(process.execPath, [program, 'corosync', '-f'], {
    env: { ...process.env, QUORATE_ROOT: folderOf(id) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  running.set(id, child)
  return child
}

async function end(id: number, signal: NodeJS.Signals): Promise<number | null> {
  const child = running.get(id)
  running.delete(id)
  if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null
  child.kill(signal)
  const [code] = (await once(child, 'exit')) as [number | null]
  return code
}

/** Tells what its handlers were told, and waits for it. */
class Heard<T> {
  readonly all: T[] = []
  #wake: (() => void) | undefined

  add(item: T): void {
    this.all.push(item)
    this.#wake?.()
  }

  async until(what: string, isIt: (all: readonly T[]) => boolean): Promise<void> {
    const end = Date.now() + patienceMs
    while (!isIt(this.all)) {
      if (Date.now() > end) throw new Error(`${what}: heard only ${JSON.stringify(this.all)}`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        setTimeout(resolve, 500)
      })
    }
  }
}

/** Opens a door of node `id`: its root must be the environment's while the connection is made. */
async function at<T>(id: number, open: () => Promise<T>): Promise<T> {
  process.env['QUORATE_ROOT'] = folderOf(id)
  const deadline = Date.now() + patienceMs
  for (;;) {
    try {
      return await open()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
}

type Member = { readonly client: CpgClient; readonly heard: Heard<string> }

async function joinGroup(id: number): Promise<Member> {
  const heard = new Heard<string>()
  const text = (items: readonly CpgMember[]): string => items.map((item) => item.nodeId).join(' ')
  const client = await at(id, () =>
    connectRing().cpg({
      deliver: (from, message) => heard.add(`${from.nodeId}: ${Buffer.from(message).toString()}`),
      confchg: ({ members, left, joined }) => heard.add(`[${text(members)}] -[${text(left)}] +[${text(joined)}]`),
      onClose: () => undefined,
    }),
  )
  await client.join('demo')
  return { client, heard }
}

async function watchQuorum(id: number): Promise<Heard<QuorumView>> {
  const heard = new Heard<QuorumView>()
  await at(id, () => connectRing().quorum({ changed: (view) => heard.add(view), onClose: () => undefined }))
  return heard
}

const isQuorateWith =
  (...members: readonly number[]) =>
  (views: readonly QuorumView[]): boolean => {
    const last = views.at(-1)
    return last?.isQuorate === true && last.members.join(' ') === members.join(' ')
  }

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), 'qr-'))
  for (const id of ids) prepare(id)
})

afterEach(async () => {
  await Promise.all([...running.keys()].map((id) => end(id, 'SIGKILL')))
  delete process.env['QUORATE_ROOT']
  fs.rmSync(root, { recursive: true, force: true })
})

test('three nodes form a ring, carry cpg messages in one order, survive a SIGKILL and take the node back', async () => {
  for (const id of ids) start(id)
  const quorum = await watchQuorum(1)
  await quorum.until('a ring of three', isQuorateWith(1, 2, 3))

  const members = [await joinGroup(1), await joinGroup(2), await joinGroup(3)]
  const [first, second, third] = members as [Member, Member, Member]
  for (const { heard } of members) await heard.until('all joined', (all) => all.some((l) => l.startsWith('[1 2 3]')))
  await Promise.all([
    ...Array.from({ length: 50 }, (_, i) => first.client.mcast(Buffer.from(`a${i}`))),
    ...Array.from({ length: 50 }, (_, i) => second.client.mcast(Buffer.from(`b${i}`))),
    third.client.mcast(Buffer.alloc(20_000, 'x')),
  ])
  const messages = (member: Member): string[] => member.heard.all.filter((line) => !line.startsWith('['))
  for (const member of members) await member.heard.until('101 messages', () => messages(member).length === 101)
  expect(messages(second)).toEqual(messages(first))
  expect(messages(third)).toEqual(messages(first))

  await end(3, 'SIGKILL')
  await quorum.until('a ring of two', isQuorateWith(1, 2))
  for (const { heard } of [first, second]) {
    await heard.until('its process gone', (all) => all.at(-1) === '[1 2] -[3] +[]')
  }

  start(3)
  await quorum.until('a ring of three again', isQuorateWith(1, 2, 3))
  await joinGroup(3)
  for (const { heard } of [first, second]) {
    await heard.until('its process back', (all) => all.at(-1) === '[1 2 3] -[] +[3]')
  }
})

test('SIGTERM: the node says good-bye, ends with 0, and the others know without missing a token', async () => {
  for (const id of ids) prepare(id, neverMs)
  for (const id of ids) start(id)
  const quorum = await watchQuorum(1)
  await quorum.until('a ring of three', isQuorateWith(1, 2, 3))
  expect(await end(2, 'SIGTERM')).toBe(0)
  await quorum.until('a ring of two', isQuorateWith(1, 3))
  expect(logOf(1)).not.toContain('A processor failed')
  expect(fs.existsSync(path.join(folderOf(2), 'run/corosync.pid'))).toBe(false)
})

test('with secauth: two nodes with one key form a ring; one with another key stays alone, and all say why', async () => {
  const key = randomBytes(256)
  for (const id of ids) prepareSecure(id, id === 3 ? randomBytes(256) : key)
  for (const id of ids) start(id)
  const quorum = await watchQuorum(1)
  await quorum.until('a ring of two', isQuorateWith(1, 2))
  const alone = await watchQuorum(3)
  await alone.until('a ring of one', (views) => views.at(-1)?.members.join() === '3')
  const [first, second] = [await joinGroup(1), await joinGroup(2)]
  await first.heard.until('both joined', (all) => all.some((line) => line.startsWith('[1 2]')))
  // More than the loopback takes in one packet.
  const text = 'x'.repeat(150_000)
  await first.client.mcast(Buffer.from(text))
  await second.heard.until('the message', (all) => all.includes(`1: ${text}`))
  const said = 'Unable to decrypt packet'
  for (const id of ids) await expect.poll(() => logOf(id), { timeout: patienceMs }).toContain(said)
  await expect.poll(() => logOf(1), { timeout: patienceMs }).toContain(`Packet of 127.0.0.3 dropped: ${said}`)
  expect(logOf(1)).not.toContain(`Packet of 127.0.0.2 dropped: ${said}`)
  expect(quorum.all.every(({ members }) => !members.includes(nodeId(3)))).toBe(true)
})

test('with secauth: a new key, and another cipher, are taken over without a restart, once every node has them', async () => {
  const [old, fresh] = [randomBytes(256), randomBytes(256)]
  const copy = (id: number): void => {
    const file = path.join(folderOf(id), 'etc/corosync/authkey')
    fs.rmSync(file)
    fs.writeFileSync(file, fresh, { mode: 0o400 })
  }
  const reload = async (id: number): Promise<void> => {
    const cfg = await at(id, () => connectRing().cfgWithoutTracking(() => undefined))
    await cfg.reloadConfig()
    cfg.close()
  }
  for (const id of ids) prepareSecure(id, old)
  for (const id of ids) start(id)
  const quorum = await watchQuorum(1)
  await quorum.until('a ring of three', isQuorateWith(1, 2, 3))
  const views = quorum.all.length

  // Node 3 is forgotten: it stays in the ring, and is named.
  for (const id of [1, 2]) copy(id)
  await reload(1)
  await expect.poll(() => logOf(1), { timeout: patienceMs }).toContain('Nodes without the new key: 3.')
  copy(3)
  await reload(2)
  const forgotten = 'The old key is not accepted any more'
  for (const id of ids) await expect.poll(() => logOf(id), { timeout: patienceMs }).toContain(forgotten)
  const [first, third] = [await joinGroup(1), await joinGroup(3)]
  await third.heard.until('both joined', (all) => all.some((line) => line.startsWith('[1 3]')))
  await first.client.mcast(Buffer.from('sealed anew'))
  await third.heard.until('the message', (all) => all.includes('1: sealed anew'))
  // Another cipher and hash take more of each packet: a long message is cut otherwise.
  for (const id of ids) {
    const file = path.join(folderOf(id), 'etc/corosync/corosync.conf')
    const text = fs.readFileSync(file, 'utf8')
    fs.writeFileSync(file, text.replace('secauth: on', 'crypto_cipher: aes128\n  crypto_hash: sha512'))
  }
  await reload(3)
  const twice = (text: string): number => text.split(forgotten).length - 1
  for (const id of ids) await expect.poll(() => twice(logOf(id)), { timeout: patienceMs }).toBe(2)
  const text = 'y'.repeat(150_000)
  await first.client.mcast(Buffer.from(text))
  await third.heard.until('the long message', (all) => all.includes(`1: ${text}`))
  expect(quorum.all).toHaveLength(views)
  for (const id of ids) expect(logOf(id)).not.toContain('Unable to decrypt')

  // Who still has the old one stays out.
  await end(2, 'SIGTERM')
  fs.rmSync(path.join(folderOf(2), 'etc/corosync/authkey'))
  prepareSecure(2, old)
  start(2)
  await expect.poll(() => logOf(1), { timeout: patienceMs }).toContain('Packet of 127.0.0.2 dropped: Unable to decrypt')
})

test('a broken corosync.conf: one message with file and line, exit 1, nothing started', () => {
  const file = path.join(folderOf(1), 'etc/corosync/corosync.conf')
  fs.writeFileSync(file, configuration(soonMs).replace(`token: ${soonMs}`, 'token: soon'))
  const { status, stderr } = spawnSync(process.execPath, [program, 'corosync', '-f'], {
    env: { ...process.env, QUORATE_ROOT: folderOf(1) },
    encoding: 'utf8',
  })
  expect(status).toBe(1)
  expect(stderr).toBe(
    `corosync: ${file}:4: Value of key "totem.token" is expected to be integer in range (0..4294967295), but "soon" was given\n`,
  )
  expect(fs.existsSync(path.join(folderOf(1), 'run'))).toBe(false)
})

test('a second corosync on the same root says so and ends with 18; the first goes on', async () => {
  const first = start(1)
  await watchQuorum(1)
  const { status, stderr } = spawnSync(process.execPath, [program, 'corosync', '-f'], {
    env: { ...process.env, QUORATE_ROOT: folderOf(1) },
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([18, 'corosync: Another Corosync instance is already running.\n'])
  expect(first.exitCode).toBe(null)
  await watchQuorum(1)
})

test('noise from a listed address is dropped and told of once a second; the ring stays', async () => {
  for (const id of [1, 2]) prepare(id, neverMs)
  start(1)
  start(2)
  const quorum = await watchQuorum(1)
  await quorum.until('a ring of two', isQuorateWith(1, 2))
  const began = performance.now()
  const socket = dgram.createSocket('udp4')
  await new Promise<void>((resolve) => socket.bind({ address: '127.0.0.3', port: 0 }, resolve))
  const token = Buffer.alloc(57 + 16)
  token.writeUInt16LE(0xc070)
  token[2] = 3
  token.writeInt32LE(0x4000_0000, 53)
  for (let i = 0; i < 300; i += 1) {
    const noise = i % 2 === 0 ? token : Buffer.from(Array.from({ length: i }, (_, at) => (at * 31 + i * 7) % 256))
    await new Promise((resolve) => socket.send(noise, port, '127.0.0.1', resolve))
  }
  socket.close()
  await end(2, 'SIGTERM')
  await quorum.until('its view after the noise', (views) => views.at(-1)?.members.join() === '1')
  const lines = logOf(1).match(/Packet of 127\.0\.0\.3 dropped/g) ?? []
  expect(lines.length).toBeGreaterThan(0)
  expect(lines.length).toBeLessThanOrEqual(1 + Math.ceil((performance.now() - began) / 1000))
  expect(logOf(1)).not.toContain('A processor failed')
})
