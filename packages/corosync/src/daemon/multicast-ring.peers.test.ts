import { Lab, labMissing, patienceMs } from '@quorate/testkit'
import { afterEach, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/corosync-cmapctl', '/usr/sbin/corosync-cfgtool'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('coromc')
const real = 1
const ours = [2, 3]

afterEach(async () => {
  if (missing === undefined) await lab.down()
})

async function toolOutput(node: number, ...command: readonly string[]): Promise<string> {
  const { status, stdout } = await lab.exec(node, ...command)
  expect(status, command.join(' ')).toBe(0)
  return stdout
}

/** Waits until a node's ring has these members. */
async function untilMembers(node: number, members: string): Promise<void> {
  const end = Date.now() + patienceMs
  for (;;) {
    const { stdout } = await lab.exec(node, 'corosync-quorumtool', '-s')
    const seen = [...stdout.matchAll(/^ +(\d+) +1 .*node/gm)].map(([, id]) => id).join(' ')
    if (seen === members) return
    if (Date.now() > end) throw new Error(`node ${node} sees ${seen}, not ${members}:\n${stdout}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

test.skipIf(missing !== undefined).each([
  ['a group', '', '239.255.88.1'],
  ['broadcast', 'interface {;linknumber: 0;broadcast: yes;}', '255.255.255.255'],
])(`a ring over %s is the same with real nodes and ours${why}`, async (_, totem, group) => {
  await lab.up({ nodes: 3, transport: 'udp', tokenMs: 2500, totem })
  await lab.startCorosync(real, 'real')
  for (const node of ours) await lab.startCorosync(node, 'ours')
  await lab.waitRing()
  for (const node of [real, ...ours]) await untilMembers(node, '1 2 3')

  const sockets = (await toolOutput(ours[0] as number, 'ss', '-lunH')).match(/[\d.]+:54\d\d(?= )/g)
  expect(sockets?.sort()).toEqual(['10.88.0.2:5404', '10.88.0.2:5405', `${group}:5405`].sort())

  const keys = async (node: number): Promise<string[]> =>
    (await toolOutput(node, 'corosync-cmapctl', 'totem.')).split('\n').filter((line) => !line.includes('bindnetaddr'))
  expect(await keys(2)).toEqual(await keys(real))
  const links = async (node: number): Promise<string> =>
    (await toolOutput(node, 'corosync-cfgtool', '-s')).replaceAll(/localhost|connected|addr\t= .*|node ID \d/g, '')
  expect(await links(2)).toBe(await links(real))

  if (totem !== '') return
  // Each side loses a node of the other, and takes it back.
  await lab.must(['signal', '3', 'corosync', 'KILL'])
  await untilMembers(real, '1 2')
  await lab.startCorosync(3, 'ours')
  for (const node of [real, ...ours]) await untilMembers(node, '1 2 3')
  await lab.must(['signal', String(real), 'corosync', 'KILL'])
  for (const node of ours) await untilMembers(node, '2 3')
  await lab.startCorosync(real, 'real')
  for (const node of [real, ...ours]) await untilMembers(node, '1 2 3')
})
