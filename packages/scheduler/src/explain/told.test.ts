import { invariant } from '@quorate/base'
import { parseXml, writeXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { explain } from './explain.ts'
import { explanationLines } from './explanation-text.ts'
import type { InstanceExplanation } from './reason.ts'

const options = { nowSeconds: 1_700_000_000 }
/** Digest of an operation without parameters: what runs was started with what is configured. */
const emptyDigest = 'f2317cad3d54cec5d7d7aa7d0bf35cf8'

type Parts = {
  readonly resources: string
  readonly constraints?: string
  readonly properties?: string
  readonly quorum?: boolean
  /** What is in the state of each of the nodes n1, n2, ... besides its being online. */
  readonly states: readonly { readonly attributes?: string; readonly history?: string; readonly isUp?: boolean }[]
}

const pair = (name: string, value: string): string => `<nvpair id="v-${name}" name="${name}" value="${value}"/>`
const meta = (id: string, name: string, value: string): string =>
  `<meta_attributes id="${id}-m">${pair(name, value).replace('v-', `${id}-`)}</meta_attributes>`
const dummy = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`

type Entry = { readonly task?: string; readonly rc?: number; readonly digest?: string; readonly type?: string }

function entry(id: string, { task = 'start', rc = 0, digest = emptyDigest, type = 'Dummy' }: Entry = {}): string {
  const wanted = task === 'monitor' ? 7 : 0
  const last = rc === wanted || task === 'start' ? 'last' : 'last_failure'
  return `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="${type}"><lrm_rsc_op id="${id}_${last}_0" operation_key="${id}_${task}_0" operation="${task}" call-id="1" rc-code="${rc}" op-status="0" interval="0" op-digest="${digest}" transition-key="1:1:${wanted}:x" transition-magic="0:${rc};1:1:${wanted}:x" crm_feature_set="3.16.1"/></lrm_resource>`
}

function cib({ resources, constraints = '', properties = '', quorum = true, states }: Parts): XmlElement {
  const nodes = states.map((_, i) => `<node id="${i + 1}" uname="n${i + 1}"/>`)
  const state = states.map(({ attributes = '', history = '', isUp = true }, i) => {
    const how = isUp
      ? 'in_ccm="true" crmd="online" join="member" expected="member"'
      : 'in_ccm="false" crmd="offline" join="down" expected="down"'
    return `<node_state id="${i + 1}" uname="n${i + 1}" ${how}><transient_attributes id="${i + 1}"><instance_attributes id="s${i + 1}">${attributes}</instance_attributes></transient_attributes><lrm id="${i + 1}"><lrm_resources>${history}</lrm_resources></lrm></node_state>`
  })
  const parsed = parseXml(`<cib validate-with="pacemaker-3.9" crm_feature_set="3.16.1" have-quorum="${quorum ? 1 : 0}">
    <configuration><crm_config><cluster_property_set id="p">${properties}${properties.includes('stonith-enabled') ? '' : pair('stonith-enabled', 'false')}</cluster_property_set></crm_config>
    <nodes>${nodes.join('')}</nodes><resources>${resources}</resources><constraints>${constraints}</constraints></configuration>
    <status>${state.join('')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

function answer(of: Parts, id: string, node?: string) {
  const found = explain(cib(of), id, node, options)
  invariant(found.ok, 'the resource is there')
  return found.value
}

function first(of: Parts, id: string, node?: string): InstanceExplanation {
  const [instance] = answer(of, id, node).instances
  invariant(instance !== undefined, 'there is an instance')
  return instance
}

const head = (of: Parts, id: string): string | undefined => explanationLines(answer(of, id))[0]

test('no node will do: what rules out each of them', () => {
  const of = {
    resources: dummy('a'),
    constraints: '<rsc_location id="not" rsc="a" node="n1" score="-INFINITY"/>',
    states: [{}, { attributes: pair('standby', 'on') }, { isUp: false }],
  }
  expect(head(of, 'a')).toBe(
    'a: stopped; is to stay stopped: no node can run it (n1: location constraint not; n2: it is on standby; n3: it is offline).',
  )
  const off = { ...of, states: [{ isUp: false }, { isUp: false }], constraints: '' }
  expect(first(off, 'a').mainReason).toBe('every node is offline')
  const low = { ...of, states: [{}], constraints: '<rsc_location id="low" rsc="a" node="n1" score="-1"/>' }
  expect(first(low, 'a').mainReason).toBe('its score on n1 is -1, and less than 0 keeps it away')
})

test('instances for which there is no node since others have them all', () => {
  const of = {
    resources: `<clone id="k">${dummy('a')}</clone>`,
    constraints: '<rsc_location id="not" rsc="k" node="n2" score="-INFINITY"/>',
    states: [{}, {}],
  }
  expect(answer(of, 'k').instances.map(({ mainReason }) => mainReason)).toEqual([
    undefined,
    'every node that can run it has an instance',
  ])
})

test('an interleaved instance without a partner says whose', () => {
  const clone = (id: string, inside: string): string =>
    `<clone id="${id}">${meta(id, 'interleave', 'true')}${dummy(inside)}</clone>`
  const of = {
    resources: clone('k', 'a') + clone('l', 'b'),
    constraints: '<rsc_location id="not" rsc="k" node="n1" score="-INFINITY"/><rsc_order id="o" first="k" then="l"/>',
    states: [{}, {}],
  }
  const reasons = answer(of, 'l').instances.map(({ mainReason }) => mainReason)
  expect(reasons).toContain(
    'no instance of k is to be where it would go, and it follows one (order constraint o, interleave=true)',
  )
})

test('failures that reach the threshold where something else rules the node out already', () => {
  const of = {
    resources: dummy('a', meta('a', 'migration-threshold', '2')),
    constraints:
      '<rsc_location id="like" rsc="a" node="n1" score="5"/><rsc_location id="not" rsc="a" node="n1" score="-INFINITY"/>',
    states: [{ attributes: pair('fail-count-a#monitor_10000', '3') }, {}],
  }
  const texts = first(of, 'a', 'n1').nodes[0]?.reasons.map(({ text }) => text)
  expect(texts).toContain('it failed 3 times here, which reaches migration-threshold=2: n1 is ruled out already')
  expect(texts).toContain('location constraint like: 5 is outweighed')
})

test('what no longer is what is configured says so, also where nothing else does', () => {
  const of = (id: string, how: Entry) => ({
    resources: dummy(id, meta(id, 'requires', 'nothing')),
    states: [{ history: entry(id, how) }],
  })
  expect(head(of('a', { digest: 'other' }), 'a')).toBe(
    'a: runs on n1; is to be restarted there: its parameters have changed since it was started.',
  )
  expect(head(of('a', { type: 'Stateful' }), 'a')).toBe(
    'a: runs on n1; is to be restarted there: its agent is another one now.',
  )
})

test('a group that is blocked with one of its members says which, and what it takes', () => {
  const block = meta('g', 'multiple-active', 'block')
  const of = {
    resources: `<group id="g">${block}${dummy('a')}${dummy('b')}</group>`,
    states: [{ history: entry('a') + entry('b') }, { history: entry('a') }],
  }
  const { general } = first(of, 'b')
  expect(general[0]).toMatchObject({
    text: 'it is blocked with a, which is active on 2 nodes, and multiple-active=block',
    remedy: 'it has to be stopped by hand on all of them but one, then: crm_resource --refresh --resource a',
  })
})

test('what failed to stop is blocked for want of fencing, or since it is configured so', () => {
  const of = (inside: string) => ({
    resources: dummy('a', inside),
    states: [{ history: entry('a', { task: 'stop', rc: 1 }) }],
  })
  const text = (inside: string) => first(of(inside), 'a').mainReason
  const failed = 'it is blocked: its stop failed on n1 (error, rc=1), and'
  expect(text('')).toBe(`${failed} there is no fencing to recover from that`)
  const configured = '<operations><op id="o" name="stop" interval="0" on-fail="block"/></operations>'
  expect(text(configured)).toBe(`${failed} on-fail=block`)
})

test('what is started without quorum does not tell the want of it as a reason', () => {
  const of = { resources: dummy('a', meta('a', 'requires', 'nothing')), quorum: false, states: [{}] }
  expect(head(of, 'a')).toBe('a: stopped; is to run on n1.')
  expect(first(of, 'a').general).toEqual([])
})

test('a promotion that is held by what nobody manages takes that to be managed', () => {
  const stateful = '<primitive id="db" class="ocf" provider="pacemaker" type="Stateful"/>'
  const promotable = `<clone id="k">${meta('k', 'promotable', 'true')}${stateful}</clone>`
  const of = {
    resources: promotable,
    states: [
      {
        history: entry('db', { task: 'promote', type: 'Stateful' }),
        attributes: pair('maintenance', 'true'),
      },
      { history: entry('db', { type: 'Stateful' }), attributes: pair('master-db', '10') },
    ],
  }
  const other = answer(of, 'k').instances.find(({ assigned }) => assigned === 'n2')
  expect(other?.promotion?.remedies.join()).toContain('crm_attribute --node n1 --name maintenance --delete')
})

test('what moves without more score for its new node says what came first', () => {
  const of = { resources: dummy('a') + dummy('b'), states: [{ history: entry('a') + entry('b') }, {}] }
  expect(head(of, 'b')).toBe(
    'b: runs on n1; is to run on n2: both have a score of 0, and n2 came first by number of resources and order of nodes.',
  )
})

test('a live migration under way is told as that, and not as one that is active twice', () => {
  const migrated = entry('a', { task: 'migrate_to' }).replace(
    'call-id="1"',
    'call-id="2" migrate_source="n1" migrate_target="n2"',
  )
  const of = {
    resources: dummy('a', meta('a', 'allow-migrate', 'true')),
    constraints: '<rsc_location id="there" rsc="a" node="n2" score="50"/>',
    states: [{ history: migrated }, { history: entry('a', { task: 'monitor', rc: 7 }) }],
  }
  const { general, summary } = first(of, 'a')
  expect(general.map(({ text }) => text)).toEqual(['its live migration from n1 to n2 has begun'])
  expect(summary).toBe('runs on n2, n1; is to run on n2 only: n2 has more score (50) than n1 (0)')
})

test('what is not migrated live says because of what', () => {
  const of = {
    resources: dummy('a') + dummy('b', meta('b', 'allow-migrate', 'true')),
    constraints: '<rsc_order id="o" first="a" then="b"/><rsc_colocation id="c" rsc="b" with-rsc="a" score="INFINITY"/>',
    states: [{ history: entry('a') + entry('b'), attributes: pair('standby', 'on') }, {}],
  }
  const { actions } = first(of, 'b')
  expect(actions.map(({ task }) => task)).toEqual(['stop', 'start'])
  expect(actions[0]?.why).toBe('it cannot be migrated live, because of the stop of a (order constraint o)')
})

test('what is blocked is not told to be stopped, and a restart that cannot be done is no start', () => {
  const of = {
    resources: `<group id="g">${dummy('a', meta('a', 'target-role', 'Stopped'))}${dummy('b')}</group>`,
    states: [{ history: entry('a') + entry('b', { task: 'stop', rc: 1 }) }],
  }
  expect(head(of, 'a')).toMatch(/^a: runs on n1; is to stop, which cannot be done now: /)
  expect(head(of, 'b')).toMatch(
    /^b: runs on n1; is to be left as it is: it is blocked: its stop failed on n1|^b: runs on n1; is to stay/,
  )
})

test('why a node is fenced: what is not known of it, and a ticket that is lost', () => {
  const fencer = '<primitive id="f" class="stonith" type="fence_xvm"/>'
  const properties = pair('stonith-enabled', 'true')
  const unseen = { resources: fencer, properties, states: [{}, {}] }
  const parsed = cib(unseen)
  const without = parseXml(writeXml(parsed).replace(/<node_state id="2".*?<\/node_state>/s, ''))
  invariant(without.ok, 'it is well formed without a state')
  const found = explain(without.value, 'f', undefined, options)
  invariant(found.ok, 'the resource is there')
  expect(found.value.fencing).toEqual([
    { node: 'n2', reason: 'nothing is known of it since the cluster started, and startup-fencing is true' },
  ])
  const ticket = {
    resources: fencer + dummy('a'),
    constraints: '<rsc_ticket id="t" rsc="a" ticket="site" loss-policy="fence"/>',
    properties,
    states: [{ history: entry('a') }, {}],
  }
  expect(answer(ticket, 'a').fencing).toEqual([
    { node: 'n1', reason: 'ticket site is lost, on which a depends there (t, loss-policy=fence)' },
  ])
})

test('a target-role of a clone is none of an instance that has its own', () => {
  const of = {
    resources: `<clone id="k">${meta('k', 'target-role', 'Stopped')}${dummy('a', meta('a', 'target-role', 'Started'))}</clone>`,
    states: [{ history: entry('a') }],
  }
  expect(head(of, 'k')).toBe('a:0: runs on n1; is to stay.')
  expect(first(of, 'k').general).toEqual([])
})

test('what is left alone stays for that reason, and not for what would stop it', () => {
  const of = {
    resources: `<group id="g"><meta_attributes id="m"><nvpair id="m1" name="maintenance" value="true"/><nvpair id="m2" name="target-role" value="Stopped"/></meta_attributes>${dummy('a')}</group>`,
    states: [{ history: entry('a') }],
  }
  expect(head(of, 'a')).toBe('a: runs on n1; is to stay: g has maintenance=true: the cluster leaves it as it is.')
})

test('what keeps an instance unpromoted: its own target-role, or a part of it that is blocked', () => {
  const stateful = (id: string, inside = ''): string =>
    `<primitive id="${id}" class="ocf" provider="pacemaker" type="Stateful">${inside}</primitive>`
  const promotable = (inside: string): string => `<clone id="k">${meta('k', 'promotable', 'true')}${inside}</clone>`
  const group = {
    resources: promotable(`<group id="g">${stateful('a')}${stateful('b')}</group>`),
    states: [{ history: entry('a', { task: 'stop', rc: 1, type: 'Stateful' }), attributes: pair('master-a', '10') }],
  }
  expect(first(group, 'b').promotion).toMatchObject({
    whyNot:
      'a:0 inside of it is Unpromoted, and stays so: it is blocked: its stop failed on n1 (error, rc=1), and there is no fencing to recover from that',
    whatIf: ['--cleanup', 'a:0'],
  })
  const target = {
    resources: promotable(stateful('a', meta('a', 'target-role', 'Unpromoted'))),
    states: [{ history: entry('a', { type: 'Stateful' }), attributes: pair('master-a', '10') }],
  }
  expect(first(target, 'k').promotion).toMatchObject({
    whyNot: 'a has target-role=Unpromoted',
    reasons: [{ score: -1_000_000, text: 'a has target-role=Unpromoted' }],
    whatIf: ['--meta', 'a:target-role=Promoted'],
  })
})
