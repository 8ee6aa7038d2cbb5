import { attr, child, descendants, element, type XmlElement } from '@quorate/xml'
import { describe, expect, test } from 'vitest'
import { mergeDepthMax } from './assign/merge.ts'
import { schedule } from './schedule.ts'
import { replicasLimit } from './unpack/bundle.ts'
import { cloneMaxLimit, spareInstancesMax } from './unpack/collective.ts'

const nowSeconds = 1_700_000_000

type Parts = {
  readonly nodes?: readonly string[]
  readonly resources?: readonly XmlElement[]
  readonly constraints?: readonly XmlElement[]
  readonly options?: Readonly<Record<string, string>>
}

function pairs(kind: string, id: string, values: Readonly<Record<string, string>>): XmlElement {
  return element(
    kind,
    { id },
    Object.entries(values).map(([name, value]) => element('nvpair', { id: `${id}-${name}`, name, value })),
  )
}

/** A cluster of online nodes with quorum and without fencing. */
function cib({ nodes = ['n1', 'n2'], resources = [], constraints = [], options = {} }: Parts): XmlElement {
  const config = pairs('cluster_property_set', 'cib-bootstrap-options', {
    'stonith-enabled': 'false',
    'enable-startup-probes': 'false',
    ...options,
  })
  return element('cib', { 'have-quorum': 'true', crm_feature_set: '3.16.1', 'dc-uuid': '1' }, [
    element('configuration', {}, [
      element('crm_config', {}, [config]),
      element(
        'nodes',
        {},
        nodes.map((uname, i) => element('node', { id: String(i + 1), uname })),
      ),
      element('resources', {}, resources),
      element('constraints', {}, constraints),
    ]),
    element(
      'status',
      {},
      nodes.map((uname, i) =>
        element('node_state', {
          id: String(i + 1),
          uname,
          in_ccm: 'true',
          crmd: 'online',
          join: 'member',
          expected: 'member',
        }),
      ),
    ),
  ])
}

function primitive(id: string, attributes: Readonly<Record<string, string>> = {}): XmlElement {
  return element('primitive', { id, class: 'ocf', provider: 'pacemaker', type: 'Dummy', ...attributes })
}

function order(id: string, first: string, second: string): XmlElement {
  return element(
    'rsc_order',
    Object.fromEntries([
      ['id', id],
      ['first', first],
      ['then', second],
    ]),
  )
}

/** Operations of the graph as `operation_key on node`, in the order of the synapses. */
function operations(graph: XmlElement): string[] {
  return [...descendants(graph)]
    .filter((item) => item.name === 'action_set')
    .flatMap((set) => set.children)
    .map((action) => [attr(action, 'operation_key'), attr(action, 'on_node')].filter(Boolean).join(' on '))
}

describe('one resource', () => {
  test('starts where a location constraint prefers it', () => {
    const prefers = element('rsc_location', { id: 'l', rsc: 'a', node: 'n2', score: '10' })
    const { graph, status } = schedule(cib({ resources: [primitive('a')], constraints: [prefers] }), { nowSeconds })
    expect(operations(graph)).toEqual(['a_start_0 on n2'])
    expect(status.resourceById.get('a')?.assigned?.uname).toBe('n2')
  })

  test('stays stopped without quorum', () => {
    const document = cib({ resources: [primitive('a')] })
    const { graph } = schedule({ ...document, attributes: ['have-quorum', 'false'] }, { nowSeconds })
    expect(operations(graph)).toEqual([])
  })

  test('is probed everywhere first where probes are on', () => {
    const document = cib({ resources: [primitive('a')], options: { 'enable-startup-probes': 'true' } })
    const { graph } = schedule(document, { nowSeconds })
    expect(operations(graph).sort()).toEqual(['a_monitor_0 on n1', 'a_monitor_0 on n2', 'a_start_0 on n1'])
    const start = [...descendants(graph)].find((item) => attr(item, 'operation_key') === 'a_start_0')
    expect(start).toBeDefined()
  })
})

