import process from 'node:process'
import { Lab, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/pacemakerd', '/usr/sbin/crm_mon'])
const lab = new Lab('cli')

async function ours(...argv: readonly string[]) {
  return lab.exec(1, process.execPath, quorateProgram, ...argv)
}

/** Waits for a line of the real crm_mon, without another: the judge of what the cluster does. */
async function realShows(text: string, without?: string): Promise<void> {
  const deadline = Date.now() + patienceMs
  for (;;) {
    const shown = (await lab.exec(1, 'crm_mon', '-1')).stdout
    if (shown.includes(text) && (without === undefined || !shown.includes(without))) return
    if (Date.now() > deadline) throw new Error(`crm_mon never showed '${text}':\n${shown}`)
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

function masked(text: string): string {
  return text.replace(/last updated [^)]*/g, '').replace(/Last updated: .*/g, '')
}

describe.skipIf(missing !== undefined)(`our tools on a real Pacemaker (${missing ?? 'in the lab'})`, () => {
  beforeAll(async () => {
    await lab.up({ nodes: 2, transport: 'udpu' })
    lab.electSoon([1, 2])
    await lab.must(['start-corosync', 'all'])
    await lab.waitRing()
    await lab.must(['start-pacemaker', 'all'])
    await lab.waitOnline()
  })
  afterAll(() => lab.down())

  test('change options and the CIB, and are refused where they should be', async () => {
    expect((await ours('crm_attribute', '-n', 'stonith-enabled', '-v', 'false')).status).toBe(0)
    expect((await lab.exec(1, 'crm_attribute', '-n', 'stonith-enabled', '-G', '-q')).stdout).toBe('false\n')
    const xml = '<primitive id="d1" class="ocf" provider="pacemaker" type="Dummy"/>'
    expect((await ours('cibadmin', '-C', '-o', 'resources', '-X', xml)).status).toBe(0)
    const again = await ours('cibadmin', '-C', '-o', 'resources', '-X', xml)
    expect(again.status).toBe(108)
    expect(again.stderr).toBe('Call failed: File exists\n')
    const invalid = await ours('cibadmin', '-C', '-o', 'resources', '-X', '<primitive id="d2" class="ocf"/>')
    expect(invalid.status).toBe(78)
    await realShows('Started node')
  })

  test('show the same', async () => {
    // What the cluster still does must not come between the two that are compared.
    await lab.waitIdle(1)
    for (const argv of [
      ['crm_mon', '-1'],
      ['crm_mon', '-1rnfA'],
      ['cibadmin', '-Q'],
      ['crm_resource', '-L'],
      ['crm_node', '-l'],
    ]) {
      const [program = '', ...rest] = argv
      const real = await lab.exec(1, program, ...rest)
      const mine = await ours(program, ...rest)
      expect(masked(mine.stdout), argv.join(' ')).toBe(masked(real.stdout))
    }
  })

  test('move a resource and take the constraint back', async () => {
    const there = (await ours('crm_resource', '-W', '-r', 'd1', '-Q')).stdout.trim()
    const other = there === 'node1' ? 'node2' : 'node1'
    expect((await ours('crm_resource', '-M', '-r', 'd1', '-N', other)).status).toBe(0)
    await realShows(`Started ${other}`)
    expect((await ours('crm_resource', '-U', '-r', 'd1')).stdout).toBe('Removing constraint: cli-prefer-d1\n')
    await realShows(`Started ${other}`)
  })

  test('fail a resource and clean it up', async () => {
    const there = (await ours('crm_resource', '-W', '-r', 'd1', '-Q')).stdout.trim()
    expect((await ours('crm_resource', '-F', '-r', 'd1', '-N', there)).status).toBe(0)
    await realShows(`d1 asyncmon on ${there} returned 'error'`)
    await lab.waitIdle(1)
    expect((await ours('crm_resource', '-C', '-r', 'd1')).stdout).toContain('... got reply (done)\n')
    await realShows('Started', 'Failed Resource Actions')
  })

  test('put a node on standby and back', async () => {
    expect((await ours('crm_standby', '-N', 'node2', '-v', 'on')).status).toBe(0)
    await realShows('Node node2: standby')
    expect((await ours('crm_standby', '-N', 'node2', '-D')).status).toBe(0)
    await realShows('Online: [ node1 node2 ]')
  })
})
