import { invariant } from '@quorate/base'
import { parseXml, select, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { explain } from './explain.ts'
import type { Explanation } from './reason.ts'
import type { Setting } from './setting.ts'

const options = { nowSeconds: 1_700_000_000 }

type Parts = {
  readonly resources: string
  readonly constraints?: string
  readonly defaults?: string
  readonly config?: string
  readonly attributes?: string
  readonly node?: string
  readonly history?: string
}

function cib({
  resources,
  constraints = '',
  defaults = '',
  config = '',
  attributes = '',
  node = '',
  history = '',
}: Parts): XmlElement {
  const parsed = parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="0">
    <configuration><crm_config><cluster_property_set id="p"><nvpair id="f" name="stonith-enabled" value="false"/>${config}</cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1">${node}</node></nodes><resources>${resources}</resources><constraints>${constraints}</constraints>${defaults}</configuration>
    <status><node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><transient_attributes id="1"><instance_attributes id="s">${attributes}</instance_attributes></transient_attributes><lrm id="1"><lrm_resources>${history}</lrm_resources></lrm></node_state></status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

const pair = (id: string, name: string, value: string): string => `<nvpair id="${id}" name="${name}" value="${value}"/>`
const meta = (id: string, name: string, value: string, more = ''): string =>
  `<meta_attributes id="${id}">${more}${pair(`${id}-v`, name, value)}</meta_attributes>`
const dummy = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`
const ran = (id: string): string =>
  `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="${id}_last_0" operation_key="${id}_start_0" operation="start" call-id="1" rc-code="0" op-status="0" interval="0" op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x" crm_feature_set="3.16.1"/></lrm_resource>`

function answer(of: Parts, id = 'a'): { readonly cib: XmlElement; readonly found: Explanation } {
  const made = cib(of)
  const found = explain(made, id, undefined, options)
  invariant(found.ok, 'the resource is there')
  return { cib: made, found: found.value }
}

/** Every value that an answer names, of reasons and of what holds whatever the node. */
function settingsOf({ instances }: Explanation): readonly Setting[] {
  return instances.flatMap(({ general, nodes, promotion }) => [
    ...general.flatMap(({ settings }) => settings),
    ...nodes.flatMap(({ reasons }) => reasons.flatMap(({ settings }) => settings)),
    ...(promotion?.reasons ?? []).flatMap(({ settings }) => settings),
  ])
}

function settingOf(of: Parts, name: string): Setting | undefined {
  return settingsOf(answer(of).found).find((item) => item.name === name)
}

describe('where a value is set', () => {
  const history = ran('a')
  const defaults = `<rsc_defaults>${meta('d', 'resource-stickiness', '7')}</rsc_defaults>`
  const template = `<template id="t" class="ocf" provider="pacemaker" type="Dummy">${meta('tm', 'resource-stickiness', '6')}</template><primitive id="a" template="t"/>`
  const group = `<group id="g">${meta('gm', 'resource-stickiness', '4')}${dummy('a')}</group>`
  const ruled = `<rsc_defaults>${meta('d', 'resource-stickiness', '9', '<rule id="dr" score="5"><rsc_expression id="re" class="ocf" provider="pacemaker" type="Dummy"/></rule>')}</rsc_defaults>`

  test.each([
    [
      'the resource',
      { resources: dummy('a', meta('am', 'resource-stickiness', '5')), defaults },
      ['5', 'primitive', 'a', 'am', 'am-v', undefined],
    ],
    ['its template', { resources: template, defaults }, ['6', 'template', 't', 'tm', 'tm-v', undefined]],
    ['its group', { resources: group, defaults }, ['4', 'group', 'g', 'gm', 'gm-v', undefined]],
    ['defaults', { resources: dummy('a'), defaults }, ['7', 'rsc_defaults', undefined, 'd', 'd-v', undefined]],
    [
      'defaults with a rule',
      { resources: dummy('a'), defaults: ruled },
      ['9', 'rsc_defaults', undefined, 'd', 'd-v', 'dr'],
    ],
  ] as const)('%s', (_, of, [value, place, owner, set, id, rule]) => {
    expect(settingOf({ history, ...of }, 'resource-stickiness')).toMatchObject({ value, place, owner, set, id, rule })
  })

  test('what nobody has set is told as a default, with what holds', () => {
    const clone = `<clone id="c">${dummy('a')}</clone>`
    expect(settingOf({ resources: clone, history }, 'resource-stickiness')).toEqual({
      name: 'resource-stickiness',
      value: '1',
      place: 'default',
      owner: undefined,
      set: undefined,
      id: undefined,
      rule: undefined,
      path: undefined,
    })
    expect(settingOf({ resources: dummy('a') }, 'no-quorum-policy')).toMatchObject({ value: 'stop', place: 'default' })
  })

  test('a cluster option, an attribute of a node, and that of its state, which outweighs it', () => {
    const config = pair('q', 'no-quorum-policy', 'freeze')
    expect(settingOf({ resources: dummy('a'), config }, 'no-quorum-policy')).toMatchObject({
      value: 'freeze',
      place: 'crm_config',
      path: "/cib/configuration/crm_config/cluster_property_set[@id='p']/nvpair[@id='q']",
    })
    const node = `<instance_attributes id="ni">${pair('ns', 'standby', 'on')}</instance_attributes>`
    expect(settingOf({ resources: dummy('a'), node }, 'standby')).toMatchObject({
      place: 'node',
      owner: 'n1',
      id: 'ns',
    })
    const attributes = pair('ts', 'standby', 'true')
    expect(settingOf({ resources: dummy('a'), node, attributes }, 'standby')).toMatchObject({
      place: 'transient',
      id: 'ts',
    })
  })

  test('the score of a constraint, or of the rule in it', () => {
    const plain = '<rsc_location id="l" rsc="a" node="n1" score="5"/>'
    expect(settingOf({ resources: dummy('a'), constraints: plain }, 'score')).toMatchObject({
      value: '5',
      place: 'constraint',
      owner: 'l',
      rule: undefined,
      path: "/cib/configuration/constraints/rsc_location[@id='l']/@score",
    })
    const ruled =
      '<rsc_location id="l" rsc="a"><rule id="r" score="-INFINITY"><expression id="e" attribute="#uname" operation="eq" value="n1"/></rule></rsc_location>'
    expect(settingOf({ resources: dummy('a'), constraints: ruled }, 'score')).toMatchObject({
      value: '-INFINITY',
      owner: 'l',
      rule: 'r',
      path: "/cib/configuration/constraints/rsc_location[@id='l']/rule[@id='r']/@score",
    })
  })

  test('a path leads to the value', () => {
    const of = { resources: group, history, defaults, config: pair('q', 'no-quorum-policy', 'freeze') }
    const { cib: made, found } = answer(of)
    const paths = settingsOf(found).flatMap(({ path }) => path ?? [])
    expect(paths.length).toBeGreaterThan(1)
    for (const path of paths)
      expect([path, select(made, path)]).toMatchObject([path, { ok: true, value: { length: 1 } }])
  })
})

test('a value that is shared by id-ref is where it is referred to', () => {
  const of = {
    resources:
      dummy('b', meta('bm', 'target-role', 'Stopped')) +
      dummy('a', `<meta_attributes id="am">${pair('x', 'priority', '1')}<nvpair id-ref="bm-v"/></meta_attributes>`),
  }
  const { cib: made } = answer(of)
  const path = settingOf(of, 'target-role')?.path
  expect(path).toContain("meta_attributes[@id='am']/nvpair[@id-ref='bm-v']")
  const hits = select(made, path ?? '')
  expect(hits.ok && hits.value.length).toBe(1)
})
