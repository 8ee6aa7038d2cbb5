import { randomBytes } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Lab, type LabOutput, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/pacemakerd', '/usr/sbin/cibadmin', '/usr/sbin/crm_mon'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('pm')
/** Node 3 is ours, the others are real. */
const ours = 3
/** Nodes of the lab share /tmp with the host. */
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mixed-'))

async function startOurs(node: number): Promise<void> {
  await lab.must(['start', String(node), 'pacemaker', process.execPath, quorateProgram, 'pacemakerd', '-f'])
}

const dummy = (id: string): string => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`

/** Asks again until the answer fits: what travels through the cluster has no event that a test outside could await. */
async function until(ask: () => Promise<LabOutput>, fits: (output: LabOutput) => boolean): Promise<LabOutput> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const output = await ask()
    if (fits(output) || performance.now() > deadline) return output
    await sleep(100)
  }
}

/** The CIB as each node has it, without what may differ between real nodes too: when and by whom it was changed last. */
async function cibs(): Promise<readonly string[]> {
  const all = await Promise.all([1, 2, 3].map((node) => lab.exec(node, 'cibadmin', '-Q', '-l')))
  return all.map(({ stdout }) => stdout.replace(/ (cib-last-written|update-(origin|client|user))="[^"]*"/g, ''))
}

async function agreed(): Promise<readonly string[]> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const all = await cibs()
    if (new Set(all).size === 1 || performance.now() > deadline) return all
    await sleep(200)
  }
}

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 3, transport: 'udpu' })
  lab.electSoon([1, 2, 3])
  for (const node of [1, 2, 3]) await lab.startCorosync(node, 'real')
  await lab.waitRing()
  await lab.must(['start-pacemaker', '1,2'])
  await lab.waitOnline()
  await lab.must(['exec', '1', 'crm_attribute', '-n', 'stonith-enabled', '-v', 'false'])
  await startOurs(ours)
  const { stdout } = await until(
    () => lab.exec(1, 'crm_mon', '-1'),
    (output) => output.stdout.includes('node1 node2 node3'),
  )
  expect(stdout).toContain('Online: [ node1 node2 node3 ]')
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
  fs.rmSync(folder, { recursive: true, force: true })
})

describe.skipIf(missing !== undefined)(`one node of ours with two real ones${why}`, () => {
  test('holds the same CIB after changes through every node', async () => {
    for (const node of [1, 2, 3]) {
      await lab.must(['exec', String(node), 'cibadmin', '-C', '-o', 'resources', '-X', dummy(`d${node}`)])
      await lab.must(['exec', String(node), 'crm_attribute', '-n', `option-${node}`, '-v', 'x'])
    }
    await lab.must(['exec', '3', 'cibadmin', '-D', '-X', '<nvpair id="cib-bootstrap-options-option-1"/>'])
    const refused = await lab.exec(3, 'cibadmin', '-C', '-o', 'resources', '-X', '<primitive id="bad"/>')
    expect(refused.status).toBe(78)
    await lab.waitIdle(ours)
    const all = await agreed()
    expect(new Set(all).size).toBe(1)
    expect(all[0]).toContain('id="d3"')
    expect(all[0]).not.toContain('option-1')
  })

  test('answers the real tools as a real node does', async () => {
    // What the cluster still does must not come between two that are compared.
    await lab.waitIdle(ours)
    await agreed()
    const commands: readonly (readonly string[])[] = [
      ['crm_resource', '--list'],
      ['crm_resource', '--locate', '--resource', 'd1'],
      ['crm_node', '-l'],
      ['crmadmin', '-D'],
      ['crmadmin', '-S', 'node1'],
      ['crmadmin', '-N'],
      ['crm_attribute', '-t', 'crm_config', '-n', 'stonith-enabled', '-G'],
      ['crm_standby', '-G', '-N', 'node2'],
      ['cibadmin', '-Q', '-A', '//primitive[@id="d1"]'],
      ['cibadmin', '-Q', '-o', 'tickets'],
      ['stonith_admin', '-L'],
      ['stonith_admin', '-H', '*'],
    ]
    for (const command of commands) {
      const [here, there] = [await lab.exec(ours, ...command), await lab.exec(1, ...command)]
      expect([command, sorted(here.stdout), here.status]).toEqual([command, sorted(there.stdout), there.status])
    }
    const shown = async (node: number): Promise<string> => {
      const { stdout } = await lab.exec(node, 'crm_mon', '-1')
      return sorted(stdout.replace(/[0-9:]{8}/g, 'T').replace(/Last change: .*/, ''))
    }
    expect(await shown(ours)).toBe(await shown(1))
  })

  test('shares transient attributes, whoever sets them, and forgets them with the node', async () => {
    await lab.must(['exec', '3', 'attrd_updater', '-n', 'from-ours', '-U', '7'])
    await lab.must(['exec', '2', 'attrd_updater', '-n', 'from-real', '-U', '9'])
    const query = (node: number, name: string) => () => lab.exec(node, 'attrd_updater', '-Q', '-A', '-n', name)
    const here = await until(query(3, 'from-real'), (output) => output.status === 0)
    const there = await until(query(1, 'from-ours'), (output) => output.status === 0)
    expect(here.stdout).toBe('name="from-real" host="node2" value="9"\n')
    expect(there.stdout).toBe('name="from-ours" host="node3" value="7"\n')
    const pair = ['cibadmin', '-Q', '-A', '//nvpair[@id="status-3-from-ours"]']
    const stored = await until(
      () => lab.exec(1, ...pair),
      (output) => output.status === 0,
    )
    expect(stored.stdout).toContain('name="from-ours" value="7"')
    await lab.must(['exec', '1', 'attrd_updater', '-n', 'from-ours', '-N', 'node3', '-D'])
    const gone = await until(
      () => lab.exec(3, ...pair),
      (output) => output.status !== 0,
    )
    expect(gone.status).toBe(105)
    expect(new Set(await agreed()).size).toBe(1)
  })

  test('sends and reads messages so large that they travel compressed', async () => {
    for (const node of [1, ours]) {
      // Hexadecimal digits of no pattern: above the size that is compressed on the ring, and half of it stays after
      // compression, which real daemons can still hand to their clients.
      const value = randomBytes(70_000).toString('hex')
      const file = path.join(folder, `large-${node}.xml`)
      fs.writeFileSync(
        file,
        `<cluster_property_set id="cib-bootstrap-options"><nvpair id="large-${node}" name="large-${node}" value="${value}"/></cluster_property_set>`,
      )
      await lab.must(['exec', String(node), 'cibadmin', '-M', '-c', '-o', 'crm_config', '-x', file])
      const all = await agreed()
      expect(new Set(all).size).toBe(1)
      expect(all[0]?.includes(value)).toBe(true)
      await lab.must(['exec', '2', 'cibadmin', '-D', '-X', `<nvpair id="large-${node}"/>`])
      expect(new Set(await agreed()).size).toBe(1)
    }
  })

  test('feeds a real crm_mon that follows changes', async () => {
    const page = path.join(folder, 'status.html')
    await lab.must(['exec', '3', 'crm_mon', '-d', '-p', path.join(folder, 'crm_mon.pid'), '-h', page])
    await lab.must(['exec', '3', 'cibadmin', '-C', '-o', 'resources', '-X', dummy('followed')])
    const shown = await until(
      () => lab.exec(3, 'cat', page),
      ({ stdout }) => /followed.*Started node/.test(stdout.replace(/<[^>]*>/g, '')),
    )
    expect(shown.stdout.replace(/<[^>]*>/g, '')).toMatch(/followed.*Started node[123]/)
  })

  test('has alert agents told what a real node has them told', async () => {
    const agent = '/var/lib/pacemaker/alert'
    const text = `#!/bin/sh\n{ echo "event $(id -un):$(id -gn) $# $PWD"; env | grep -E '^(CRM_(alert|notify)|mine|LC_ALL|PCMK_service)'; } > ${agent}s/$CRM_alert_node_sequence\n`
    for (const node of [1, 2, 3]) {
      const there = path.join(lab.folder, `node${node}/var/lib/pacemaker`)
      fs.writeFileSync(path.join(there, 'alert'), text, { mode: 0o755 })
      fs.mkdirSync(path.join(there, 'alerts'))
      fs.chmodSync(path.join(there, 'alerts'), 0o777)
    }
    const select = '<select><select_nodes/><select_fencing/><select_resources/><select_attributes/></select>'
    const inner = `${select}<instance_attributes id="al-i"><nvpair id="al-i1" name="mine" value="x"/></instance_attributes><recipient id="al-r" value="whom"/>`
    await lab.must([
      'exec',
      '1',
      'cibadmin',
      '-M',
      '-c',
      '-o',
      'alerts',
      '-X',
      `<alert id="al" path="${agent}">${inner}</alert>`,
    ])
    // The same life of a resource on a real node and on ours.
    for (const node of [1, ours]) {
      const id = `alerting${node}`
      const operations = `<operations><op id="${id}-m" name="monitor" interval="60s"/></operations>`
      const primitive = `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${operations}</primitive>`
      // At once: without a home it would be started somewhere else first, now and then.
      const home = `<rsc_location id="${id}-home" rsc="${id}" node="node${node}" score="INFINITY"/>`
      const both = `<configuration><resources>${primitive}</resources><constraints>${home}</constraints></configuration>`
      await lab.must(['exec', '1', 'cibadmin', '-M', '-c', '-o', 'configuration', '-X', both])
      await lab.waitIdle(1)
      await lab.must(['exec', '1', 'crm_resource', '-F', '-r', id, '-N', `node${node}`])
      // The failure is acknowledged before it is in the CIB, where what there is to do is read from. (A real DC counts it once
      // for each of the two entries that a node has of it.)
      const isCounted = new RegExp(`${id}: .*fail-count=\\d`)
      const failures = await until(
        () => lab.exec(1, 'crm_mon', '-1f'),
        ({ stdout }) => stdout.includes(`${id} asyncmon`) && isCounted.test(stdout),
      )
      expect(failures.stdout).toMatch(isCounted)
      await lab.waitIdle(1)
      await lab.must(['exec', '1', 'crm_resource', '-C', '-r', id])
      const forgotten = await until(
        () => lab.exec(1, 'crm_mon', '-1f'),
        ({ stdout }) => !stdout.includes(`${id} asyncmon`) && !stdout.includes(`${id}: `),
      )
      expect(forgotten.stdout).not.toContain(`${id} asyncmon`)
      await lab.waitIdle(1)
    }
    await lab.must(['exec', '1', 'stonith_admin', '-C', 'a-node-that-never-was'])
    const told = (node: number): readonly string[] => {
      const there = path.join(lab.folder, `node${node}/var/lib/pacemaker/alerts`)
      return fs
        .readdirSync(there)
        .map((name) => fs.readFileSync(path.join(there, name), 'utf8'))
        .filter((event) => !event.includes('_kind=attribute') && !/_rsc=(?!alerting)/.test(event))
        .map((event) => event.replaceAll(`alerting${node}`, 'R').replaceAll(/_node=node\d/g, '_node=HERE'))
        .map((event) => event.replace(/(_(?:node_sequence|timestamp\w*|exec_time)=).*/g, '$1'))
        .map((event) => event.trim().split('\n').sort().join('\n'))
        .sort()
    }
    // Start, monitor, failure, cancelled monitor, stop, start and monitor again, and the fencing.
    const differences = (): readonly unknown[] => {
      const [here, there] = [told(ours), told(1)]
      const odd = [...here, ...there].filter((event) => !here.includes(event) || !there.includes(event))
      return [here.length >= 8, here.length === there.length, odd]
    }
    await expect.poll(differences, { timeout: patienceMs, interval: 200 }).toEqual([true, true, []])
    await lab.must(['exec', '1', 'cibadmin', '-D', '-o', 'alerts', '-X', '<alert id="al"/>'])
  })

  test('settles with the others after it was cut off', async () => {
    await lab.must(['partition', '1,2', '3'])
    const alone = await until(
      () => lab.exec(3, 'crm_mon', '-1'),
      ({ stdout }) => stdout.includes('OFFLINE: [ node1 node2 ]') && stdout.includes('partition WITHOUT quorum'),
    )
    expect(alone.stdout).toContain('OFFLINE: [ node1 node2 ]')
    expect(alone.stdout).toContain('partition WITHOUT quorum')
    await lab.must(['exec', '1', 'crm_attribute', '-n', 'in-the-majority', '-v', 'x'])
    // The copy of a lone node stays older than one with an acknowledged change, so that it cannot win over it.
    const epochs = (await cibs()).map((cib) => Number(/ epoch="(\d+)"/.exec(cib)?.[1]))
    expect(epochs[2]).toBeLessThan(epochs[0] ?? 0)
    await lab.must(['heal'])
    await until(
      () => lab.exec(1, 'crm_mon', '-1'),
      ({ stdout }) => stdout.includes('Online: [ node1 node2 node3 ]'),
    )
    const all = await agreed()
    expect(new Set(all).size).toBe(1)
    expect(all[2]).toContain('in-the-majority')
    const { stdout: log } = await lab.must(['logs', '3', 'pacemaker'])
    for (const id of ['d1', 'd2']) expect(log).not.toContain(`start operation for ${id}`)
  })

  test('leaves in order, and comes back to the CIB that has moved on', async () => {
    await lab.must(['stop', '3', 'pacemaker'])
    const status = await until(
      () => lab.exec(1, 'crm_mon', '-1'),
      ({ stdout }) => stdout.includes('OFFLINE: [ node3 ]'),
    )
    expect(status.stdout).toContain('OFFLINE: [ node3 ]')
    await lab.must(['exec', '1', 'crm_attribute', '-n', 'while-away', '-v', 'x'])
    await startOurs(ours)
    await until(
      () => lab.exec(1, 'crm_mon', '-1'),
      (output) => output.stdout.includes('Online: [ node1 node2 node3 ]'),
    )
    const all = await agreed()
    expect(new Set(all).size).toBe(1)
    expect(all[2]).toContain('while-away')
  })

  test('hands its files over to a real daemon', async () => {
    const before = (await agreed())[2]
    await lab.must(['stop', '3', 'pacemaker'])
    await lab.must(['stop', '1,2', 'pacemaker'])
    await lab.must(['start-pacemaker', '3'])
    const { stdout } = await until(
      () => lab.exec(3, 'cibadmin', '-Q', '-o', 'resources'),
      (output) => output.status === 0,
    )
    for (const id of ['d1', 'd2', 'd3', 'followed']) expect(stdout).toContain(`<primitive id="${id}"`)
    expect(before).toContain('<primitive id="followed"')
  })
})

/** Lines in order: real nodes list some things in the order of a hash table. */
function sorted(text: string): string {
  return text.split('\n').sort().join('\n')
}
