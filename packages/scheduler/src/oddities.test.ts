import { invariant } from '@quorate/base'
import { attr, descendants, element, formatXml, parseXml, type XmlElement } from '@quorate/xml'
import { expect, test } from 'vitest'
import { parseMoment } from './date-text.ts'
import { type SimulationOutcome, simulate } from './simulate/session.ts'
import { unpackStatus } from './status.ts'

/**
 * Configurations that few clusters have, on which random comparison with the real crm_simulate found a difference once. What
 * is expected is what the real one was seen to do.
 */
const nowSeconds = 1_700_000_000

type Parts = {
  readonly resources: string
  readonly options?: Readonly<Record<string, string>>
  /** Histories on the first node. */
  readonly histories?: string
  readonly constraints?: string
  /** Sets of transient attributes of the first node. */
  readonly transient?: string
}

function cib({ resources, options = {}, histories = '', constraints = '', transient = '' }: Parts): XmlElement {
  const properties = Object.entries({ 'stonith-enabled': 'false', ...options })
    .map(([name, value]) => `<nvpair id="o-${name}" name="${name}" value="${value}"/>`)
    .join('')
  const state = (n: number, inside: string) =>
    `<node_state id="${n}" uname="n${n}" in_ccm="true" crmd="online" join="member" expected="member">${inside}</node_state>`
  const parsed = parseXml(`<cib crm_feature_set="3.16.1" have-quorum="1" dc-uuid="1" execution-date="${nowSeconds}">
    <configuration><crm_config><cluster_property_set id="cib-bootstrap-options">${properties}</cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes><resources>${resources}</resources><constraints>${constraints}</constraints></configuration>
    <status>${state(1, `<transient_attributes id="1">${transient}</transient_attributes><lrm id="1"><lrm_resources>${histories}</lrm_resources></lrm>`)}${state(2, '')}</status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  return parsed.value
}

function run(parts: Parts, isLive = false): SimulationOutcome {
  return simulate(cib(parts), { nowSeconds, process: true, simulate: true, isLive })
}

function primitive(id: string, inside = '', agent = 'class="ocf" provider="p" type="x"'): string {
  return `<primitive id="${id}" ${agent}>${inside}</primitive>`
}

function meta(id: string, values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(
    ([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`,
  )
  return `<meta_attributes id="${id}">${pairs.join('')}</meta_attributes>`
}

