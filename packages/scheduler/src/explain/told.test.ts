import { invariant } from '@quorate/base'
import { parseXml, writeXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { explain, explainNodeState } from './explain.ts'
import { explanationLines, nodeStateLines } from './explanation-text.ts'
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

/** The operation alone of an entry. */
function operationOf(text: string): string {
  return /<lrm_rsc_op .*\/>/.exec(text)?.[0] ?? ''
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
    'every node that can run it has an instance (n2: location constraint not on k)',
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
  expect(texts).toContain('it failed 3 times on n1, which reaches migration-threshold=2: n1 is ruled out already')
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
    'b: runs on n1; is to run on n2: n1 and n2 have a score of 0, and n2 came first by number of resources and order of nodes; resource-stickiness is 0.',
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
  expect(summary).toBe('runs on n2, n1; its live migration to n2 is to be finished: n2 has more score (50) than n1 (0)')
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
    whatIf: ['--meta', 'a:target-role=Started'],
  })
})

const stateful = (id: string, inside = ''): string =>
  `<primitive id="${id}" class="ocf" provider="pacemaker" type="Stateful">${inside}</primitive>`

test('what stops says why it cannot stay and why it goes nowhere else', () => {
  const of = {
    resources: dummy('a') + dummy('b', meta('b', 'target-role', 'Stopped')),
    constraints: '<rsc_location id="not" rsc="a" node="n2" score="-INFINITY"/>',
    states: [{ history: entry('a') + entry('b'), attributes: pair('standby', 'on') }, {}, { isUp: false }],
  }
  expect(head(of, 'a')).toBe(
    'a: runs on n1; is to stop: n1 is on standby; and no other node will do (n2: location constraint not; n3: it is offline).',
  )
  // What holds for all nodes is said once.
  expect(head(of, 'b')).toBe('b: runs on n1; is to stop: b has target-role=Stopped.')
})

test('what has to be with others says with which of them that begins, and why', () => {
  const of = {
    resources: `${dummy('a')}<group id="g">${dummy('b')}${dummy('c')}</group>`,
    constraints:
      '<rsc_colocation id="with" rsc="g" with-rsc="a" score="INFINITY"/><rsc_location id="there" rsc="a" node="n2" score="50"/>',
    states: [{ history: entry('a') + entry('b') + entry('c') }, {}],
  }
  expect(head(of, 'c')).toBe(
    'c: runs on n1; is to run on n2: its group: with b, which is to run on n2; that begins with a: n2 has more score (50) than n1 (0); resource-stickiness is 0.',
  )
  const nowhere = { ...of, states: [{}], constraints: of.constraints.replace('score="50"', 'score="-INFINITY"') }
  const banned = { ...nowhere, constraints: nowhere.constraints.replace('node="n2"', 'node="n1"') }
  expect(head(banned, 'c')).toBe(
    'c: stopped; is to stay stopped: its group: with b, which is to run nowhere; that begins with a: location constraint there.',
  )
})

test('what has to be with a promoted instance says why another one is promoted', () => {
  const of = {
    resources: `<clone id="k">${meta('k', 'promotable', 'true')}${stateful('db')}</clone>${dummy('ip')}`,
    constraints: '<rsc_colocation id="with" rsc="ip" with-rsc="k" with-rsc-role="Promoted" score="INFINITY"/>',
    states: [
      {
        history: entry('db', { task: 'promote', type: 'Stateful' }) + entry('ip'),
        attributes: pair('master-db', '5'),
      },
      { history: entry('db', { type: 'Stateful' }), attributes: pair('master-db', '10') },
    ],
  }
  const why = 'promoted-max is 1, and db:1 with 10 comes first: it has 5'
  expect(head(of, 'ip')).toBe(
    `ip: runs on n1; is to run on n2: colocation with: with k, which is to run on n2 as Promoted; that begins with db:0: ${why}.`,
  )
  expect(head(of, 'db:0')).toBe(`db:0: runs on n1 as Promoted; is to be there as Unpromoted: ${why}.`)
})

test('what an instance has from its clone is told as what the clone has it from', () => {
  const failed = entry('db', { task: 'monitor', rc: 1, type: 'Stateful' })
  const monitor = '<operations><op id="o" name="monitor" interval="0" on-fail="stop"/></operations>'
  const of = {
    resources: `<clone id="k">${dummy('db', monitor)}</clone>`,
    states: [{ history: failed.replace('Stateful', 'Dummy') }],
  }
  expect(head(of, 'k')).toBe('db:0: runs on n1; is to stop: its monitor failed on n1 (error, rc=1), and on-fail=stop.')
})

