import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Lab, type LabOutput, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = labMissing([
  '/usr/sbin/corosync',
  '/usr/sbin/pacemakerd',
  '/usr/sbin/stonith_admin',
  '/usr/sbin/crm_mon',
])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('fc')
const [real, ours] = [1, 2]
/** Nodes of the lab share /tmp with the host. */
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fencer-'))
const deedsFile = path.join(folder, 'deeds')

/** An agent that writes down what it is told, and does as its parameter `mode` says. */
const agent = `#!/bin/sh
action=reboot mode=ok name= nodename=-
while IFS='=' read -r k v; do
  case $k in action) action=$v ;; mode) mode=$v ;; name) name=$v ;; nodename) nodename=$v ;; esac
done
case $action in
metadata) cat <<XML
<resource-agent name="fence_toy"><parameters><parameter name="action"/><parameter name="plug"/></parameters>
<actions><action name="on"/><action name="off"/><action name="reboot"/><action name="status"/><action name="list"/>
<action name="monitor"/><action name="metadata"/></actions></resource-agent>
XML
  exit 0 ;;
list) printf 'dyn1,\\ndyn2,a port\\n'; exit 0 ;;
monitor) exit 0 ;;
esac
echo "$(hostname) $name $action $nodename" >>${deedsFile}
[ "$mode" = ok ]
`

