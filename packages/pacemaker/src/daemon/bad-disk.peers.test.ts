import { setTimeout as sleep } from 'node:timers/promises'
import { Lab, type LabOutput, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/cibadmin', '/usr/sbin/crm_mon'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('pd')
const folder = '/var/lib/pacemaker/cib'

async function start(node: number): Promise<void> {
  await lab.must(['start', String(node), 'pacemaker', process.execPath, quorateProgram, 'pacemakerd', '-f'])
}

const patient = { timeout: patienceMs, interval: 100 }

async function until(ask: () => Promise<LabOutput>, fits: (output: LabOutput) => boolean): Promise<LabOutput> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const output = await ask()
    if (fits(output) || performance.now() > deadline) return output
    await sleep(100)
  }
}

const online = () =>
  until(
    () => lab.exec(1, 'crm_mon', '-1'),
    ({ stdout }) => stdout.includes('Online: [ node1 node2 ]'),
  )
const dummy = (id: string): string => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`
const create = (node: number, id: string) => lab.exec(node, 'cibadmin', '-C', '-o', 'resources', '-X', dummy(id))
const resources = async (node: number): Promise<string> =>
  (await lab.exec(node, 'cibadmin', '-Q', '-l', '-o', 'resources')).stdout

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 2, transport: 'udpu' })
  for (const node of [1, 2]) await lab.startCorosync(node, 'real')
  await lab.waitRing()
  await lab.must(['exec', '2', 'mkdir', '-p', folder])
  await lab.must(['exec', '2', 'mount', '-t', 'tmpfs', '-o', 'size=512k', 'none', folder])
  for (const node of [1, 2]) await start(node)
  await online()
  await lab.must(['exec', '1', 'crm_attribute', '-n', 'stonith-enabled', '-v', 'false'])
  expect((await create(2, 'a')).status).toBe(0)
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

describe.skipIf(missing !== undefined)(`a disk${why}`, () => {
  test('that is full has changes refused there, while the cluster runs on', async () => {
    await lab.exec(2, 'dd', 'if=/dev/zero', `of=${folder}/ballast`, 'bs=4096')
    const refused = await create(2, 'b')
    expect(refused.status).not.toBe(0)
    expect(refused.stderr).toContain('No space left on device')
    expect(await resources(2)).toContain('id="a"')
    expect((await create(1, 'c')).status).toBe(0)
    await expect.poll(() => resources(2), patient).toContain('id="c"')
    expect(await resources(2)).toBe(await resources(1))
    expect(await resources(2)).not.toContain('id="b"')
    await lab.must(['exec', '2', 'attrd_updater', '-n', 'still', '-U', 'here'])
    await lab.must(['exec', '2', 'rm', `${folder}/ballast`])
    expect((await create(2, 'b')).status).toBe(0)
    const written = await until(
      () => lab.exec(2, 'cat', `${folder}/cib.xml`),
      ({ stdout }) => stdout.includes('id="b"'),
    )
    expect(written.stdout).toContain('id="c"')
  })

  test('that holds another CIB than its signature says has it moved aside, and the node takes that of its peers', async () => {
    await lab.must(['stop', '2', 'pacemaker'])
    await lab.must(['exec', '2', 'sed', '-i', 's/id="a"/id="forged"/', `${folder}/cib.xml`])
    await start(2)
    await online()
    const there = await resources(1)
    expect(there).toContain('id="a"')
    // A backup of its own that it may have begun with has less in it.
    await expect.poll(() => resources(2), patient).toBe(there)
    const aside = await lab.exec(2, 'sh', '-c', `grep -l forged ${folder}/cib.auto.*`)
    expect(aside.stdout).toMatch(/cib\.auto\.[0-9a-f]{6}\n$/)
    const log = await lab.exec(2, 'cat', '/var/log/pacemaker/pacemaker.log')
    expect(log.stdout).toMatch(/error: .*cib\.xml cannot be used and was kept as cib\.auto\./)
    expect(log.stdout).toMatch(/cib\.xml has digest [0-9a-f]{32}, expected [0-9a-f]{32}/)
  })

  test('that holds a CIB which does not conform keeps the node out, and its file as it is', async () => {
    await lab.must(['stop', '2', 'pacemaker'])
    await lab.must([
      'exec',
      '2',
      'sed',
      '-i',
      's/<primitive id="b"/<primitive nonsense="1" id="b"/',
      `${folder}/cib.xml`,
    ])
    await lab.must(['exec', '2', 'rm', `${folder}/cib.xml.sig`])
    await start(2)
    const log = await until(
      () => lab.exec(2, 'cat', '/var/log/pacemaker/pacemaker.log'),
      ({ stdout }) => stdout.includes('does not conform to its schema'),
    )
    expect(log.stdout).toMatch(/error: .*cib\.xml does not conform to its schema/)
    const document = await lab.exec(2, 'cat', `${folder}/cib.xml`)
    expect(document.stdout).toContain('nonsense="1"')
  })
})