/** What was carried out, line by line. */
function carriedOut({ stdout }: SimulationOutcome): readonly string[] {
  const [, after = ''] = stdout.split('Executing Cluster Transition:\n')
  return (after.split('\n\n')[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('  * '))
    .map((line) => line.slice('  * '.length).replace(/ +/g, ' '))
}

function actionsOf({ graph }: SimulationOutcome): readonly XmlElement[] {
  return graph === undefined ? [] : [...descendants(graph)].filter((item) => attr(item, 'operation') !== undefined)
}

test('of a unique clone with a member that must be anonymous, what is made after that member stays unique in its last instance', () => {
  const group = `<group id="g">${primitive('a', '', 'class="lsb" type="x"')}${primitive('b')}</group>`
  const values = { 'globally-unique': 'true', 'clone-node-max': '2', 'clone-max': '3' }
  const outcome = run({ resources: `<clone id="c">${meta('m', values)}${group}</clone>` })
  const members = actionsOf(outcome).flatMap((action) => action.children.filter(({ name }) => name === 'primitive'))
  expect([...new Set(members.map((item) => attr(item, 'id')))].sort()).toEqual(['a', 'b', 'b:1'])
  expect(outcome.log.filter(({ source }) => source === 'pe__force_anon')).toHaveLength(2)
})

test.each([
  ['class="nagios" type="x"', 'Invalid class for a: nagios'],
  ['class="ocf" type="x"', 'Please specify the provider for resource a'],
])('what no executor could run (%s) is not simulated, and nothing after it', (agent, fault) => {
  const outcome = run({ resources: primitive('a', '', agent) + primitive('b') })
  expect(carriedOut(outcome)).toEqual([])
  expect(outcome.errors).toContain(fault)
})

test('what no executor could run is simulated where it has a history', () => {
  const key = 'transition-key="1:1:0:x" transition-magic="0:0;1:1:0:x" rc-code="0" op-status="0" interval="0"'
  const entry = `<lrm_rsc_op id="a_last_0" operation="start" operation_key="a_start_0" call-id="1" ${key}/>`
  const histories = `<lrm_resource id="a" class="nagios" type="x">${entry}</lrm_resource>`
  const resources = primitive('a', meta('m', { 'target-role': 'Stopped' }), 'class="nagios" type="x"')
  const outcome = run({ resources, histories, options: { 'enable-startup-probes': 'false' } })
  expect(carriedOut(outcome)).toEqual(['Resource action: a stop on n1'])
})

test('what waits for what no executor could run is not done, not even a pseudo action of the highest priority', () => {
  const clone = `<clone id="c">${meta('m', { 'clone-max': '1' })}${primitive('a', '', 'class="nagios" type="x"')}</clone>`
  const outcome = run({ resources: clone, options: { 'enable-startup-probes': 'false' } })
  expect(actionsOf(outcome).map((action) => attr(action, 'operation_key'))).toContain('c_running_0')
  expect(carriedOut(outcome)).toEqual(['Pseudo action: c_start_0'])
})

test('a guest without a name is in no list of nodes that a notification has', () => {
  const values = { notify: 'true', 'container-attribute-target': 'host' }
  const guest = primitive('g', meta('gm', { 'remote-node': '' }))
  const outcome = run({ resources: `${guest}<clone id="c">${meta('m', values)}${primitive('a')}</clone>` })
  const lists = [...descendants(outcome.graph ?? element('none'))].flatMap((item) =>
    ['all_uname', 'all_hosts', 'available_uname'].flatMap((name) => attr(item, `CRM_meta_notify_${name}`) ?? []),
  )
  expect(new Set(lists)).toEqual(new Set(['n1 n2']))
})

test('an operation that deletes a history is shown without its interval', () => {
  const operations = '<operations><op id="d" name="delete" interval="10"/></operations>'
  const outcome = run({ resources: primitive('a', operations), options: { 'enable-startup-probes': 'false' } })
  expect(carriedOut(outcome)).toEqual(['Resource action: a start on n1', 'Resource action: a delete on n1'])
})

test.each([
  ['2147483', '2147483000'],
  ['2147484', '20000'],
  ['4294968', '704'],
  ['99999999999', '276446232'],
  ['9999999999999999999', '20000'],
  ['.5s', '20000'],
  ['1.5.2s', '1000'],
])('of a timeout of %s, %s milliseconds are left in 32 bits', (text, expected) => {
  const operations = `<operations><op id="o" name="start" interval="0" timeout="${text}"/></operations>`
  const start = actionsOf(run({ resources: primitive('a', operations) })).find(
    (item) => attr(item, 'operation') === 'start',
  )
  const attributes = start?.children.find(({ name }) => name === 'attributes')
  expect(attributes === undefined ? undefined : attr(attributes, 'CRM_meta_timeout')).toBe(expected)
})

test.each(['INFINITY', '-INFINITY', '+INFINITY'])('%s counts as a number of actions at a time', (text) => {
  const { graph } = run({ resources: '', options: { 'batch-limit': text } })
  expect(graph === undefined ? undefined : attr(graph, 'batch-limit')).toBe(text)
})

test('a node without a name is in no list of names', () => {
  const guest = primitive('vm', meta('m', { 'remote-node': '' }))
  const { stdout } = run({ resources: `${guest}<clone id="c">${primitive('a')}</clone>` })
  expect(stdout).not.toContain('RemoteOFFLINE')
  expect(stdout).toContain('      * Stopped: [ n1 n2 ]')
})

test.each([
  ['2023-11-14', '2023-11-14T00:00:00Z'],
  ['2023-11-00', '2023-10-31T00:00:00Z'],
  ['2023-11-14-0330', '2023-11-14T00:00:00Z'],
  ['2023-11-14T', '2023-11-14T00:00:00Z'],
  ['2023-11-14T+01:00', '2023-11-14T01:00:00Z'],
  ['2023-11-14 22:13:20 +01', '2023-11-14T21:13:20Z'],
  ['2023-11-14 22:13:20 +01:75', undefined],
  ['2023-11-14 221', '2023-11-14T22:01:00Z'],
  ['2023-11-14 22+01:00', '2023-11-14T22:00:01Z'],
  ['2023-11-14T2213 -1:30', undefined],
  ['2023-11-14  22:13', '2023-11-14T00:00:00Z'],
  ['2023-11-14 24:00:01', undefined],
  [' 2023-11-14', undefined],
])('the time %j is %s', (text, expected) => {
  const moment = parseMoment(text, { epochSeconds: nowSeconds, offsetSeconds: 0 })
  const seconds = expected === undefined ? undefined : Date.parse(expected) / 1000
  expect(moment?.epochSeconds).toBe(seconds)
})

test('a ticket without a name is none', () => {
  const constraints = '<rsc_ticket id="t" rsc="a" ticket=""/>'
  expect(carriedOut(run({ resources: primitive('a'), constraints }))).toContain('Resource action: a start on n1')
})

test.each([
  ['10.0.0.253', ['10.0.0.253', '10.0.0.254', '10.0.1.1']],
  ['10.0.254.1', ['10.0.254.1', '(null)', '10.0.254.1']],
  ['host', ['host', '(null)', 'host']],
])('the addresses of replicas from %s on are %j', (first, expected) => {
  const network = `<network ip-range-start="${first}"/>`
  const { graph } = run({ resources: `<bundle id="b"><podman image="i" replicas="3"/>${network}</bundle>` })
  const ids = graph === undefined ? [] : [...descendants(graph)].map((item) => attr(item, 'id') ?? '')
  const addresses = [...new Set(ids.filter((id) => id.startsWith('b-ip-')))].map((id) => id.slice('b-ip-'.length))
  expect(addresses.sort()).toEqual([...new Set(expected)].sort())
})

const unfencing = primitive('f', meta('fm', { provides: 'unfencing' }), 'class="stonith" type="fence_x"')

function unfencedBy(digests: string, options: Readonly<Record<string, string>>): SimulationOutcome {
  const set = `<instance_attributes id="s"><nvpair id="d" name="#digests-all" value="${digests}"/></instance_attributes>`
  return run({ resources: unfencing, options, transient: set })
}

test('a node that was unfenced by something else is told of with a hint, and unfenced again', () => {
  const { stdout } = unfencedBy('f:fence_y:0,', { 'stonith-enabled': 'true' })
  expect(stdout).toContain('  * Fence (on) n1')
  const set = '<instance_attributes id="s"><nvpair id="d" name="#digests-all" value=""/></instance_attributes>'
  const scores = simulate(cib({ resources: unfencing, options: { 'stonith-enabled': 'true' }, transient: set }), {
    nowSeconds,
    process: true,
    simulate: false,
    showsScores: true,
  })
  const said = scores.stdout.split('\n').filter((line) => line.includes('nfencing'))
  expect(said).toEqual([
    "Parameters to f for unfencing n1 changed, try 'f:fence_x:f2317cad3d54cec5d7d7aa7d0bf35cf8'",
    'notice: Unfencing Pacemaker Remote node n1 because the definition of f changed',
  ])
})

test('without fencing, no node is unfenced again', () => {
  expect(unfencedBy('f:fence_y:0,', { 'stonith-enabled': 'false' }).stdout).not.toContain('Fence (on)')
})

test('what comes after a referenced set is what stands after it where it is', () => {
  const set = (id: string, of: string) => `<resource_set id="${id}"><resource_ref id="${of}"/></resource_set>`
  const first = `<rsc_order id="o1" kind="Optional">${set('s1', 'a')}${set('s2', 'b')}</rsc_order>`
  const second = `<rsc_ticket id="t" ticket="T"><resource_set id-ref="s1"/>${set('s3', 'c')}</rsc_ticket>`
  const started = carriedOut(
    run({ resources: ['a', 'b', 'c'].map((id) => primitive(id)).join(''), constraints: first + second }),
  ).filter((line) => line.includes('start'))
  expect(started).toEqual(['Resource action: c start on n1'])
})

test('sets that lead to each other come to an end', () => {
  const ids = '<resource_set id="s1"><resource_ref id="a"/></resource_set><resource_set id-ref="s1"/>'
  expect(carriedOut(run({ resources: primitive('a'), constraints: `<rsc_order id="o">${ids}</rsc_order>` }))).toContain(
    'Resource action: a start on n1',
  )
})

test('a group without members that is told of stops is told of the fencing that implies them', () => {
  const group = `<group id="g">${primitive('a', '', 'class="systemd" type="x"')}</group>`
  const resources = `<clone id="c">${meta('m', { promotable: 'true', notify: 'true' })}${group}</clone>`
  const fencing = primitive('f', '', 'class="stonith" type="fence_x"')
  const parsed = parseXml(`<cib crm_feature_set="3.16.1" have-quorum="1" execution-date="${nowSeconds}">
    <configuration><crm_config/><nodes><node id="1" uname="n1"/></nodes><resources>${resources}${fencing}</resources><constraints/></configuration>
    <status><node_state id="1" uname="n1" in_ccm="false" crmd="offline" join="down" expected="member"/></status></cib>`)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  const { dot } = simulate(parsed.value, { nowSeconds, process: true, simulate: false })
  expect(dot?.()).toContain(`"stonith 'reboot' n1" -> "g:0_post_notify_stonith_0"`)
})

test('the group of a master element is promoted as a whole, where no meta-attribute says that it is not promotable', () => {
  const inner = `<group id="g">${primitive('a')}</group>`
  const { dot } = simulate(
    cib({ resources: `<master id="c">${meta('m', { promotable: 'false' })}${inner}</master>` }),
    {
      nowSeconds,
      process: true,
      simulate: false,
      dot: { allActions: true },
    },
  )
  expect(dot?.()).not.toContain('g:0_promoted_0')
  const usual = simulate(cib({ resources: `<master id="c">${inner}</master>` }), {
    nowSeconds,
    process: true,
    simulate: false,
    dot: { allActions: true },
  })
  expect(usual.dot?.()).toContain('g:0_promoted_0')
})

test('a score of a set makes it go both ways, though its order is serialized', () => {
  const set =
    '<resource_set id="s" action="demote" score="7"><resource_ref id="a"/><resource_ref id="b"/></resource_set>'
  const { dot } = simulate(
    cib({
      resources: `${primitive('a')}${primitive('b')}`,
      constraints: `<rsc_order id="o" kind="Serialize">${set}</rsc_order>`,
    }),
    { nowSeconds, process: true, simulate: false, dot: { allActions: true } },
  )
  expect(dot?.()).toContain('"b_promote_0')
})

test.each([
  ['pcmk_host_list', true],
  ['stonith-timeout', true],
  ['pcmk_off_timeout', true],
  ['pcmk_x', false],
  ['pcmk_x_y_timeout', false],
  ['delay', false],
])('that old digests leave %s out is %s', (name, expected) => {
  const key = 'transition-key="1:1:0:x" rc-code="0" op-status="0" interval="0" crm_feature_set="3.1.0"'
  const digests = 'op-digest="x" op-secure-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8"'
  const entry = `<lrm_rsc_op id="f_last_0" operation="start" operation_key="f_start_0" call-id="1" ${key} ${digests}/>`
  const histories = `<lrm_resource id="f" class="stonith" type="fence_x">${entry}</lrm_resource>`
  const set = `<instance_attributes id="i"><nvpair id="p" name="${name}" value="3"/></instance_attributes>`
  const inputs = { resources: primitive('f', set, 'class="stonith" type="fence_x"'), histories }
  const { log, stdout } = run(inputs)
  const told = log.map(({ text }) => text).filter((text) => text.startsWith("Only 'private'"))
  expect(told).toEqual(expected ? ["Only 'private' parameters to 0s-interval start for f on n1 changed: (null)"] : [])
  expect(stdout.includes('Restart')).toBe(!expected)
  // In its own CIB a cluster has the secrets as they are.
  expect(run(inputs, true).stdout).toContain('Restart')
})

test('what a clone resets to its default stays what it is for the primitive inside', () => {
  const inner = primitive('a', meta('am', { 'target-role': 'Stopped' }))
  const outcome = run({ resources: `<clone id="c">${meta('cm', { 'target-role': '#default' })}${inner}</clone>` })
  expect(outcome.stdout).toContain('Stopped (disabled): [ n1 n2 ]')
})

test.each([
  [
    'an interval-origin that is no time',
    primitive('a', '<operations><op id="o" name="monitor" interval="10s" interval-origin="x"/></operations>'),
    '',
    "Ignoring 'interval-origin' for operation 'o' because 'x' is not valid",
  ],
  [
    'several replicas on a host that share a port',
    `<bundle id="b"><podman image="i" replicas-per-host="2"/><network control-port="99"/>${primitive('a')}</bundle>`,
    '',
    "Specifying the 'control-port' for b requires 'replicas-per-host=1'",
  ],
  [
    'a rule without a score',
    primitive('a'),
    '<rsc_location id="l" rsc="a"><rule id="r"><expression id="e" attribute="x" operation="defined"/></rule></rsc_location>',
    'Rule r: no score specified.  Assuming 0.',
  ],
  [
    'the score of an order',
    `${primitive('a')}${primitive('b')}`,
    '<rsc_order id="l" first="a" then="b" score="1"/>',
    "Support for 'score' in rsc_order is deprecated and will be removed in a future release (use 'kind' instead)",
  ],
  [
    'the lifetime of a constraint',
    `${primitive('a')}${primitive('b')}`,
    '<rsc_order id="l" first="a" then="b"><lifetime><rule id="r"><date_expression id="e" operation="gt" start="2020-01-01"/></rule></lifetime></rsc_order>',
    "Support for 'lifetime' attribute (in l) is deprecated (the rules it contains should instead be direct descendents of the constraint object)",
  ],
])('%s is told of as a fault of the configuration', (_what, resources, constraints, text) => {
  const told = run({ resources, constraints }).log.filter((line) => line.isAboutStatus !== true)
  expect(told.map((line) => line.text)).toContain(text)
})

test('a reference to an id that two sets have leads to nothing', () => {
  const referring = primitive('a', '<meta_attributes id-ref="twice"/>')
  const inner = meta('twice', { 'target-role': 'Stopped' })
  const again = `<lrm_resource id="x" class="ocf" provider="p" type="x">${meta('twice', {})}</lrm_resource>`
  const resources = referring + primitive('b', inner)
  expect(run({ resources }).stdout).toContain('* a\t(ocf:p:x):\t Stopped (disabled)')
  expect(run({ resources, histories: again }).stdout).toContain('* a\t(ocf:p:x):\t Started')
})

test('after the simulation it is told once more what is to be unfenced, without what would have matched', () => {
  const set = '<instance_attributes id="s"><nvpair id="d" name="#digests-all" value=""/></instance_attributes>'
  const before = cib({ resources: unfencing, options: { 'stonith-enabled': 'true' }, transient: set })
  const text = formatXml(before)
    .replace('have-quorum="1"', 'have-quorum="0"')
    .replace(
      'uname="n1" in_ccm="true" crmd="online" join="member"',
      'uname="n1" in_ccm="false" crmd="offline" join="down"',
    )
  const parsed = parseXml(text)
  invariant(parsed.ok, 'the test has a well-formed CIB')
  const { stdout } = simulate(parsed.value, { nowSeconds, process: true, simulate: true })
  const [first = '', second = ''] = stdout.split('Executing Cluster Transition:')
  expect(first).toContain('Parameters to f for unfencing n1 changed')
  expect(second).toContain('notice: Unfencing Pacemaker Remote node n1 because the definition of f changed')
  expect(second).not.toContain('Parameters to f')
})

test('a collective that a left connection says to be inside of avoids remote nodes, and its members do not', () => {
  const key = 'transition-key="1:1:7:x" transition-magic="0:7;1:1:7:x" rc-code="7" op-status="0" interval="0"'
  const entry = `<lrm_rsc_op id="left_last_0" operation="monitor" operation_key="left_monitor_0" call-id="1" ${key}/>`
  const histories = `<lrm_resource id="left" class="ocf" provider="pacemaker" type="remote" container="g">${entry}</lrm_resource>`
  const expression = '<expression id="e" attribute="x" operation="not_defined"/>'
  const constraints = `<rsc_location id="l" rsc="g"><rule id="r" score="0">${expression}</rule></rsc_location>`
  const { stdout } = simulate(cib({ resources: `<group id="g">${primitive('a')}</group>`, histories, constraints }), {
    nowSeconds,
    process: true,
    simulate: false,
    showsScores: true,
  })
  expect(stdout).toContain('pcmk__group_assign: g allocation score on left: -INFINITY')
  expect(stdout).toContain('pcmk__group_assign: a allocation score on left: 0')
})

test('a left connection is inside of what any node says that there is', () => {
  const entry = (rc: number, task: string) =>
    `<lrm_rsc_op id="left_last_0" operation="${task}" operation_key="left_${task}_0" call-id="1" transition-key="1:1:${rc}:x" transition-magic="0:${rc};1:1:${rc}:x" rc-code="${rc}" op-status="0" interval="0"/>`
  const history = (container: string, rc: number, task: string) =>
    `<lrm_resource id="left" class="ocf" provider="pacemaker" type="remote" container="${container}">${entry(rc, task)}</lrm_resource>`
  const text = formatXml(cib({ resources: primitive('a'), histories: history('lost', 0, 'start') }))
  const second = `<lrm id="2"><lrm_resources>${history('a', 7, 'monitor')}</lrm_resources></lrm></node_state>`
  const parsed = parseXml(text.replace(/(<node_state id="2"[^>]*?)\/>/, `$1>${second}`))
  invariant(parsed.ok, 'the test has a well-formed CIB')
  const inside = (of: XmlElement) =>
    unpackStatus(of, { nowSeconds }).resources.find(({ id }) => id === 'a')?.fillers ?? []
  expect(inside(parsed.value).map(({ id }) => id)).toEqual(['left'])
})

test('what is wrong with the configuration of an operation that failed is told whenever it is asked for: before the failure, of it, for what is to be done', () => {
  const monitor = '<operations><op id="a-m" name="monitor" interval="10s" on-fail="nonsense"/></operations>'
  const told = (rc: number) => {
    const entry = `<lrm_rsc_op id="a_monitor_10000" operation_key="a_monitor_10000" operation="monitor" interval="10000" call-id="3"
      rc-code="${rc}" op-status="0" transition-key="1:1:0:x" transition-magic="0:${rc};1:1:0:x"/>`
    const histories = `<lrm_resource id="a" class="ocf" provider="p" type="x">${entry}</lrm_resource>`
    const { log } = unpackStatus(cib({ resources: primitive('a', monitor), histories }), { nowSeconds })
    return log.filter(({ text }) => text === 'Resource a: Unknown failure type (nonsense)').length
  }
  expect({ failed: told(1), wellDone: told(0) }).toEqual({ failed: 3, wellDone: 1 })
})
