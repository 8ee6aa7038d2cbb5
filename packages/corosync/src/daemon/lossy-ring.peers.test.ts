import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Lab, labMissing } from '@quorate/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('totem')
const ours = 2
const messagesEach = 150
const lossPercent = 3
let folder: string

/** A program that joins a group, sends numbered messages when three are in it, and prints all it hears. */
const talker = (client: string): string => `
import { connectRing } from ${JSON.stringify(client)}
const heard = []
let begun = false
const cpg = await connectRing().cpg({
  deliver: (from, message) => {
    heard.push(from.nodeId + ':' + Buffer.from(message.subarray(0, 4)).toString() + ':' + message.length)
    if (heard.length === ${3 * messagesEach}) { console.log(heard.join(' ')); process.exit(0) }
  },
  confchg: ({ members }) => {
    if (members.length < 3 || begun) return
    begun = true
    for (let i = 0; i < ${messagesEach}; i += 1) {
      void cpg.mcast(Buffer.alloc(i % 10 === 0 ? 5000 : 600, String(i).padStart(4, '0')))
    }
  },
  onClose: () => { console.log('closed'); process.exit(1) },
})
await cpg.join('lossy')
`

beforeAll(async () => {
  if (missing !== undefined) return
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'totem-'))
  const client = new URL('../../dist/client/index.js', import.meta.url).href
  fs.writeFileSync(path.join(folder, 'talker.mjs'), talker(client))
  await lab.up({ nodes: 3, transport: 'udpu', tokenMs: 3000 })
  for (const node of [1, 2, 3]) await lab.startCorosync(node, node === ours ? 'ours' : 'real')
  await lab.waitRing()
})

afterAll(async () => {
  if (missing !== undefined) return
  await lab.down()
  fs.rmSync(folder, { recursive: true, force: true })
})

test.skipIf(missing !== undefined)(
  `ours between two real ones: nothing is lost, doubled or out of order where ${lossPercent} % of all frames get lost${why}`,
  async () => {
    for (const a of ['1', '2', '3']) {
      for (const b of ['1', '2', '3']) if (a !== b) await lab.must(['loss', a, b, String(lossPercent)])
    }
    const run = (node: number) => lab.exec(node, process.execPath, path.join(folder, 'talker.mjs'))
    const outputs = await Promise.all([run(1), run(2), run(3)])
    const [first, second, third] = outputs.map(({ stdout }) => stdout.trim().split(' '))
    await lab.must(['heal'])
    expect(first).toHaveLength(3 * messagesEach)
    expect(new Set(first).size).toBe(3 * messagesEach)
    expect(second).toEqual(first)
    expect(third).toEqual(first)
  },
)
