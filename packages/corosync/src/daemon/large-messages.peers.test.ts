import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Lab, labMissing } from '@quorate/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('corobig')
/** Messages of each of two programs on each of three nodes, by turns of these sizes, bytes. */
const messagesEach = 12
const sizes = [700_000, 1_600_000, 5_000]
const due = 2 * 3 * messagesEach
let folder: string

/** Joins a group, waits for the five others, sends its messages, and prints who said what, by digests, in order. */
const talker = (client: string): string => `
import { createHash, randomBytes } from 'node:crypto'
import { connectRing } from ${JSON.stringify(client)}
const digest = (bytes) => createHash('md5').update(bytes).digest('hex')
const heard = []
const sizes = ${JSON.stringify(sizes)}
let begun = false
const cpg = await connectRing().cpg({
  deliver: (from, message) => {
    const isWhole = digest(message.subarray(32)) === Buffer.from(message.subarray(0, 32)).toString()
    heard.push(from.nodeId + ':' + message.length + ':' + (isWhole ? digest(message).slice(0, 8) : 'damaged'))
    if (heard.length === ${due}) { console.log(heard.join(' ')); process.exit(0) }
  },
  confchg: ({ members }) => {
    if (members.length < 6 || begun) return
    begun = true
    void (async () => {
      for (let i = 0; i < ${messagesEach}; i += 1) {
        const body = randomBytes(sizes[i % sizes.length])
        await cpg.mcast(Buffer.concat([Buffer.from(digest(body)), body]))
      }
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
  fs.writeFileSync(path.join(folder, 'talker.mjs'), talker(client))
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
    let isOver = false
    const run = (node: number) => lab.exec(node, process.execPath, path.join(folder, 'talker.mjs'))
    const running = Promise.all([1, 1, 2, 2, 3, 3].map(run)).finally(() => {
      isOver = true
    })
    // Each change of the ring puts what services say while they synchronise between the fragments of messages.
    let changes = 0
    while (!isOver) {
      await lab.startCorosync(4, changes % 2 === 0 ? 'real' : 'ours')
      await lab.waitRing()
      if (!isOver) changes += 1
      await lab.must(['signal', '4', 'corosync', 'KILL'])
      while ((await lab.run(['pid', '4', 'corosync'])).status === 0)
        await new Promise((resolve) => setTimeout(resolve, 50))
    }
    const outputs = (await running).map(({ stdout }) => stdout.trim().split(' '))
    const [first = []] = outputs
    expect(first).toHaveLength(due)
    expect(first.filter((message) => message.endsWith('damaged'))).toEqual([])
    for (const other of outputs) expect(other).toEqual(first)
    expect(changes).toBeGreaterThan(0)
  },
)
