import { Prng } from '@quorate/base'
import { attr, child, childrenNamed, descendants, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { type ClusterNode, ControllerCluster, documentOf, fencingDone, fencingFailed } from './controller-cluster.ts'

const noDevice = { execution: 10, exitStatus: 1, reason: 'No fence device' }

function configuration(options: Readonly<Record<string, string>> = {}): string {
  const pairs = Object.entries({ 'stonith-enabled': 'true', ...options })
    .map(([name, value]) => `<nvpair id="o-${name}" name="${name}" value="${value}"/>`)
    .join('')
  return `<cib admin_epoch="0" epoch="5" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1"><configuration>
    <crm_config><cluster_property_set id="o">${pairs}</cluster_property_set></crm_config><nodes/><resources>
    <primitive id="a" class="ocf" provider="quorate" type="test"/><primitive id="b" class="ocf" provider="quorate" type="test"/>
    <primitive id="device" class="stonith" type="fence_test"/></resources><constraints/></configuration><status/></cib>`
}

const three = ['n1', 'n2', 'n3']
const five = ['n1', 'n2', 'n3', 'n4', 'n5']

function running(names: readonly string[], options?: Readonly<Record<string, string>>): ControllerCluster {
  const cluster = new ControllerCluster(names, configuration(options))
  cluster.up(...names)
  cluster.run()
  expect(cluster.where('a')).toHaveLength(1)
  return cluster
}

/** A cluster whose fencings end as the test says, with `a` on a node that does not lead; and that node. */
function held(names: readonly string[] = three): {
  readonly cluster: ControllerCluster
  readonly victim: string
  readonly dc: string
} {
  const cluster = running(names)
  cluster.fencing = 'hold'
  const dc = cluster.dcs[0] as string
  const victim = names.find((name) => name !== dc) as string
  cluster.configure(
    dc,
    'constraints',
    `<constraints><rsc_location id="home" rsc="a" node="${victim}" score="100"/></constraints>`,
  )
  cluster.run()
  expect(cluster.where('a')).toEqual([victim])
  return { cluster, victim, dc }
}

function stateOf(node: ClusterNode, name: string): XmlElement | undefined {
  const status = child(node.cib.cib, 'status')
  return status === undefined
    ? undefined
    : childrenNamed(status, 'node_state').find((item) => attr(item, 'uname') === name)
}

function pending(cluster: ControllerCluster) {
  const [fencing] = cluster.fencings
  if (fencing === undefined) throw new Error('nobody is to be fenced')
  return fencing
}

const attempts = (node: ClusterNode) => node.log.filter((line) => line.includes('Requesting fencing')).length

describe('a node that is lost', () => {
  test('is fenced before anything of it is recovered, and forgotten then', () => {
    const { cluster, victim, dc } = held()
    cluster.kill(victim)
    cluster.run(60_000)
    expect(cluster.where('a')).toEqual([])
    expect(pending(cluster).request).toEqual({
      target: victim,
      action: 'reboot',
      timeoutMs: 60_000,
      delaySeconds: 0,
      mayFenceSelf: false,
    })
    expect(stateOf(cluster.node(dc), victim)?.children).not.toEqual([])
    cluster.powerOff(pending(cluster))
    cluster.run()
    expect(cluster.where('a')).toHaveLength(1)
    const state = stateOf(cluster.node(dc), victim) as XmlElement
    expect(['in_ccm', 'crmd', 'join', 'expected'].map((name) => attr(state, name))).toEqual([
      'false',
      'offline',
      'down',
      'down',
    ])
    expect(state.children).toEqual([])
    expect(cluster.node(dc).log).toContain(
      `notice: Peer ${victim} was terminated (reboot) by ${dc} on behalf of pacemaker-controld.7@${dc}: OK`,
    )
    cluster.boot(victim)
    cluster.run(10_000)
    expect(cluster.where('a')).toHaveLength(1)
    expect(attr(stateOf(cluster.node(dc), victim) as XmlElement, 'expected')).toBe('member')
    expect(cluster.doubleStarts).toEqual([])
  })

  test('is tried to be fenced stonith-max-attempts times, then again only when something changes', () => {
    const { cluster, victim, dc } = held()
    cluster.fencing = 'refuse'
    cluster.kill(victim)
    cluster.run(60_000)
    expect(attempts(cluster.node(dc))).toBe(10)
    expect(cluster.node(dc).controller.phase).toBe('S_IDLE')
    expect(cluster.node(dc).log).toContain(`warning: Too many failures (10) to fence ${victim}, giving up`)
    expect(cluster.where('a')).toEqual([])
    expect(attr(stateOf(cluster.node(dc), victim) as XmlElement, 'expected')).toBe('member')
    cluster.run(16 * 60_000)
    expect(attempts(cluster.node(dc))).toBe(11)
    expect(cluster.where('a')).toEqual([])
    cluster.fencing = 'power'
    cluster.run(16 * 60_000)
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.node(dc).controller.fencing.failures.size).toBe(0)
  })

  test('for which there is no device is not asked for again and again', () => {
    const { cluster, victim, dc } = held()
    cluster.kill(victim)
    cluster.run(1_000)
    cluster.endFencing(pending(cluster), noDevice)
    cluster.run(60_000)
    expect(attempts(cluster.node(dc))).toBe(1)
    expect(cluster.fencings).toEqual([])
    expect(cluster.node(dc).controller.phase).toBe('S_IDLE')
    expect(cluster.where('a')).toEqual([])
    cluster.boot(victim)
    cluster.run(10_000)
    expect(cluster.where('a')).toEqual([victim])
  })

  test('is not recovered when the answer is lost, and is when it comes late', () => {
    const { cluster, victim, dc } = held()
    cluster.kill(victim)
    cluster.run(1_000)
    const first = pending(cluster)
    cluster.run(30 * 60_000)
    expect(cluster.where('a')).toEqual([])
    expect(attempts(cluster.node(dc))).toBe(2)
    expect(
      cluster.node(dc).log.some((line) => line.startsWith('error: The fencer did not tell within 1260000ms')),
    ).toBe(true)
    cluster.powerOff(first)
    cluster.run(1_000)
    // The second attempt is under way, and its graph ends with it whatever it brings.
    cluster.endFencing(pending(cluster), fencingFailed)
    cluster.run(1_000)
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.doubleStarts).toEqual([])
  })

  test.each([
    ['pending', { execution: -1, exitStatus: 0, reason: undefined }],
    ['timed out', { execution: 2, exitStatus: 0, reason: undefined }],
    ['failed agent', { execution: 0, exitStatus: 1, reason: undefined }],
    ['unknown status', { execution: 99, exitStatus: 0, reason: undefined }],
    ['no number', { execution: Number.NaN, exitStatus: Number.NaN, reason: undefined }],
  ])('counts as running after anything but a plain success (%s)', (_, outcome) => {
    const { cluster, victim } = held()
    cluster.kill(victim)
    cluster.run(1_000)
    for (let i = 0; i < 10; i += 1) {
      cluster.endFencing(pending(cluster), outcome)
      cluster.run(1_000)
    }
    expect(cluster.fencings).toEqual([])
    expect(cluster.where('a')).toEqual([])
  })

  test('that comes back meanwhile is let in when the fencing has ended, with what it runs then', () => {
    const { cluster, victim } = held()
    cluster.kill(victim)
    cluster.run(1_000)
    cluster.boot(victim)
    cluster.run(5_000)
    expect(cluster.where('a')).toEqual([])
    expect(cluster.node(victim).controller.phase).toBe('S_PENDING')
    cluster.endFencing(pending(cluster), fencingFailed)
    cluster.run(5_000)
    expect(cluster.where('a')).toEqual([victim])
    expect(cluster.fencings).toEqual([])
  })

  test('that was fenced and came back before its fencing is told is not forgotten with what it runs', () => {
    const { cluster, victim } = held(five)
    // Only the old DC's fencer knows of the fencing, and it has lost its role meanwhile.
    cluster.kill(victim)
    cluster.run(1_000)
    const fencing = pending(cluster)
    const old = fencing.origin
    cluster.post(old, { kind: 'timer', timer: 'finalization', cpu: { ageS: 0, ageUs: 0 } })
    cluster.boot(victim)
    cluster.run(5_000)
    cluster.endFencing(fencing, fencingDone)
    for (const other of [...cluster.fencings]) cluster.endFencing(other, fencingDone)
    cluster.run(30_000)
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.doubleStarts).toEqual([])
  })

  test('and leaves while it is being fenced has not been fenced by leaving', () => {
    const { cluster, victim, dc } = held()
    cluster.failures.set(`${victim} a stop`, 1)
    cluster.configure(
      dc,
      'constraints',
      `<constraints><rsc_location id="away" rsc="a" node="${victim}" score="-INFINITY"/></constraints>`,
    )
    cluster.run(1_000)
    expect(pending(cluster).request.target).toBe(victim)
    cluster.kill(victim)
    cluster.run(5_000)
    expect(attr(stateOf(cluster.node(dc), victim) as XmlElement, 'expected')).toBe('member')
    cluster.endFencing(pending(cluster), noDevice)
    cluster.run(60_000)
    expect(cluster.where('a')).toEqual([])
  })
})

