import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dcDeadtimeS, Lab, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = labMissing([
  '/usr/sbin/corosync',
  '/usr/sbin/pacemakerd',
  '/usr/sbin/cibadmin',
  '/usr/sbin/useradd',
  '/usr/sbin/runuser',
])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('pa')
/** A user of this machine for as long as the test runs; the lab's nodes have the machine's users. */
const user = `qacl${process.pid.toString(36)}`
/** Node 1 is real. */
const [real, ours] = [1, 2]

/** Members of the cluster's group may read all but passwords, and write what resources aim at. */
const startCib = `<cib admin_epoch="0" epoch="1" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1"><configuration>
<crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="o1" name="dc-deadtime" value="${dcDeadtimeS}s"/><nvpair id="o2" name="stonith-enabled" value="false"/><nvpair id="o3" name="enable-acl" value="true"/></cluster_property_set></crm_config>
<nodes/><resources><primitive id="a" class="ocf" provider="pacemaker" type="Dummy"><instance_attributes id="ia"><nvpair id="ia1" name="fake" value="1"/><nvpair id="ia2" name="passwd" value="secret"/></instance_attributes><meta_attributes id="ma"><nvpair id="ma1" name="target-role" value="Started"/></meta_attributes></primitive></resources>
<constraints/><acls><acl_group id="haclient"><role id="r"/></acl_group><acl_role id="r"><acl_permission id="p1" kind="read" xpath="/cib"/><acl_permission id="p2" kind="deny" xpath="//nvpair[@name='passwd']"/><acl_permission id="p3" kind="write" reference="ma"/></acl_role></acls>
</configuration><status/></cib>
`

/** Runs a command as the user. */
async function as(node: number, ...command: readonly string[]) {
  return lab.exec(node, 'runuser', '-u', user, '--', ...command)
}

/** The CIB as root has it on a node, without what may differ between nodes. */
async function whole(node: number): Promise<string> {
  const { stdout } = await lab.exec(node, 'cibadmin', '-Q', '-l')
  return stdout.replace(/ (cib-last-written|update-(origin|client|user))="[^"]*"/g, '')
}

async function until(isSo: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    if (await isSo()) return true
    if (performance.now() > deadline) return false
    await sleep(200)
  }
}

beforeAll(async () => {
  if (missing !== undefined) return
  const made = spawnSync('useradd', ['-r', '-M', '-N', '-g', 'nogroup', '-G', 'haclient', '-s', '/bin/sh', user])
  if (made.status !== 0) throw new Error(`useradd ${user}: ${String(made.stderr)}`)
  await lab.up({ nodes: 2, transport: 'udpu' })
  for (const node of [real, ours]) {
    const folder = path.join(lab.folder, `node${node}/var/lib/pacemaker/cib`)
    const file = path.join(folder, 'cib.xml')
    fs.writeFileSync(file, startCib, { mode: 0o600 })
    const { uid, gid } = fs.statSync(folder)
    fs.chownSync(file, uid, gid)
    await lab.startCorosync(node, 'real')
  }
  await lab.waitRing()
  await lab.must(['start', String(ours), 'pacemaker', process.execPath, quorateProgram, 'pacemakerd', '-f'])
  await lab.must(['start-pacemaker', String(real)])
  const started = async () => (await lab.exec(real, 'crm_mon', '-1')).stdout
  expect(await until(async () => /Online: \[ node1 node2 \][\s\S]*Started node/.test(await started()))).toBe(true)
})

afterAll(async () => {
  if (missing !== undefined) return
  await lab.down()
  spawnSync('userdel', [user])
})

describe.skipIf(missing !== undefined)(`a user of group haclient with ACLs on${why}`, () => {
  test('sees and may do the same on our node as on a real one', async () => {
    const lines: readonly (readonly string[])[] = [
      ['cibadmin', '-Q', '-o', 'configuration'],
      ['cibadmin', '-Q', '-A', "//nvpair[@name='passwd']"],
      ['cibadmin', '-Q', '-A', '//primitive[@id="a"]', '-U', 'hacluster'],
      ['env', 'CIB_user=root', 'cibadmin', '-Q', '-o', 'resources'],
      ['cibadmin', '-M', '-o', 'resources', '-X', '<nvpair id="ma1" value="Started"/>'],
      ['cibadmin', '-M', '-o', 'resources', '-X', '<nvpair id="ia1" value="9"/>'],
      ['cibadmin', '-D', '-o', 'resources', '-X', '<primitive id="a"/>'],
      ['cibadmin', '-B', '-s'],
      ['cibadmin', '-E', '-f'],
      ['crm_attribute', '-n', 'cluster-name', '-v', 'mine'],
      ['crm_resource', '-r', 'a', '-m', '-p', 'priority', '-v', '5'],
      ['crm_standby', '-v', 'on', '-N', 'node1'],
    ]
    for (const line of lines) {
      const [here, there] = [await as(ours, ...line), await as(real, ...line)]
      expect([line, here.status, here.stdout]).toEqual([line, there.status, there.stdout])
      expect(here.stdout).not.toContain('secret')
    }
    expect(await until(async () => (await whole(ours)) === (await whole(real)))).toBe(true)
    expect(await whole(ours)).toContain('secret')
  })

  test('is refused by the other daemons, too', async () => {
    await lab.must(['exec', String(ours), 'attrd_updater', '-n', 'of-root', '-U', '1'])
    const stored = () => lab.exec(ours, 'cibadmin', '-Q', '-A', '//nvpair[@name="of-root"]')
    expect(await until(async () => (await stored()).stdout.includes('value="1"'))).toBe(true)
    const history = async () =>
      (await lab.exec(ours, 'cibadmin', '-Q', '-A', '//lrm_resource[@id="a"]/lrm_rsc_op')).stdout
    const before = await history()
    await as(ours, 'attrd_updater', '-n', 'of-root', '-U', '2')
    await as(ours, 'attrd_updater', '-n', 'of-user', '-U', '2')
    for (const node of ['node1', 'node2']) await as(ours, 'crm_resource', '-R', '-r', 'a', '-N', node)
    await as(ours, 'crm_node', '-R', 'node1', '-f')
    expect((await as(ours, 'crm_resource', '-F', '-r', 'a', '-N', 'node2')).status).not.toBe(0)
    // What root asks for next comes after all of it, in every daemon.
    await lab.must(['exec', String(ours), 'attrd_updater', '-n', 'last', '-U', '1'])
    const query = (name: string) => lab.exec(ours, 'attrd_updater', '-Q', '-n', name)
    expect(await until(async () => (await query('last')).status === 0)).toBe(true)
    expect((await query('of-root')).stdout).toContain('value="1"')
    expect((await query('of-user')).status).not.toBe(0)
    expect(await history()).toBe(before)
    expect((await lab.exec(ours, 'crm_node', '-l')).stdout).toContain('node1')
  })
})
