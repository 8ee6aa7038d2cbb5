import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Lab, labMissing, quorateProgram, SshHome, SshHost, sshHostLacks } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { drivenAnswer } from './sample-drive.ts'

const driver = fileURLToPath(new URL('drive-console.mjs', import.meta.url))
const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/pacemakerd', '/usr/sbin/cibadmin'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lacksSsh = sshHostLacks()
const sshNote = lacksSsh === undefined ? '' : ` (skipped: needs ${lacksSsh})`
const lab = new Lab('con')
const resources = ['r1', 'r2', 'r3']

const configuration = `<configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="o-s" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
<rsc_defaults><meta_attributes id="d"><nvpair id="d-s" name="resource-stickiness" value="100"/></meta_attributes></rsc_defaults>
<resources>${resources.map((id) => `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy"/>`).join('')}</resources>
<constraints>${resources.map((id) => `<rsc_location id="${id}-1" rsc="${id}" node="node1" score="1"/>`).join('')}</constraints>
</configuration>`

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 2, transport: 'udpu' })
  lab.electSoon([1, 2])
  for (const node of [1, 2]) await lab.startCorosync(node, 'real')
  await lab.waitRing()
  await lab.must(['start-pacemaker', 'all'])
  await lab.waitOnline()
})

afterAll(async () => {
  if (missing === undefined) await lab.down()
})

describe.skipIf(missing !== undefined)(`the console on a real corosync and Pacemaker${why}`, () => {
  test('moves three resources at once as one change of the CIB and leaves no constraints; a ban, nodes, a failure and a refresh', async () => {
    const { status, stderr } = await lab.exec(
      1,
      'cibadmin',
      '--modify',
      '--allow-create',
      '-o',
      'configuration',
      '-X',
      configuration,
    )
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const done = await lab.exec(1, process.execPath, driver, quorateProgram, 'node2', ...resources)
    expect(done.stderr).toBe('')
    expect(JSON.parse(done.stdout)).toEqual(drivenAnswer('node1', 'node2', resources.length))
  })

  test.skipIf(lacksSsh !== undefined)(
    `the same from a machine that is no node, by SSH: one connection, one command, nothing left there${sshNote}`,
    async () => {
      const home = new SshHome()
      // node1's first address in the lab; the console runs beside node2, and has nothing of it.
      const { stdout: addresses } = await lab.exec(1, 'hostname', '-I')
      const address = addresses.split(' ')[0] ?? ''
      await lab.must(['exec', '1', 'mkdir', '-p', '/run/sshd'])
      const host = new SshHost({ home, address, port: 2222, env: {}, enter: lab.enter(1) })
      try {
        await host.start()
        const desk = { HOME: home.folder, QUORATE_ROOT: path.join(home.folder, 'desk') }
        const connect = ['--connect', `${address}:2222`, '--accept-key', host.fingerprint]
        const env = [`CONSOLE_ARGUMENTS=${JSON.stringify(connect)}`, `CONSOLE_ENVIRONMENT=${JSON.stringify(desk)}`]
        const driven = [process.execPath, driver, quorateProgram, 'node2', ...resources]
        const done = await lab.exec(2, 'env', ...env, ...driven)
        expect(done.stderr).toBe('')
        expect(JSON.parse(done.stdout)).toEqual(drivenAnswer('node1', 'node2', resources.length))
        expect(host.log.match(/Accepted publickey/g)).toHaveLength(1)
        expect(host.log.match(/Starting session: command/g)).toHaveLength(1)
        const { stdout: shells } = await lab.exec(1, 'pgrep', '-fx', 'sh -s')
        expect(shells).toBe('')
      } finally {
        await host.end()
        home.end()
      }
    },
  )
})
