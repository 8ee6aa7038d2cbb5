import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Lab, labMissing } from '@quorate/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('corobig')
/** Two programs on each of three nodes send messages of these sizes by turns, bytes. */
const sizes = [700_000, 1_600_000, 5_000]
const senders = 2 * 3
/** How often a fourth node comes and goes while they talk. */
const changes = 3
let folder: string

/**
 * Joins a group, waits for the five others, sends messages, one when it has heard the last, until the file is there and
 * each size was sent twice, and then a short one; when all six have come to their end prints who said what, by digests, in order.
 */
const talker = (client: string, stopFile: string): string => `
import fs from 'node:fs'
import { createHash, randomBytes } from 'node:crypto'
import { connectRing } from ${JSON.stringify(client)}
const digest = (bytes) => createHash('md5').update(bytes).digest('hex')
const heard = []
let ended = 0
let heardOwn = () => {}
let own = ''
const sizes = ${JSON.stringify(sizes)}
let begun = false
const cpg = await connectRing().cpg({
  deliver: (from, message) => {
    if (message.length === 1) {
      ended += 1
      if (ended === ${senders}) { console.log(heard.join(' ')); process.exit(0) }
      return
    }
    const named = Buffer.from(message.subarray(0, 32)).toString()
    const isWhole = digest(message.subarray(32)) === named
    if (named === own) heardOwn()
    heard.push(from.nodeId + ':' + message.length + ':' + (isWhole ? digest(message).slice(0, 8) : 'damaged'))
  },
  confchg: ({ members }) => {
    if (members.length < ${senders} || begun) return
    begun = true
    void (async () => {
      for (let i = 0; i < 2 * sizes.length || !fs.existsSync(${JSON.stringify(stopFile)}); i += 1) {
        const body = randomBytes(sizes[i % sizes.length])
        own = digest(body)
        const isHeard = new Promise((resolve) => { heardOwn = resolve })
        await cpg.mcast(Buffer.concat([Buffer.from(own), body]))
        await isHeard
      }
      await cpg.mcast(Buffer.alloc(1))
    })()
  },
  onClose: () => { console.log('closed'); process.exit(1) },
})
await cpg.join('large')
`

beforeAll(async () => {
  if (missing !== undefined) return
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'large-'))
  const client = new URL('../../dist/client/index.js', import.meta.url).href
  fs.writeFileSync(path.join(folder, 'talker.mjs'), talker(client, path.join(folder, 'stop')))
  await lab.up({ nodes: 4, transport: 'udpu', tokenMs: 1000 })
  for (const node of [1, 2, 3]) await lab.startCorosync(node, node === 2 ? 'ours' : 'real')
  await lab.waitRing()
})

afterAll(async () => {
  if (missing !== undefined) return
  await lab.down()
  fs.rmSync(folder, { recursive: true, force: true })
})

test.skipIf(missing !== undefined)(
  `messages of up to ${Math.max(...sizes)} bytes from six senders on real nodes and ours arrive whole, in one order, while nodes come and go${why}`,
  async () => {
    const run = (node: number) => lab.exec(node, process.execPath, path.join(folder, 'talker.mjs'))
    const running = Promise.all([1, 1, 2, 2, 3, 3].map(run))
    // Each change of the ring puts what services say while they synchronise between the fragments of messages.
    for (let change = 0; change < changes; change += 1) {
      await lab.startCorosync(4, change % 2 === 0 ? 'real' : 'ours')
      await lab.waitRing()
      await lab.must(['signal', '4', 'corosync', 'KILL'])
      while ((await lab.run(['pid', '4', 'corosync'])).status === 0)
        await new Promise((resolve) => setTimeout(resolve, 50))
    }
    fs.writeFileSync(path.join(folder, 'stop'), '')
    const outputs = (await running).map(({ stdout }) => stdout.trim().split(' '))
    const [first = []] = outputs
    for (const node of [1, 2, 3]) {
      expect(first.filter((message) => message.startsWith(`${node}:`)).length).toBeGreaterThanOrEqual(
        2 * 2 * sizes.length,
      )
    }
    expect(first.filter((message) => message.endsWith('damaged'))).toEqual([])
    for (const other of outputs) expect(other).toEqual(first)
  },
)