describe('loops end in a decision', () => {
  const three = ['a', 'b', 'c'].map((id) => primitive(id))

  test('of colocations', () => {
    const constraints = [
      element('rsc_colocation', { id: 'ab', rsc: 'a', 'with-rsc': 'b', score: 'INFINITY' }),
      element('rsc_colocation', { id: 'bc', rsc: 'b', 'with-rsc': 'c', score: 'INFINITY' }),
      element('rsc_colocation', { id: 'ca', rsc: 'c', 'with-rsc': 'a', score: 'INFINITY' }),
    ]
    const { status } = schedule(cib({ resources: three, constraints }), { nowSeconds })
    expect(status.resourceById.get('a')?.assigned).toBeDefined()
  })

  test('of orders', () => {
    const constraints = [order('ab', 'a', 'b'), order('bc', 'b', 'c'), order('ca', 'c', 'a')]
    expect(operations(schedule(cib({ resources: three, constraints }), { nowSeconds }).graph)).toHaveLength(3)
  })

  test('of a template with itself, which is an error that names it', () => {
    const resources = [element('primitive', { id: 'a', template: 'a' }), primitive('b')]
    const { graph, log } = schedule(cib({ resources }), { nowSeconds })
    expect(operations(graph)).toEqual(['b_start_0 on n1'])
    expect(log.map((line) => line.text)).toContain("The resource object 'a' should not reference itself")
  })

  test('of rules that refer to each other', () => {
    const rule = (id: string, other: string) =>
      element('rule', { id, score: '5' }, [element('rule', { 'id-ref': other })])
    const location = element('rsc_location', { id: 'l', rsc: 'a' }, [rule('r1', 'r2'), rule('r2', 'r1')])
    const { graph } = schedule(cib({ resources: [primitive('a')], constraints: [location] }), { nowSeconds })
    expect(operations(graph)).toEqual(['a_start_0 on n1'])
  })
})

describe('more instances than are supported are cut, with a message', () => {
  const many = '1000000'
  const told = (text: string): unknown => expect.objectContaining({ kind: 'error', text, isAlwaysTold: true })

  test('of a clone: to what the nodes have room for, and some', () => {
    const clone = element('clone', { id: 'c' }, [pairs('meta_attributes', 'm', { 'clone-max': many }), primitive('a')])
    const { status, graph, log } = schedule(cib({ resources: [clone] }), { nowSeconds })
    const limit = 2 + spareInstancesMax
    expect(status.resourceById.get('c')?.children).toHaveLength(limit)
    expect(operations(graph).filter((key) => key.startsWith('a'))).toHaveLength(2)
    expect(log).toContainEqual(
      told(`Using ${limit} instead of ${many} as clone-max of c: more instances are not supported`),
    )
  })

  test('of a clone whose nodes may run any number', () => {
    const meta = pairs('meta_attributes', 'm', { 'clone-max': many, 'clone-node-max': many, 'globally-unique': 'true' })
    const { status } = schedule(cib({ resources: [element('clone', { id: 'c' }, [meta, primitive('a')])] }), {
      nowSeconds,
    })
    expect(status.resourceById.get('c')?.children).toHaveLength(cloneMaxLimit)
  })

  test('of a clone, but none of some that merely have no room', () => {
    const meta = pairs('meta_attributes', 'm', { 'clone-max': '400', 'globally-unique': 'true' })
    const { status } = schedule(cib({ resources: [element('clone', { id: 'c' }, [meta, primitive('a')])] }), {
      nowSeconds,
    })
    expect(status.resourceById.get('c')?.children).toHaveLength(400)
  })

  test('of a bundle', () => {
    const bundle = element('bundle', { id: 'b' }, [element('docker', { image: 'i', replicas: many })])
    const { status, log } = schedule(cib({ resources: [bundle] }), { nowSeconds })
    expect(status.resourceById.get('b')?.bundle?.replicas).toHaveLength(replicasLimit)
    expect(log).toContainEqual(told(`Using ${replicasLimit} instead of ${many} replicas of b: more are not supported`))
  })
})

describe('long chains', () => {
  const length = 10_000

  test('of ten thousand orders are followed to their end', () => {
    const ids = Array.from({ length }, (_, i) => `r${i}`)
    const constraints = ids.slice(1).map((id, i) => order(`o${i}`, `r${i}`, id))
    const document = cib({ nodes: ['n1'], resources: ids.map((id) => primitive(id)), constraints })
    const { graph } = schedule(document, { nowSeconds })
    expect(operations(graph)).toHaveLength(length)
    const last = [...descendants(graph)].find(
      (item) =>
        item.name === 'synapse' && JSON.stringify(child(item, 'action_set')).includes(`"r${length - 1}_start_0"`),
    )
    expect(last === undefined ? 0 : (child(last, 'inputs')?.children.length ?? 0)).toBeGreaterThan(0)
  }, 30_000)

  test('of more colocations than preferences are followed along still end in one place', () => {
    const length = mergeDepthMax + 100
    const ids = Array.from({ length }, (_, i) => `r${i}`)
    const constraints = ids
      .slice(1)
      .map((id, i) => element('rsc_colocation', { id: `c${i}`, rsc: `r${i}`, 'with-rsc': id, score: 'INFINITY' }))
    const document = cib({ nodes: ['n1', 'n2'], resources: ids.map((id) => primitive(id)), constraints })
    const { status } = schedule(document, { nowSeconds })
    expect(new Set(status.resources.map((item) => item.assigned?.uname))).toEqual(new Set(['n1']))
  }, 30_000)
})
