import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Lab, labMissing, patienceMs } from '@quorate/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

const missing = labMissing([
  '/usr/sbin/corosync',
  '/usr/sbin/corosync-quorumtool',
  '/usr/sbin/corosync-cmapctl',
  '/usr/sbin/corosync-cpgtool',
  '/usr/sbin/corosync-cfgtool',
])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('corox')
const ours = 3
let folder: string

/** A program that joins a group, sends `count` numbered messages when three are in it, and prints all it hears. */
const talker = (client: string): string => `
import { connectRing } from ${JSON.stringify(client)}
const [, , group, count, want] = process.argv
const heard = []
let begun = false
const cpg = await connectRing().cpg({
  deliver: (from, message) => {
    heard.push(from.nodeId + ':' + Buffer.from(message.subarray(0, 8)).toString() + ':' + message.length)
    if (heard.length === Number(want)) { console.log(heard.join(' ')); process.exit(0) }
  },
  confchg: ({ members }) => {
    if (members.length < 3 || begun) return
    begun = true
    for (let i = 0; i < Number(count); i += 1) void cpg.mcast(Buffer.alloc(i % 10 === 0 ? 5000 : 40, 'm' + i + '.......'))
  },
  onClose: () => { console.log('closed'); process.exit(1) },
})
await cpg.join(group)
`

beforeAll(async () => {
  if (missing !== undefined) return
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'corox-'))
  const client = new URL('../../dist/client/index.js', import.meta.url).href
  fs.writeFileSync(path.join(folder, 'talker.mjs'), talker(client))
  // That no token was missed is asserted: a node that hardly gets to run is not to be lost.
  await lab.up({ nodes: 3, transport: 'udpu', tokenMs: 2500 })
  await lab.startCorosync(1, 'real')
  await lab.startCorosync(2, 'real')
  await lab.startCorosync(ours, 'ours')
  await lab.waitRing()
})

afterAll(async () => {
  if (missing !== undefined) return
  await lab.down()
  fs.rmSync(folder, { recursive: true, force: true })
})

async function toolOutput(node: number, ...command: readonly string[]): Promise<string> {
  const { status, stdout } = await lab.exec(node, ...command)
  expect(status, command.join(' ')).toBe(0)
  return stdout
}

const nodesSeen = async (node: number): Promise<string> =>
  /^Nodes: +(\d+)$/m.exec((await lab.exec(node, 'corosync-quorumtool', '-s')).stdout)?.[1] ?? '?'

/** Waits until each of the nodes sees so many: one hears of a change before another does. */
async function untilSeen(count: number, ...nodes: readonly number[]): Promise<void> {
  const end = Date.now() + patienceMs
  for (;;) {
    const seen = await Promise.all(nodes.map(nodesSeen))
    if (seen.every((text) => text === String(count))) return
    if (Date.now() > end) throw new Error(`nodes ${nodes.join()} see ${seen.join()} nodes, not ${count}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test.skipIf(missing !== undefined)(
  `corosync-quorumtool, -cmapctl, -cpgtool and -cfgtool say the same of ours${why}`,
  async () => {
    const status = async (node: number): Promise<string> =>
      (await toolOutput(node, 'corosync-quorumtool', '-s'))
        .replace(/^Date: .*$/m, '')
        .replace(/^Node ID: .*$/m, '')
        .replaceAll(' (local)', '')
    expect(await status(ours)).toBe(await status(1))
    expect(await status(ours)).toContain('Quorate:          Yes')

    const links = async (node: number): Promise<string> =>
      (await toolOutput(node, 'corosync-cfgtool', '-s'))
        .replace(/^Local node ID \d/, '')
        // The tool shows the address of the last node that is not its own.
        .replace(/addr\t= [\d.]+\d$/m, 'addr')
        .replaceAll(/(localhost|connected)/g, 'there')
    expect(await links(ours)).toBe(await links(1))
    expect(await toolOutput(ours, 'corosync-cpgtool')).toBe(await toolOutput(1, 'corosync-cpgtool'))

    const keys = async (node: number): Promise<string[]> =>
      (await toolOutput(node, 'corosync-cmapctl'))
        .split('\n')
        .filter((line) => !/_services?\.|\.services\.|\.(pload|mon|wd)\.|^resources\./.test(line))
        .filter((line) => !/service\.[467]\.|local_node_pos|this_node_id|bindnetaddr/.test(line))
    expect(await keys(ours)).toEqual(await keys(1))
  },
)

test.skipIf(missing !== undefined)(`cpg: all three nodes hear the same messages in the same order${why}`, async () => {
  const run = (node: number): Promise<string> =>
    toolOutput(node, process.execPath, path.join(folder, 'talker.mjs'), 'order', '40', '120')
  const [first, second, third] = await Promise.all([run(1), run(2), run(ours)])
  expect(first.split(' ')).toHaveLength(120)
  expect(second).toBe(first)
  expect(third).toBe(first)
})

test.skipIf(missing !== undefined)(`each side survives a SIGKILL of the other, and takes it back${why}`, async () => {
  await lab.must(['signal', '2', 'corosync', 'KILL'])
  await untilSeen(2, 1, ours)
  await lab.startCorosync(2, 'real')
  await untilSeen(3, 1, 2, ours)

  await lab.must(['signal', String(ours), 'corosync', 'KILL'])
  await untilSeen(2, 1, 2)
  await lab.startCorosync(ours, 'ours')
  await untilSeen(3, 1, 2, ours)
})

test.skipIf(missing !== undefined)(`a clean stop of ours is told to real ones, who miss no token${why}`, async () => {
  const failures = async (): Promise<number> =>
    (await lab.must(['logs', '1', 'corosync'])).stdout.split('A processor failed').length - 1
  const before = await failures()
  // The test before this one killed two of them.
  expect(before).toBeGreaterThan(0)
  await lab.must(['stop', String(ours), 'corosync'])
  await untilSeen(2, 1, 2)
  expect(await failures()).toBe(before)
  await lab.startCorosync(ours, 'ours')
  await untilSeen(3, 1, 2, ours)
})
