import { setTimeout as sleep } from 'node:timers/promises'
import { hasProgram, Lab, type LabOutput, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/cibadmin', '/usr/sbin/crm_mon', '/usr/sbin/crm_resource'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const noCrm = hasProgram('crm') ? undefined : 'crmsh is not installed'
const noPcs = hasProgram('pcs') ? undefined : 'pcs is not installed'
const lab = new Lab('pt')

/** Runs a command in node 2; its exit status has to be 0. */
async function must(...command: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await lab.exec(2, ...command)
  expect([command.join(' '), status, status === 0 ? '' : stderr]).toEqual([command.join(' '), 0, ''])
  return stdout
}

async function until(ask: () => Promise<LabOutput>, fits: (output: LabOutput) => boolean): Promise<LabOutput> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    const output = await ask()
    if (fits(output) || performance.now() > deadline) return output
    await sleep(100)
  }
}

const dummy = (id: string): string => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`
const located = (id: string) => () => lab.exec(2, 'crm_resource', '-W', '-r', id)

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 3, transport: 'udpu' })
  for (const node of [1, 2, 3]) await lab.startCorosync(node, 'real')
  await lab.waitRing()
  for (const node of [1, 2, 3]) {
    await lab.must(['start', String(node), 'pacemaker', process.execPath, quorateProgram, 'pacemakerd', '-f'])
  }
  const { stdout } = await until(
    () => lab.exec(2, 'crm_mon', '-1'),
    (output) => output.stdout.includes('Online: [ node1 node2 node3 ]'),
  )
  expect(stdout).toContain('Online: [ node1 node2 node3 ]')
  await must('crm_attribute', '-n', 'stonith-enabled', '-v', 'false')
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

describe.skipIf(missing !== undefined)(`the real tools on three nodes of ours${why}`, () => {
  test('cibadmin, crm_resource and crm_standby change the cluster and see what came of it', async () => {
    await must('cibadmin', '-C', '-o', 'resources', '-X', dummy('a'))
    await until(located('a'), ({ stdout }) => stdout.includes('is running on'))
    await must('crm_resource', '-M', '-r', 'a', '-N', 'node3')
    expect((await until(located('a'), ({ stdout }) => stdout.includes('node3'))).stdout).toContain('running on: node3')
    await must('crm_resource', '-U', '-r', 'a')
    await must('crm_standby', '-N', 'node3', '-v', 'on')
    const moved = await until(located('a'), ({ stdout }) => /node[12]/.test(stdout))
    expect(moved.stdout).toMatch(/running on: node[12]/)
    await must('crm_standby', '-N', 'node3', '-D')
    expect((await lab.exec(2, 'cibadmin', '-C', '-o', 'resources', '-X', dummy('a'))).status).toBe(108)
    expect((await lab.exec(2, 'cibadmin', '-Q', '-A', '//nothing')).status).toBe(105)
  })

  test('a failure is counted, shown, and forgotten again', async () => {
    await lab.waitIdle(2)
    await must('crm_resource', '-F', '-r', 'a', '-N', 'node1')
    const failed = await until(
      () => lab.exec(2, 'crm_mon', '-1f'),
      ({ stdout }) => stdout.includes('fail-count=1') && stdout.includes("a asyncmon on node1 returned 'error'"),
    )
    expect(failed.stdout).toContain('fail-count=1')
    expect(failed.stdout).toContain("a asyncmon on node1 returned 'error'")
    const counted = await until(
      () => lab.exec(2, 'crm_failcount', '-G', '-r', 'a', '-N', 'node1'),
      ({ stdout }) => stdout.includes('value=1'),
    )
    expect(counted.stdout).toContain('value=1')
    await lab.waitIdle(2)
    await must('crm_resource', '-C', '-r', 'a')
    const clean = await until(
      () => lab.exec(2, 'crm_mon', '-1f'),
      ({ stdout }) => !stdout.includes('fail-count') && !stdout.includes('asyncmon'),
    )
    expect(clean.stdout).not.toMatch(/fail-count|asyncmon/)
    expect(await must('crm_resource', '-R', '-r', 'a')).toContain('got reply (done)')
  })

  test('crmadmin, crm_node, attrd_updater and stonith_admin get their answers', async () => {
    // The DC has to have done with what the tests before this one left it to do.
    await lab.waitIdle(2)
    expect(await must('crmadmin', '-D')).toMatch(/^Designated Controller is: node[123]$/m)
    for (const node of ['node1', 'node2', 'node3']) {
      expect(await must('crmadmin', '-S', node)).toMatch(
        new RegExp(`Controller on ${node} in state S_(IDLE|NOT_DC): ok`),
      )
    }
    expect(await must('crmadmin', '-P')).toContain('Pacemaker is running')
    expect(await must('crm_node', '-l')).toBe('1 node1 member\n2 node2 member\n3 node3 member\n')
    expect(await must('crm_node', '-q')).toBe('1\n')
    await must('attrd_updater', '-n', 'x', '-U', '1', '-d', '0')
    const value = () => lab.exec(1, 'attrd_updater', '-Q', '-A', '-n', 'x')
    expect((await until(value, ({ status }) => status === 0)).stdout).toBe('name="x" host="node2" value="1"\n')
    expect(await must('stonith_admin', '-H', '*')).toContain('0 events found')
    expect(await must('stonith_admin', '-L')).toContain('0 fence devices found')
  })

  test.skipIf(noCrm !== undefined)(
    `crm configures and shows${noCrm === undefined ? '' : ` (skipped: ${noCrm})`}`,
    async () => {
      await must('crm', 'configure', 'primitive', 'b', 'ocf:pacemaker:Dummy', 'op', 'monitor', 'interval=10s')
      // It is located while its start is pending, and shown as started when that is over.
      await lab.waitIdle(2)
      expect(await must('crm', 'status')).toMatch(/\* b\t\(ocf:pacemaker:Dummy\):\t Started node[123]/)
      expect(await must('crm', 'configure', 'show', 'b')).toMatch(/^primitive b .*Dummy/)
      await must('crm', 'resource', 'restart', 'b')
    },
  )

  test.skipIf(noPcs !== undefined)(
    `pcs creates, moves and shows${noPcs === undefined ? '' : ` (skipped: ${noPcs})`}`,
    async () => {
      // Without it pcs finds that the resource would go back where it came from, and refuses.
      await must('crm_attribute', '-t', 'rsc_defaults', '-n', 'resource-stickiness', '-v', '100')
      await must('pcs', 'resource', 'create', 'c', 'ocf:pacemaker:Dummy')
      await lab.waitIdle(2)
      const { stdout } = await located('c')()
      const target = stdout.includes('node1') ? 'node2' : 'node1'
      await must('pcs', 'resource', 'move', 'c', target)
      expect((await located('c')()).stdout).toContain(`running on: ${target}`)
      const status = await must('pcs', 'status')
      expect(status).toContain('Online: [ node1 node2 node3 ]')
      expect(status).toContain(`Started ${target}`)
    },
  )

  test('every node holds the same CIB at the end', async () => {
    await lab.waitIdle(2)
    const copies = async (): Promise<number> => {
      const cibs = await Promise.all([1, 2, 3].map((node) => lab.exec(node, 'cibadmin', '-Q', '-l')))
      const shown = cibs.map(({ stdout }) =>
        stdout.replace(/ (cib-last-written|update-(origin|client|user))="[^"]*"/g, ''),
      )
      return new Set(shown).size
    }
    // They hear of a change one after the other.
    await expect.poll(copies, { timeout: patienceMs, interval: 100 }).toBe(1)
  })
})
