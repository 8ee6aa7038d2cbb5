import { Prng } from '@quorate/base'
import { attr, descendants, withAttributes, writeXml } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { ControllerCluster } from './controller-cluster.ts'

const two = `<cib admin_epoch="0" epoch="5" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1"><configuration><crm_config><cluster_property_set id="o">
  <nvpair id="o-s" name="stonith-enabled" value="false"/></cluster_property_set></crm_config><nodes/>
  <resources><primitive id="a" class="ocf" provider="quorate" type="test"/><primitive id="b" class="ocf" provider="quorate" type="test"/>
  </resources><constraints/></configuration><status/></cib>`

/** The first are those in which the cluster waited for actions of a DC that had been elected a second time. */
const slowSeeds = [0, 7, 8, 11, 15, 17, 23, 33, 46, 50, 1000, 1001, 1002, 1003, 1004, 1005]

function running(names: readonly string[] = ['n1', 'n2', 'n3']): ControllerCluster {
  const cluster = new ControllerCluster(names, two)
  cluster.up(...names)
  cluster.run()
  return cluster
}

describe('a cluster of controllers', () => {
  test('elects one DC at once when every configured node is there, joins, and starts resources', () => {
    const cluster = running()
    expect(cluster.dcs).toHaveLength(1)
    expect([...cluster.phases()].sort()).toEqual(['S_IDLE', 'S_NOT_DC', 'S_NOT_DC'])
    expect(cluster.nowMs).toBeLessThan(2_000)
    expect(cluster.where('a')).toHaveLength(1)
    const digests = new Set([...cluster.nodes.values()].map((node) => node.cib.digest()))
    expect(digests.size).toBe(1)
  })

  test('waits dc-deadtime for nodes that are not there', () => {
    const cluster = new ControllerCluster(['n1', 'n2', 'n3'], two)
    cluster.up('n1', 'n2')
    cluster.run(19_000)
    expect(cluster.dcs).toEqual([])
    cluster.run(2_000)
    expect(cluster.dcs).toHaveLength(1)
    cluster.run(1_000)
    expect(cluster.where('a')).toHaveLength(1)
  })

  test('takes in a node that comes later, without a new election', () => {
    const cluster = new ControllerCluster(['n1', 'n2', 'n3'], two)
    cluster.up('n1', 'n2')
    cluster.run(25_000)
    const [dc] = cluster.dcs
    cluster.up('n3')
    cluster.run(100)
    cluster.run()
    expect(cluster.dcs).toEqual([dc])
    expect(cluster.node('n3').controller.phase).toBe('S_NOT_DC')
  })

  test.each(['dc', 'other'])('recovers resources when a node dies (%s)', (which) => {
    const cluster = running()
    const [dc] = cluster.dcs
    const victim = which === 'dc' ? (dc as string) : (['n1', 'n2', 'n3'].find((name) => name !== dc) as string)
    cluster.kill(victim)
    const from = cluster.nowMs
    cluster.run()
    expect(cluster.dcs).toHaveLength(1)
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.where('a')).not.toEqual([victim])
    expect(cluster.nowMs - from).toBeLessThan(200)
    expect(cluster.doubleStarts).toEqual([])
  })

  test.each(['dc', 'other'])('forgets the transient attributes of a node that dies (%s)', (which) => {
    const cluster = running()
    const [dc] = cluster.dcs
    const victim = which === 'dc' ? (dc as string) : (['n1', 'n2', 'n3'].find((name) => name !== dc) as string)
    const { uuid } = cluster.node(victim)
    const pairs = `<instance_attributes id="status-${uuid}"><nvpair id="x" name="fail-count-z" value="7"/></instance_attributes>`
    const state = `<node_state id="${uuid}"><transient_attributes id="${uuid}">${pairs}</transient_attributes></node_state>`
    cluster.configure(victim, 'status', `<status>${state}</status>`)
    cluster.run()
    const others = ['n1', 'n2', 'n3'].filter((name) => name !== victim)
    for (const name of others) expect(writeXml(cluster.node(name).cib.cib)).toContain('fail-count-z')
    cluster.kill(victim)
    cluster.run()
    for (const name of others) expect(writeXml(cluster.node(name).cib.cib)).not.toContain('fail-count-z')
  })

  test('a node that is cut off stops what it runs, and comes back in when the ring heals', () => {
    const cluster = running()
    const [alone] = cluster.where('a')
    const others = ['n1', 'n2', 'n3'].filter((name) => name !== alone)
    cluster.split([alone as string], others)
    cluster.run()
    expect(cluster.node(alone as string).running.size).toBe(0)
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.dcs).toHaveLength(2)
    cluster.split(['n1', 'n2', 'n3'])
    cluster.run(10_000)
    expect(cluster.dcs).toHaveLength(1)
    expect([...cluster.phases()].sort()).toEqual(['S_IDLE', 'S_NOT_DC', 'S_NOT_DC'])
    expect(cluster.where('a')).toHaveLength(1)
  })

  test.each(['dc', 'other'])(
    'a node that is asked to stop is emptied first, and leaves with exit code 0 (%s)',
    (which) => {
      const cluster = running()
      const [dc] = cluster.dcs
      const name = which === 'dc' ? (dc as string) : (['n1', 'n2', 'n3'].find((other) => other !== dc) as string)
      cluster.post(name, { kind: 'shutdown' })
      cluster.run()
      expect(cluster.node(name).exitCode).toBe(0)
      expect(cluster.node(name).running.size).toBe(0)
      expect(cluster.dcs).toHaveLength(1)
      expect(cluster.where('a')).toHaveLength(1)
      expect(cluster.node(name).log.filter((line) => line.startsWith('crit'))).toEqual([])
    },
  )

  test('all nodes can stop at once', () => {
    const cluster = running()
    for (const name of cluster.nodes.keys()) cluster.post(name, { kind: 'shutdown' })
    cluster.run()
    cluster.run(60_000)
    expect([...cluster.nodes.values()].map((node) => node.exitCode)).toEqual([0, 0, 0])
    expect([...cluster.nodes.values()].every((node) => node.running.size === 0)).toBe(true)
  })

  test('a single node leads itself', () => {
    const cluster = running(['n1'])
    expect(cluster.dcs).toEqual(['n1'])
    expect(cluster.where('a')).toEqual(['n1'])
  })

  test('a start that fails is counted, cleaned up and tried elsewhere', () => {
    const cluster = new ControllerCluster(['n1', 'n2', 'n3'], two)
    for (const name of ['n1', 'n2']) cluster.failures.set(`${name} a start`, 1)
    cluster.up('n1', 'n2', 'n3')
    cluster.run()
    expect(cluster.where('a')).toEqual(['n3'])
    const names = [...descendants(cluster.node('n1').cib.cib)].flatMap((item) => attr(item, 'name') ?? [])
    expect(names.filter((name) => name === 'fail-count-a#start_0').length).toBeGreaterThan(0)
  })

  test('losing the ring stops everything here before the node goes, newest first', () => {
    const cluster = running(['n1'])
    cluster.post('n1', { kind: 'ring-lost', reason: 'corosync has gone' })
    cluster.run()
    const node = cluster.node('n1')
    expect(node.exitCode).toBe(102)
    expect(node.running.size).toBe(0)
    expect(node.log.filter((line) => line.startsWith('warning: Stopping'))).toEqual([
      'warning: Stopping b: this node has lost its cluster',
      'warning: Stopping a: this node has lost its cluster',
    ])
  })
})

