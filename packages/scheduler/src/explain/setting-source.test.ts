import { invariant } from '@quorate/base'
import { parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { configurationProblems, explain } from './explain.ts'
import { explanationLines } from './explanation-text.ts'

const options = { nowSeconds: 1_700_000_000 }

type Parts = {
  readonly resources: string
  readonly defaults?: string
  readonly attributes?: string
  readonly history?: string
  readonly config?: string
}

/** One node, without fencing. */
function cib({ resources, defaults = '', attributes = '', history = '', config = '' }: Parts): XmlElement {
  const parsed = parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="1">
    <configuration><crm_config><cluster_property_set id="p"><nvpair id="f" name="stonith-enabled" value="false"/>${config}</cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/></nodes><resources>${resources}</resources><constraints/>${defaults}</configuration>
    <status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><transient_attributes id="1"><instance_attributes id="s">${attributes}</instance_attributes></transient_attributes><lrm id="1"><lrm_resources>${history}</lrm_resources></lrm></node_state></status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

const pair = (id: string, name: string, value: string): string => `<nvpair id="${id}" name="${name}" value="${value}"/>`
const meta = (id: string, name: string, value: string): string =>
  `<meta_attributes id="${id}">${pair(`${id}-v`, name, value)}</meta_attributes>`
const dummy = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`
const ran = (id: string, task = 'start', rc = 0, interval = 0): string =>
  `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="${id}_${rc === 0 ? 'last' : 'last_failure'}_0" operation_key="${id}_${task}_${interval}" operation="${task}" call-id="1" rc-code="${rc}" op-status="0" interval="${interval}" op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" transition-key="1:1:0:x" transition-magic="0:${rc};1:1:0:x" crm_feature_set="3.16.1"/></lrm_resource>`

function told(of: Parts, id: string): string {
  const found = explain(cib(of), id, undefined, options)
  invariant(found.ok, 'the resource is there')
  return explanationLines(found.value).join('\n')
}

test('what comes from defaults, a template or a group says so, with the id of the set; what is its own does not', () => {
  const defaults = `<rsc_defaults>${meta('defaults', 'resource-stickiness', '7')}</rsc_defaults>`
  const history = ran('a')
  const stickiness = (of: Parts): string => / resource-stickiness is .*/.exec(told({ history, ...of }, 'a'))?.[0] ?? ''
  expect(stickiness({ resources: dummy('a'), defaults })).toBe(' resource-stickiness is 7 (rsc_defaults, set defaults)')
  const own = dummy('a', meta('own', 'resource-stickiness', '5'))
  expect(stickiness({ resources: own, defaults })).toBe(' resource-stickiness is 5')
  const template = `<template id="t" class="ocf" provider="pacemaker" type="Dummy">${meta('t-m', 'resource-stickiness', '6')}</template><primitive id="a" template="t"/>`
  expect(stickiness({ resources: template, defaults })).toBe(' resource-stickiness is 6 (template t, set t-m)')
  const group = `<group id="g">${meta('g-m', 'resource-stickiness', '4')}${dummy('a')}</group>`
  expect(stickiness({ resources: group, defaults })).toBe(' resource-stickiness is 4 (group g, set g-m)')
})

test('defaults that stop, leave alone and count failures are named', () => {
  const by = (name: string, value: string, more: Partial<Parts> = {}): string =>
    told({ resources: dummy('a'), defaults: `<rsc_defaults>${meta('d', name, value)}</rsc_defaults>`, ...more }, 'a')
  expect(by('target-role', 'Stopped')).toContain('a has target-role=Stopped (rsc_defaults, set d)')
  expect(by('is-managed', 'false')).toContain('a has is-managed=false (rsc_defaults, set d)')
  expect(by('maintenance', 'true')).toContain('a has maintenance=true (rsc_defaults, set d)')
  const attributes = pair('c', 'fail-count-a#monitor_10000', '2')
  expect(by('migration-threshold', '2', { attributes })).toContain(
    'which reaches migration-threshold=2 (rsc_defaults, set d)',
  )
  expect(by('migration-threshold', '3', { attributes })).toContain(
    'migration-threshold is 3 (rsc_defaults, set d), so that does not count yet',
  )
})

test('an on-fail that comes from the defaults of operations is named, and one with a rule for others is not', () => {
  const failed = ran('a', 'monitor', 1, 10_000)
  const operations = '<operations><op id="mon" name="monitor" interval="10s"/></operations>'
  const rule = '<rule id="r"><op_expression id="e" name="stop"/></rule>'
  const set = (more: string): string =>
    `<op_defaults><meta_attributes id="od">${more}${pair('odv', 'on-fail', 'block')}</meta_attributes></op_defaults>`
  const blocked = (defaults: string): string =>
    told({ resources: dummy('a', operations), history: failed, defaults }, 'a')
  expect(blocked(set(''))).toContain('and on-fail=block (op_defaults, set od)')
  expect(blocked(set(rule))).not.toContain('on-fail=block')
})

test('a misspelt name is told with the one that was meant, wherever it is', () => {
  const misspelt = meta('own', 'resource-stickyness', '5')
  const out = told({ resources: `<group id="g">${dummy('a', misspelt)}</group>` }, 'a')
  expect(out).toContain(
    'meta-attribute resource-stickyness of a (set own) is read by nobody: resource-stickiness was probably meant',
  )
  expect(out).toContain('to change that: resource-stickiness=5 of a instead of resource-stickyness')
  const everywhere = cib({
    resources: `<clone id="c">${meta('cm', 'clone-maxx', '1')}${dummy('a', `${meta('am', 'clone-max', '1')}<instance_attributes id="ai">${pair('x', 'target-role', 'Stopped')}</instance_attributes>`)}</clone>`,
    defaults: `<op_defaults>${meta('od', 'onfail', 'block')}</op_defaults><rsc_defaults>${meta('rd', 'owner', 'me')}</rsc_defaults>`,
    config: pair('o', 'no-quorum-polcy', 'ignore'),
  })
  expect(configurationProblems(everywhere, options).map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
    'warning: cluster option no-quorum-polcy (set p) is read by nobody: no-quorum-policy was probably meant',
    'warning: meta-attribute owner of rsc_defaults (set rd) is read by nobody in the cluster',
    'warning: option of operations onfail of op_defaults (set od) is read by nobody: on-fail was probably meant',
    'warning: meta-attribute clone-maxx of c (set cm) is read by nobody: clone-max was probably meant',
    'warning: meta-attribute clone-max of a (set am) is read by nobody there: it is an option of clones',
    'warning: parameter target-role of a (set ai) is read by nobody there: it is a meta-attribute',
  ])
})

test('names that agents or people may read are not told of a resource', () => {
  expect(told({ resources: dummy('a', meta('own', 'owner', 'me')) }, 'a')).not.toContain('read by nobody')
})