test('a location constraint on a group counts for its first member, for the others by way of that', () => {
  const of = {
    resources: `<group id="g">${dummy('a')}${dummy('b')}</group>`,
    constraints: '<rsc_location id="not" rsc="g" node="n1" score="-INFINITY"/>',
    states: [{}, {}],
  }
  expect(first(of, 'b', 'n1').nodes[0]?.reasons.map(({ text }) => text)).toContain(
    'location constraint not on g: -INFINITY counts for a, with which the other members of g are',
  )
})

test('failures of what runs inside of a container are told as that, and forgotten there', () => {
  const container = dummy(
    'vm',
    `<meta_attributes id="m"><nvpair id="m1" name="remote-node" value="guest"/><nvpair id="m2" name="migration-threshold" value="1"/></meta_attributes>`,
  )
  const of = {
    resources: container,
    states: [{ history: entry('vm'), attributes: pair('fail-count-guest#monitor_30000', '1') }, {}],
  }
  const at = first(of, 'vm', 'n1').nodes[0]
  expect(at?.reasons.map(({ text }) => text)).toContain(
    'guest failed once on n1, which counts for vm that it is inside of, and reaches its migration-threshold=1',
  )
  expect(at?.remedies[0]).toBe('crm_resource --cleanup --resource guest --node n1')
})

test('a ticket for promoted instances that stops all of them does not only forbid to promote', () => {
  const of = (policy: string) => ({
    resources: `<clone id="k">${meta('k', 'promotable', 'true')}${stateful('db')}</clone>`,
    constraints: `<rsc_ticket id="t" rsc="k" rsc-role="Promoted" ticket="site" loss-policy="${policy}"/>`,
    states: [{ history: entry('db', { task: 'promote', type: 'Stateful' }) }],
  })
  const text = 'ticket site is not granted (t, loss-policy='
  expect(first(of('stop'), 'k').general[0]).toMatchObject({ text: `${text}stop)`, isObstacle: true })
  expect(first(of('demote'), 'k').general[0]?.text).toBe(`${text}demote): it must not be promoted`)
})

test('a wish that leaves 1 of a promotion score is no matter of more score', () => {
  const of = {
    resources: `<clone id="k">${meta('k', 'promotable', 'true')}${stateful('db')}</clone>${dummy('ip')}`,
    constraints:
      '<rsc_colocation id="with" rsc="ip" with-rsc="k" with-rsc-role="Promoted" score="INFINITY"/><rsc_location id="not" rsc="ip" node="n1" score="-INFINITY"/>',
    states: [
      { history: entry('db', { type: 'Stateful' }), attributes: pair('master-db', '75') },
      { history: entry('db', { type: 'Stateful' }), attributes: pair('master-db', '5') },
    ],
  }
  const promotion = answer(of, 'k').instances.find(({ assigned }) => assigned === 'n1')?.promotion
  expect(promotion).toMatchObject({ score: 1, remedies: ['ip: constraint not has to go or be raised'] })
  expect(promotion?.whatIf).toEqual(['--without', 'not'])
  expect(promotion?.reasons.map(({ score }) => score)).toEqual([75, -74])
})

test('what is not in the configuration any more is supposed to be configured again, instances as a clone', () => {
  const of = { resources: dummy('a'), states: [{ history: entry('gone') + entry('set:0') }, {}] }
  const { general, nodes } = first(of, 'gone', 'n1')
  expect(general[0]?.remedy).toBe('gone has to be configured again')
  expect(nodes[0]?.whatIf).toEqual(['--configured', 'gone', '--prefer', 'gone@n1=1'])
  expect(first(of, 'set:0', 'n2').nodes[0]?.whatIf).toEqual(['--configured', 'set:0'])
  // An id that is there already is nobody else's.
  const bundle = `<bundle id="b"><podman image="i"/><network control-port="3121"/>${dummy('gone')}</bundle>`
  const taken = answer({ ...of, resources: bundle }, 'gone', 'n1').instances.find(
    ({ runningOn }) => runningOn[0] === 'n1',
  )
  expect(taken?.nodes[0]).toMatchObject({ remedies: ['gone has to be configured again'], whatIf: undefined })
})

