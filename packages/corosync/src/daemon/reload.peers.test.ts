import fs from 'node:fs'
import path from 'node:path'
import { Lab, labMissing, patienceMs } from '@quorate/testkit'
import { afterAll, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/corosync-quorumtool', '/usr/sbin/corosync-cfgtool'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const file = '/etc/corosync/corosync.conf'
/** One for each story: they run side by side. */
const labs = { real: new Lab('rereal'), ours: new Lab('reours'), mixed: new Lab('remix') }

type Whose = 'real' | 'ours'

afterAll(async () => {
  if (missing === undefined) await Promise.all(Object.values(labs).map((lab) => lab.down()))
})

/** What quorumtool says of a node. */
async function verdict(lab: Lab, node: number): Promise<string> {
  const { stdout } = await lab.exec(node, 'corosync-quorumtool', '-s')
  const lines = stdout
    .split('\n')
    .filter((line) => /^(Nodes|Quorate|Expected votes|Highest expected|Total votes|Quorum):|^ +\d+ +\d/.test(line))
  return lines.join('; ').replace(/ +/g, ' ')
}

/** Waits until all of the nodes say the same, and that it fits. Answers what they say. */
async function agreed(lab: Lab, nodes: readonly number[], fits: RegExp): Promise<string> {
  const end = Date.now() + patienceMs
  for (;;) {
    const said = await Promise.all(nodes.map((node) => verdict(lab, node)))
    const [first = ''] = said
    if (fits.test(first) && said.every((text) => text.replace(' (local)', '') === first.replace(' (local)', '')))
      return first
    if (Date.now() > end) return `no agreement: ${said.join(' | ')}`
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

const blockOf = (node: number): RegExp => new RegExp(`\\n\\tnode \\{[^}]*nodeid: ${node}\\n[^}]*\\}`)

/** Writes corosync.conf of all nodes anew, and has all read it. */
async function change(lab: Lab, from: number, edit: (text: string) => string): Promise<string> {
  for (const node of [1, 2, 3, 4]) {
    const conf = path.join(lab.folder, `node${node}`, file)
    fs.writeFileSync(conf, edit(fs.readFileSync(conf, 'utf8')))
  }
  const { stdout, stderr } = await lab.exec(from, 'corosync-cfgtool', '-R')
  return `${stdout}${stderr}`.trim()
}

/** One story: votes change, a node is taken out of the list that was not there, and put into it again and started. */
async function story(lab: Lab, whose: readonly [Whose, Whose, Whose, Whose], from: number): Promise<string[]> {
  await lab.up({ nodes: 4, transport: 'udpu', tokenMs: 2000, totem: 'token_coefficient: 50' })
  for (const node of [1, 2, 3]) await lab.startCorosync(node, whose[node - 1] as Whose)
  const there = [1, 2, 3]
  const told = [await agreed(lab, there, /Nodes: 3;.*Expected votes: 4;.*Total votes: 3;/)]
  let fourth = ''
  told.push(await change(lab, from, (text) => text.replace(/(nodeid: 2\n)/, '$1\t\tquorum_votes: 3\n')))
  told.push(await agreed(lab, there, /Expected votes: 6;.*Total votes: 5;/))
  told.push(
    await change(lab, from, (text) => {
      fourth = blockOf(4).exec(text)?.[0] ?? fourth
      return text.replace(blockOf(4), '')
    }),
  )
  told.push(await agreed(lab, there, /Expected votes: 5;.*Total votes: 5;/))
  told.push(await change(lab, from, (text) => text.replace(blockOf(3), (block) => block + fourth)))
  told.push(await agreed(lab, there, /Expected votes: 6;.*Total votes: 5;/))
  await lab.startCorosync(4, whose[3])
  told.push(await agreed(lab, [...there, 4], /Nodes: 4;.*Total votes: 6;/))
  told.push(await change(lab, from, (text) => text.replace(/token: \d+/, 'token: nonsense')))
  told.push(await agreed(lab, [...there, 4], /Nodes: 4;.*Total votes: 6;/))
  return told
}

test.skipIf(missing !== undefined)(
  `a reload changes votes and nodes among ours and in mixed rings as among real ones${why}`,
  async () => {
    const [real, ours, mixed] = await Promise.all([
      story(labs.real, ['real', 'real', 'real', 'real'], 1),
      story(labs.ours, ['ours', 'ours', 'ours', 'ours'], 1),
      story(labs.mixed, ['real', 'ours', 'ours', 'real'], 2),
    ])
    expect(ours).toEqual(real)
    expect(mixed).toEqual(real)
  },
)