test('a node on which a stop failed is fenced although it is there, and recovered at once', () => {
  const { cluster, victim, dc } = held()
  cluster.fencing = 'power'
  cluster.failures.set(`${victim} a stop`, 1)
  cluster.configure(
    dc,
    'constraints',
    `<constraints><rsc_location id="away" rsc="a" node="${victim}" score="-INFINITY"/></constraints>`,
  )
  cluster.run(2_000)
  expect(cluster.node(victim).isUp).toBe(false)
  expect(cluster.where('a')).toHaveLength(1)
  expect(cluster.node(dc).log.filter((line) => line.includes('was not expected'))).toEqual([])
})

test('a node that dies while it is emptied before its shutdown is fenced all the same', () => {
  const { cluster, victim } = held()
  cluster.post(victim, { kind: 'shutdown' })
  cluster.run(5)
  cluster.kill(victim)
  cluster.run(1_000)
  expect(pending(cluster).request.target).toBe(victim)
  expect(cluster.where('a')).toEqual([])
  cluster.powerOff(pending(cluster))
  cluster.run(1_000)
  expect(cluster.where('a')).toHaveLength(1)
})

test('a node that is to be terminated is fenced', () => {
  const { cluster, victim, dc } = held()
  const pair = '<nvpair id="t" name="terminate" value="true"/>'
  cluster.configure(
    dc,
    'status',
    `<status><node_state id="${cluster.node(victim).uuid}"><transient_attributes id="${cluster.node(victim).uuid}">
      <instance_attributes id="x">${pair}</instance_attributes></transient_attributes></node_state></status>`,
  )
  cluster.run(1_000)
  cluster.powerOff(pending(cluster))
  cluster.run(1_000)
  cluster.boot(victim)
  cluster.run(10_000)
  expect(cluster.where('a')).toHaveLength(1)
  expect(cluster.fencings).toEqual([])
})

