import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { Lab, labMissing, patienceMs } from '@quorate/testkit'
import { afterAll, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/corosync-quorumtool', '/usr/sbin/corosync-cfgtool'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('newkey')
const ours = 2
const real = [1, 3]

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

const logOf = async (node: number): Promise<string> => (await lab.must(['logs', String(node), 'corosync'])).stdout
const times = (text: string, what: string): number => text.split(what).length - 1

/** Waits until a node's log has said something so often. */
async function untilSaid(node: number, what: string, count: number): Promise<void> {
  const end = Date.now() + patienceMs
  for (;;) {
    const text = await logOf(node)
    if (times(text, what) === count) return
    if (Date.now() > end) throw new Error(`node ${node} has not said '${what}' ${count} times:\n${text}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** What a real node says when it has read another key. */
const taken = 'kronosnet crypto reconfigured'
/** Once in some twenty reloads a real node leaves a new key unread, also among real ones, and is alone from then on. */
const attemptsMax = 8

async function begin(): Promise<void> {
  await lab.up({ nodes: 3, transport: 'knet-crypto', tokenMs: 5000 })
  for (const node of real) await lab.startCorosync(node, 'real')
  await lab.startCorosync(ours, 'ours')
  await lab.waitRing()
}

/** Gives all nodes another key, and a cipher; false where a real one has left it unread. */
async function changeKey(asked: number, count: number, cipher: string, hash: string): Promise<boolean> {
  const key = randomBytes(256)
  for (const node of [...real, ours]) {
    const folder = path.join(lab.folder, `node${node}/etc/corosync`)
    const file = path.join(folder, 'authkey')
    fs.rmSync(file)
    fs.writeFileSync(file, key, { mode: 0o400 })
    const conf = path.join(folder, 'corosync.conf')
    const text = fs.readFileSync(conf, 'utf8')
    const changed = text.replace(/crypto_cipher: \w+/, `crypto_cipher: ${cipher}`)
    fs.writeFileSync(conf, changed.replace(/crypto_hash: \w+/, `crypto_hash: ${hash}`))
  }
  const { status } = await lab.exec(asked, 'corosync-cfgtool', '-R')
  expect(status).toBe(0)
  await untilSaid(ours, 'New key or cipher loaded', count)
  // It reads the key before it says that it has reset the MTU.
  for (const node of real) await untilSaid(node, 'MTU manually set', count + 1)
  return (await Promise.all(real.map(logOf))).every((text) => times(text, taken) === count)
}

test.skipIf(missing !== undefined)(
  `a new key, and another cipher, in a ring with real nodes: nobody is lost, whoever is asked to reload${why}`,
  async () => {
    let isTaken = false
    for (let attempt = 1; !isTaken; attempt += 1) {
      expect(attempt, 'a real node has left its key unread each time').toBeLessThanOrEqual(attemptsMax)
      await lab.down()
      await begin()
      isTaken = (await changeKey(1, 1, 'aes256', 'sha256')) && (await changeKey(ours, 2, 'aes128', 'sha512'))
    }
    await untilSaid(ours, 'Packets are sealed with the new key', 2)
    await untilSaid(ours, 'The old key is not accepted any more', 2)
    // All are heard with the last key: what one says comes to all, and nobody was taken for lost on the way.
    await lab.must(['stop', String(ours), 'corosync'])
    for (const node of real) {
      await untilSaid(node, 'Sync left[1]: 2', 1)
      expect(times(await logOf(node), 'Sync left')).toBe(1)
      expect(await logOf(node)).not.toContain('A processor failed')
    }
  },
)
