import { attr, descendants, parseXml, writeXml, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { type SimulationOutcome, type SimulationRequest, simulate } from './session.ts'

// What crm_simulate 2.1.5 was seen to leave in the CIB as it is in the end, and in the input that it saves.

const nowSeconds = 1_700_000_000

/**
 * @param histories what there is of resources on the one node
 * @param states of nodes that the configuration does not have
 */
function run(
  resources: string,
  histories = '',
  request: Partial<SimulationRequest> = {},
  states = '',
): SimulationOutcome {
  const read =
    parseXml(`<cib epoch="1" num_updates="1" have-quorum="1" crm_feature_set="3.16.1" execution-date="1700000000"><configuration><crm_config>
    <cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/></nodes><resources>${resources}</resources><constraints/></configuration><status>
    <node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources>${histories}</lrm_resources></lrm></node_state>${states}</status></cib>`)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return simulate(read.value, { nowSeconds, process: true, simulate: true, ...request })
}

function primitive(id: string, inside: string): string {
  return `<primitive id="${id}" class="ocf" provider="pacemaker" type="Dummy">${inside}</primitive>`
}

function named(root: XmlElement, id: string): XmlElement | undefined {
  return [...descendants(root)].find((item) => attr(item, 'id') === id)
}

test('parameters whose names begin with a digit count for the digest of what was done', () => {
  const digestWith = (name: string): string | undefined => {
    const set = `<instance_attributes id="i"><nvpair id="i1" name="${name}" value="one"/></instance_attributes>`
    const { output } = run(primitive('p', set))
    return attr(named(output, 'p_last_0') ?? output, 'op-digest')
  }
  expect([digestWith('1'), digestWith('state')]).toEqual([
    'd60db62726e7553ef2f69ffa3c7c7ebc',
    '6ea417e03cf6adc2bc733f1f0caa0edd',
  ])
})

/** The history of a resource: an entry for each operation, which has been done long ago. */
function history(
  id: string,
  ...operations: readonly (readonly [task: string, ms: number, rc: number, more?: string])[]
) {
  const entries = operations.map(([task, ms, rc, more = ''], i) => {
    const key = `${i + 1}:1:${rc === 7 ? 7 : 0}:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee`
    const name = ms > 0 ? `${id}_${task}_${ms}` : `${id}_last_0`
    return `<lrm_rsc_op id="${name}" operation_key="${id}_${task}_${ms}" operation="${task}" transition-key="${key}" transition-magic="0:${rc};${key}" call-id="${i + 1}" rc-code="${rc}" op-status="0" interval="${ms}" last-rc-change="${nowSeconds - 5000}" op-digest="f2317cad3d54cec5d7d7aa7d0bf35cf8" ${more}/>`
  })
  return `<lrm_resource id="${id}" class="ocf" provider="pacemaker" type="Dummy">${entries.join('')}</lrm_resource>`
}

function meta(id: string, pairs: Readonly<Record<string, string>>): string {
  const list = Object.entries(pairs).map(
    ([name, value]) => `<nvpair id="${id}-${name}" name="${name}" value="${value}"/>`,
  )
  return `<meta_attributes id="${id}">${list.join('')}</meta_attributes>`
}

test('where a resource came from is still told of what is done to it next', () => {
  const came = history('p', ['migrate_from', 0, 0, 'migrate_source="n2" migrate_target="n1"'])
  const { output } = run(primitive('p', meta('m', { 'target-role': 'Stopped' })), came)
  const entry = named(output, 'p_last_0') ?? output
  expect(['operation', 'migrate_source', 'migrate_target'].map((name) => attr(entry, name))).toEqual([
    'stop',
    'n2',
    'n1',
  ])
})

test.each([
  { nodesUp: ['new'], version: ['2', '2'] },
  { nodesUp: ['new'], nodesDown: ['new'], version: ['2', '3'] },
  { nodesUp: ['n1'], nodesFail: ['new'], version: ['2', '2'] },
  { nodesUp: ['new'], nodesDown: ['newer'], version: ['3', '2'] },
])(
  'every node that is entered is a version of the configuration: $nodesUp up, $nodesDown down, $nodesFail failed',
  ({ version, ...injections }) => {
    const { input } = run('', '', { injections })
    expect([attr(input, 'epoch'), attr(input, 'num_updates')]).toEqual(version)
  },
)

test.each(['nodesDown', 'nodesFail'])('a node of %s that has a state and no entry gets none', (event) => {
  const ghost = '<node_state id="9" uname="ghost" in_ccm="true" crmd="online" join="member" expected="member"/>'
  const { output } = run('', '', { injections: { [event]: ['ghost'] } }, ghost)
  expect([...descendants(output)].filter(({ name }) => name === 'node').map((node) => attr(node, 'uname'))).toEqual([
    'n1',
  ])
  expect(attr(named(output, '9') ?? output, 'in_ccm')).toBe('false')
})

describe('a failure asked for', () => {
  const clone = `<clone id="c">${primitive('p', '')}</clone>`
  const rcOf = (known: string, ...failures: string[]): string | undefined =>
    /failed with rc=(\d+)/.exec(run(clone, known, { failures }).stdout)?.[1]

  test('of an instance that was never there goes by its number or without', () => {
    expect(rcOf('', 'p:0_start_0@n1=1', 'p_start_0@n1=2')).toBe('1')
    expect(rcOf('', 'p:1_start_0@n1=1', 'p_start_0@n1=2')).toBe('2')
  })

  test('of one with a history goes by the name that this has, not by its number', () => {
    const known = history('p', ['monitor', 0, 7])
    expect(rcOf(known, 'p:0_start_0@n1=1', 'p_start_0@n1=2')).toBe('2')
    expect(rcOf(known, 'p:0_start_0@n1=1')).toBeUndefined()
  })
})

describe('an input that is saved', () => {
  const marks = ({ savedInput }: SimulationOutcome, id: string): readonly (string | undefined)[] =>
    ['uname', 'rsc-id', 'op-restart-digest'].map((name) => attr(named(savedInput(), id) ?? savedInput(), name))

  /** A history whose one operation stands there as the last one and as the last that failed. */
  const twice = (task: string, rc: number): string => {
    const once = history('p', [task, 0, rc])
    const entry = /<lrm_rsc_op.*?>/.exec(once)?.[0] ?? ''
    return once.replace(entry, `${entry}${entry.replace('p_last_0', 'p_last_failure_0')}`)
  }

  test.each([
    ['an unsuccessful probe', '', twice('monitor', 5)],
    [
      'a failure that is ignored',
      '<operations><op id="o" name="start" on-fail="ignore"/></operations>',
      twice('start', 1),
    ],
  ])('has the node at every entry of %s, and the resource at one', (_, inside, known) => {
    const outcome = run(primitive('p', inside), known)
    expect([marks(outcome, 'p_last_0'), marks(outcome, 'p_last_failure_0')]).toEqual([
      ['n1', undefined, undefined],
      ['n1', 'p', undefined],
    ])
  })

  test('has a digest of no parameters at a repeated failure that expired', () => {
    const failed = history('p', ['start', 0, 0], ['monitor', 10_000, 1])
    const inside = `${meta('m', { 'failure-timeout': '60s' })}<operations><op id="o" name="monitor" interval="10s"/></operations>`
    const outcome = run(primitive('p', inside), failed)
    expect(marks(outcome, 'p_monitor_10000')).toEqual([undefined, undefined, 'calculated-failure-timeout'])
  })

  test('has the connections to guest nodes', () => {
    const guest = meta('m', { 'remote-node': 'g', 'remote-addr': '192.0.2.1', 'remote-connect-timeout': '10s' })
    const { savedInput, output } = run(primitive('vm', guest))
    const connection = [...descendants(savedInput())].find((item) => attr(item, 'type') === 'remote')
    expect(connection === undefined ? '' : writeXml(connection)).toBe(
      '<primitive id="g" class="ocf" provider="pacemaker" type="remote"><meta_attributes id="g-meta_attributes"><nvpair id="g-meta_attributes-internal_rsc" name="internal_rsc" value="true"/><nvpair id="g-meta_attributes-container" name="container" value="vm"/></meta_attributes><instance_attributes id="g-instance_attributes"><nvpair id="g-instance_attributes-addr" name="addr" value="192.0.2.1"/></instance_attributes><operations><op id="g-monitor-30s" interval="30s" name="monitor" timeout="30s"/><op id="g-start-0" interval="0" name="start" timeout="10s"/></operations></primitive>',
    )
    expect([...descendants(output)].some((item) => item.name === 'primitive' && attr(item, 'id') === 'g')).toBe(false)
  })
})

describe('what is told', () => {
  const linesOf = ({ stdout }: SimulationOutcome, like: RegExp): readonly string[] =>
    stdout.split('\n').filter((line) => like.test(line))

  test('has columns of bytes', () => {
    const outcome = run(primitive('pä', '') + primitive('long-name', ''))
    expect(linesOf(outcome, / Start |start on/)).toEqual([
      '  * Start      pä           (    n1 )',
      '  * Start      long-name     (    n1 )',
      '  * Resource action: pä             start on n1',
      '  * Resource action: long-name       start on n1',
    ])
  })

  test('is under a title and with bullets where quiet leaves only numbers, if that is asked for', () => {
    const numbers = { showsScores: true, quiet: true }
    const expected = 'pcmk__primitive_assign: p allocation score on n1: 0'
    expect(run(primitive('p', ''), '', { ...numbers, fancy: true }).stdout).toBe(
      `Allocation Scores:\n  * ${expected}\n\n`,
    )
    expect(run(primitive('p', ''), '', numbers).stdout).toBe(`${expected}\n\n`)
  })

  test('of capacities are the words of the configuration, until something is taken of them', () => {
    const needs =
      '<utilization id="u"><nvpair id="u1" name="cpu" value="y"/><nvpair id="u2" name="disk" value=" 2.5"/></utilization>'
    const outcome = run(primitive('p', needs), '', { showsUtilization: true, elements: () => [] })
    expect(linesOf(outcome, /utilization/)).toEqual(['pcmk__finalize_assignment: p utilization on n1: cpu=y disk= 2.5'])
    expect(outcome.report.map((item) => writeXml(item)).join('')).toContain('<cpu>y</cpu><disk> 2.5</disk>')
  })
})

test('what reading a status tells is told again once it was modified', () => {
  const read =
    parseXml(`<cib have-quorum="1" crm_feature_set="3.16.1" execution-date="1700000000"><configuration><crm_config/>
    <nodes><node id="1" uname="n1"/><node id="2" uname="n2"/></nodes><resources><primitive id="f" class="stonith" type="fence_x">
    <meta_attributes id="m"><nvpair id="mp" name="provides" value="unfencing"/></meta_attributes></primitive></resources>
    <constraints/></configuration><status>
    <node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"/>
    <node_state id="2" uname="n2" in_ccm="false" crmd="offline" join="down" expected="member"><transient_attributes id="2">
    <instance_attributes id="t"><nvpair id="t1" name="#node-unfenced" value="1699999000"/>
    <nvpair id="t2" name="#digests-all" value="f:fence_x:old,"/></instance_attributes></transient_attributes></node_state>
    </status></cib>`)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const request = { nowSeconds: 1_700_000_000, process: true, simulate: true }
  const noticesWith = (ticketsGrant: readonly string[]): readonly string[] =>
    simulate(read.value, { ...request, injections: { ticketsGrant } })
      .stdout.split('\n')
      .filter((line) => line.startsWith('notice: '))
  const notice = 'notice: Unfencing Pacemaker Remote node n2 because the definition of f changed'
  expect([noticesWith([]), noticesWith(['T'])]).toEqual([[notice], [notice, notice]])
})

test('a run does not tell of what the scheduler only logs as worth knowing', () => {
  const gone =
    '<lrm_resource id="gone" class="ocf" provider="pacemaker" type="Dummy"><lrm_rsc_op id="gone_last_0" operation_key="gone_monitor_0" operation="monitor" call-id="1" rc-code="7" op-status="0" interval="0" transition-key="1:1:7:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"/></lrm_resource>'
  const read =
    parseXml(`<cib have-quorum="1" crm_feature_set="3.16.1" execution-date="1700000000"><configuration><crm_config>
    <cluster_property_set id="o"><nvpair id="o1" name="no-quorum-policy" value="ignore"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/></nodes><resources/><constraints/></configuration><status>
    <node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources>
    ${gone}</lrm_resources></lrm></node_state></status></cib>`)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const request = { nowSeconds: 1_700_000_000, process: true, simulate: true, showsScores: true }
  const { log, stdout } = simulate(read.value, request)
  const notices = log.filter(({ kind }) => kind === 'notice').map(({ text }) => text)
  expect(notices).toEqual(expect.arrayContaining(['On loss of quorum: Ignore', 'Scheduling clean-up of gone on n1']))
  expect(stdout).not.toContain('notice:')
})

test.each([
  ['p_demote_0', 'blocked'],
  ['p_demote_0-m2', 'FAILED'],
  ['p_demote_00', 'FAILED'],
])('what is configured for an operation holds for its whole name: %s is %s', (key, expected) => {
  const inside = '<operations><op id="o" name="demote" interval="0" on-fail="block"/></operations>'
  const failed = history('p', ['demote', 0, 1]).replace('operation_key="p_demote_0"', `operation_key="${key}"`)
  const { stdout } = run(`<clone id="c">${primitive('p', inside).replace('"Dummy"', '"Stateful"')}</clone>`, failed)
  expect(/blocked|FAILED(?! Promoted)/.exec(stdout)?.[0]).toBe(expected)
})

test('comments of a history stay where they are when something is written into it, and in the input that is saved', () => {
  const kept = history('p', ['start', 0, 0])
  const request = { injections: { operations: ['p_monitor_10000@n1=1'] } }
  const { input, output } = run(primitive('p', ''), `<!-- a -->${kept}<!-- b -->`, request)
  for (const cib of [input, output]) {
    const list = [...descendants(cib)].find(({ name }) => name === 'lrm_resources')
    expect(list?.children.map((item) => attr(item, 'id') ?? item.text)).toEqual([' a ', 'p', ' b '])
  }
})

test('of entries of one id all are written over the first, whenever anything is written', () => {
  const entry = (task: string, callId: number, rc: number): string =>
    `<lrm_rsc_op id="p_last_0" operation="${task}" operation_key="p_${task}_0" call-id="${callId}" rc-code="${rc}" op-status="0" interval="0" transition-key="1:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"/>`
  const endOf = (entries: string): readonly string[] => {
    const resource = `<lrm_resource id="p" class="ocf" provider="heartbeat" type="Dummy">${entries}</lrm_resource>`
    const read =
      parseXml(`<cib have-quorum="1" crm_feature_set="3.16.1" execution-date="1700000000"><configuration><crm_config>
      <cluster_property_set id="o"><nvpair id="o1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
      <nodes><node id="1" uname="n1"/></nodes><resources><primitive id="p" class="ocf" provider="heartbeat" type="Dummy"><meta_attributes id="m">
      <nvpair id="m1" name="target-role" value="Stopped"/></meta_attributes></primitive></resources><constraints/></configuration><status>
      <node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"><lrm id="1"><lrm_resources>
      ${resource}</lrm_resources></lrm></node_state></status></cib>`)
    if (!read.ok) throw new Error(JSON.stringify(read.error))
    const { output } = simulate(read.value, { nowSeconds: 1_700_000_000, process: true, simulate: true })
    return [...descendants(output)].flatMap((item) =>
      item.name === 'lrm_rsc_op' ? [`${attr(item, 'operation') ?? ''} ${attr(item, 'call-id') ?? ''}`] : [],
    )
  }
  expect(endOf(entry('start', 1, 0))).toEqual(['stop 2'])
  // The stop is recorded in the first, and the second is then written over that.
  expect(endOf(entry('start', 1, 0) + entry('monitor', 2, 0))).toEqual(['monitor 2', 'monitor 2'])
})

test.each([
  ['a node that is brought up', { nodesUp: ['n1'] }, 'num_updates="2"'],
  ['an option', { watchdog: 'true' }, 'num_updates="0" epoch="1"'],
])('a CIB without a version gets of one what counts %s', (_, injections, version) => {
  const read = parseXml('<cib><configuration><nodes><node id="1" uname="n1"/></nodes></configuration><status/></cib>')
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const { input } = simulate(read.value, { nowSeconds, process: false, simulate: false, injections })
  expect(writeXml(input)).toContain(`<cib ${version}>`)
})

test('ids in the saved connection to a guest node have dots where its name has what no id may', () => {
  const guest = '<meta_attributes id="m"><nvpair id="m1" name="remote-node" value="a:b#c"/></meta_attributes>'
  const { savedInput } = run(primitive('v', guest))
  const connection = named(savedInput(), 'a:b#c')
  expect([...descendants(connection as XmlElement)].flatMap((item) => attr(item, 'id') ?? [])).toEqual([
    ...['a:b#c', 'a.b.c-meta_attributes', 'a.b.c-meta_attributes-internal_rsc', 'a.b.c-meta_attributes-container'],
    ...['a.b.c-monitor-30s', 'a.b.c-start-0'],
  ])
})

/** Lines of the remarks of these parts of the C program. */
function remarksOf({ remarks }: SimulationOutcome, sources: readonly string[]): readonly string[] {
  return remarks.flatMap((line) => (typeof line !== 'string' && sources.includes(line.source ?? '') ? line.text : []))
}

test('who asks for it is told what is going to be done and how that ended, a failure too', () => {
  const sources = ['log_list_item', 'pcmk__execute_graph']
  const told = run(primitive('a', '') + primitive('b', ''), '', { tellsActions: true, failures: ['a_start_0@n1=1'] })
  expect(remarksOf(told, sources)).toEqual([
    'Actions: Start      a       (    n1 )',
    'Actions: Start      b       (    n1 )',
    'Transition 0 (Complete=3, Pending=0, Fired=0, Skipped=1, Incomplete=1, Source=crm_simulate): Stopped',
  ])
  expect(remarksOf(run(primitive('a', '')), sources)).toEqual([])
})

/** What is said of a simulation with two resources, each of them ordered. */
function remarksOn(agent: string, orders: string): readonly string[] {
  const read = parseXml(`<cib have-quorum="1"><configuration><crm_config><cluster_property_set id="s">
    <nvpair id="s1" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>
    <nodes><node id="1" uname="n1"/></nodes><resources><primitive id="a" ${agent} type="x"/>${primitive('b', '')}</resources>
    <constraints><rsc_order id="o" first="a" then="b"/>${orders}</constraints></configuration><status>
    <node_state id="1" uname="n1" in_ccm="true" crmd="online" join="member" expected="member"/></status></cib>`)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const { remarks } = simulate(read.value, { nowSeconds, process: true, simulate: true, tellsActions: true })
  const texts = remarks.map((line) => (typeof line === 'string' ? line : `(${line.source}) ${line.text}`))
  return texts.slice(texts.findLastIndex((text) => text.includes('Actions:')) + 1)
}

test('of a transition that gets stuck every action is told, and what it waits for', () => {
  const loop = '<rsc_order id="q" first="b" then="a"/>'
  expect(remarksOn('class="ocf" provider="p"', loop)).toEqual([
    '(pcmk__execute_graph) Transition 0 (Complete=2, Pending=0, Fired=0, Skipped=0, Incomplete=2, Source=crm_simulate): Terminated',
    'Transition failed: terminated',
    '(pcmk__log_graph) Graph 0 with 4 actions: batch-limit=0 jobs, network-delay=60000ms',
    '(log_synapse_action) [Action    3]: Pending resource op a_start_0                      on n1 (priority: 0, waiting: 4)',
    '(log_synapse_action) [Action    1]: Completed resource op a_monitor_0                  on n1 (priority: 0, waiting: none)',
    '(log_synapse_action) [Action    4]: Pending resource op b_start_0                      on n1 (priority: 0, waiting: 3)',
    '(log_synapse_action) [Action    2]: Completed resource op b_monitor_0                  on n1 (priority: 0, waiting: none)',
    'An invalid transition was produced',
  ])
})

test('of an operation that cannot be begun it is told that it is in vain', () => {
  expect(remarksOn('class="ocf"', '')).toEqual([
    'Please specify the provider for resource a',
    '(simulate_resource_action) Could not simulate action 1 history for resource a',
    '(fire_synapse) Failed initiating <rsc_op id=1> in synapse 1: Invalid argument',
    '(pcmk__execute_graph) Synapse 1 failed to fire',
    '(pcmk__execute_graph) Transition 0 (Complete=0, Pending=0, Fired=0, Skipped=1, Incomplete=4, Source=crm_simulate): Stopped',
  ])
})

test('a time that was asked for is told of whenever it is set', () => {
  const notes = [{ kind: 'notice', source: 'set_effective_date', text: 'so it is' }] as const
  const effectiveTime = { text: 'then', epochSeconds: nowSeconds, offsetSeconds: 0, notes }
  const told = run(primitive('a', ''), '', { effectiveTime, injections: { nodesUp: ['n1'] } })
  expect(remarksOf(told, ['set_effective_date'])).toEqual(['so it is', 'so it is', 'so it is'])
})

test.each([
  ['<!-- ours -->', ['Multiple ticket_states match ticket_id=T']],
  ['', []],
])('the state of a ticket with something in it (%s) is taken for several, and changed all the same', (inside, said) => {
  const read = parseXml(
    `<cib><configuration/><status><tickets><ticket_state id="T">${inside}</ticket_state></tickets></status></cib>`,
  )
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  const told = simulate(read.value, {
    nowSeconds,
    process: false,
    simulate: false,
    injections: { ticketsGrant: ['T'] },
  })
  expect(told.errors).toEqual(said)
  expect(attr(named(told.input, 'T') as XmlElement, 'granted')).toBe('true')
})