test('what cannot be stopped says what keeps it from that, besides why it is to stop', () => {
  const of = {
    resources: `${dummy('a', meta('a', 'target-role', 'Stopped'))}${dummy('b')}`,
    constraints: '<rsc_order id="o" first="a" then="b"/>',
    states: [{ history: entry('a') + entry('b', { task: 'stop', rc: 1 }) }],
  }
  expect(head(of, 'a')).toBe(
    'a: runs on n1; is to stop, which cannot be done now: a has target-role=Stopped; its stop waits for the stop of b on n1: it is blocked: its stop failed on n1 (error, rc=1), and there is no fencing to recover from that.',
  )
})

test('what a part of a clone waits for is not told again of the clone, and no stop takes a place to run', () => {
  const of = {
    resources: `<clone id="k"><meta_attributes id="m"><nvpair id="m1" name="notify" value="true"/><nvpair id="m2" name="clone-max" value="3"/></meta_attributes>${dummy('a', meta('a', 'is-managed', 'false'))}</clone>${dummy('b')}`,
    constraints: '<rsc_order id="o" first="k" then="b"/>',
    states: [{}],
  }
  const [start] = first(of, 'b').actions
  expect(start?.waitsFor.map(({ resource }) => resource)).toEqual(['a:1'])
  expect(start?.remedies).toEqual(['a:1: is-managed=true of a'])
})

test('a failure that rules out every node is told with the node where it was', () => {
  const operations = '<operations><op id="a-mon" name="monitor" interval="10s" on-fail="stop"/></operations>'
  const failed = entry('a', { task: 'monitor', rc: 1 })
    .replace('_monitor_0"', '_monitor_10000"')
    .replace('interval="0"', 'interval="10000"')
    .replaceAll('1:1:7:x', '1:1:0:x')
  const of = { resources: dummy('a', operations), states: [{ history: failed }, {}] }
  const { instances } = answer(of, 'a')
  const [at] = instances
  expect(at?.nodes.map(({ reasons }) => reasons.find(({ kind }) => kind === 'failures')?.text)).toEqual([
    'its monitor failed on n1 (error, rc=1), and on-fail=stop',
    'its monitor failed on n1 (error, rc=1), and on-fail=stop',
  ])
  expect(at?.mainReason).toBe('its monitor failed on n1 (error, rc=1), and on-fail=stop')
})

test('a node that a connection is named like is told with it', () => {
  const remote = '<primitive id="far" class="ocf" provider="pacemaker" type="remote"/>'
  const of = { resources: remote, states: [{}] }
  expect(answer(of, 'far').asNode).toMatchObject({ node: 'far', isOnline: false })
  expect(explanationLines(answer(of, 'far'))).toContain(
    'As a node, far: not up yet: its connection far is to be started on n1.',
  )
  expect(answer(of, 'far', 'n1').asNode).toBeUndefined()
})

test('what is missing for a node to be fenced', () => {
  const properties = pair('stonith-enabled', 'true')
  const lost = cib({ resources: dummy('a'), properties, quorum: false, states: [{}, {}] })
  const text = writeXml(lost).replace(
    '<node_state id="2" uname="n2" in_ccm="true" crmd="online"',
    '<node_state id="2" uname="n2" in_ccm="false" crmd="online"',
  )
  const parsed = parseXml(text)
  invariant(parsed.ok, 'it is well formed with a lost node')
  const found = explainNodeState(parsed.value, 'n2', options)
  invariant(found.ok, 'the node is there')
  expect(found.value.fencing).toMatchObject({ isPossible: false, remedy: 'missing: a fence device, quorum' })
})

test('a guest that is fenced with its container is online, whatever else is said of it', () => {
  const lines = nodeStateLines({
    node: 'guest',
    isOnline: true,
    reasons: [],
    fencing: { reason: 'a is active there', isPossible: true, remedy: undefined },
    running: [],
    next: [],
  })
  expect(lines.slice(0, 2)).toEqual(['guest: online.', '  * it is to be fenced: a is active there'])
})

test('what a ticket of its bundle or clone freezes says so', () => {
  const of = {
    resources: `<clone id="k">${dummy('a')}</clone>`,
    constraints: '<rsc_ticket id="t" rsc="k" ticket="site" loss-policy="freeze"/>',
    states: [{ history: entry('a') }],
  }
  expect(head(of, 'a')).toBe(
    'a:0: runs on n1; is to stay: ticket site is not granted (t, loss-policy=freeze): it is left as it is.',
  )
})

