import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Lab, type LabOutput, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = labMissing([
  '/usr/sbin/corosync',
  '/usr/sbin/pacemakerd',
  '/usr/sbin/cibadmin',
  '/usr/sbin/stonith_admin',
])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('fg')
/** Node 3 is real and leads at first; the others are ours. */
const real = 3
/** Nodes of the lab share /tmp with the host. */
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fencing-'))
const [begun, mode] = [path.join(folder, 'begun'), path.join(folder, 'mode')]

/**
 * An agent in front of the lab's own: it writes down what it is asked for, and waits with it until the test lets it through
 * (`open`) or has it fail (`refuse`).
 */
const agent = `#!/bin/sh
action=reboot name=
while IFS='=' read -r k v; do case $k in action) action=$v ;; nodename) name=$v ;; esac; done
case $action in
metadata) cat <<XML
<resource-agent name="fence_gate"><parameters><parameter name="action"/><parameter name="plug"/></parameters>
<actions><action name="off"/><action name="reboot"/><action name="monitor"/><action name="metadata"/></actions></resource-agent>
XML
  exit 0 ;;
monitor) exit 0 ;;
esac
echo "$action $name" >>${begun}
n=0
until [ -s ${mode} ]; do n=$((n + 1)); [ $n -gt 4000 ] && exit 1; sleep 0.05; done
[ "$(cat ${mode})" = open ] || exit 1
printf 'action=%s\\nplug=%s\\n' "$action" "$name" | fence_lab
`

const resources = `<resources><primitive id="d1" class="ocf" provider="pacemaker" type="Dummy"/>
  <primitive id="gate" class="stonith" type="fence_gate"><instance_attributes id="gate-i">
  <nvpair id="gate-list" name="pcmk_host_list" value="node1 node2 node3"/></instance_attributes></primitive></resources>`
const home = (node: number): string =>
  `<constraints><rsc_location id="home" rsc="d1" node="node${node}" score="100"/></constraints>`

async function startOurs(node: number): Promise<void> {
  await lab.must(['start', String(node), 'pacemaker', process.execPath, quorateProgram, 'pacemakerd', '-f'])
}

/** Asks again until the answer fits: what travels through the cluster has no event that a test outside could await. */
async function until(ask: () => Promise<LabOutput>, fits: (output: LabOutput) => boolean): Promise<LabOutput> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const output = await ask()
    if (fits(output) || performance.now() > deadline) return output
    await sleep(100)
  }
}

const locate = (node: number) => () => lab.exec(node, 'crm_resource', '--locate', '--resource', 'd1')
const shown = (node: number) => () => lab.exec(node, 'crm_mon', '-1')

async function runsOn(asked: number, node: number): Promise<void> {
  const { stdout } = await until(locate(asked), (output) => output.stdout.trim().endsWith(`node${node}`))
  expect(stdout.trim()).toBe(`resource d1 is running on: node${node}`)
}

/** How often d1 has been started on these nodes since they were powered on first. */
async function starts(...nodes: readonly number[]): Promise<number> {
  const logs = await Promise.all(nodes.map((node) => lab.must(['logs', String(node), 'pacemaker'])))
  return logs.reduce((sum, { stdout }) => sum + stdout.split('Result of start operation for d1').length - 1, 0)
}

/**
 * How often d1 has been started, once that is as often as expected: it is located where its start is still pending, and the
 * result is logged after that.
 */
async function startsReach(count: number, ...nodes: readonly number[]): Promise<number> {
  const read = async (): Promise<LabOutput> => ({ status: 0, stdout: String(await starts(...nodes)), stderr: '' })
  return Number((await until(read, ({ stdout }) => Number(stdout) >= count)).stdout)
}

/** What the agent has been asked for, once that is anything. */
async function asked(): Promise<string> {
  const read = async (): Promise<LabOutput> => {
    const stdout = fs.existsSync(begun) ? fs.readFileSync(begun, 'utf8') : ''
    return { status: 0, stdout, stderr: '' }
  }
  const { stdout } = await until(read, (output) => output.stdout !== '')
  return stdout
}

