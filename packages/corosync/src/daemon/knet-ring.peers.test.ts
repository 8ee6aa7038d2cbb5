import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { Lab, labMissing, patienceMs } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, type TestContext, test } from 'vitest'

const missing = labMissing([
  '/usr/sbin/corosync',
  '/usr/sbin/corosync-quorumtool',
  '/usr/sbin/corosync-cmapctl',
  '/usr/sbin/corosync-cfgtool',
])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const ours = 3
const file = '/etc/corosync/corosync.conf'
/** Bytes of messages that are sent by turns: one packet, some, and more parts than one frame has. */
const sizes = [40, 5000, 200_000]
/** Messages of each of three nodes. */
const each = 12
let folder: string

/** Joins a group, sends messages when three are in it, and prints what it hears until it has heard all. */
const talker = (client: string): string => `
import { createHash, randomBytes } from 'node:crypto'
import { connectRing } from ${JSON.stringify(client)}
const sizes = ${JSON.stringify(sizes)}
const heard = []
let begun = false
const cpg = await connectRing().cpg({
  deliver: (from, message) => {
    heard.push(from.nodeId + ':' + message.length + ':' + createHash('md5').update(message).digest('hex'))
    if (heard.length === ${3 * each}) { console.log(heard.join(' ')); process.exit(0) }
  },
  confchg: ({ members }) => {
    if (members.length < 3 || begun) return
    begun = true
    void (async () => {
      for (let i = 0; i < ${each}; i += 1) await cpg.mcast(randomBytes(sizes[i % sizes.length]))
    })()
  },
  onClose: () => { console.log('closed'); process.exit(1) },
})
await cpg.join('knet')
`

beforeAll(() => {
  if (missing !== undefined) return
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'knet-'))
  const client = new URL('../../dist/client/index.js', import.meta.url).href
  fs.writeFileSync(path.join(folder, 'talker.mjs'), talker(client))
})

afterAll(() => {
  if (missing === undefined) fs.rmSync(folder, { recursive: true, force: true })
})

function labOf({ onTestFinished }: TestContext, name: string): Lab {
  const lab = new Lab(name)
  onTestFinished(() => lab.down())
  return lab
}