test('a guest whose container goes nowhere takes nothing, and says so', () => {
  const guest = '<nvpair id="m1" name="remote-node" value="guest"/>'
  const stopped = '<nvpair id="m2" name="target-role" value="Stopped"/>'
  const of = {
    resources: dummy('vm', `<meta_attributes id="m">${guest}${stopped}</meta_attributes>`) + dummy('a'),
    constraints: '<rsc_location id="in" rsc="a" node="guest" score="100"/>',
    states: [{ history: entry('vm') + entry('guest', { type: 'remote' }) }],
  }
  const at = first(of, 'a', 'guest').nodes[0]
  expect(at?.reasons[0]?.text).toBe('the connection of guest is to be stopped')
  // The container does not go into itself.
  expect(at?.whatIf).toEqual(['--meta', 'vm:target-role=Started'])
  const fresh = first({ ...of, states: [{}] }, 'a', 'guest').nodes[0]
  expect(fresh?.reasons[0]?.text).toBe('guest is offline: vm is to run nowhere: vm has target-role=Stopped')
})

test('what runs where it is no candidate is told as that, and not as stickiness', () => {
  const of = {
    resources: `<bundle id="b"><podman image="i" replicas="1"/><network control-port="3121"/>${stateful('in')}</bundle>${dummy('a', meta('a', 'resource-stickiness', '5'))}`,
    states: [
      {
        history:
          entry('b-podman-0', { type: 'podman' }).replace('pacemaker', 'heartbeat') +
          entry('b-0', { type: 'remote' }).replace('class="ocf"', 'class="ocf" container="b-podman-0"'),
      },
    ],
  }
  const guest = `<node_state id="b-0" uname="b-0" remote_node="true" in_ccm="true"><lrm id="b-0"><lrm_resources>${entry('a')}</lrm_resources></lrm></node_state></status>`
  const parsed = parseXml(writeXml(cib(of)).replace('</status>', guest))
  invariant(parsed.ok, 'it is well formed with what runs in the container')
  const found = explain(parsed.value, 'a', 'b-0', options)
  invariant(found.ok, 'the resource is there')
  const [at] = found.value.instances[0]?.nodes ?? []
  expect(at?.reasons).toMatchObject([{ kind: 'opt-in', text: 'b-0 is no candidate for a', score: -1_000_000 }])
  expect(at?.whatIf).toEqual(['--prefer', 'a@b-0=0'])
})

test('what is left alone is not said to wait for others', () => {
  const of = {
    resources: `<group id="g">${dummy('a', meta('a', 'target-role', 'Stopped'))}${dummy('b')}</group>`,
    states: [{ history: entry('b', { task: 'monitor', rc: 1 }), attributes: pair('maintenance', 'true') }],
  }
  expect(first(of, 'b').mainReason).toBe('it runs on n1, which is in maintenance: the cluster leaves it as it is')
})

test('what runs on several nodes and stops says of each of them why it cannot stay', () => {
  const of = {
    resources: dummy('a'),
    states: [
      { history: entry('a'), attributes: pair('standby', 'on') },
      { history: entry('a'), attributes: pair('fail-count-a#monitor_10000', 'INFINITY') },
    ],
  }
  expect(head(of, 'a')).toBe(
    'a: runs on n1, n2; is to stop: n1 is on standby; and no other node will do (n2: a has a fail-count of INFINITY there (as after one failed start, with start-failure-is-fatal=true), which reaches migration-threshold=INFINITY).',
  )
})

test('a node that is configured not to be used says so, and what that takes', () => {
  const parsed = parseXml(
    writeXml(cib({ resources: dummy('a'), states: [{}, {}] })).replace('uname="n2"', 'uname="n2" score="-INFINITY"'),
  )
  invariant(parsed.ok, 'it is well formed with a score')
  const found = explain(parsed.value, 'a', 'n2', options)
  invariant(found.ok, 'the resource is there')
  expect(found.value.instances[0]?.nodes[0]).toMatchObject({
    reasons: [{ kind: 'node-score', text: 'node n2 is configured with score=-INFINITY' }],
    remedies: ['the score of node n2 has to be raised or to go'],
  })
})