describe('a node that was alone', () => {
  const option = (name: string) =>
    `<crm_config><cluster_property_set id="cib-bootstrap-options"><nvpair id="cib-bootstrap-options-${name}" name="${name}" value="of others"/></cluster_property_set></crm_config>`

  /** Cut off; what it would say of its software differs from what stands in the CIB, as among real nodes. */
  function cutOff() {
    const cluster = running()
    const [alone] = cluster.where('a') as [string]
    const others = ['n1', 'n2', 'n3'].filter((name) => name !== alone) as [string, string]
    cluster.configure(alone, 'crm_config', option('dc-version'))
    cluster.run()
    cluster.split([alone], others)
    cluster.run()
    expect(cluster.where('a')).toHaveLength(1)
    expect(cluster.node(alone).running.size).toBe(0)
    cluster.doubleStarts.length = 0
    const epoch = () => attr(cluster.node(alone).cib.cib, 'epoch')
    return { cluster, alone, others, epoch }
  }

  test('takes over what the others have changed, and starts nothing that they run', () => {
    const { cluster, alone, others } = cutOff()
    cluster.configure(others[0], 'crm_config', option('in-the-majority'))
    cluster.run()
    cluster.split(['n1', 'n2', 'n3'])
    cluster.run(10_000)
    expect(cluster.doubleStarts).toEqual([])
    for (const name of [alone, ...others]) expect(writeXml(cluster.node(name).cib.cib)).toContain('in-the-majority')
    expect(cluster.dcs).toHaveLength(1)
  })

  test('waits for nodes that come with the quorum, and leaves its CIB as old as it is', () => {
    const { cluster, alone, epoch } = cutOff()
    const before = epoch()
    // The quorum service tells of the others before the group of controllers does.
    const peers = [...cluster.nodes.values()].map(({ name, uuid }) => ({
      uname: name,
      uuid,
      isMember: true,
      hasController: name === alone,
    }))
    cluster.post(alone, { kind: 'peers', peers, isQuorate: true })
    cluster.run()
    const { uuid } = cluster.node(alone)
    const attribute = `<instance_attributes id="i"><nvpair id="x" name="x" value="1"/></instance_attributes>`
    const status = `<status><node_state id="${uuid}"><transient_attributes id="${uuid}">${attribute}</transient_attributes></node_state></status>`
    cluster.configure(alone, 'status', status)
    cluster.run(1_000)
    expect(cluster.node(alone).running.size).toBe(0)
    expect(cluster.doubleStarts).toEqual([])
    expect(epoch()).toBe(before)
    // Nobody has joined: it may act alone.
    cluster.run(5_000)
    expect(cluster.node(alone).running.size).toBe(2)
  })

  test('is not kept waiting when the quorum goes again', () => {
    const { cluster, alone } = cutOff()
    const view = (isQuorate: boolean) => {
      const peers = [...cluster.nodes.values()].map(({ name, uuid }) => {
        const isThere = name === alone || isQuorate
        return { uname: name, uuid, isMember: isThere, hasController: name === alone }
      })
      cluster.post(alone, { kind: 'peers', peers, isQuorate })
    }
    view(true)
    cluster.run()
    cluster.post(alone, { kind: 'timer', timer: 'recheck', cpu: { ageS: 0, ageUs: 0 } })
    cluster.run()
    expect(cluster.node(alone).controller.phase).toBe('S_POLICY_ENGINE')
    view(false)
    cluster.run()
    expect(cluster.node(alone).controller.phase).toBe('S_IDLE')
  })
})

