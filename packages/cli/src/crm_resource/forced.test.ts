import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmResource } from './main.ts'

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'quorate-agent-'))
afterAll(() => fs.rmSync(scratch, { recursive: true }))

const agent = `#!/bin/sh
echo "$1 $OCF_RESOURCE_INSTANCE $OCF_RESKEY_how $OCF_RESKEY_CRM_meta_timeout $OCF_CHECK_LEVEL"
case "$OCF_RESKEY_how" in
  reason) echo "ocf-exit-reason:because" >&2; exit 5;;
  kill) kill -9 $$;;
  slow) sleep 60 & wait;;
  daemon) sleep 30 & echo $! >"$OCF_ROOT/daemon";;
esac
`
const folder = path.join(scratch, 'resource.d/test')
fs.mkdirSync(folder, { recursive: true })
fs.writeFileSync(path.join(folder, 'Agent'), agent, { mode: 0o755 })
const cib = path.join(scratch, 'cib.xml')
fs.writeFileSync(
  cib,
  `<cib crm_feature_set="3.16.1" validate-with="pacemaker-3.9" epoch="1" num_updates="0" admin_epoch="0"><configuration><crm_config/><nodes/><resources><primitive id="a" class="ocf" provider="test" type="Agent"><operations><op id="a-s" name="start" interval="0s" timeout="7s"/></operations></primitive><primitive id="out" class="ocf" provider="test" type="../../outside"/><primitive id="up" class="ocf" provider=".." type="outside"/><primitive id="init" class="lsb" type="../../${path.relative('/', scratch)}/outside"/></resources><constraints/><op_defaults><meta_attributes id="od"><nvpair id="od-t" name="timeout" value="2min"/></meta_attributes></op_defaults></configuration><status/></cib>`,
)

const run = (line: string) =>
  tryTool(crmResource, line.split(' '), { env: { ...process.env, CIB_file: cib, OCF_ROOT: scratch } })

test('an agent has the parameters of the line and the time of its operation, or that of all', async () => {
  expect((await run('-r a --force-start how=well')).out).toContain('\nstart a well 7000 \n')
  expect((await run('-r a --force-check=20')).out).toContain('\nmonitor a  120000 20\n')
})

test('an agent tells why it failed', async () => {
  const { code, out } = await run('-r a --force-stop how=reason')
  expect(code).toBe(5)
  expect(out).toContain('returned 5 (not installed: because)\n')
})

test('an agent that a signal ended, and one that took too long with all that it started, have not been executed', async () => {
  expect(await run('-r a --force-stop how=kill')).toMatchObject({
    code: 1,
    err: expect.stringContaining('could not be executed (Error: Resource agent interrupted by Killed signal)\n'),
  })
  expect(await run('-r a --force-stop -T 200ms how=slow')).toMatchObject({
    code: 1,
    err: expect.stringContaining('(Timed Out: Resource agent did not exit within specified timeout)\n'),
  })
})

test.each(['-r a --force-stop -T soon', '-r a --force-check=x', '-r a --force-stop word'])(
  'refuses %s',
  async (line) => {
    expect((await run(line)).code).toBe(64)
  },
)

test('what an agent has left running does not hold up who waits for the agent', async () => {
  expect(await run('-r a --force-start how=daemon')).toMatchObject({ code: 0 })
  process.kill(Number(fs.readFileSync(path.join(scratch, 'daemon'), 'utf8')), 'SIGKILL')
})

test.each(['out', 'up', 'init'])(
  'nothing is run outside of the folders of agents, whatever the CIB says: %s',
  async (id) => {
    const deed = path.join(scratch, 'deed')
    fs.writeFileSync(path.join(scratch, 'outside'), `#!/bin/sh\ntouch ${deed}\n`, { mode: 0o755 })
    expect(await run(`-r ${id} --force-start`)).toMatchObject({ code: 5 })
    expect(fs.existsSync(deed)).toBe(false)
  },
)

test('an agent is run by its name with the parameters of the line, where there is no cluster either', async () => {
  const named = '--class=ocf --provider=test --agent=Agent'
  const without = (line: string) =>
    tryTool(crmResource, line.split(' '), { env: { ...process.env, CIB_file: '/nonexistent', OCF_ROOT: scratch } })
  expect(await without(`--validate=10 ${named} --option how=well`)).toEqual({
    code: 0,
    out: 'Operation validate (ocf:test:Agent) returned 0 (ok)\nvalidate-all test well 20000 10\n\n',
    err: '',
  })
  const { out } = await without(`--force-check ${named} --option how=well how=better -T 3 --output-as=xml`)
  expect(out).toContain('<resource-agent-action action="force-check" class="ocf" type="Agent" provider="test">')
  expect(out).toContain('<override name="how" value="better"/>')
  expect(out).toContain('monitor test better 3000')
  expect((await without('--validate --class=ocf --provider=test --agent=nope')).err).toBe(
    'crm_resource: ocf:test:nope is not a known resource\n',
  )
  expect((await without('--validate --class=ocf --provider=test --agent=../test/Agent')).code).toBe(64)
  expect((await without('--validate --class=stonith --agent=fence_nope')).err).toBe(
    'crm_resource: fence_nope is not a known stonith agent\n',
  )
})

test('an agent is not named beside a resource, nor for what runs none', async () => {
  expect((await run('--class=ocf -r a --validate')).err).toBe(
    'crm_resource: --resource cannot be used with --class, --agent, and --provider\n',
  )
  expect((await run('-L --agent=x')).err).toBe(
    'crm_resource: --class, --agent, and --provider can only be used with --validate and --force-*\n',
  )
})

test('what is no NAME=VALUE is refused before the cluster is asked', async () => {
  expect((await run('--digests x=')).err).toBe("crm_resource: Error parsing 'x=' as a name=value pair\n")
})
