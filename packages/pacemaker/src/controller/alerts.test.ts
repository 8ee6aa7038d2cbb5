import { describe, expect, test } from 'vitest'
import { eventVariables } from '../alerts/alert-event.ts'
import { ControllerCluster } from './controller-cluster.ts'

const cib = `<cib admin_epoch="0" epoch="5" num_updates="0" validate-with="pacemaker-3.9" crm_feature_set="3.16.1"><configuration><crm_config><cluster_property_set id="o">
  <nvpair id="o-s" name="stonith-enabled" value="false"/></cluster_property_set></crm_config><nodes/>
  <resources><primitive id="a" class="ocf" provider="quorate" type="test"/></resources><constraints/></configuration><status/></cib>`

function running(): ControllerCluster {
  const names = ['n1', 'n2', 'n3']
  const cluster = new ControllerCluster(names, cib)
  cluster.up(...names)
  cluster.run()
  return cluster
}

const told = (cluster: ControllerCluster, node: string) =>
  cluster.node(node).alerts.map((event) => {
    const { kind, node: about, rsc, task, desc, rc } = eventVariables(event)
    return [kind, about, rsc, task, desc, rc].filter((part) => part !== undefined).join(' ')
  })

describe('controllers have alerts sent', () => {
  test('of results where they were had, and of no probe that finds what was expected', () => {
    const cluster = running()
    const [where = ''] = cluster.where('a')
    for (const node of cluster.nodes.keys()) {
      expect([node, told(cluster, node)]).toEqual([node, node === where ? [`resource ${node} a start ok 0`] : []])
    }
  })

  test('of nodes that are lost and come back, by every other node', () => {
    const cluster = running()
    const [dc = ''] = cluster.dcs
    const victim = [...cluster.nodes.keys()].find((name) => name !== dc && !cluster.where('a').includes(name)) ?? ''
    const others = [...cluster.nodes.keys()].filter((name) => name !== victim)
    for (const node of others) cluster.node(node).alerts.length = 0
    cluster.kill(victim)
    cluster.run()
    cluster.up(victim)
    cluster.run(1000)
    const ofNodes = (node: string) => told(cluster, node).filter((line) => line.startsWith('node'))
    for (const node of others) expect(ofNodes(node)).toEqual([`node ${victim} lost`, `node ${victim} member`])
    // Whom it finds when it starts is no news.
    expect(ofNodes(victim)).toEqual([])
  })

  test('of every fencing, whoever asked for it and whatever became of it', () => {
    const cluster = running()
    const event = {
      operation: 'uuid',
      target: 'n9',
      action: 'off',
      executioner: undefined,
      origin: 'n1',
      client: 'x.1',
    }
    const outcome = { execution: 10, exitStatus: 1, reason: 'No fence device' }
    for (const node of cluster.nodes.keys()) {
      cluster.node(node).alerts.length = 0
      cluster.post(node, { kind: 'fenced', event: { ...event, outcome } })
      cluster.run()
      expect(told(cluster, node)).toEqual([
        'fencing n9 st_notify_fence Operation off of n9 by the cluster for x.1@n1: No fence device (ref=uuid) -19',
      ])
    }
  })
})
