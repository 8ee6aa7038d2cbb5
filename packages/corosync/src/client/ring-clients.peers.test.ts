import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Lab, labMissing } from '@quorate/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('qbclient')
const entry = new URL('../../dist/client/index.js', import.meta.url).href
let folder: string

beforeAll(async () => {
  if (missing !== undefined) return
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'qbclient-'))
  await lab.up({ nodes: 2, transport: 'udpu', tokenMs: 1000 })
  await lab.startCorosync(1, 'real')
  await lab.startCorosync(2, 'real')
  await lab.waitRing()
})

afterAll(async () => {
  if (missing !== undefined) return
  await lab.down()
  fs.rmSync(folder, { recursive: true, force: true })
})

const withBigints = `JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? Number(item) : item))`

/** Runs a program in a node; what it passes to `tell` comes back, a value a line. */
async function probe(node: number, body: string): Promise<readonly unknown[]> {
  const file = path.join(folder, `probe-${node}-${Math.abs(body.length)}.mjs`)
  fs.writeFileSync(
    file,
    `import { connectRing } from ${JSON.stringify(entry)}
const tell = (value) => process.stdout.write(${withBigints} + '\\n')
const fatal = (error) => { tell({ closed: error.message }); process.exit(1) }
const ring = connectRing()
${body}
`,
  )
  const { stdout, stderr } = await lab.exec(node, process.execPath, file)
  expect(stderr).toBe('')
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}

test.skipIf(missing !== undefined)(`cmap: reads, writes, iterates and follows changes${why}`, async () => {
  const told = await probe(
    1,
    `
const cmap = await ring.cmap(fatal)
tell(await cmap.get('totem.version'))
tell((await cmap.get('no.such.key')) ?? 'none')
tell(await cmap.keys('nodelist.node.0.'))
let changes = 0
const stop = await cmap.track('probe.', { prefix: true }, (key, value) => {
  tell([key, value ?? 'gone'])
  changes += 1
  if (changes === 4) void finish()
})
async function finish() {
  await stop()
  tell(await cmap.set('totem.version', { type: 'u32', value: 3 }).catch((error) => error.code))
  cmap.close()
}
await cmap.set('probe.text', { type: 'string', value: 'hällo' })
await cmap.set('probe.count', { type: 'i64', value: -7n })
await cmap.adjust('probe.count', 5)
await cmap.delete('probe.count')
`,
  )
  expect(told).toEqual([
    { type: 'u32', value: 2 },
    'none',
    ['nodelist.node.0.name', 'nodelist.node.0.nodeid', 'nodelist.node.0.ring0_addr'],
    ['probe.text', { type: 'string', value: 'hällo' }],
    ['probe.count', { type: 'i64', value: -7 }],
    ['probe.count', { type: 'i64', value: -2 }],
    ['probe.count', 'gone'],
    'CS_ERR_ACCESS',
  ])
})

test.skipIf(missing !== undefined)(`quorum, votequorum and cfg tell who is there${why}`, async () => {
  const told = await probe(
    2,
    `
const votequorum = await ring.votequorum({ quorumChanged() {}, expectedVotesChanged() {}, onClose: fatal })
const { nodeId, state, votes, expectedVotes, totalVotes } = await votequorum.info(0)
tell({ nodeId, state, votes, expectedVotes, totalVotes })
tell((await votequorum.info(99)) ?? 'none')
const cfg = await ring.cfg({ testShutdown: async () => true, onClose: fatal })
tell([cfg.localNodeId, await cfg.addresses(1), (await cfg.nodeStatus(1)).isReachable])
const quorum = await ring.quorum({
  changed: ({ isQuorate, ringRep, members }) => {
    tell({ isQuorate, ringRep, members })
    quorum.getQuorate().then((isQuorate) => {
      tell(isQuorate)
      for (const door of [votequorum, cfg, quorum]) door.close()
    })
  },
  onClose: fatal,
})
`,
  )
  expect(told).toEqual([
    { nodeId: 2, state: 'member', votes: 1, expectedVotes: 2, totalVotes: 2 },
    'none',
    [2, ['10.88.0.1'], true],
    { isQuorate: true, ringRep: 1, members: [1, 2] },
    true,
  ])
})

