import { monoMs } from '@quorate/base'
import { element, type XmlElement } from '@quorate/xml'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unpackGraph } from '../transition/graph.ts'
import { newTransition, stepTransition } from '../transition/transition.ts'
import { parseTransitionKey, parseTransitionMagic } from '../transition/transition-key.ts'
import { stepController } from './controller.ts'
import { ControllerCluster } from './controller-cluster.ts'

const tasks = [
  'vote',
  'no-vote',
  'join_announce',
  'join_offer',
  'join_request',
  'join_ack_nack',
  'join_confirm',
  'throttle',
  'ping',
  'lrm_invoke',
  'lrm_delete',
  'lrm_fail',
  'lrm_refresh',
  'reprobe',
  'noop',
  'hello',
  'nonsense',
] as const
const words = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '1',
    '-1',
    '2',
    '999999999999',
    'n1',
    'n2',
    'nobody',
    'INFINITY',
    'true',
    '3.16.1',
    '../x',
    'ocf',
    'test',
    'start',
    'stop',
    'monitor',
    'cancel',
    'delete',
  ),
  fc.constantFrom(
    '1:2:0:0cd2311d-d03f-4b5a-ac05-97e34ecfef79',
    '0:0;1:0:0:00000001-0000-0000-0000-000000000000',
    '::;',
  ),
  fc.string({ maxLength: 12 }),
)
const names = [
  'id',
  'uname',
  'operation',
  'operation_key',
  'transition-key',
  'transition-magic',
  'interval',
  'class',
  'type',
  'provider',
  'join_id',
  'election-owner',
  'election-id',
  'crm_feature_set',
  'crm-limit-mode',
  'crm-limit-max',
  'join_ack_nack',
  'rc-code',
  'op-status',
  'call-id',
  'on_node',
  'epoch',
  'CRM_meta_interval',
  'CRM_meta_timeout',
] as const
const attributes = fc.dictionary(fc.constantFrom(...names), words, { maxKeys: 8 })
const elements = fc.constantFrom(
  'rsc_op',
  'primitive',
  'attributes',
  'node_state',
  'lrm',
  'lrm_resources',
  'lrm_resource',
  'lrm_rsc_op',
  'generation_tuple',
  'transition_graph',
  'synapse',
  'action_set',
  'inputs',
  'trigger',
  'pseudo_event',
  'crm_event',
)
const { tree } = fc.letrec<{ tree: XmlElement }>((tie) => ({
  tree: fc
    .tuple(
      elements,
      attributes,
      fc.oneof({ depthSize: 'small' }, fc.constant([]), fc.array(tie('tree'), { maxLength: 3 })),
    )
    .map(([name, values, children]) => element(name, values, children)),
}))
const message = fc
  .tuple(
    fc.constantFrom(...tasks),
    fc.constantFrom('crmd', 'dc', 'lrmd', 'tengine'),
    fc.constantFrom('crmd', 'dc', 'tengine', 'client-7'),
    attributes,
    fc.option(tree),
  )
  .map(([task, to, from, values, payload]) =>
    element(
      'create_request_adv',
      { crm_task: task, crm_sys_to: to, crm_sys_from: from, reference: 'r', ...values },
      payload === null ? [] : [element('crm_xml', {}, [payload])],
    ),
  )

const node = fc.constantFrom('n1', 'n2')

test('no message of a peer breaks a controller, and the cluster comes back to rest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(node, fc.oneof(node, fc.constant('stranger')), message), { maxLength: 25 }),
      (sent) => {
        const cluster = new ControllerCluster(['n1', 'n2'])
        cluster.up('n1', 'n2')
        cluster.run()
        for (const [to, from, xml] of sent) {
          cluster.post(to, { kind: 'message', from, xml, cpu: { ageS: 0, ageUs: 1 } })
        }
        cluster.run(400_000)
        for (const name of ['n1', 'n2']) if (!cluster.node(name).isUp) cluster.boot(name)
        cluster.run(400_000)
        expect(cluster.dcs).toHaveLength(1)
        expect([...cluster.phases()].sort()).toEqual(['S_IDLE', 'S_NOT_DC'])
        for (const name of ['n1', 'n2']) expect([cluster.node(name).controller.dc]).toEqual(cluster.dcs)
      },
    ),
    { numRuns: 60 },
  )
})

