import { attr, descendants, parseXml, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { type SimulationOutcome, type SimulationRequest, simulate } from './simulate/session.ts'

// Nodes that are called like other nodes, or like ids of nodes, as crm_simulate 2.1.5 was seen to treat them; most of them
// found by `npm run conformance -- --random N --features namesake,...`.

const nowSeconds = 1_700_000_000

type Parts = {
  readonly nodes: string
  readonly resources: string
  readonly constraints?: string
  readonly options?: string
  readonly status?: string
}

function document({ nodes, resources, constraints = '', options = '', status = '' }: Parts): XmlElement {
  const text = `<cib have-quorum="1" crm_feature_set="3.16.1" execution-date="${nowSeconds}"><configuration>
    <crm_config><cluster_property_set id="o">${options}</cluster_property_set></crm_config><nodes>${nodes}</nodes>
    <resources>${resources}</resources><constraints>${constraints}</constraints></configuration><status>${status}</status></cib>`
  const read = parseXml(text)
  if (!read.ok) throw new Error(JSON.stringify(read.error))
  return read.value
}

function run(parts: Parts, request: Partial<SimulationRequest> = {}): SimulationOutcome {
  return simulate(document(parts), { nowSeconds, process: true, simulate: true, ...request })
}

function scores(parts: Parts): readonly string[] {
  return run(parts, { simulate: false, showsScores: true, quiet: true }).stdout.split('\n')
}

function node(id: string, uname: string, more = ''): string {
  return `<node id="${id}" uname="${uname}" ${more}/>`
}

function state(id: string, uname: string, content = '', membership = 'in_ccm="true"'): string {
  return `<node_state id="${id}" uname="${uname}" ${membership} crmd="online" join="member" expected="member">${content}</node_state>`
}

function history(id: string, type: string, task: string, intervalMs = 0): string {
  const key = 'transition-key="1:1:0:aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"'
  const entry = `<lrm_rsc_op id="${id}_${task}" operation="${task}" operation_key="${id}_${task}_${intervalMs}" call-id="1" rc-code="0" op-status="0" interval="${intervalMs}" ${key}/>`
  return `<lrm><lrm_resources><lrm_resource id="${id}" class="ocf" provider="pacemaker" type="${type}">${entry}</lrm_resource></lrm_resources></lrm>`
}

const members = `${node('1', 'n1')}${node('2', 'n2')}`
const online = `${state('1', 'n1')}${state('2', 'n2')}`
const fencing = '<primitive id="f" class="stonith" type="fence_dummy"/>'
const unfenced = '<nvpair id="o1" name="stonith-enabled" value="false"/>'
const dummy = '<primitive id="a" class="ocf" provider="pacemaker" type="Dummy"/>'
const remote = (id: string): string => `<primitive id="${id}" class="ocf" provider="pacemaker" type="remote"/>`

describe('a node whose name several states have', () => {
  const parts = { nodes: members, resources: dummy, options: unfenced }
  const status = `${online}<node_state id="n2" uname="n2" remote_node="true"/>`

  test('ends a simulation where something is done on it, without a word of what would follow', () => {
    const outcome = run({ ...parts, status })
    const [, executed] = outcome.stdout.split('Executing Cluster Transition:\n')
    expect(executed).not.toContain('monitor on n2')
    expect(outcome.stdout).not.toContain('Revised Cluster Status')
    expect(outcome.isAmbiguous).toBe(true)
    const text = "Detected multiple node_state entries for xpath=//node_state[@uname='n2'], bailing"
    expect(outcome.remarks.at(-1)).toEqual({ kind: 'error', source: 'pcmk__inject_node', text })
    expect(outcome.graph?.children.length).toBeGreaterThan(0)
    expect(run({ ...parts, status: online }).isAmbiguous).toBe(false)
  })

  test('ends a run where something is to be changed of it before', () => {
    const outcome = run({ ...parts, status }, { injections: { nodesDown: ['n2'], operations: ['a_monitor_10@n1=1'] } })
    expect(outcome.stdout.trimEnd().split('\n').slice(-2)).toEqual([
      'Performing Requested Modifications:',
      '  * Taking node n2 offline',
    ])
    expect([outcome.isAmbiguous, outcome.graph]).toEqual([true, undefined])
    expect(outcome.output).toBe(outcome.input)
  })
})

test('what is done on a node goes into the first state of its id, which has its name from then on', () => {
  const apart = state('1', 'n1', history('x', 'Dummy', 'start'))
  const { output } = run({
    nodes: `${node('1', 'n1')}${node('3', 'n3')}`,
    resources: fencing,
    status: `${apart}${state('1', 'n3', '', 'in_ccm="false"')}`,
  })
  const states = [...descendants(output)].filter(({ name }) => name === 'node_state')
  expect(states.map((item) => [attr(item, 'uname'), attr(item, 'crm-debug-origin')])).toEqual([
    ['n3', 'simulate_fencing_action'],
    ['n3', undefined],
  ])
  expect(states.map(({ children }) => children.length)).toEqual([0, 0])
})

test('the connection of a replica whose name a resource has is called after the instance, with its number', () => {
  const bundle =
    '<bundle id="b"><podman image="i"/><network control-port="3131"/><primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/></bundle>'
  const named = (resources: string): string => run({ nodes: members, resources, status: online }).stdout
  expect(named(`${remote('b-0')}${bundle}`)).toContain('pcmk-internal-p:0-remote-0')
  expect(named(bundle)).not.toContain('pcmk-internal')
})

test('of a node that has two lists of histories no operation is looked at for what changed', () => {
  const monitored = (more: string): readonly string[] => {
    const parts = { nodes: members, resources: dummy, options: unfenced }
    const status = `${state('1', 'n1', history('a', 'Dummy', 'monitor', 7000))}${state('2', 'n2')}${more}`
    return run({ ...parts, status }).stdout.split('\n')
  }
  const cancelled = '  * Resource action: a               cancel=7000 on n1'
  expect(monitored('')).toContain(cancelled)
  expect(monitored(state('x', 'n1', '<lrm><lrm_resources/></lrm>'))).not.toContain(cancelled)
})

describe('of nodes of one id', () => {
  test('tables that a resource begins with have one', () => {
    const found = scores({
      nodes: `${node('1', 'n1')}${node('b-0', 'b-0', 'type="remote"')}`,
      resources: `${remote('1')}<bundle id="b"><podman image="i"/><network control-port="3131"/><primitive id="p" class="ocf" provider="pacemaker" type="Stateful"/></bundle>`,
      status: state('1', 'n1'),
    })
    const own = found.filter((line) => line.includes(': b-0 allocation score'))
    expect(own).toEqual([
      'pcmk__bundle_allocate: b-0 allocation score on 1: -INFINITY',
      'pcmk__primitive_assign: b-0 allocation score on 1: -INFINITY',
    ])
  })

  test('a table that is older than one of them has the other', () => {
    const found = scores({
      nodes: node('b-1', 'n2', 'type="remote"'),
      resources:
        '<bundle id="b"><podman image="i" replicas="2"/><network ip-range-start="192.168.122.18"/><primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/></bundle>',
    })
    const container = found.filter((line) => line.includes('pcmk__bundle_allocate: b-podman-0 allocation'))
    expect(container).toEqual(['pcmk__bundle_allocate: b-podman-0 allocation score on n2: 0'])
    expect(found).toContain('pcmk__primitive_assign: p:1 allocation score on b-1: INFINITY')
    expect(found).toContain('pcmk__clone_allocate: b-clone allocation score on b-1: 0')
  })

  test.each([
    ['and', 'n2'],
    ['or', '2'],
  ])('a rule of which all has to be true finds the last first (boolean-op %s)', (operation, expected) => {
    const found = scores({
      nodes: `${node('2', 'n2')}${node('2', '2', 'type="remote"')}`,
      resources: dummy,
      options: '<nvpair id="o2" name="symmetric-cluster" value="false"/>',
      constraints: `<rsc_location id="l" rsc="a"><rule id="r" score="-10" boolean-op="${operation}"><expression id="e" attribute="#uname" operation="defined"/></rule></rsc_location>`,
      status: state('2', 'n2'),
    }).filter((line) => line.includes(': a allocation score'))
    expect(found).toEqual([`pcmk__primitive_assign: a allocation score on ${expected}: -20`])
  })
})

test('with a node that is fenced goes down what its connections are named like, where there are remote nodes at all', () => {
  const downed = (name: string, more = ''): readonly (string | undefined)[] => {
    const guest = `<primitive id="v" class="ocf" provider="pacemaker" type="Dummy"><meta_attributes id="m"><nvpair id="m1" name="remote-node" value="${name}"/></meta_attributes></primitive>`
    const { graph } = run({
      nodes: members,
      resources: `${guest}${fencing}${more}`,
      status: `${state('1', 'n1', history(name, 'remote', 'start'), 'in_ccm="false"')}${state('2', 'n2')}`,
    })
    const all = graph === undefined ? [] : [...descendants(graph)]
    const fenced = all.filter((item) => attr(item, 'operation_key') === 'stonith-n1-reboot')
    const lists = fenced.flatMap(({ children }) => children.filter((item) => item.name === 'downed'))
    return lists.flatMap(({ children }) => children).map(({ attributes }) => attributes[1])
  }
  expect(downed('g')).toEqual(['1', 'g'])
  expect(downed('n2')).toEqual(['1'])
  expect(downed('n2', remote('rem'))).toEqual(['1', '2'])
})

test('a replica on a node that is called like what stands for no value is told no address', () => {
  const addresses = (uname: string): readonly (string | undefined)[] => {
    const { graph } = run({
      nodes: node('1', uname),
      resources:
        '<bundle id="b"><podman image="i"/><network control-port="3131"/><primitive id="p" class="ocf" provider="pacemaker" type="Dummy"/></bundle>',
      options: unfenced,
      status: state('1', uname),
    })
    const all = graph === undefined ? [] : [...descendants(graph)]
    return all.flatMap((item) => (attr(item, 'port') === '3131' ? [attr(item, 'addr')] : []))
  }
  expect(new Set(addresses('n1'))).toEqual(new Set(['n1']))
  expect(new Set(addresses('#default'))).toEqual(new Set([undefined]))
})