/** The word is there at once, for an agent that looks in this moment. */
function say(word: string): void {
  fs.writeFileSync(`${mode}.new`, word)
  fs.renameSync(`${mode}.new`, mode)
}

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 3, transport: 'udpu' })
  fs.writeFileSync(path.join(lab.folder, 'sbin/fence_gate'), agent, { mode: 0o755 })
  lab.electSoon([1, 2, 3])
  for (const node of [1, 2, 3]) await lab.startCorosync(node, 'real')
  await lab.waitRing()
  await lab.must(['start-pacemaker', String(real)])
  await until(shown(real), ({ stdout }) => stdout.includes('Current DC: node3'))
  await Promise.all([startOurs(1), startOurs(2)])
  await lab.waitOnline()
  await lab.must(['exec', '3', 'cibadmin', '-R', '-o', 'resources', '-X', resources])
  await lab.must(['exec', '3', 'crm_attribute', '-n', 'stonith-max-attempts', '-v', '2'])
  // The agent waits for the test, which waits for the nodes.
  await lab.must(['exec', '3', 'crm_attribute', '-n', 'stonith-timeout', '-v', '240s'])
  await lab.must(['exec', '3', 'cibadmin', '-R', '-o', 'constraints', '-X', home(2)])
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
  fs.rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(missing !== undefined)(`fencing${why}`, () => {
  test('a node of ours that is cut off is fenced by a real DC, and recovered by another of ours only then', async () => {
    await lab.waitIdle(real)
    await runsOn(real, 2)
    expect((await shown(1)()).stdout).toContain('Current DC: node3')
    const before = await starts(1, real)
    await lab.must(['partition', '2', '1,3'])
    expect(await asked()).toBe('reboot node2\n')
    const { stdout } = await until(shown(1), (output) => output.stdout.includes('node2: UNCLEAN (offline)'))
    expect(stdout).toContain('node2: UNCLEAN (offline)')
    expect(await starts(1, real)).toBe(before)
    say('open')
    await until(locate(1), (output) => /on: node[13]$/.test(output.stdout.trim()))
    expect(await startsReach(before + 1, 1, real)).toBe(before + 1)
    const pairs = ['in_ccm="false"', 'crmd="offline"', 'join="down"', 'expected="down"']
    // The DC has it written, and does not wait for that; each fencer hears of the end for itself.
    const state = await until(
      () => lab.exec(1, 'cibadmin', '-Q', '-A', "//node_state[@uname='node2']"),
      ({ stdout: text }) => pairs.every((pair) => text.includes(pair)) && !text.includes('<lrm'),
    )
    for (const pair of pairs) expect(state.stdout).toContain(pair)
    expect(state.stdout).not.toContain('<lrm')
    const history = await until(
      () => lab.exec(1, 'stonith_admin', '-H', 'node2'),
      (output) => output.stdout.includes('reboot of node2 successful'),
    )
    expect(history.stdout).toContain('reboot of node2 successful')
  })

  test('a real DC that dies is not recovered while its fencing fails, and is by a DC of ours once it succeeds', async () => {
    fs.rmSync(begun)
    say('refuse')
    await lab.must(['heal'])
    await lab.startCorosync(2, 'real')
    await startOurs(2)
    await lab.waitOnline()
    await lab.must(['exec', '3', 'cibadmin', '-R', '-o', 'constraints', '-X', home(real)])
    // It may be there before it has been to node 2, which has just come back and was its home until now.
    await lab.waitIdle(1)
    await runsOn(1, real)
    const before = await starts(1, 2)
    await lab.must(['kill', String(real)])
    expect(await asked()).toContain('reboot node3\n')
    const logs = async (): Promise<LabOutput> => {
      const [one, two] = await Promise.all([1, 2].map((node) => lab.must(['logs', String(node), 'pacemaker'])))
      return { status: 0, stdout: `${one?.stdout}${two?.stdout}`, stderr: '' }
    }
    const gaveUp = await until(logs, ({ stdout }) => stdout.includes('to fence node3, giving up'))
    expect(gaveUp.stdout).toContain('Too many failures (2) to fence node3, giving up')
    expect(await starts(1, 2)).toBe(before)
    say('open')
    await lab.must(['exec', '1', 'crm_attribute', '-n', 'something', '-v', 'else'])
    await until(locate(1), (output) => /on: node[12]$/.test(output.stdout.trim()))
    expect(await startsReach(before + 1, 1, 2)).toBe(before + 1)
    const left = await until(shown(1), ({ stdout }) => stdout.includes('OFFLINE: [ node3 ]'))
    expect(left.stdout).toContain('OFFLINE: [ node3 ]')
  })
})
