import { attr, descendants, parseXml, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { type SimulationOutcome, simulate } from './simulate/session.ts'

// Cases that a comparison of random clusters with the real crm_simulate 2.1.5 found, made small: bundles, remote and guest
// nodes, templates.

type Parts = {
  readonly resources: string
  readonly options?: string
  readonly constraints?: string
  readonly status?: string
  readonly quorum?: string
  /** Elements behind the constraints. */
  readonly more?: string
  readonly nodes?: readonly string[]
}

const online = '<node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member">'

function document(parts: Parts): XmlElement {
  const {
    resources,
    options = '',
    constraints = '',
    status = `${online}</node_state>`,
    quorum = '1',
    nodes = ['n1'],
    more = '',
  } = parts
  const list = nodes.map((uname, i) => `<node id="${i + 1}" uname="${uname}"/>`).join('')
  const text = `<cib have-quorum="${quorum}" crm_feature_set="3.16.1" execution-date="1700000000"><configuration>
    <crm_config><cluster_property_set id="o">${options}
      <nvpair id="o1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes>${list}</nodes><resources>${resources}</resources>
    <constraints>${constraints}</constraints>${more}</configuration><status>${status}</status></cib>`
  const read = parseXml(text)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value
}

function run(parts: Parts): SimulationOutcome {
  return simulate(document(parts), { nowSeconds: 1_700_000_000, process: true, simulate: true })
}

function scores(parts: Parts): readonly string[] {
  const request = { nowSeconds: 1_700_000_000, process: true, simulate: false, showsScores: true, quiet: true }
  return simulate(document(parts), request).stdout.split('\n')
}

function operations(outcome: SimulationOutcome): readonly string[] {
  const { graph } = outcome
  if (graph === undefined) return []
  return [...descendants(graph)]
    .filter((item) => item.name === 'action_set')
    .flatMap((item) => item.children.map((action) => attr(action, 'operation_key') ?? ''))
}

function option(name: string, value: string): string {
  return `<nvpair id="o-${name}" name="${name}" value="${value}"/>`
}

function history(id: string, type: string, entry: string): string {
  return `<lrm><lrm_resources><lrm_resource id="${id}" class="ocf" provider="heartbeat" type="${type}">${entry}</lrm_resource></lrm_resources></lrm>`
}

const key = 'transition-key="1:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"'

function ran(id: string, task: string, more = ''): string {
  return `<lrm_rsc_op id="${id}_last_0" operation="${task}" operation_key="${id}_${task}_0" call-id="1" rc-code="0" op-status="0" interval="0" ${key} ${more}/>`
}

describe('a bundle', () => {
  const shared = '<bundle id="b"><podman image="i" replicas-per-host="2"/><network control-port="3131"/></bundle>'

  test('that may have several replicas on a host stays unique where its control port then allows one only', () => {
    expect(run({ resources: shared }).stdout).toContain('Container bundle: b [i] (unique):')
  })

  test('shows each of its flags in brackets of its own', () => {
    const { stdout } = run({ resources: shared, options: option('maintenance-mode', 'true') })
    expect(stdout).toContain('b [i] (unique) (unmanaged):')
  })

  test('shows all the nodes of a container that runs on several', () => {
    const second = online.replace('id="1" uname="n1"', 'id="2" uname="n2"')
    const container = history('b-podman-0', 'podman', ran('b-podman-0', 'start'))
    const { stdout } = run({
      nodes: ['n1', 'n2'],
      resources: '<bundle id="b"><podman image="i"/></bundle>',
      status: `${online}${container}</node_state>${second}${container}</node_state>`,
    })
    expect(stdout).toContain('b-podman-0\t(ocf:heartbeat:podman):\t Started [ n1 n2 ]')
  })

  const served =
    '<bundle id="b"><podman image="i"/><network control-port="3131"/><primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/></bundle>'

  test('whose node is the only one leaves the list of nodes empty, under its heading', () => {
    expect(run({ nodes: [], status: '', resources: served }).stdout).toContain('  * Node List:\n\n  * Full List')
  })

  test('keeps its connections off its own nodes in clusters where nothing runs anywhere by default', () => {
    const found = scores({ resources: served, options: option('symmetric-cluster', 'false') })
    expect(found).toContain('pcmk__bundle_allocate: b-0 allocation score on b-0: -INFINITY')
  })
})

test('a remote node in maintenance is recorded so under the name of the attribute of its state', () => {
  const { graph } = run({
    resources: '<primitive id="r" class="ocf" provider="pacemaker" type="remote"/>',
    options: option('maintenance-mode', 'true') + option('stonith-enabled', 'true'),
    status: '<node_state id="r" uname="r"/>',
  })
  const changed = graph === undefined ? [] : [...descendants(graph)].filter((item) => item.name === 'node')
  expect(changed.map((item) => item.attributes)).toEqual([['id', 'r', 'node_in_maintenance', '1']])
})

test('a template of cloned primitives names nothing in constraints while no history does', () => {
  const found = scores({
    resources:
      '<template id="T" class="ocf" provider="pacemaker" type="Dummy"/><clone id="c"><primitive id="p" template="T"/></clone>',
    constraints: '<rsc_location id="l" rsc="T" node="n1" score="-INFINITY"/>',
  })
  expect(found).toContain('pcmk__clone_allocate: p:0 allocation score on n1: 0')
})

test('with resources frozen, one that has to restart only stops', () => {
  const outcome = run({
    quorum: '0',
    options: option('no-quorum-policy', 'freeze'),
    resources: '<primitive id="p" class="ocf" provider="heartbeat" type="x"/>',
    status: `${online}${history('p', 'x', ran('p', 'start', 'op-digest="other"'))}</node_state>`,
  })
  expect(operations(outcome)).toEqual(['p_stop_0'])
})

test('a replica is shown where its container now is, not where history began', () => {
  const offline = '<node_state id="1" uname="n1" in_ccm="false" crmd="offline" join="down" expected="down">'
  const second = online.replace('id="1" uname="n1"', 'id="2" uname="n2"')
  const container = history('b-podman-0', 'podman', ran('b-podman-0', 'start'))
  const { stdout } = run({
    nodes: ['n1', 'n2'],
    // Locks have the histories of nodes read that are offline.
    options: option('shutdown-lock', 'true'),
    resources:
      '<bundle id="b"><podman image="i"/><network control-port="3131"/><primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/></bundle>',
    status: `${offline}${container}</node_state>${second}${container}</node_state>`,
  })
  expect(stdout).toContain('b-0\t(ocf:pacemaker:Dummy):\t Stopped n2')
})

test('a member of a negative set that only its history names is kept away from itself', () => {
  const { dot } = run({
    resources: '<clone id="c"><primitive id="p" class="ocf" provider="heartbeat" type="x"/></clone>',
    constraints:
      '<rsc_colocation id="k" score="-INFINITY"><resource_set id="s"><resource_ref id="p"/></resource_set></rsc_colocation>',
    status: `${online}${history('p', 'x', ran('p', 'start', 'op-digest="other"'))}</node_state>`,
  })
  expect(dot?.()).toContain('"c_stop_0" -> "c_start_0"')
})

test('monitors of a former agent are cancelled as those that are no longer configured', () => {
  const monitor = `<lrm_rsc_op id="p_monitor_10000" operation="monitor" operation_key="p_monitor_10000" call-id="2" rc-code="0" op-status="0" interval="10000" ${key}/>`
  const outcome = run({
    resources: '<primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/>',
    status: `${online}${history('p', 'x', ran('p', 'start') + monitor)}</node_state>`,
  })
  expect(operations(outcome)).toContain('p_monitor_10000')
})

test('a clone that starts instance by instance after a bundle has stopped waits for the container on its node', () => {
  const { dot } = run({
    resources: `<bundle id="b"><docker image="i"/><network control-port="3131"/><primitive id="q" class="ocf" provider="pacemaker" type="Dummy"/></bundle>
      <clone id="c"><meta_attributes id="m"><nvpair id="mi" name="interleave" value="true"/></meta_attributes>
      <primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/></clone>`,
    constraints: '<rsc_order id="k" first="b" first-action="stop" then="c" then-action="start"/>',
    status: `${online}${history('b-docker-0', 'docker', ran('b-docker-0', 'start', 'op-digest="other"'))}</node_state>`,
  })
  expect(dot?.()).toContain('"b-docker-0_stop_0 n1" -> "p:0_start_0 n1"')
})

test('a bundle without a primitive may share its control port among the replicas of a host', () => {
  const found = scores({
    resources:
      '<bundle id="b"><docker image="i" replicas="2" replicas-per-host="2"/><network control-port="3131"/></bundle>',
  })
  expect(found).toContain('pcmk__primitive_assign: b-docker-1 allocation score on n1: 0')
})

test('a guest whose container is said to run on the guest itself is looked at once', () => {
  const guest =
    '<primitive id="v" class="ocf" provider="heartbeat" type="x"><meta_attributes id="m"><nvpair id="mr" name="remote-node" value="g"/></meta_attributes></primitive>'
  const failed = ran('gone', 'stop').replace('rc-code="0"', 'rc-code="1"')
  const histories = `<lrm><lrm_resources>${[ran('v', 'start'), failed]
    .map(
      (entry, i) =>
        `<lrm_resource id="${['v', 'gone'][i]}" class="ocf" provider="heartbeat" type="x">${entry}</lrm_resource>`,
    )
    .join('')}</lrm_resources></lrm>`
  const parts = {
    options: option('stonith-enabled', 'true'),
    resources: guest,
    status: `${online}</node_state><node_state id="g" uname="g">${histories}</node_state>`,
  }
  expect(run(parts).stdout).toContain('v\t(ocf:heartbeat:x):\t FAILED g')
})

test('defaults of operations count in one section only: of several, none does', () => {
  const section = (id: string): string =>
    `<op_defaults><meta_attributes id="${id}"><nvpair id="${id}t" name="timeout" value="7s"/></meta_attributes></op_defaults>`
  const timeouts = (more: string): readonly (string | undefined)[] => {
    const { graph } = run({ resources: '<primitive id="p" class="ocf" provider="heartbeat" type="x"/>', more })
    const sets = graph === undefined ? [] : [...descendants(graph)].filter((item) => item.name === 'attributes')
    return sets.map((item) => attr(item, 'CRM_meta_timeout'))
  }
  expect(timeouts(section('d'))).toEqual(['7000', '7000'])
  expect(timeouts(section('d') + section('e'))).toEqual(['20000', '20000'])
})

test.each([
  ['-9', '10', ' (health is YELLOW)'],
  ['-10', '10', ' (health is RED)'],
  ['-4', '10', ''],
  ['yellow', '-5', ' (health is YELLOW)'],
  ['-9', '-5', ''],
])('health %s is shown as the colour that its score does not exceed (green %s)', (value, green, shown) => {
  const { stdout } = run({
    resources: '',
    options:
      option('node-health-strategy', 'custom') +
      option('node-health-green', green) +
      option('node-health-yellow', '-5') +
      option('node-health-red', '-10'),
    status: `${online}<transient_attributes id="1"><instance_attributes id="t"><nvpair id="h" name="#health-x" value="${value}"/></instance_attributes></transient_attributes></node_state>`,
  })
  const lines = shown === '' ? '    * Online: [ n1 ]' : `    * Node n1: online${shown}`
  expect(stdout.split('\n')).toContain(lines)
})

test('a tag in a set may hold a template, which stands for its resources', () => {
  const { dot } = run({
    resources:
      '<template id="T" class="ocf" provider="heartbeat" type="x"/><primitive id="a" template="T"/><primitive id="z" class="ocf" provider="heartbeat" type="x"/>',
    constraints: '<rsc_order id="k"><resource_set id="s"><resource_ref id="t"/></resource_set></rsc_order>',
    more: '<tags><tag id="t"><obj_ref id="z"/><obj_ref id="T"/></tag></tags>',
  })
  expect(dot?.()).toContain('"z_start_0 n1" -> "a_start_0 n1"')
})

const device = '<primitive id="f" class="stonith" type="fence_x"/>'

test('a node that only the history of its connection tells of has yet to be seen', () => {
  const { stdout } = run({
    options: option('stonith-enabled', 'true'),
    resources: device,
    status: `${online}${history('g', 'remote', ran('g', 'stop')).replace('heartbeat', 'pacemaker')}</node_state>`,
  })
  expect(stdout).toContain('* RemoteNode g: UNCLEAN (offline)')
})

test('what ran on such a node is looked at as elsewhere', () => {
  const { graph } = run({
    options: option('maintenance-mode', 'true'),
    resources: '',
    status: `${online}${history('g', 'remote', ran('g', 'start')).replace('heartbeat', 'pacemaker')}</node_state>
      <node_state id="g" uname="g">${history('gone', 'x', ran('gone', 'start'))}</node_state>`,
  })
  const last = graph === undefined ? undefined : [...descendants(graph)].find((item) => item.name === 'pseudo_event')
  // The clean-up that is not needed takes a number before it.
  expect(last?.attributes).toEqual(expect.arrayContaining(['maintenance_nodes', '7']))
})

test('a remote node that was fenced is not fenced again while its connection waits to be tried anew', () => {
  const failed = ran('r', 'stop').replace('rc-code="0" op-status="0"', 'rc-code="1" op-status="4"')
  const outcome = run({
    options: option('stonith-enabled', 'true'),
    resources: `${device}<primitive id="r" class="ocf" provider="pacemaker" type="remote"><instance_attributes id="i">
      <nvpair id="ir" name="reconnect_interval" value="1h"/></instance_attributes><operations>
      <op id="os" name="stop" interval="0" on-fail="restart"/></operations></primitive>`,
    status: `${online}${history('r', 'remote', failed).replace('heartbeat', 'pacemaker')}</node_state>
      <node_state id="r" uname="r" node_fenced="1"/>`,
  })
  expect(operations(outcome)).not.toContain('stonith-r-reboot')
})

test('a fence device whose agent changed has nodes unfenced anew, although it does not run there', () => {
  const { stdout } = run({
    options: option('stonith-enabled', 'true'),
    resources: `<primitive id="f" class="stonith" type="fence_x"><meta_attributes id="m"><nvpair id="mp" name="provides" value="unfencing"/></meta_attributes></primitive>`,
    status: `${online}${history('f', 'x', ran('f', 'stop'))}</node_state>`,
  })
  expect(stdout).toContain("Fence (on) n1 'Device definition changed'")
})

test('a date specification that specifies nothing is met', () => {
  const rule = '<rule id="r"><date_expression id="e" operation="date_spec"/></rule>'
  const { stdout } = run({
    resources: '<primitive id="p" class="ocf" provider="heartbeat" type="x"/>',
    more: `<rsc_defaults><meta_attributes id="d">${rule}<nvpair id="dt" name="target-role" value="Stopped"/></meta_attributes></rsc_defaults>`,
  })
  expect(stdout).toContain('Stopped (disabled)')
})

test('times without an offset are local, whatever the offset in which the present is given', () => {
  const end = '2023-11-14T22:14'
  const rule = `<rule id="r"><date_expression id="e" operation="lt" end="${end}"/></rule>`
  const cib = document({
    resources: '<primitive id="p" class="ocf" provider="heartbeat" type="x"/>',
    more: `<rsc_defaults><meta_attributes id="d">${rule}<nvpair id="dt" name="priority" value="1"/></meta_attributes></rsc_defaults>`,
  })
  const effectiveTime = { text: '2023-11-14 19:13:20 -03:00', epochSeconds: 1_700_000_000, offsetSeconds: -10_800 }
  const { graph } = simulate(cib, { nowSeconds: 0, process: true, simulate: false, effectiveTime })
  expect(graph === undefined ? undefined : attr(graph, 'recheck-by')).toBe('1700000040')
})

test('an empty value in the rule of a set is a text, in that of a location it is none', () => {
  const rule = (score: string, operation: string): string =>
    `<rule id="r" ${score}><expression id="e" attribute="site" operation="${operation}" value=""/></rule>`
  const withSet = (operation: string): SimulationOutcome =>
    run({
      resources: `<primitive id="a" class="ocf" provider="pacemaker" type="Dummy"><instance_attributes id="i">${rule('', operation)}<nvpair id="i1" name="state" value="chosen"/></instance_attributes></primitive>`,
    })
  const isChosen = ({ graph }: SimulationOutcome): boolean =>
    graph !== undefined && [...descendants(graph)].some((item) => attr(item, 'state') === 'chosen')
  expect([isChosen(withSet('ne')), isChosen(withSet('eq'))]).toEqual([true, false])
  const withLocation = (operation: string): readonly string[] =>
    scores({
      resources: '<primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/>',
      constraints: `<rsc_location id="l" rsc="a">${rule('score="55"', operation)}</rsc_location>`,
    })
  expect(withLocation('eq')).toContain('pcmk__primitive_assign: a allocation score on n1: 55')
  expect(withLocation('ne')).toContain('pcmk__primitive_assign: a allocation score on n1: 0')
})

test('an empty group is probed itself, and nothing is done for that', () => {
  const outcome = run({ resources: '<group id="g"/>' })
  expect(operations(outcome)).toEqual(['g_monitor_0'])
  expect(outcome.stdout).not.toContain('Resource action')
})

test('the members of a group that a former guest is inside of are not probed on guests', () => {
  const group = '<group id="c"><primitive id="m" class="ocf" provider="heartbeat" type="x"/></group>'
  const guest = history('g', 'remote', ran('g', 'start')).replace('"heartbeat"', '"pacemaker" container="c"')
  const member = history('m', 'x', ran('m', 'start'))
  const cib = document({
    resources: `${group}<primitive id="p" class="ocf" provider="heartbeat" type="x"/>`,
    options: option('maintenance-mode', 'true'),
    status: `${online}${(guest + member).replace('</lrm_resources></lrm><lrm><lrm_resources>', '')}</node_state>`,
  })
  const request = { nowSeconds: 1_700_000_000, process: true, simulate: false, dot: { allActions: true } }
  const every = simulate(cib, request).dot?.() ?? ''
  expect(every).toContain('"p_monitor_0 g"')
  expect(every).not.toContain('"m_monitor_0 g"')
})

test.each([
  ['1', '0'],
  ['Yes', '0'],
  ['true', '0'],
  ['2', '-20'],
])('allow-unhealthy-nodes=%s is read as any truth value', (value, expected) => {
  const found = scores({
    resources: `<primitive id="p" class="ocf" provider="heartbeat" type="x"><meta_attributes id="m"><nvpair id="ma" name="allow-unhealthy-nodes" value="${value}"/></meta_attributes></primitive>`,
    options: option('node-health-strategy', 'only-green'),
    status: `${online}<transient_attributes id="1"><instance_attributes id="t"><nvpair id="h" name="#health-x" value="-20"/></instance_attributes></transient_attributes></node_state>`,
  })
  expect(found).toContain(`pcmk__primitive_assign: p allocation score on n1: ${expected}`)
})

const guestCalled = (name: string): string =>
  `<primitive id="v" class="ocf" provider="heartbeat" type="x"><meta_attributes id="m"><nvpair id="mr" name="remote-node" value="${name}"/></meta_attributes></primitive>`

test('a probe on a cluster node that a guest is named like is nothing that its container waits for', () => {
  const second = online.replace('id="1" uname="n1"', 'id="2" uname="n2"')
  const { dot } = run({
    nodes: ['n1', 'n2'],
    resources: guestCalled('n1'),
    constraints: '<rsc_location id="l" rsc="v" node="n2" score="10"/>',
    status: `${online}</node_state>${second}</node_state>`,
  })
  const edges = dot?.() ?? ''
  expect(edges).toContain('"v_monitor_0 n2" -> "v_start_0 n2"')
  expect(edges).not.toContain('"v_monitor_0 n1" -> "v_start_0 n2"')
})

test('of nodes of one id, the first by name stands in tables of scores for all of them', () => {
  const found = scores({ resources: guestCalled('1') }).filter((line) => line.includes(': v allocation score'))
  expect(found).toEqual(['pcmk__primitive_assign: v allocation score on 1: -INFINITY'])
})

test('of nodes of one id, the one that a constraint names first stands in the table that begins with it', () => {
  const found = scores({
    nodes: ['n1', 'n2'],
    resources: `${guestCalled('2')}<primitive id="p" class="ocf" provider="heartbeat" type="x"/>`,
    options: option('symmetric-cluster', 'false'),
    constraints: '<rsc_location id="l" rsc="p" node="n2" score="-10"/>',
  }).filter((line) => line.includes(': p allocation score'))
  expect(found).toEqual(['pcmk__primitive_assign: p allocation score on n2: -10'])
})

test('of nodes of one id, the last by name stands in the table of what must stay stopped', () => {
  const failure = `<lrm_rsc_op id="p_f" operation="monitor" operation_key="p_monitor_60000" call-id="1" rc-code="1" op-status="0" interval="60000" ${key}/>`
  const found = scores({
    nodes: ['n1', 'n2'],
    resources: `${guestCalled('2')}<primitive id="p" class="ocf" provider="heartbeat" type="x"><operations><op id="po" name="monitor" interval="60s" on-fail="stop"/></operations></primitive>`,
    status: `${online}${history('p', 'x', failure)}</node_state>`,
  }).filter((line) => line.includes(': p allocation score'))
  expect(found).toContain('pcmk__primitive_assign: p allocation score on n2: -INFINITY')
  expect(found.join()).not.toContain('on 2:')
})

describe('names of nodes that differ in the case of letters only', () => {
  const nodes = ['node', 'Node', 'NODE', 'alpha']
  const states = nodes.map(
    (name, i) => `${online.replace('"1" uname="n1"', `"${i + 1}" uname="${name}"`)}</node_state>`,
  )

  test('are in the order of a hash table of ids among scores', () => {
    const found = scores({ nodes, resources: '<primitive id="p" class="ocf" provider="heartbeat" type="x"/>' })
    const shown = found
      .filter((line) => line.includes('p allocation score'))
      .map((line) => / on (\w+):/.exec(line)?.[1])
    expect(shown).toEqual(['alpha', 'Node', 'NODE', 'node'])
  })

  test.each([
    [['N1', 'n1'], '[ N1 n1 ]'],
    [['n1', 'N1'], '[ N1 n1 ]'],
    [['n1', 'N1', 'g1'], '[ g1 n1 N1 ]'],
  ])('of %j, the stopped ones are in the order of a hash table of names', (names, expected) => {
    const resources = `<clone id="c"><primitive id="p" class="ocf" provider="heartbeat" type="x"/></clone>`
    const { stdout } = run({ nodes: names, resources, status: '' })
    expect(stdout).toContain(`Stopped: ${expected}`)
  })

  test('one name of two nodes is once among the stopped', () => {
    const resources = `<clone id="c"><primitive id="p" class="ocf" provider="heartbeat" type="x"/></clone>`
    expect(run({ nodes: ['n1', 'n2', 'n1'], resources, status: '' }).stdout).toContain('Stopped: [ n1 n2 ]')
  })

  test('a clone that is active on one of them is not stopped on another', () => {
    const resources = `<clone id="c"><primitive id="p" class="ocf" provider="heartbeat" type="x"/></clone>`
    const status = `${online}${history('p', 'x', ran('p', 'start'))}</node_state>`
    const [before] = run({ nodes: ['n1', 'N1', 'n2'], resources, status }).stdout.split('Transition Summary')
    expect(before).toContain('Stopped: [ n2 ]')
  })

  test('what leaves them makes room by one action', () => {
    const resources = `<primitive id="p" class="ocf" provider="heartbeat" type="x"><utilization id="u"><nvpair id="uc" name="cpu" value="1"/></utilization></primitive>`
    const options = option('placement-strategy', 'utilization')
    const lines = run({ nodes, resources, options, status: states.join('') }).dot?.() ?? ''
    const found = [...lines.matchAll(/"(load_stopped_\w+) /g)].map(([, name]) => name)
    expect([...new Set(found)].sort()).toEqual(['load_stopped_Node', 'load_stopped_alpha'])
  })

  test('what watches that a resource is stopped does not run on any called like its node', () => {
    const resources = `<primitive id="p" class="ocf" provider="heartbeat" type="x"><operations><op id="po" name="monitor" interval="12s" role="Stopped"/></operations></primitive>`
    const constraints = '<rsc_location id="l" rsc="p" node="NODE" score="10"/>'
    const found = operations(run({ nodes, resources, constraints, status: states.join('') }))
    expect(found.filter((item) => item === 'p_monitor_12000')).toHaveLength(1)
  })

  test.each([
    ['n1', 0],
    ['N1', 1],
  ])('what watches on %s that a resource is stopped is given up by %i action where that starts on N1', (at, count) => {
    const watched = ran('p', 'monitor')
      .replace('rc-code="0"', 'rc-code="7"')
      .replaceAll('interval="0"', 'interval="12000"')
    const known = history('p', 'x', watched.replace('monitor_0', 'monitor_12000'))
    const number = { n1: '1', N1: '2' }
    const status = (['n1', 'N1'] as const).map(
      (name) =>
        `${online.replace('"1" uname="n1"', `"${number[name]}" uname="${name}"`)}${name === at ? known : ''}</node_state>`,
    )
    const outcome = run({
      nodes: ['n1', 'N1'],
      resources:
        '<primitive id="p" class="ocf" provider="heartbeat" type="x"><operations><op id="po" name="monitor" interval="12s" role="Stopped"/></operations></primitive>',
      constraints: `<rsc_location id="l" rsc="p" node="N1" score="10"/>`,
      status: status.join(''),
    })
    expect(operations(outcome).filter((item) => item === 'p_monitor_12000')).toHaveLength(count)
  })

  const second = online.replace('"1" uname="n1"', '"2" uname="n2"')
  const single = '<primitive id="p" class="ocf" provider="heartbeat" type="x"/>'
  const migration = (task: string, rc: number, source: string, target: string): string =>
    ran('p', task, `migrate_source="${source}" migrate_target="${target}"`).replace('rc-code="0"', `rc-code="${rc}"`)

  test.each([
    [['n1', 'n2', 'N1'], 'n1', 'FAILED [ n2 n1 ]'],
    [['n1', 'n2'], 'N1', 'FAILED [ n1 n2 ]'],
  ])('of %j, a migration to %s that failed on n1 tells of its source by the exact name', (names, to, expected) => {
    const failed = history('p', 'x', migration('migrate_from', 1, 'n2', to))
    const status = `${online}${failed}</node_state>${second}${history('p', 'x', ran('p', 'start'))}</node_state>`
    expect(run({ nodes: names, resources: single, status }).stdout).toContain(expected)
  })

  test('the source of a migration under way is the first that is called so', () => {
    const away = history('p', 'x', migration('migrate_to', 0, 'n1', 'n2'))
    const before = history('p', 'x', ran('p', 'monitor').replace('rc-code="0"', 'rc-code="7"'))
    const third = `${online.replace('"1" uname="n1"', '"3" uname="N1"')}</node_state>`
    const status = `${online}${away}</node_state>${second}${before}</node_state>${third}`
    const { stdout } = run({ nodes: ['n1', 'n2', 'N1'], resources: single, status })
    expect(stdout).toMatch(/Restart +p +\( +n2 \)/)
  })
})

test('of nodes of one id, a state tells of the first by name', () => {
  const { stdout } = run({
    resources: guestCalled('1'),
    options: option('stonith-enabled', 'true'),
  })
  expect(stdout).toContain('Node n1: UNCLEAN (offline)')
})

test.each([
  ['2', true],
  ['1-3', true],
  ['3', false],
  ['\t3- 5', false],
  ['3 - 5', true],
  ['3 -', true],
  ['- 1', false],
  ['-1 ', true],
  ['3-', false],
  ['+3-+5', false],
  ['--1', false],
  ['-5-1', true],
  [' -5-1', false],
  ['3x', true],
  ['9223372036854775807', false],
  ['9223372036854775808', true],
])('on the second day of a week, a specification of days %j: met %s (what is not to be read is met)', (text, isMet) => {
  const rule = `<rule id="r"><date_expression id="e" operation="date_spec"><date_spec id="s" weekdays="${text}"/></date_expression></rule>`
  const { stdout } = run({
    resources: `<primitive id="p" class="ocf" provider="heartbeat" type="x"><meta_attributes id="m">${rule}<nvpair id="mt" name="target-role" value="Stopped"/></meta_attributes></primitive>`,
  })
  expect(stdout.includes('Stopped (disabled)')).toBe(isMet)
})

test('a clone that is called like a notification has its own notifications', () => {
  const values = '<meta_attributes id="m"><nvpair id="mn" name="notify" value="true"/></meta_attributes>'
  const outcome = run({
    resources: `<clone id="x_post_notify_start_0">${values}<primitive id="p" class="ocf" provider="heartbeat" type="x"/></clone>`,
  })
  expect(operations(outcome)).toContain('x_post_notify_start_0_pre_notify_start_0')
})

test('failures of what is inside of something inside of a resource count for it', () => {
  const agent = 'class="ocf" provider="heartbeat" type="x"'
  const inner = guestCalled('g').replace(
    '</meta_attributes>',
    '<nvpair id="mc" name="container" value="c"/></meta_attributes>',
  )
  const found = scores({
    resources: `${inner}<primitive id="c" ${agent}><meta_attributes id="cm"><nvpair id="ct" name="migration-threshold" value="3"/></meta_attributes></primitive>`,
    status: `${online}<transient_attributes id="1"><instance_attributes id="t"><nvpair id="f" name="fail-count-g#monitor_60000" value="3"/></instance_attributes></transient_attributes></node_state>`,
  })
  expect(found).toContain('pcmk__primitive_assign: c allocation score on n1: -INFINITY')
})

test('a bundle has no more replicas than instances: nodes, where these can only be anonymous', () => {
  const bundle = (agent: string): string =>
    `<bundle id="b"><podman image="i" replicas="3" replicas-per-host="2"/><network ip-range-start="10.0.0.1"/><primitive id="p" ${agent}/></bundle>`
  const replicas = (agent: string): number => {
    const { stdout } = run({ nodes: ['n1', 'n2'], resources: bundle(agent) })
    return new Set(stdout.match(/b-(podman-)?\d \(10/g)).size
  }
  expect(replicas('class="ocf" provider="pacemaker" type="Dummy"')).toBe(3)
  expect(replicas('class="lsb" type="x"')).toBe(2)
})

test('when parameters change that only the graph asks for is not said in it', () => {
  const rule = '<rule id="r"><date_expression id="e" operation="lt" end="2024-02-29"/></rule>'
  const set = (name: string, pair: string): string => `<${name} id="s">${rule}${pair}</${name}>`
  const recheck = (inside: string): string | undefined => {
    const { graph } = run({
      resources: `<primitive id="p" class="ocf" provider="heartbeat" type="x">${inside}</primitive>`,
    })
    return graph === undefined ? undefined : attr(graph, 'recheck-by')
  }
  const pair = (name: string): string => `<nvpair id="n" name="${name}" value="1"/>`
  expect(recheck(set('meta_attributes', pair('priority')))).toBe('1709164800')
  expect(recheck(set('instance_attributes', pair('state')))).toBeUndefined()
})

test('of the probes of an empty group, the newest stands for all where something else waits for one', () => {
  const promotable = '<meta_attributes id="m"><nvpair id="mp" name="promotable" value="true"/></meta_attributes>'
  const { dot } = run({
    resources: `<clone id="c">${promotable}<group id="g"/></clone>`,
    status: `${online}${history('g1', 'remote', ran('g1', 'start')).replace('heartbeat', 'pacemaker')}</node_state><node_state id="g1" uname="g1" remote_node="true"/>`,
  })
  const text = dot?.() ?? ''
  expect(text.split('\n').filter((line) => line.includes('->'))).toEqual([
    '"g:0_monitor_0 n1" -> "g1_stop_0 n1" [ style = bold]',
    '"g1_stop_0 n1" -> "g1_delete_0 n1" [ style = bold]',
  ])
})

test('a comment in a rule is none of its expressions', () => {
  const rule = (inside: string): string =>
    `<rsc_location id="l" rsc="a"><rule id="r" score="55">${inside}</rule></rsc_location>`
  const scoreWith = (inside: string): string | undefined =>
    scores({
      resources: '<primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/>',
      constraints: rule(inside),
    }).find((line) => line.startsWith('pcmk__primitive_assign: a allocation score on n1'))
  const isHere = '<expression id="e" attribute="#uname" operation="eq" value="n1"/>'
  for (const inside of [`<!-- of n1 -->${isHere}`, `${isHere}<!-- only -->`, '<!-- everywhere -->']) {
    expect(scoreWith(inside), inside).toBe('pcmk__primitive_assign: a allocation score on n1: 55')
  }
})

test('a probe that is for no node comes before the shutdown of any', () => {
  const shutdown =
    '<transient_attributes id="1"><instance_attributes id="t"><nvpair id="t1" name="shutdown" value="1"/></instance_attributes></transient_attributes>'
  const guest = '<meta_attributes id="m"><nvpair id="m1" name="remote-node" value="g"/></meta_attributes>'
  const promoted = ran('a', 'start').replace('rc-code="0"', 'rc-code="8"')
  const cib = document({
    resources: `<primitive id="a" class="ocf" provider="heartbeat" type="x">${guest}</primitive>`,
    status: `${online}${shutdown}${history('a', 'x', promoted)}</node_state>`,
  })
  const request = { nowSeconds: 1_700_000_000, process: true, simulate: false, dot: { allActions: true } }
  const lines = (simulate(cib, request).dot?.() ?? '').split('\n')
  expect(lines.filter((line) => line.endsWith('-> "do_shutdown n1" [ style = dashed]'))).toEqual([
    '"a_monitor_0 <none>" -> "do_shutdown n1" [ style = dashed]',
  ])
})

test('an origin of intervals without a date is of the day by the clock, whatever present is decided for', () => {
  const resources = `<primitive id="p" class="ocf" provider="heartbeat" type="x"><operations><op id="po" name="monitor" interval="11s" interval-origin="22:13"/></operations></primitive>`
  const nowSeconds = 1_700_000_000 + 1112 * 86_400
  const { graph } = simulate(document({ resources }), { nowSeconds, process: true, simulate: false })
  const texts = graph === undefined ? [] : [...descendants(graph)].map((item) => attr(item, 'CRM_meta_start_delay'))
  expect(texts.filter((text) => text !== undefined)).toEqual(['8000'])
})

test('a connection that is named like a cluster node leads to none: where its stop failed, that node is unclean', () => {
  const withStop = (id: string): string => {
    const status = `${online}${history(id, 'remote', ran(id, 'stop').replace('rc-code="0"', 'rc-code="2"')).replace('heartbeat', 'pacemaker')}</node_state>`
    const resources = `<primitive id="${id}" class="ocf" provider="pacemaker" type="remote"/>`
    const fencing = option('stonith-enabled', 'true')
    return run({ resources, status, options: fencing }).stdout
  }
  expect(withStop('n1')).toContain('Node n1: UNCLEAN (online)')
  expect(withStop('rem')).not.toContain('Node n1: UNCLEAN')
})

test('a node that one of its states takes for online stays so, whatever a later one says of it', () => {
  const later = '<node_state id="n1" uname="n1" remote_node="true" in_ccm="false"/>'
  const resources = '<primitive id="a" class="ocf" provider="heartbeat" type="x"/>'
  const { stdout } = run({ resources, status: `${online}</node_state>${later}` })
  expect(stdout).toContain('Online: [ n1 ]')
  expect(run({ resources, status: later }).stdout).toContain('OFFLINE: [ n1 ]')
})

test('a guest whose container goes to a node of the same name but for case is probed as one that stays', () => {
  const status = `${online}${history('a', 'x', ran('a', 'start'))}</node_state>${online.replace('id="1" uname="n1"', 'id="2" uname="N1"')}</node_state>`
  const probesIn = (nodes: readonly string[]): readonly string[] => {
    const second = nodes[1] ?? ''
    const outcome = run({
      nodes,
      resources: `<primitive id="a" class="ocf" provider="heartbeat" type="x"><meta_attributes id="m"><nvpair id="m1" name="remote-node" value="g"/></meta_attributes></primitive><primitive id="p" class="ocf" provider="heartbeat" type="x"/>`,
      constraints: `<rsc_location id="l" rsc="a" node="${second}" score="INFINITY"/>`,
      status: `${status.replace('"N1"', `"${second}"`).replace('</lrm_resource>', `</lrm_resource><lrm_resource id="g" class="ocf" provider="pacemaker" type="remote">${ran('g', 'start')}</lrm_resource>`)}`,
    })
    return outcome.stdout.split('\n').filter((line) => /p +monitor on g/.test(line))
  }
  expect(probesIn(['n1', 'n2'])).toEqual([])
  expect(probesIn(['n1', 'N1'])).toEqual(['  * Resource action: p               monitor on g'])
})