test('a node that is asked to stop before it leads goes, where a start that fails would be tried again for ever', () => {
  const patient = two.replace(
    '<nvpair id="o-s"',
    '<nvpair id="o-f" name="start-failure-is-fatal" value="false"/><nvpair id="o-s"',
  )
  const cluster = new ControllerCluster(['n1'], patient)
  cluster.up('n1')
  cluster.post('n1', { kind: 'shutdown' })
  cluster.run(10_000)
  expect(cluster.node('n1').exitCode).toBe(0)
})

test('a node can start on standby, and tells it once', () => {
  const cluster = new ControllerCluster(['n1'], two, 'standby')
  cluster.up('n1')
  cluster.run()
  expect(cluster.where('a')).toEqual([])
  const pairs = [...descendants(cluster.node('n1').cib.cib)].filter((item) => attr(item, 'name') === 'standby')
  expect(pairs.map((item) => attr(item, 'value'))).toEqual(['on'])
})

test('a date in a rule is obeyed when it comes, without anybody touching the cluster', () => {
  const at = new Date((1_795_000_000 + 100) * 1000).toISOString()
  const rule = `<constraints><rsc_location id="l" rsc="a"><rule id="r" score="-INFINITY">
    <date_expression id="d" operation="gt" start="${at}"/></rule></rsc_location></constraints>`
  const cluster = new ControllerCluster(['n1'], two.replace('<constraints/>', rule))
  cluster.up('n1')
  cluster.run(90_000)
  expect(cluster.where('a')).toEqual(['n1'])
  cluster.run(15_000)
  expect(cluster.where('a')).toEqual([])
})

