import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { dcDeadtimeS, Lab, labMissing, patienceMs, quorateProgram } from '@quorate/testkit'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

const missing = labMissing(['/usr/sbin/corosync', '/usr/sbin/pacemakerd', '/usr/sbin/cibadmin', '/usr/sbin/crm_mon'])
const why = missing === undefined ? '' : ` (skipped: ${missing})`
const lab = new Lab('pd')
const folder = '/var/lib/pacemaker/cib'
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-old-cib-'))

/** A CIB that a cluster of 2012 left behind: options and resources under names of then. */
const oldCib = `<cib validate-with="pacemaker-1.2" crm_feature_set="3.0.6" epoch="7" num_updates="0" admin_epoch="0">
<configuration>
  <crm_config><cluster_property_set id="cib-bootstrap-options">
    <nvpair id="o1" name="stonith_enabled" value="false"/><nvpair id="o2" name="no_quorum_policy" value="ignore"/>
    <nvpair id="o3" name="default-action-timeout" value="40s"/><nvpair id="o4" name="dc-deadtime" value="${dcDeadtimeS}s"/>
  </cluster_property_set></crm_config>
  <nodes><node id="1" uname="node1" type="normal"/></nodes>
  <resources>
    <primitive id="d" class="ocf" provider="pacemaker" type="Dummy">
      <operations><op id="d-m" name="monitor" interval="10s" requires="nothing"/></operations>
    </primitive>
    <master id="ms"><primitive id="s" class="ocf" provider="pacemaker" type="Stateful"/></master>
  </resources>
  <constraints/>
</configuration><status/></cib>`

const programs = { real: ['/usr/sbin/pacemakerd'], ours: [process.execPath, quorateProgram, 'pacemakerd', '-f'] }

/** Starts a node on the old CIB, and tells what runs there and what became of the configuration. */
async function grown(of: keyof typeof programs): Promise<{ readonly resources: string; readonly cib: string }> {
  const file = path.join(scratch, 'cib.xml')
  fs.writeFileSync(file, oldCib)
  await lab.must(['exec', '1', 'find', folder, '-type', 'f', '-delete'])
  await lab.must(['exec', '1', 'install', '-o', 'hacluster', '-g', 'haclient', '-m', '600', file, `${folder}/cib.xml`])
  await lab.must(['start', '1', 'pacemaker', ...programs[of]])
  const deadline = performance.now() + patienceMs
  let shown = ''
  const runs = () => shown.includes('Started node1') && shown.includes('Promoted: [ node1 ]')
  while (!runs() && performance.now() < deadline) {
    shown = (await lab.exec(1, 'crm_mon', '-1')).stdout
    await sleep(200)
  }
  const cib = (await lab.exec(1, 'cibadmin', '-Q')).stdout
  await lab.must(['stop', '1', 'pacemaker'])
  const claim = /validate-with="[^"]*"/.exec(cib)?.[0] ?? ''
  const configuration = cib.slice(cib.indexOf('<configuration>'), cib.indexOf('<status>'))
  return {
    resources: shown.slice(shown.indexOf('Active Resources:')),
    cib: claim + configuration.replace(/name="dc-version" value="[^"]*"/, ''),
  }
}

beforeAll(async () => {
  if (missing !== undefined) return
  await lab.up({ nodes: 1, transport: 'udpu' })
  await lab.startCorosync(1, 'real')
  await lab.waitRing()
})

afterAll(async () => {
  fs.rmSync(scratch, { recursive: true })
  if (missing === undefined) await lab.down()
})

describe.skipIf(missing !== undefined)(`a node that starts on a CIB of an old schema${why}`, () => {
  test('runs its resources by it and leaves it at that schema, as the C daemons do', async () => {
    const real = await grown('real')
    expect(real.resources).toContain('Promoted: [ node1 ]')
    expect(real.cib).toContain('validate-with="pacemaker-1.2"')
    expect(await grown('ours')).toEqual(real)
  })
})