/** Waits for what a command prints on a node. */
async function until(lab: Lab, node: number, fits: RegExp, ...command: readonly string[]): Promise<void> {
  const end = Date.now() + patienceMs
  for (;;) {
    const { stdout } = await lab.exec(node, ...command)
    if (fits.test(stdout)) return
    if (Date.now() > end) throw new Error(`${command.join(' ')} on node ${node}: ${fits} is not in\n${stdout}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** Waits until each of the nodes sees so many. */
async function untilSeen(lab: Lab, count: number, ...nodes: readonly number[]): Promise<void> {
  const seen = new RegExp(`^Nodes: +${count}$`, 'm')
  await Promise.all(nodes.map((node) => until(lab, node, seen, 'corosync-quorumtool', '-s')))
}

/** All three nodes talk, and hear the same, in the same order, undamaged. */
async function talk(lab: Lab): Promise<void> {
  const run = (node: number) => lab.exec(node, process.execPath, path.join(folder, 'talker.mjs'))
  const [first, second, third] = (await Promise.all([1, 2, ours].map(run))).map(({ stdout }) => stdout.trim())
  expect(first?.split(' ')).toHaveLength(3 * each)
  expect(second).toBe(first)
  expect(third).toBe(first)
}

async function linesOf(lab: Lab, node: number, ...command: readonly string[]): Promise<readonly string[]> {
  const { status, stdout } = await lab.exec(node, ...command)
  expect(status, command.join(' ')).toBe(0)
  return stdout.split('\n')
}

/** How often a node has formed a ring. */
async function ringsOf(lab: Lab, node: number): Promise<number> {
  return (await lab.must(['logs', String(node), 'corosync'])).stdout.split('A new membership').length
}

describe.concurrent(`a ring over knet of two real nodes and ours${why}`, () => {
  test.skipIf(missing !== undefined)(
    'plain: the C tools say the same of all, all hear the same, and each side takes the other back after a SIGKILL',
    async (context) => {
      const lab = labOf(context, 'knplain')
      await lab.up({ nodes: 3, transport: 'knet', tokenMs: 1000 })
      for (const node of [1, 2, ours]) await lab.startCorosync(node, node === ours ? 'ours' : 'real')
      await lab.waitRing()
      const found = /(mtu: 1446[\s\S]*){2}/
      await Promise.all([1, ours].map((node) => until(lab, node, found, 'corosync-cfgtool', '-n')))

      const swapped = (line: string): string =>
        line.replace(/10\.88\.0\.([13])/g, (_all, id: string) => `10.88.0.${4 - Number(id)}`)
      const nodes = await linesOf(lab, ours, 'corosync-cfgtool', '-n')
      expect(nodes.map(swapped).filter((line) => /LINK/.test(line))).toEqual([
        '   LINK: 0 udp (10.88.0.1->10.88.0.3) enabled connected mtu: 1446',
        '   LINK: 0 udp (10.88.0.1->10.88.0.2) enabled connected mtu: 1446',
      ])
      const links = async (node: number) =>
        (await linesOf(lab, node, 'corosync-cfgtool', '-s'))
          .map((line) => line.replace(/^Local node ID \d/, '').replace(`10.88.0.${node}`, 'ADDRESS'))
          .map((line) => line.replace(/(localhost|connected)/, 'there'))
      expect(await links(ours)).toEqual(await links(1))
      const keys = async (node: number) =>
        (await linesOf(lab, node, 'corosync-cmapctl'))
          .filter((line) => !/_services?\.|\.services\.|\.(pload|mon|wd)\.|^resources\./.test(line))
          .filter((line) => !/service\.[467]\.|local_node_pos|this_node_id|bindnetaddr/.test(line))
      expect(await keys(ours)).toEqual(await keys(1))
      const statistics = async (node: number) =>
        (await linesOf(lab, node, 'corosync-cmapctl', '-m', 'stats'))
          .filter((line) => line.startsWith('stats.knet.node'))
          .map((line) => line.replace(/ = .*/, ''))
      expect(await statistics(ours)).toEqual(await statistics(1))

      await talk(lab)
      for (const [killed, whose] of [[2, 'real'] as const, [ours, 'ours'] as const]) {
        await lab.must(['signal', String(killed), 'corosync', 'KILL'])
        await untilSeen(lab, 2, ...[1, 2, ours].filter((node) => node !== killed))
        await lab.startCorosync(killed, whose)
        await untilSeen(lab, 3, 1, 2, ours)
      }
    },
  )

  test.skipIf(missing !== undefined)(
    'encrypted, over two links at once: both crypto models, a link is cut and nobody notices, a node with another key stays outside and says why',
    async (context) => {
      const lab = labOf(context, 'kncrypt')
      await lab.up({ nodes: 3, transport: 'knet-crypto', links: 2, tokenMs: 3000, totem: 'link_mode: active' })
      await lab.exec(2, 'sed', '-i', 's/crypto_cipher:/crypto_model: openssl\\n\\tcrypto_cipher:/', file)
      for (const node of [1, 2, ours]) await lab.startCorosync(node, node === ours ? 'ours' : 'real')
      await lab.waitRing()
      const isConnected = /(LINK: 0 .*connected mtu: 1397\n.*LINK: 1 .*connected mtu: 1397\n[\s\S]*){2}/
      // Each finds its links to both others by itself: one that had none but what is cut would lose a node.
      const areConnected = () =>
        Promise.all([1, 2, ours].map((node) => until(lab, node, isConnected, 'corosync-cfgtool', '-n')))
      await areConnected()
      await talk(lab)

      const rings = await ringsOf(lab, 1)
      await lab.must(['link', String(ours), 'down', '0'])
      const isCut = /LINK: 0 .*enabled mtu: 1397\n.*LINK: 1 .*connected/
      await until(lab, ours, isCut, 'corosync-cfgtool', '-n')
      await until(lab, 1, /nodeid: 3[\s\S]*LINK: 0 .*enabled mtu/, 'corosync-cfgtool', '-n')
      await talk(lab)
      expect(await ringsOf(lab, 1)).toBe(rings)
      await lab.must(['link', String(ours), 'up', '0'])
      await areConnected()

      await lab.must(['stop', String(ours), 'corosync'])
      fs.writeFileSync(path.join(lab.folder, `node${ours}${path.dirname(file)}/authkey`), randomBytes(256))
      await lab.startCorosync(ours, 'ours')
      await until(lab, ours, /Unable to decrypt packet/, 'cat', '/var/log/corosync/corosync.log')
      await until(lab, ours, /^Nodes: +1$/m, 'corosync-quorumtool', '-s')
      await untilSeen(lab, 2, 1, 2)
      expect((await linesOf(lab, ours, 'corosync-cfgtool', '-n')).join('\n')).not.toContain('reachable')
    },
  )
})