describe('when the DC changes', () => {
  test('in the middle of a fencing, the next one fences again, and nothing starts before', () => {
    const { cluster, victim, dc } = held(five)
    cluster.kill(victim)
    cluster.run(1_000)
    const first = pending(cluster)
    cluster.kill(dc)
    cluster.run(5_000)
    expect(cluster.where('a')).toEqual([])
    cluster.endFencing(first, fencingDone)
    cluster.run(5_000)
    expect(cluster.where('a')).toEqual([])
    // One after the other, as the cluster does by itself.
    const fenced: string[] = []
    while (cluster.fencings.length > 0) {
      fenced.push(pending(cluster).request.target)
      if (fenced.length < 2) expect(cluster.where('a')).toEqual([])
      cluster.powerOff(pending(cluster))
      cluster.run(5_000)
    }
    expect(fenced.sort()).toEqual([victim, dc].sort())
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.doubleStarts).toEqual([])
  })

  // By a node that writes it down at once, or by something that leaves it to the next DC.
  test.each([0, undefined])(
    'a DC that was fenced while nobody led is not fenced again, and what it ran is recovered (%s)',
    (by) => {
      const { cluster, dc } = held(five)
      const others = five.filter((name) => name !== dc)
      const [other] = others
      const executioner = by === undefined ? undefined : others[by]
      cluster.configure(
        dc,
        'constraints',
        `<constraints><rsc_location id="home" rsc="a" node="${dc}" score="100"/></constraints>`,
      )
      cluster.run(1_000)
      expect(cluster.where('a')).toEqual([dc])
      cluster.kill(dc)
      // Before the others have agreed on the next DC.
      const event = { target: dc, action: 'off', executioner, client: 'stonith_admin.9', outcome: fencingDone }
      cluster.tellFencing(other as string, event)
      cluster.run(5_000)
      expect(cluster.fencings).toEqual([])
      expect(cluster.where('a')).toHaveLength(1)
      const [next] = cluster.dcs
      expect(stateOf(cluster.node(next as string), dc)?.children).toEqual([])
    },
  )

  test('one that was fenced in the middle of an operation is not fenced again either', () => {
    const { cluster, dc } = held(five)
    const other = five.find((name) => name !== dc) as string
    cluster.configure(
      dc,
      'constraints',
      `<constraints><rsc_location id="home" rsc="a" node="${dc}" score="200"/></constraints>`,
    )
    const starts = () =>
      [...descendants(stateOf(cluster.node(other), dc) as XmlElement)].some(
        (item) => attr(item, 'op-status') === '-1' && attr(item, 'operation') === 'start',
      )
    for (let ms = 0; ms < 100 && !starts(); ms += 1) cluster.run(1)
    expect(starts()).toBe(true)
    cluster.kill(dc)
    const event = { target: dc, action: 'off', executioner: undefined, client: 'stonith_admin.9', outcome: fencingDone }
    cluster.tellFencing(other, event)
    cluster.run(5_000)
    expect(cluster.fencings).toEqual([])
    expect(cluster.where('a')).toHaveLength(1)
  })

  test('failures are known to every node', () => {
    const { cluster, victim, dc } = held(five)
    cluster.kill(victim)
    cluster.run(1_000)
    cluster.endFencing(pending(cluster), fencingFailed)
    cluster.run(10)
    const counts = cluster.dcs.concat(five.filter((name) => name !== victim && name !== dc))
    expect(counts.map((name) => cluster.node(name).controller.fencing.failures.get(victim))).toEqual([1, 1, 1, 1])
  })
})

