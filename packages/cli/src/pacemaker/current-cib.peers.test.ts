import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { crmMon } from '../crm_mon/main.ts'
import { crmResource } from '../crm_resource/main.ts'
import { crmTicket } from '../crm_ticket/main.ts'
import { type ToolOutcome, tryProgram, tryTool } from './tool-trial.ts'

const isInstalled = spawnSync('crm_resource', ['--version']).error === undefined
const lacks = isInstalled ? '' : ' (skipped: no crm_resource)'
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-old-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

/** A CIB of a cluster of 2012: options under names of then, a clone for what is promoted, parameters of fence devices. */
function oldCib(primitive = ''): string {
  return `<cib validate-with="pacemaker-1.2" crm_feature_set="3.0.6" epoch="7" num_updates="0" admin_epoch="0">
  <configuration>
    <crm_config><cluster_property_set id="cib-bootstrap-options">
      <nvpair id="o1" name="stonith_enabled" value="false"/>
      <nvpair id="o2" name="default_resource_stickiness" value="100"/>
      <nvpair id="o3" name="is_managed_default" value="false"/>
      <nvpair id="o4" name="default-action-timeout" value="40s"/>
    </cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1" type="normal"/></nodes>
    <resources>
      <primitive id="d" class="ocf" provider="pacemaker" type="Dummy">${primitive}
        <operations><op id="d-m" name="monitor" interval="10s" requires="nothing"/></operations>
      </primitive>
      <master id="ms"><primitive id="s" class="ocf" provider="pacemaker" type="Stateful"/></master>
    </resources>
    <constraints><rsc_ticket id="t" ticket="T" rsc="d" loss-policy="stop"/></constraints>
  </configuration>
  <status>
    <node_state id="1" uname="n1" crmd="online" in_ccm="true" join="member" expected="member"/>
    <tickets><ticket_state id="T" granted="true" last-granted="1400000000"/></tickets>
  </status>
</cib>`
}

const tools = { crm_mon: crmMon, crm_resource: crmResource, crm_ticket: crmTicket }
type Name = keyof typeof tools

async function both(line: string, cib: string): Promise<{ readonly real: ToolOutcome; readonly ours: ToolOutcome }> {
  const [name = '', ...argv] = line.split(' ')
  const file = path.join(scratch, 'cib.xml')
  fs.writeFileSync(file, cib)
  const env = { ...process.env, CIB_file: file, TZ: 'UTC' }
  return { real: await tryProgram(name, argv, { env }), ours: await tryTool(tools[name as Name], argv, { env }) }
}

/** The notes of an upgrade come in the order of its passes, which is not ours. */
function unordered({ code, out, err }: ToolOutcome) {
  return { code, out: out.replace(/Last updated: .*|last_update time="[^"]*"/g, ''), err: err.split('\n').sort() }
}

test
  .skipIf(lacks !== '')
  .each([
    'crm_mon -1 -r',
    'crm_mon --output-as=xml',
    'crm_resource -L',
    'crm_resource -L --output-as=xml',
    'crm_resource -Y -r d',
    'crm_resource -q -r d',
    'crm_resource -g is-managed -m -r d',
    'crm_ticket -l',
    'crm_ticket -t T -G granted',
  ])(`an old CIB is upgraded for %s${lacks}`, async (line) => {
  const { real, ours } = await both(line, oldCib())
  expect(unordered(ours)).toEqual(unordered(real))
})

const isolated = oldCib('<meta_attributes id="m"><nvpair id="m-n" name="isolation-host" value="x"/></meta_attributes>')

test.skipIf(lacks !== '').each(['crm_resource -l', 'crm_resource -l --output-as=xml', 'crm_ticket -l'])(
  `with notes of what was taken away for %s${lacks}`,
  async (line) => {
    const { real, ours } = await both(line, isolated)
    expect(unordered(ours)).toEqual(unordered(real))
  },
)

test
  .skipIf(lacks !== '')
  .each(['crm_resource -l', 'crm_resource -W -r d --output-as=xml', 'crm_ticket -t T -G granted'])(
  `or refused, for %s${lacks}`,
  async (line) => {
    const { real, ours } = await both(
      line,
      oldCib().replace('name="stonith_enabled" value="false"', 'name="cluster-infrastructure"'),
    )
    expect(real.code).not.toBe(0)
    expect(unordered(ours)).toEqual(unordered(real))
  },
)