test('an offer of what cannot be the DC is discarded, and the node goes on following the one it has', () => {
  const cluster = new ControllerCluster(['n1', 'n2'])
  cluster.up('n1', 'n2')
  cluster.run()
  const [dc] = cluster.dcs
  const other = dc === 'n1' ? 'n2' : 'n1'
  const offers = [
    { from: other, speaks: 'dc' },
    { from: 'stranger', speaks: 'dc' },
    { from: dc as string, speaks: 'crmd' },
  ]
  for (const { from, speaks } of offers) {
    const xml = element('m', { crm_task: 'join_offer', crm_sys_to: 'crmd', crm_sys_from: speaks, join_id: '1' })
    cluster.post(other, { kind: 'message', from, xml, cpu: { ageS: 0, ageUs: 1 } })
    cluster.run()
    const { phase, dc: followed } = cluster.node(other).controller
    expect([from, phase, followed]).toEqual([from, 'S_NOT_DC', dc])
  }
})

test('a DC that offers to let a node in and never does is not waited for without end', () => {
  const cluster = new ControllerCluster(['n1', 'n2'])
  cluster.up('n1')
  // There, and silent: it has no controller at work that could lead.
  cluster.node('n2').isUp = true
  cluster.side.set('n2', 0)
  cluster.viewChanged()
  const offer = { crm_task: 'join_offer', crm_sys_to: 'crmd', crm_sys_from: 'dc', join_id: '1' }
  const xml = element('m', { ...offer, crm_feature_set: '3.16.1' })
  cluster.post('n1', { kind: 'message', from: 'n2', xml, cpu: { ageS: 0, ageUs: 1 } })
  cluster.run(1_000)
  expect(cluster.node('n1').controller.dc).toBe('n2')
  cluster.run(45 * 60_000)
  expect(cluster.dcs).toEqual(['n1'])
})

test('an order that its user may not give is answered where clients wait, and carried out nowhere', () => {
  const cluster = new ControllerCluster(['n1'])
  cluster.up('n1')
  cluster.run()
  const { controller } = cluster.node('n1')
  const now = { monoMs: monoMs(1), epochS: 1 }
  const asked = (task: string) => {
    const primitive = element('primitive', { id: 'd', class: 'ocf', provider: 'q', type: 'd' })
    const payload = element('crm_xml', {}, [
      element('rsc_op', { on_node: 'n1', 'transition-key': '1:0:0:x' }, [primitive]),
    ])
    const xml = element('m', { crm_task: task, crm_sys_to: 'crmd', crm_sys_from: 'client-7', crm_user: 'ann' }, [
      payload,
    ])
    const event = { kind: 'message', from: 'n1', xml, cpu: { ageS: 0, ageUs: 1 }, isDenied: true } as const
    return stepController(controller, event, now).flatMap((effect) =>
      effect.do === 'log' ? [] : [JSON.stringify(effect)],
    )
  }
  for (const task of ['lrm_delete', 'lrm_fail']) {
    const effects = asked(task)
    expect(effects).toHaveLength(1)
    expect(effects[0]).toContain('"rc-code","4"')
  }
  for (const task of ['reprobe', 'lrm_refresh', 'do_shutdown', 'vote']) expect([task, asked(task)]).toEqual([task, []])
})

test('no graph breaks the transition engine: it is refused, or it ends', () => {
  fc.assert(
    fc.property(tree, (xml) => {
      const graph = unpackGraph(element('transition_graph', {}, [xml]))
      const whole = unpackGraph({ ...xml, name: 'transition_graph' })
      for (const read of [graph, whole]) {
        if (!read.ok) continue
        const run = newTransition(read.value)
        const open = [...stepTransition(run, { kind: 'run' })]
        for (let effect = open.shift(); effect !== undefined; effect = open.shift()) {
          if (effect.do !== 'execute') continue
          open.push(...stepTransition(run, { kind: 'confirmed', action: effect.action.id, isFailed: false }))
        }
        expect(run.isFinished).toBe(true)
      }
    }),
    { numRuns: 2_000 },
  )
})

test('no text breaks the reading of keys', () => {
  fc.assert(
    fc.property(words, (text) => {
      parseTransitionKey(text)
      parseTransitionMagic(text)
    }),
  )
})