/** Two parts that both lead come together while actions of theirs are under way; soon after, all are told to stop. */
test.each(slowSeeds)('a cluster whose messages take their time heals and stops (seed %i)', (seed) => {
  const names = ['n1', 'n2', 'n3']
  const chance = new Prng(BigInt(seed))
  const pick = (count: number) => chance.u32() % count
  const cluster = new ControllerCluster(names, two)
  const slowestMs = 1 + pick(20)
  cluster.delayMs = () => pick(slowestMs)
  cluster.up(...names)
  cluster.run(3_000)
  const alone = names[pick(3)] as string
  cluster.split(
    [alone],
    names.filter((name) => name !== alone),
  )
  cluster.run(1 + pick(200))
  cluster.split(names)
  cluster.run(1 + pick(400))
  for (const name of [...names].sort(() => pick(2) - 0.5)) {
    cluster.post(name, { kind: 'shutdown' })
    if (pick(2) === 0) cluster.run(1 + pick(60))
  }
  cluster.run(10_000)
  expect([...cluster.nodes.values()].map((node) => node.exitCode)).toEqual([0, 0, 0])
  expect([...cluster.nodes.values()].every((node) => node.running.size === 0)).toBe(true)
})

/** Whatever happens to three nodes, they come together again once it stops. */
test.each(Array.from({ length: 25 }, (_, seed) => seed))('a cluster recovers from anything (seed %i)', (seed) => {
  const names = ['n1', 'n2', 'n3']
  const chance = new Prng(BigInt(seed))
  const pick = (count: number) => chance.u32() % count
  const cluster = running(names)
  for (let round = 0; round < 12; round += 1) {
    const name = names[pick(3)] as string
    const { isUp } = cluster.node(name)
    switch (pick(5)) {
      case 0:
        if (isUp) cluster.kill(name)
        break
      case 1:
        if (!isUp) cluster.boot(name)
        break
      case 2:
        cluster.split(
          [name],
          names.filter((other) => other !== name),
        )
        break
      case 3:
        cluster.split(names)
        break
      default:
        if (isUp) cluster.post(name, { kind: 'shutdown' })
    }
    cluster.run([1, 7, 60, 900, 8_000][pick(5)])
  }
  cluster.split(names)
  cluster.run(70_000)
  for (const name of names) if (!cluster.node(name).isUp) cluster.boot(name)
  cluster.run(70_000)
  for (const name of names) if (!cluster.node(name).isUp) cluster.boot(name)
  cluster.run(70_000)
  expect(cluster.dcs).toHaveLength(1)
  expect([...cluster.phases()].sort()).toEqual(['S_IDLE', 'S_NOT_DC', 'S_NOT_DC'])
  expect(['a', 'b'].map((id) => cluster.where(id).length)).toEqual([1, 1])
  // A change that one node had and the others not is settled by a copy, but a copy never takes num_updates back.
  const texts = names.map((name) => writeXml(withAttributes(cluster.node(name).cib.cib, { num_updates: undefined })))
  expect(new Set(texts).size).toBe(1)
})