/** Says hello when two are in the group, tells what it hears, leaves when it has heard `want` messages. */
const talker = (mine: readonly number[], want: number): string => `
let heard = 0
let begun = false
const cpg = await ring.cpg({
  confchg: async ({ members, left, joined }) => {
    if (members.length === 2 && !begun) {
      begun = true
      for (const size of ${JSON.stringify(mine)}) await cpg.mcast(new Uint8Array(size).fill(size & 255))
    }
    tell({ members: members.map(({ nodeId }) => nodeId), left: left.map(({ nodeId, reason }) => [nodeId, reason]), joined: joined.map(({ nodeId, reason }) => [nodeId, reason]) })
    if (members.length === 0) cpg.close()
  },
  deliver: async (from, message) => {
    tell([from.nodeId, message.length, message.every((byte) => byte === (message.length & 255))])
    heard += 1
    if (heard === ${want}) await cpg.leave()
  },
  onClose: fatal,
})
await cpg.join('probe')
`

test.skipIf(missing !== undefined)(`cpg: both ways, in one order, up to messages in parts${why}`, async () => {
  const sizes = [3, 1_048_576 - 1024, 3_000_001]
  const [one, two] = await Promise.all([probe(1, talker(sizes, 4)), probe(2, talker([77], 4))])
  const messages = (told: readonly unknown[]): readonly unknown[] => told.filter((item) => Array.isArray(item))
  expect(messages(one)).toHaveLength(4)
  expect(messages(two)).toEqual(messages(one))
  expect(messages(one).filter((item) => (item as readonly number[])[0] === 1)).toEqual(
    sizes.map((size) => [1, size, true]),
  )
  expect(messages(one)).toContainEqual([2, 77, true])
  for (const told of [one, two]) {
    expect(told).toContainEqual(expect.objectContaining({ members: [1, 2] }))
    expect(told.at(-1)).toMatchObject({ left: [[expect.any(Number), 'leave']] })
  }
})

test.skipIf(missing !== undefined)(
  `a corosync that is killed is told of once at each door, and what it left is removed${why}`,
  async () => {
    const [rings, ...told] = await probe(
      2,
      `
const open = new Set(['cmap', 'cpg', 'quorum', 'cfg'])
const closed = (door) => (error) => { tell([door, error.code]); open.delete(door) }
const cmap = await ring.cmap(closed('cmap'))
await ring.cpg({ deliver() {}, confchg() {}, onClose: closed('cpg') })
await ring.quorum({ changed() {}, onClose: closed('quorum') })
const cfg = await ring.cfg({ testShutdown: async () => true, onClose: closed('cfg') })
const fs = await import('node:fs')
const rings = () => fs.readdirSync('/dev/shm').filter((name) => /^qb-[0-9]+-[0-9]+-/.test(name))
tell(rings().length)
process.kill(Number(fs.readFileSync('/run/corosync.pid', 'utf8')), 'SIGKILL')
const turn = () => new Promise((resolve) => setTimeout(resolve, 10))
while (open.size > 0 || rings().length > 0) await turn()
tell(await cmap.get('totem.version').catch((error) => error.code))
const again = await connectRing({ tryAgainForMs: 0 }).cmap(fatal).catch((error) => error.code)
tell(again)
`,
    )
    expect(rings).toBe(4)
    expect(new Set(told.slice(0, 4).map((item) => JSON.stringify(item)))).toEqual(
      new Set(['cmap', 'cpg', 'quorum', 'cfg'].map((door) => JSON.stringify([door, 'IPC_CLOSED']))),
    )
    expect(told.slice(4)).toEqual(['CS_ERR_LIBRARY', 'CS_ERR_LIBRARY'])
  },
)
