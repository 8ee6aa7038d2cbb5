import { Lab, labMissing, patienceMs } from '@quorate/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/pacemakerd', '/usr/sbin/crm_mon'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('coropm')

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 2, transport: 'knet-crypto', tokenMs: 1000 })
  lab.electSoon([1, 2])
  await lab.startCorosync(1, 'ours')
  await lab.startCorosync(2, 'real')
  await lab.waitRing()
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

test.skipIf(missing !== undefined)(`real Pacemaker comes online on ours and leaves it cleanly${why}`, async () => {
  await lab.must(['start-pacemaker', 'all'])
  await lab.waitOnline()
  const { stdout } = await lab.exec(1, 'crm_mon', '-1')
  expect(stdout).toContain('* Online: [ node1 node2 ]')
  expect(stdout).toContain('partition with quorum')
  // A daemon that the cluster can be online without may join its group later.
  const members = async (): Promise<number | undefined> =>
    (await lab.exec(1, 'corosync-cpgtool')).stdout.match(/^\t\s+\d+\t\s+[12] \(10\./gm)?.length
  await expect.poll(members, { timeout: patienceMs, interval: 100 }).toBe(8)
  await lab.must(['stop', '1', 'pacemaker'])
  await lab.must(['stop', '1', 'corosync'])
  const seenBy2 = async (): Promise<string> => (await lab.exec(2, 'corosync-quorumtool', '-s')).stdout
  await expect.poll(seenBy2, { timeout: patienceMs, interval: 100 }).toMatch(/^Nodes: +1$/m)
})