describe('a fencing that somebody else asked for', () => {
  test('counts like one of the DC', () => {
    const { cluster, victim, dc } = held()
    cluster.kill(victim)
    cluster.run(1_000)
    const own = pending(cluster)
    const event = { target: victim, action: 'off', executioner: dc, client: 'stonith_admin.9', outcome: fencingDone }
    cluster.tellFencing(dc, event)
    cluster.run(1_000)
    expect(stateOf(cluster.node(dc), victim)?.children).toEqual([])
    cluster.endFencing(own, fencingFailed)
    cluster.run(1_000)
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.fencings).toEqual([])
  })

  test('and that failed changes nothing', () => {
    const { cluster, victim, dc } = held()
    cluster.kill(victim)
    cluster.run(1_000)
    cluster.tellFencing(dc, {
      target: victim,
      action: 'off',
      executioner: undefined,
      client: 'stonith_admin.9',
      outcome: fencingFailed,
    })
    cluster.run(1_000)
    expect(stateOf(cluster.node(dc), victim)?.children).not.toEqual([])
    expect(cluster.where('a')).toEqual([])
  })

  test('of a node that is still there makes it join again, and nothing starts twice', () => {
    const { cluster, victim, dc } = held()
    // A human's word: the node itself hears nothing of it.
    const event = {
      target: victim,
      action: 'off',
      executioner: 'a human',
      client: 'stonith_admin.9',
      outcome: fencingDone,
    }
    cluster.post(dc, { kind: 'fenced', event: { operation: 'uuid', origin: dc, ...event } })
    cluster.run(10_000)
    expect(cluster.where('a')).toEqual([victim])
    expect(cluster.doubleStarts).toEqual([])
    const state = stateOf(cluster.node(dc), victim) as XmlElement
    expect(['join', 'expected'].map((name) => attr(state, name))).toEqual(['member', 'member'])
    const history = [...descendants(state)]
      .filter((item) => item.name === 'lrm_resource')
      .map((item) => attr(item, 'id'))
    expect(history).toContain('a')
  })
})