function device(id: string, hosts: string, more = ''): string {
  const pair = (name: string, value: string) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`
  const list = hosts === '' ? '' : pair('pcmk_host_list', hosts)
  return `<primitive id="${id}" class="stonith" type="fence_toy"><instance_attributes id="${id}-i">${pair('name', id)}${list}${more}</instance_attributes></primitive>`
}
const ban = (id: string, node: number): string =>
  `<rsc_location id="${id}-ban" rsc="${id}" node="node${node}" score="-INFINITY"/>`
const mode = (id: string): string => `<nvpair id="${id}-mode" name="mode" value="fail"/>`

const resources = `<resources>${device('on-real', 'vm1 vm5')}${device('on-ours', 'vm2 vm5')}${device('both', 'vm3')}${device(
  'bad',
  'vm4',
  mode('bad'),
)}${device('dynamic', '')}</resources>`
const constraints = `<constraints>${ban('on-real', ours)}${ban('on-ours', real)}</constraints>`
const topology = `<fencing-topology><fencing-level id="l5" target="vm5" index="1" devices="on-ours,on-real"/></fencing-topology>`
/** As one change: a device that has been started where it is banned a moment later may be registered there meanwhile. */
const configuration = `<configuration>${resources}${constraints}${topology}</configuration>`

/** Asks again until the answer fits: what travels through the cluster has no event that a test outside could await. */
async function until(ask: () => Promise<LabOutput>, fits: (output: LabOutput) => boolean): Promise<LabOutput> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const output = await ask()
    if (fits(output) || performance.now() > deadline) return output
    await sleep(100)
  }
}

const admin = (node: number, ...args: readonly string[]): Promise<LabOutput> => lab.exec(node, 'stonith_admin', ...args)

/** What agents were told since the last look. */
function deeds(): readonly string[] {
  const text = fs.existsSync(deedsFile) ? fs.readFileSync(deedsFile, 'utf8') : ''
  fs.rmSync(deedsFile, { force: true })
  return text.split('\n').filter((line) => line !== '')
}

/**
 * A node's whole history, sorted. A real fencer keeps to itself who was the last to fail, so that it shows other words than
 * all others, real ones too; and each fencer notes by its own clock when it heard of an end.
 */
async function history(node: number): Promise<readonly string[]> {
  const { stdout } = await admin(node, '-H', '*', '-V')
  return stdout
    .split('\n')
    .filter((line) => !line.includes(' vm4 failed'))
    .map((line) => line.replace(/, completed='[^']*'/, ''))
    .sort()
}

/** The history that both nodes come to have: what one has ended reaches the other a moment later. */
async function commonHistory(): Promise<readonly string[]> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const [here, there] = [await history(ours), await history(real)]
    if (here.join('\n') === there.join('\n')) return here
    if (performance.now() > deadline) expect(here).toEqual(there)
    await sleep(100)
  }
}

async function startOurs(): Promise<void> {
  await lab.must(['start', String(ours), 'pacemaker', process.execPath, quorateProgram, 'pacemakerd', '-f'])
  const { stdout } = await until(
    () => lab.exec(real, 'crm_mon', '-1'),
    (output) => output.stdout.includes('Online: [ node1 node2 ]'),
  )
  expect(stdout).toContain('Online: [ node1 node2 ]')
}

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 2, transport: 'udpu' })
  fs.writeFileSync(path.join(lab.folder, 'sbin/fence_toy'), agent, { mode: 0o755 })
  lab.electSoon([real, ours])
  for (const node of [real, ours]) await lab.startCorosync(node, 'real')
  await lab.waitRing()
  await lab.must(['start-pacemaker', String(real)])
  await startOurs()
  await lab.must(['exec', '1', 'cibadmin', '-M', '-c', '-o', 'configuration', '-X', configuration])
  await lab.waitIdle(real)
  for (const node of [real, ours]) {
    const { stdout } = await until(
      () => admin(node, '-L'),
      (output) => output.stdout.includes('4 fence devices'),
    )
    expect(stdout).toContain('4 fence devices found')
  }
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
  fs.rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(missing !== undefined)(`our fencer beside a real one${why}`, () => {
  test('answers stonith_admin as the real one does', async () => {
    const commands: readonly (readonly string[])[] = [
      ['-l', 'vm3'],
      ['-l', 'dyn2'],
      ['-l', 'nobody'],
      ['-s', 'both'],
      ['-s', 'nothing'],
      ['-Q', 'nothing'],
      ['-F', 'nobody', '-t', '60'],
      ['-U', 'nobody', '-t', '60'],
      ['-R', 'api', '-a', 'fence_toy', '-o', 'pcmk_host_list=vm9'],
      ['-l', 'vm9'],
      ['-Q', 'api'],
      ['-r', 'vm9', '-i', '1', '-v', 'api'],
      ['-r', 'vm9', '-i', '77', '-v', 'api'],
      ['-d', 'vm9', '-i', '1'],
      ['-D', 'api'],
      ['-D', 'api'],
      ['-l', 'vm9'],
      ['-H', 'nobody-ever'],
      ['-h', 'nobody-ever'],
    ]
    for (const command of commands) {
      const [here, there] = [await admin(ours, ...command), await admin(real, ...command)]
      const sorted = ({ stdout }: LabOutput): string => stdout.split('\n').sort().join('\n')
      expect([command, sorted(here), here.stderr, here.status]).toEqual([
        command,
        sorted(there),
        there.stderr,
        there.status,
      ])
    }
    for (const args of [
      ['-R', 'api', '-a', 'fence_toy'],
      ['-D', 'both'],
      ['-r', 'vm9', '-i', '1', '-v', 'both'],
      ['-L'],
    ]) {
      const asNobody = [
        'setpriv',
        '--reuid',
        'nobody',
        '--regid',
        'haclient',
        '--clear-groups',
        'stonith_admin',
        ...args,
      ]
      const [here, there] = [await lab.exec(ours, ...asNobody), await lab.exec(real, ...asNobody)]
      expect([args, here.status, here.stderr]).toEqual([args, there.status, there.stderr])
    }
    // Which failure a real one tells of several depends on the order of the answers to its query.
    for (const node of [ours, real]) {
      const failed = await admin(node, '-F', 'vm4', '-t', '10')
      expect([1, 124]).toContain(failed.status)
      expect([failed.stdout, failed.stderr]).toEqual(['', expect.stringMatching(/Couldn't fence vm4: /)])
    }
    const list = async (node: number): Promise<string> => (await admin(node, '-L')).stdout.replace(/on-\w+/, 'on')
    expect((await list(ours)).split('\n').sort()).toEqual((await list(real)).split('\n').sort())
    deeds()
  })

  test('executes what the real one asks for, and the other way round', async () => {
    expect((await admin(real, '-B', 'vm2')).status).toBe(0)
    expect((await admin(ours, '-F', 'vm1')).status).toBe(0)
    expect((await admin(real, '-U', 'vm3')).status).toBe(0)
    expect((await admin(ours, '-C', 'vm7')).status).toBe(0)
    const [first, second, third] = deeds()
    expect([first, second]).toEqual(['node2 on-ours reboot vm2', 'node1 on-real off vm1'])
    expect(third).toMatch(/^node[12] both on vm3$/)
    expect((await commonHistory()).join('\n')).toMatch(
      /turning off of vm7 successful: delegate=a human, .*origin=node2/,
    )
  })

  test('uses the devices of a level on both, whoever is asked', async () => {
    for (const node of [ours, real]) {
      expect((await admin(node, '-F', 'vm5')).status).toBe(0)
      expect(deeds()).toEqual(['node2 on-ours off vm5', 'node1 on-real off vm5'])
    }
    expect((await admin(ours, '-B', 'vm5')).status).toBe(0)
    expect(deeds()).toEqual([
      'node2 on-ours off vm5',
      'node1 on-real off vm5',
      'node2 on-ours on vm5',
      'node1 on-real on vm5',
    ])
  })

  test('has what is for its own node done by the other one', async () => {
    await lab.must([
      'exec',
      '1',
      'cibadmin',
      '-M',
      '-X',
      '<nvpair id="both-pcmk_host_list" name="pcmk_host_list" value="vm3 node1 node2"/>',
    ])
    for (const node of [ours, real]) {
      const { stdout } = await until(
        () => admin(node, '-l', 'node1'),
        (output) => output.stdout.includes('both'),
      )
      expect(stdout).toContain('both')
    }
    expect((await admin(ours, '-U', 'node2')).status).toBe(0)
    expect(deeds()).toEqual(['node1 both on node2'])
    expect((await admin(real, '-U', 'node1')).status).toBe(0)
    expect(deeds()).toEqual(['node2 both on node1'])
    await commonHistory()
  })

  test('learns after a restart what the other one remembers, and shows the same', async () => {
    await lab.must(['stop', String(ours), 'pacemaker'])
    await startOurs()
    const known = await history(real)
    await until(
      () => admin(ours, '-H', '*', '-V'),
      (output) => output.stdout.includes(known.find((line) => line.endsWith(' events found')) ?? ''),
    )
    expect(await history(ours)).toEqual(known)
    const shown = async (node: number): Promise<string> => {
      const { stdout } = await lab.exec(node, 'crm_mon', '-1', '-m')
      const fencing = stdout.slice(stdout.indexOf('Fenc')).split('\n')
      return fencing.filter((line) => !line.includes(' vm4 ')).join('\n')
    }
    expect(await shown(ours)).toBe(await shown(real))
    expect(await shown(ours)).toContain('vm5')
    expect((await admin(ours, '-H', 'vm5', '-c')).status).toBe(0)
    const { stdout } = await until(
      () => admin(real, '-H', 'vm5'),
      (output) => output.stdout.includes('0 events'),
    )
    expect(stdout).toContain('0 events found')
  })
})
