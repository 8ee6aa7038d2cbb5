import { expect, test } from 'vitest'
import { tryTool } from '../pacemaker/tool-trial.ts'
import { crmVerify } from './main.ts'

function withMeta(name: string, value: string): string {
  return `<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" epoch="1" num_updates="0" admin_epoch="0">
<configuration>
<crm_config><cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
<nodes/><resources><primitive id="a" class="ocf" provider="pacemaker" type="Dummy">
<meta_attributes id="m"><nvpair id="m1" name="${name}" value="${value}"/></meta_attributes>
</primitive></resources><constraints/></configuration><status/></cib>`
}

test('a migration-threshold below 0 is a doubtful configuration', async () => {
  const verify = (value: string) => tryTool(crmVerify, ['-VV', '-X', withMeta('migration-threshold', value)])
  expect((await verify('5')).code).toBe(0)
  const { code, err } = await verify('-5')
  expect(code).toBe(78)
  expect(err).toContain(
    '(pe__unpack_resource) \twarning: migration-threshold must be non-negative, using 1 instead\n' +
      'crm_verify: Warnings found during check: config may not be valid\n',
  )
})

test('a loss-policy that needs fencing is an error where there is none', async () => {
  const ticket = '<constraints><rsc_ticket id="t" ticket="T" rsc="a" loss-policy="fence"/></constraints>'
  const xml = withMeta('priority', '1').replace('<constraints/>', ticket)
  const { code, err } = await tryTool(crmVerify, ['-V', '-X', xml])
  expect(code).toBe(78)
  expect(err).toContain(
    "(rsc_ticket_new) \terror: Resetting 'loss-policy' for ticket 'T' to 'stop' because fencing is not configured\n",
  )
})