test.each(['stop', 'panic'])('a node that hears of its own fencing stops all and stays away (%s)', (reaction) => {
  const cluster = running(['n1'], { 'fence-reaction': reaction })
  const event = { target: 'n1', action: 'reboot', executioner: 'n2', client: 'c.1', outcome: fencingDone }
  cluster.tellFencing('n1', { ...event, outcome: fencingFailed })
  cluster.tellFencing('n1', { ...event, action: 'on' })
  cluster.run(1_000)
  const node = cluster.node('n1')
  expect(node.exitCode).toBeUndefined()
  cluster.tellFencing('n1', event)
  cluster.run(1_000)
  expect(node.exitCode).toBe(100)
  expect(node.running.size).toBe(0)
  expect(node.log).toContain('crit: this node was fenced (reboot) by n2 for c.1@n1')
  const refused = node.log.filter((line) => line.startsWith('crit: fence-reaction=panic cannot be done'))
  expect(refused).toHaveLength(reaction === 'panic' ? 1 : 0)
})

describe('a node has no watchdog, and where others would rely on one', () => {
  test('it does not join', () => {
    const cluster = new ControllerCluster(['n1'], configuration({ 'stonith-watchdog-timeout': '10s' }))
    cluster.up('n1')
    cluster.run(60_000)
    expect(cluster.node('n1').exitCode).toBe(100)
    expect(cluster.node('n1').log).toContain(
      'crit: Shutting down: stonith-watchdog-timeout configured (10s) but SBD not active: watchdogs are not supported',
    )
  })

  test('it goes in order, with all it runs', () => {
    const cluster = running(three)
    const pair = '<nvpair id="o-w" name="stonith-watchdog-timeout" value="10"/>'
    cluster.configure(
      'n1',
      'crm_config',
      `<crm_config><cluster_property_set id="o">${pair}</cluster_property_set></crm_config>`,
    )
    cluster.run(60_000)
    expect(three.map((name) => cluster.node(name).exitCode)).toEqual([100, 100, 100])
    expect(three.flatMap((name) => [...cluster.node(name).running])).toEqual([])
    expect(cluster.fencings).toEqual([])
  })

  test.each([{ 'stonith-watchdog-timeout': '0' }, { 'stonith-watchdog-timeout': '10s', 'stonith-enabled': 'false' }])(
    'but not with %j',
    (options) => {
      expect(running(['n1'], options).node('n1').exitCode).toBeUndefined()
    },
  )
})

test.each(['dc', 'other'])(
  'what a node ran that leaves after its own fencing starts elsewhere when its ring has gone (%s)',
  (which) => {
    const { cluster, victim, dc } = held()
    const target = which === 'dc' ? dc : victim
    cluster.configure(
      dc,
      'constraints',
      `<constraints><rsc_location id="home" rsc="a" node="${target}" score="300"/></constraints>`,
    )
    cluster.run(1_000)
    expect(cluster.where('a')).toEqual([target])
    const teller = three.find((name) => name !== target) as string
    cluster.ringOnly.add(target)
    const event = { target, action: 'reboot', executioner: teller, client: 'stonith_admin.9', outcome: fencingDone }
    cluster.tellFencing(teller, event)
    cluster.run(2_000)
    expect(cluster.node(target).exitCode).toBe(100)
    cluster.ringOnly.delete(target)
    cluster.viewChanged()
    cluster.run(2_000)
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.fencings).toEqual([])
    expect(cluster.doubleStarts).toEqual([])
  },
)