test('a remote node of which nobody manages the connection is in maintenance for that', () => {
  const remote = `<primitive id="far" class="ocf" provider="pacemaker" type="remote">${meta('far', 'is-managed', 'false')}</primitive>`
  const parsed = parseXml(
    writeXml(cib({ resources: remote + dummy('a'), states: [{ history: entry('far', { type: 'remote' }) }] })).replace(
      '</status>',
      '<node_state id="far" uname="far" remote_node="true" in_ccm="true"/></status>',
    ),
  )
  invariant(parsed.ok, 'it is well formed with a remote node')
  const found = explain(parsed.value, 'a', 'far', options)
  invariant(found.ok, 'the resource is there')
  const [at] = found.value.instances[0]?.nodes ?? []
  expect(at?.reasons[0]?.text).toBe('far is in maintenance, since its connection far is not managed')
  expect(at?.whatIf).toContain('far:is-managed=true')
})

test('a live migration that did not come to its end is told where nothing failed', () => {
  const migrated = entry('a', { task: 'migrate_to' }).replace(
    'call-id="1"',
    'call-id="3" migrate_source="n1" migrate_target="n2" last-rc-change="1699998449"',
  )
  const probed = entry('a', { task: 'monitor', rc: 7 }).replace(
    'call-id="1"',
    'call-id="2" last-rc-change="1699999850"',
  )
  const of = { resources: dummy('a'), states: [{ history: migrated }, { history: probed }] }
  const { general } = first(of, 'a')
  expect(general.map(({ text }) => text)).toContain(
    'it is recovered: its live migration from n1 to n2 did not come to its end',
  )
})

test('a live migration that cannot be gone on with is why a resource is restarted', () => {
  const migrated = operationOf(entry('a', { task: 'migrate_to' })).replace(
    'call-id="1"',
    'call-id="5" migrate_source="n1" migrate_target="n2"',
  )
  const stopped = operationOf(entry('a', { task: 'stop' }))
    .replace('a_last_0', 'a_stop_0')
    .replace('call-id="1"', 'call-id="7"')
  const of = {
    resources: dummy('a'),
    constraints: '<rsc_location id="there" rsc="a" node="n2" score="50"/>',
    states: [{ history: entry('a').replace(/<lrm_rsc_op .*\/>/, migrated + stopped) }, { history: entry('a') }],
  }
  expect(head(of, 'a')).toBe(
    'a: runs on n2; is to be restarted there: its live migration from n1 to n2 did not come to its end, and it cannot be gone on with.',
  )
})

test('of a group that others have to be with, it begins with the member that is not there', () => {
  const of = {
    resources: `<group id="g">${dummy('a')}${dummy('b', meta('b', 'target-role', 'Stopped'))}</group>${dummy('c')}`,
    constraints: '<rsc_colocation id="with" rsc="c" with-rsc="g" score="INFINITY"/>',
    states: [{ history: entry('a') + entry('b') + entry('c') }],
  }
  expect(head(of, 'c')).toBe(
    'c: runs on n1; is to stop: colocation with: with g, which is to run nowhere; that begins with b: b has target-role=Stopped.',
  )
})

test('what is blocked on one node is not told to have failed where another instance did', () => {
  const stopped = { history: entry('a', { task: 'stop', rc: 5 }) }
  const of = {
    resources: `<clone id="k">${dummy('a')}</clone><primitive id="f" class="stonith" type="fence_xvm"/>`,
    properties: pair('stonith-enabled', 'true'),
    quorum: false,
    states: [stopped, { ...stopped, isUp: false }],
  }
  const text = writeXml(cib(of)).replace(
    'crmd="offline" join="down" expected="down"',
    'crmd="online" expected="member"',
  )
  const parsed = parseXml(text)
  invariant(parsed.ok, 'it is well formed with a lost node')
  const found = explain(parsed.value, 'k', undefined, options)
  invariant(found.ok, 'the clone is there')
  const other = found.value.instances.find(({ runningOn }) => runningOn.includes('n2'))
  const texts = other?.general.map((reason) => reason.text)
  expect(texts?.[0]).toBe('it is blocked: its stop failed on n2 (not installed, rc=5)')
})

const fencing = {
  properties: pair('stonith-enabled', 'true'),
  device: '<primitive id="fence" class="stonith" type="fence_xvm"/>',
}

