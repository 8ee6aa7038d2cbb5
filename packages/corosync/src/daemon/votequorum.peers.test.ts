import { Lab, labMissing } from '@quorate/testkit'
import { afterAll, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/corosync-quorumtool'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('corovq')
const windowMs = 1000

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

/** What quorumtool says of a node, without what differs from run to run. */
async function verdict(node: number): Promise<string> {
  const { stdout } = await lab.exec(node, 'corosync-quorumtool', '-s')
  const lines = stdout
    .split('\n')
    .filter((line) => /^(Nodes|Quorate|Expected votes|Highest expected|Total votes|Quorum|Flags):/.test(line))
  return `node${node}: ${lines.join('; ').replace(/ +/g, ' ')}`
}

/** Waits until a node sees so many others, and a window of last_man_standing more. */
async function settled(node: number, count: number): Promise<void> {
  const end = Date.now() + 45_000
  const sees = async (): Promise<boolean> => (await verdict(node)).startsWith(`node${node}: Nodes: ${count};`)
  while (!(await sees())) {
    if (Date.now() > end) throw new Error(`${await verdict(node)}, not ${count} nodes`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  await new Promise((resolve) => setTimeout(resolve, windowMs + 500))
}

/** One story: nodes come, the cluster splits in halves, heals, and nodes die one after the other. */
async function story(whose: 'real' | 'ours', quorum: string): Promise<string[]> {
  const told: string[] = []
  const tell = async (chapter: string, ...nodes: readonly number[]): Promise<void> => {
    for (const node of nodes) told.push(`${chapter}: ${await verdict(node)}`)
  }
  await lab.up({ nodes: 4, transport: 'udpu', tokenMs: 800, totem: 'token_coefficient: 50', quorum })
  for (const node of [1, 2]) await lab.startCorosync(node, whose)
  await settled(1, 2)
  await tell('two of four', 1, 2)
  for (const node of [3, 4]) await lab.startCorosync(node, whose)
  await settled(1, 4)
  await tell('all', 1, 4)
  await lab.must(['partition', '1,2', '3,4'])
  await settled(1, 2)
  await settled(3, 2)
  await tell('halves', 1, 3)
  await lab.must(['heal'])
  await settled(1, 4)
  await tell('healed', 1, 4)
  for (const [node, left] of [
    [4, 3],
    [3, 2],
    [2, 1],
  ] as const) {
    await lab.must(['signal', String(node), 'corosync', 'KILL'])
    await settled(1, left)
    await tell(`node${node} killed`, 1)
  }
  return told
}

test
  .skipIf(missing !== undefined)
  .each([
    'auto_tie_breaker: 1',
    `auto_tie_breaker: 1;last_man_standing: 1;wait_for_all: 1;last_man_standing_window: ${windowMs}`,
  ])(`votequorum decides as the real one does: %s${why}`, async (quorum) => {
  expect(await story('ours', quorum)).toEqual(await story('real', quorum))
})
