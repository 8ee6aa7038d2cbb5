import { Lab, labMissing, patienceMs } from '@quorate/testkit'
import { afterAll, describe, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/corosync-quorumtool'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const windowMs = 1000
/**
 * A node that does not get to run for so long is lost, and then what is left goes on otherwise: one that was alone for a
 * moment in a split is not quorate with its half after it.
 */
const tokenMs = 2500
/** Half a second would do where the machine has nothing else to do. */
const restMs = windowMs + 1000
/** A node that hardly gets to run answers seldom. */
const timesLeast = 5
/** Between two looks: the nodes of all labs together are not to keep the machine busy by being asked. */
const lookMs = 250
const quorums = [
  'auto_tie_breaker: 1',
  `auto_tie_breaker: 1;last_man_standing: 1;wait_for_all: 1;last_man_standing_window: ${windowMs}`,
]
/** One for each story: they run side by side, as each of them waits most of the time. */
const labs = quorums.map((_, index) => ({ real: new Lab(`vqreal${index}`), ours: new Lab(`vqours${index}`) }))

afterAll(async () => {
  if (missing !== undefined) return
  await Promise.all(labs.flatMap(({ real, ours }) => [real.down(), ours.down()]))
})

/** What quorumtool says of a node, without what differs from run to run. */
async function verdict(lab: Lab, node: number): Promise<string> {
  const { stdout } = await lab.exec(node, 'corosync-quorumtool', '-s')
  const lines = stdout
    .split('\n')
    .filter((line) => /^(Nodes|Quorate|Expected votes|Highest expected|Total votes|Quorum|Flags):/.test(line))
  return `node${node}: ${lines.join('; ').replace(/ +/g, ' ')}`
}

/**
 * Waits until nodes see so many others with their votes, and have said the same for a window of last_man_standing and more,
 * and often: what they make of it when that is over has no event. Answers what they say.
 */
async function settled(lab: Lab, nodes: readonly number[], count: number): Promise<readonly string[]> {
  const end = Date.now() + patienceMs
  const isThere = (text: string): boolean =>
    text.includes(`: Nodes: ${count};`) && text.includes(`; Total votes: ${count};`)
  let said: readonly string[] = []
  let sinceMs = Date.now()
  let times = 0
  while (times < timesLeast || Date.now() - sinceMs < restMs || !said.every(isThere)) {
    if (Date.now() > end) throw new Error(`${said.join(' | ')}, not ${count} nodes`)
    const askedMs = Date.now()
    const now = await Promise.all(nodes.map((node) => verdict(lab, node)))
    if (now.join() !== said.join()) {
      sinceMs = askedMs
      times = 0
    }
    times += 1
    said = now
    await new Promise((resolve) => setTimeout(resolve, lookMs))
  }
  return said
}

/** One story: nodes come, the cluster splits in halves, heals, and nodes die one after the other. */
async function story(lab: Lab, whose: 'real' | 'ours', quorum: string): Promise<string[]> {
  const told: string[] = []
  const tell = async (chapter: string, count: number, ...nodes: readonly number[]): Promise<void> => {
    for (const text of await settled(lab, nodes, count)) told.push(`${chapter}: ${text}`)
  }
  await lab.up({ nodes: 4, transport: 'udpu', tokenMs, totem: 'token_coefficient: 50', quorum })
  for (const node of [1, 2]) await lab.startCorosync(node, whose)
  await tell('two of four', 2, 1, 2)
  for (const node of [3, 4]) await lab.startCorosync(node, whose)
  await tell('all', 4, 1, 2, 3, 4)
  await lab.must(['partition', '1,2', '3,4'])
  await tell('halves', 2, 1, 2, 3, 4)
  await lab.must(['heal'])
  await tell('healed', 4, 1, 2, 3, 4)
  for (const [node, left] of [
    [4, [1, 2, 3]],
    [3, [1, 2]],
    [2, [1]],
  ] as const) {
    await lab.must(['signal', String(node), 'corosync', 'KILL'])
    await tell(`node${node} killed`, left.length, ...left)
  }
  return told
}

describe.concurrent('votequorum decides as the real one does', () => {
  test.skipIf(missing !== undefined).each(quorums.map((quorum, index) => [quorum, index] as const))(
    `%s${why}`,
    async (quorum, index) => {
      const { real, ours } = labs[index] as (typeof labs)[number]
      const [expected, told] = await Promise.all([story(real, 'real', quorum), story(ours, 'ours', quorum)])
      expect(told).toEqual(expected)
    },
  )
})
