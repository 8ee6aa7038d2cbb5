import { parseXml } from '@quorate/xml'
import { expect, test } from 'vitest'
import { simulate } from '../simulate/session.ts'

// What has to leave a node before something else has room there, where that goes round. As crm_simulate 2.1.5 draws it.

const key = 'transition-key="1:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"'

function room(id: string, cpu: number): string {
  return `<utilization id="${id}-u"><nvpair id="${id}-cpu" name="cpu" value="${cpu}"/></utilization>`
}

function primitive(id: string, meta = ''): string {
  const set = meta === '' ? '' : `<meta_attributes id="${id}-m">${meta}</meta_attributes>`
  return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${set}${room(id, 1)}</primitive>`
}

const stopped = (id: string): string => `<nvpair id="${id}-r" name="target-role" value="Stopped"/>`

/** Node states of three nodes, with what runs on each. */
function states(running: readonly (string | undefined)[]): string {
  return running
    .map((id, i) => {
      const entry = `<lrm_rsc_op id="${id}_last_0" operation="start" operation_key="${id}_start_0" call-id="1" rc-code="0" op-status="0" interval="0" ${key}/>`
      const history = `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy">${entry}</lrm_resource>`
      return `<node_state id="${i + 1}" uname="n${i + 1}" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="${i + 1}"><lrm_resources>${id === undefined ? '' : history}</lrm_resources></lrm></node_state>`
    })
    .join('')
}

/**
 * The orders of load in the picture of a cluster where m is to migrate from n2 to n1, from which b has to go, which waits
 * for the start of a on n2: so n2 has no room before m is gone from there, and n1 none before a was started.
 */
function loads(more: { readonly resources?: string; readonly constraints?: string; readonly allActions?: boolean }) {
  const { resources = '', constraints = '', allActions = false } = more
  const option = (name: string, value: string): string => `<nvpair id="o-${name}" name="${name}" value="${value}"/>`
  const options = [
    ['stonith-enabled', 'false'],
    ['enable-startup-probes', 'false'],
    ['placement-strategy', 'utilization'],
  ] as const
  const read =
    parseXml(`<cib have-quorum="1" crm_feature_set="3.16.1" execution-date="1700000000"><configuration><crm_config>
    <cluster_property_set id="o">${options.map(([name, value]) => option(name, value)).join('')}</cluster_property_set></crm_config>
    <nodes>${[1, 2, 3].map((n) => `<node id="${n}" uname="n${n}">${room(`n${n}`, 2)}</node>`).join('')}</nodes>
    <resources>${primitive('a')}${primitive('b', stopped('b'))}${resources}
    ${primitive('m', '<nvpair id="m-a" name="allow-migrate" value="true"/>')}</resources><constraints>
    <rsc_location id="l1" rsc="m" node="n1" score="INFINITY"/><rsc_location id="l2" rsc="a" node="n2" score="INFINITY"/>
    <rsc_order id="k" first="a" first-action="start" then="b" then-action="stop"/>${constraints}</constraints></configuration>
    <status>${states(['b', 'm', undefined])}</status></cib>`)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const request = { nowSeconds: 1_700_000_000, process: true, simulate: false, dot: { allActions } }
  const lines = (simulate(read.value, request).dot?.() ?? '').split('\n')
  return lines.filter((line) => line.includes('->') && line.includes('load_stopped_')).sort()
}

test('a migration waits for no load that goes after itself', () => {
  expect(loads({})).toEqual([
    '"b_stop_0 n1" -> "load_stopped_n1 n1" [ style = bold]',
    '"load_stopped_n1 n1" -> "m_start_0 n1" [ style = bold]',
    '"load_stopped_n2 n2" -> "a_start_0 n2" [ style = bold]',
    '"m_stop_0 n2" -> "load_stopped_n2 n2" [ style = bold]',
  ])
})

test('where no start waits for it, the migration does', () => {
  const found = loads({ constraints: '<rsc_location id="l3" rsc="a" node="n2" score="-INFINITY"/>' })
  expect(found).toContain('"load_stopped_n1 n1" -> "m_migrate_to_0 n2" [ style = bold]')
})

test('looking for loops settles the loads of the starts that are on the way', () => {
  const found = loads({
    allActions: true,
    resources: primitive('z', stopped('z')),
    constraints: '<rsc_order id="kz" first="z" then="a"/>',
  })
  expect(found.filter((line) => line.includes('a_start_0'))).toEqual([
    '"load_stopped_n1 n1" -> "a_start_0 n2" [ style = dashed]',
    '"load_stopped_n2 n2" -> "a_start_0 n2" [ style = dashed]',
  ])
})