describe('a graph', () => {
  function given(action: string): { readonly cluster: ControllerCluster; readonly node: ClusterNode } {
    const cluster = new ControllerCluster(['n1', 'n2'], configuration({ 'startup-fencing': 'false' }))
    cluster.up('n1')
    cluster.run(30_000)
    cluster.fencing = 'hold'
    const node = cluster.node('n1')
    const graph = documentOf(`<transition_graph cluster-delay="60s" stonith-timeout="30s"><synapse id="0"><action_set>
      ${action}</action_set><inputs/></synapse><synapse id="1"><action_set><rsc_op id="2" operation="start"
      operation_key="x_start_0" on_node="n1" on_node_uuid="1"><primitive id="x" class="ocf" provider="quorate" type="test"/>
      <attributes/></rsc_op></action_set><inputs><trigger><crm_event id="1"/></trigger></inputs></synapse></transition_graph>`)
    cluster.post('n1', { kind: 'timer', timer: 'recheck', cpu: { ageS: 0, ageUs: 0 } })
    cluster.later(0, () => {
      const token = node.controller.scheduleToken ?? -1
      cluster.post('n1', { kind: 'scheduled', token, result: { ok: true, graph, inputFile: undefined } })
    })
    cluster.run()
    return { cluster, node }
  }
  const stonith = (attributes: string) =>
    `<crm_event id="1" operation="stonith" operation_key="stonith-n2-x" on_node="n2" on_node_uuid="2">${attributes}</crm_event>`

  test('that does not say how to fence is not obeyed', () => {
    const { node } = given(stonith(''))
    expect(node.log).not.toContain('notice: Requesting local execution of start operation for x on n1')
    expect(node.log.some((line) => line.startsWith('error: The graph asks for fencing'))).toBe(true)
    expect(node.controller.phase).toBe('S_IDLE')
  })

  test('gives time, delay, and leave to end this node where it is alone', () => {
    const { cluster } = given(
      stonith(
        '<attributes CRM_meta_stonith_action="off" CRM_meta_priority_fencing_delay="15" CRM_meta_on_fail="ignore"/>',
      ),
    )
    expect(pending(cluster).request).toEqual({
      target: 'n2',
      action: 'off',
      timeoutMs: 30_000,
      delaySeconds: 15,
      mayFenceSelf: true,
    })
  })

  test('whose fencing fails does not go on, whatever attributes the node has', () => {
    const { cluster, node } = given(
      stonith('<attributes CRM_meta_stonith_action="off" CRM_meta_on_fail="ignore" CRM_meta_can_fail="true"/>'),
    )
    cluster.endFencing(pending(cluster), noDevice)
    cluster.run()
    expect(node.log).not.toContain('notice: Requesting local execution of start operation for x on n1')
  })

  test('that unfences a node leaves word of it, and of the devices', () => {
    const { cluster, node } = given(
      stonith(
        '<attributes CRM_meta_stonith_action="on" CRM_meta_digests_all="d:f:1," CRM_meta_digests_secure="d:f:2,"/>',
      ),
    )
    cluster.powerOff(pending(cluster))
    cluster.run()
    expect(node.log).toContain('notice: Requesting local execution of start operation for x on n1')
    const values = new Map([...descendants(node.cib.cib)].map((item) => [attr(item, 'name'), attr(item, 'value')]))
    expect(values.get('#digests-all')).toBe('d:f:1,')
    expect(values.get('#digests-secure')).toBe('d:f:2,')
    expect(values.get('#node-unfenced')).toMatch(/^\d+$/)
  })
})

test('fencers tell each other what they remember 30 s after a start and 5 s after a node has come', () => {
  const cluster = new ControllerCluster(three, configuration())
  cluster.up('n1', 'n2')
  const begin = cluster.nowMs
  cluster.run(60_000)
  expect(cluster.historySyncs.length).toBeGreaterThan(0)
  for (const line of cluster.historySyncs) expect(Number(line.split(' ')[1]) - begin).toBeGreaterThanOrEqual(30_000)
  cluster.historySyncs.length = 0
  const later = cluster.nowMs
  cluster.up('n3')
  cluster.run(20_000)
  expect(cluster.historySyncs).toEqual([`${cluster.dcs[0]} ${later + 5_000}`])
})

