import fs from 'node:fs'
import path from 'node:path'
import { Lab, labMissing, patienceMs } from '@quorate/testkit'
import { afterAll, expect, test } from 'vitest'

const missing = labMissing([
  '/usr/sbin/corosync',
  '/usr/sbin/corosync-quorumtool',
  '/usr/sbin/corosync-qdevice',
  '/usr/bin/corosync-qnetd',
])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('qdevice')
const [ours, real, arbiter] = [1, 2, 3]
const device = `device {;model: net;votes: 1;net {;host: 10.88.0.${arbiter};algorithm: ffsplit;tls: off;};}`

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

/** Verdict, votes and members as the real corosync-quorumtool shows them on a node. */
async function status(node: number): Promise<string> {
  const { stdout } = await lab.exec(node, 'corosync-quorumtool', '-s')
  const lines = stdout.split('\n').filter((line) => /^(Quorate|Total votes|Flags):|^ +\d+ +\d/.test(line))
  return lines.map((line) => line.replace(' (local)', '').replace(/ +/g, ' ').trim()).join('; ')
}

/** Waits until all of the nodes show this. */
async function untilShown(nodes: readonly number[], wanted: string): Promise<void> {
  const end = Date.now() + patienceMs
  for (;;) {
    const shown = await Promise.all(nodes.map(status))
    if (shown.every((text) => text === wanted)) return
    if (Date.now() > end) throw new Error(`${nodes.join()} show ${shown.join(' | ')}, not ${wanted}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

const start = (node: number, name: string, ...command: readonly string[]): Promise<unknown> =>
  lab.must(['start', String(node), name, ...command])

test.skipIf(missing !== undefined)(
  `the real corosync-qdevice gives its vote to a ring of ours and a real node${why}`,
  async () => {
    await lab.up({ nodes: 3, transport: 'udpu', tokenMs: 2500, quorum: device })
    for (const node of [ours, real]) {
      const conf = path.join(lab.folder, `node${node}`, 'etc/corosync/corosync.conf')
      const text = fs.readFileSync(conf, 'utf8')
      fs.writeFileSync(conf, text.replace(/\n\tnode \{[^}]*nodeid: 3\n[^}]*\}/, ''))
    }
    await lab.startCorosync(ours, 'ours')
    await lab.startCorosync(real, 'real')
    await untilShown([ours, real], 'Quorate: Yes; Total votes: 2; Flags: Quorate; 1 1 node1; 2 1 node2')
    await start(arbiter, 'qnetd', 'corosync-qnetd', '-f', '-s', 'off')
    for (const node of [ours, real]) await start(node, 'qdevice', 'corosync-qdevice', '-f')
    const all =
      'Quorate: Yes; Total votes: 3; Flags: Quorate Qdevice; 1 1 A,V,NMW node1; 2 1 A,V,NMW node2; 0 1 Qdevice'
    await untilShown([ours, real], all)

    // It does not outlive its corosync, nor starts before that can be asked: each is waited for.
    await lab.must(['stop', String(real), 'qdevice'])
    const [oursAlone, realWithout] = [
      'Quorate: Yes; Total votes: 3; Flags: Quorate Qdevice; 1 1 A,V,NMW node1; 2 1 NR node2; 0 1 Qdevice',
      'Quorate: Yes; Total votes: 2; Flags: Quorate; 1 1 A,V,NMW node1; 2 1 NR node2; 0 0 Qdevice (votes 1)',
    ]
    await untilShown([ours], oursAlone)
    await untilShown([real], realWithout)
    await lab.must(['signal', String(real), 'corosync', 'KILL'])
    await untilShown([ours], 'Quorate: Yes; Total votes: 2; Flags: Quorate Qdevice; 1 1 A,V,NMW node1; 0 1 Qdevice')
    expect((await lab.must(['logs', String(ours), 'corosync'])).stdout).not.toContain('NOT provide any services')

    await lab.startCorosync(real, 'real')
    await untilShown([ours], oursAlone)
    await untilShown([real], realWithout)
    await start(real, 'qdevice', 'corosync-qdevice', '-f')
    await untilShown([ours, real], all)
    await lab.must(['stop', String(arbiter), 'qnetd'])
    const none = 'Total votes: 2; Flags: Quorate Qdevice; 1 1 A,NV,NMW node1; 2 1 A,NV,NMW node2; 0 0 Qdevice (votes 1)'
    await untilShown([ours, real], `Quorate: Yes; ${none}`)
  },
)