test('what is stopped by the fencing of a node says so, where no other reason is known', () => {
  // Its live migration is still in the history of the node that it left, and its end nowhere but at the other one.
  const moved = (task: string): string =>
    entry('a', { task })
      .replace('call-id="1"', 'call-id="1" migrate_source="n2" migrate_target="n1"')
      .replace('_start_0', `_${task}_0`)
  const of = {
    resources: fencing.device + dummy('a') + dummy('b'),
    properties: fencing.properties,
    states: [{ history: moved('migrate_from') }, { history: moved('migrate_to') + entry('b') }],
  }
  const parsed = parseXml(
    writeXml(cib(of)).replace(/(uname="n2") in_ccm="true" crmd="online"/, '$1 in_ccm="false" crmd="online"'),
  )
  invariant(parsed.ok, 'it is well formed with a lost node')
  const found = explain(parsed.value, 'a', undefined, options)
  invariant(found.ok, 'a is there')
  const [instance] = found.value.instances
  expect(instance?.summary).toBe('runs on n1; is to stay: n2 is to be fenced, by which it is stopped there')
  expect(explanationLines(found.value)).toContain(
    '  * due: stop on n2: n2 is to be fenced, by which it is stopped there',
  )
})

test('what is left of a live migration is cleared away where it came from', () => {
  const history = entry('a', { task: 'migrate_to' }).replace(
    'call-id="1"',
    'call-id="1" migrate_source="n2" migrate_target="n1"',
  )
  const of = {
    resources: dummy('a', meta('a', 'allow-migrate', 'true')),
    states: [
      {
        history: entry('a', { task: 'stop' })
          .replace('call-id="1"', 'call-id="9"')
          .replace(
            '</lrm_resource>',
            `${operationOf(entry('a', { task: 'migrate_from' })).replace('call-id="1"', 'call-id="1" migrate_source="n2" migrate_target="n1"')}</lrm_resource>`,
          ),
      },
      { history },
    ],
  }
  const { summary, actions } = first(of, 'a')
  const why = 'its live migration from n2 is over, and what is left of it there is cleared away'
  expect([summary, actions[0]]).toEqual([
    expect.stringContaining(`: ${why}`),
    expect.objectContaining({ task: 'stop', node: 'n2', why }),
  ])
})

test('what was promoted as part of a promotable clone that is gone is started anew without a role', () => {
  const of = {
    resources: '<primitive id="a" class="ocf" provider="pacemaker" type="Stateful"/>',
    states: [{ history: entry('a', { task: 'promote', type: 'Stateful' }) }],
  }
  expect(head(of, 'a')).toBe(
    'a: runs on n1 as Promoted; is to be restarted there: it is Promoted, and nothing that it belongs to is promotable.',
  )
})

test('what is migrated live says so, and not only where it is to run', () => {
  const of = {
    resources: dummy('a', meta('a', 'allow-migrate', 'true')),
    constraints: '<rsc_location id="there" rsc="a" node="n2" score="50"/>',
    states: [{ history: entry('a') }, { history: entry('a', { task: 'monitor', rc: 7 }) }],
  }
  expect(first(of, 'a').summary).toBe(
    'runs on n1; is to be migrated live to n2: n2 has more score (50) than n1 (0); resource-stickiness is 0',
  )
})

test('what waits for a probe of its own does not begin with itself', () => {
  const joining = cib({
    resources: '<primitive id="a" class="stonith" type="fence_x"/>',
    properties: pair('stonith-enabled', 'true'),
    states: [{}, {}],
  })
  // Its messaging is up, and the rest of it not yet.
  const states = new Map([
    ['online', 'offline'],
    ['member', 'down'],
  ])
  const pending = (element: XmlElement): XmlElement =>
    element.attributes.includes('n2') && element.name === 'node_state'
      ? { ...element, attributes: element.attributes.map((word) => states.get(word) ?? word) }
      : { ...element, children: element.children.map(pending) }
  const found = explain(pending(joining), 'a', undefined, options)
  invariant(found.ok, 'the resource is there')
  const [instance] = found.value.instances
  expect(instance?.summary).toContain('waits for the probe of a on n2: n2 has not finished joining')
  expect(instance?.begins).toBeUndefined()
  const node = explainNodeState(pending(joining), 'n2', options)
  expect(node.ok && nodeStateLines(node.value)[0]).toBe('n2: has not finished joining.')
})