test('a node that the DC has never seen is fenced where the others knew it, whatever they wrote of it last', () => {
  const cluster = running(three, { 'no-quorum-policy': 'freeze', 'startup-fencing': 'false' })
  cluster.fencing = 'hold'
  cluster.kill('n2')
  cluster.run()
  cluster.powerOff(pending(cluster))
  cluster.run(1_000)
  cluster.split([], ['n1', 'n3'])
  cluster.configure('n1', 'crm_config', '<crm_config><cluster_property_set id="newer"/></crm_config>')
  cluster.boot('n2')
  cluster.run(30_000)
  expect(cluster.dcs).toEqual(['n2', 'n3'])
  // n1 loses its DC and finds n2 at once: nobody has written that n3 is gone.
  cluster.split(['n1', 'n2'], ['n3'])
  cluster.run(10_000)
  expect(cluster.node('n2').controller.dc).toBe('n2')
  expect(stateOf(cluster.node('n1'), 'n3')).toBeDefined()
  expect(cluster.fencings.map(({ request }) => request.target)).toContain('n3')
  expect(cluster.doubleStarts).toEqual([])
})

test.each([
  ['true', ['n3']],
  ['false', []],
])(
  'a node of which only the ring was seen is fenced as one of which nothing was (startup-fencing=%s)',
  (value, due) => {
    const cluster = new ControllerCluster(three, configuration({ 'startup-fencing': value }))
    cluster.fencing = 'hold'
    cluster.ringOnly.add('n3')
    cluster.up('n1', 'n2')
    cluster.run(1_000)
    cluster.ringOnly.delete('n3')
    cluster.viewChanged()
    cluster.run(30_000)
    expect(cluster.dcs).toHaveLength(1)
    expect(cluster.fencings.map(({ request }) => request.target)).toEqual(due)
  },
)

/** Whatever is lost, comes back, is fenced, or cannot be: nothing runs twice, ever. */
test.each(Array.from({ length: 40 }, (_, seed) => seed))(
  'nothing of a node runs twice before it is fenced (seed %i)',
  (seed) => {
    const names = seed % 2 === 0 ? three : five
    const chance = new Prng(BigInt(seed))
    const pick = (count: number) => chance.u32() % count
    // Nodes without quorum go on with what they have, so that only fencing keeps it from running elsewhere too.
    const cluster = running(names, { 'no-quorum-policy': 'freeze' })
    cluster.fencing = 'hold'
    for (let round = 0; round < 25; round += 1) {
      const name = names[pick(names.length)] as string
      const fencing = cluster.fencings[pick(Math.max(1, cluster.fencings.length))]
      switch (pick(8)) {
        case 0:
          if (cluster.node(name).isUp) cluster.kill(name)
          break
        case 1:
        case 2:
          if (!cluster.node(name).isUp) cluster.boot(name)
          break
        case 3:
          cluster.split(
            [name],
            names.filter((other) => other !== name),
          )
          break
        case 4:
          cluster.split(names)
          break
        case 5:
          if (fencing !== undefined) cluster.powerOff(fencing)
          break
        case 6:
          if (fencing !== undefined) cluster.endFencing(fencing, pick(2) === 0 ? fencingFailed : noDevice)
          break
        default:
          if (fencing !== undefined) cluster.fencings.splice(cluster.fencings.indexOf(fencing), 1)
      }
      cluster.run([1, 7, 60, 900, 8_000, 60_000][pick(6)])
    }
    expect(cluster.doubleStarts).toEqual([])
    cluster.fencing = 'power'
    for (const fencing of [...cluster.fencings]) cluster.powerOff(fencing)
    cluster.split(names)
    for (let round = 0; round < 4; round += 1) {
      cluster.run(25 * 60_000)
      for (const name of names) if (!cluster.node(name).isUp) cluster.boot(name)
    }
    cluster.run(25 * 60_000)
    expect(cluster.doubleStarts).toEqual([])
    expect(cluster.dcs).toHaveLength(1)
    expect(['a', 'b'].map((id) => cluster.where(id).length)).toEqual([1, 1])
  },
)
