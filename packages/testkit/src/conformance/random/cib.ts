import { Prng } from '@quorate/base'
import { element, type XmlElement } from '@quorate/xml'
import { Chance } from './chance.ts'
import { randomConstraint } from './constraints.ts'
import { randomHistory, randomNowSeconds } from './history.ts'
import { pairs, type RandomResource, randomResource } from './resources.ts'

function options(chance: Chance): XmlElement[] {
  return pairs('cluster_property_set', 'cib-bootstrap-options', {
    'stonith-enabled': chance.maybe(30, ['false', 'true', 'true']),
    'no-quorum-policy': chance.maybe(60, ['ignore', 'freeze', 'stop', 'demote', 'suicide']),
    'symmetric-cluster': chance.maybe(88, ['false']),
    'placement-strategy': chance.maybe(70, ['utilization', 'balanced', 'minimal']),
    'maintenance-mode': chance.maybe(96, ['true']),
    'start-failure-is-fatal': chance.maybe(90, ['false']),
    'stop-all-resources': chance.maybe(98, ['true']),
    'stop-orphan-resources': chance.maybe(93, ['false']),
    'enable-startup-probes': chance.maybe(93, ['false']),
    'startup-fencing': chance.maybe(90, ['false']),
    'concurrent-fencing': chance.maybe(80, ['true']),
    'shutdown-lock': chance.maybe(94, ['true']),
    'node-health-strategy': chance.maybe(94, ['migrate-on-red', 'only-green', 'progressive']),
  })
}

function nodeState(
  chance: Chance,
  uname: string,
  id: string,
  resources: readonly RandomResource[],
  nodes: readonly string[],
): XmlElement {
  const up = chance.yes(85)
  const odd = chance.yes(12)
  const others = nodes.filter((name) => name !== uname)
  const leaves = resources.flatMap((resource) => resource.leaves)
  const histories = leaves.flatMap((leaf) => (chance.yes(60) ? (randomHistory(chance, leaf, uname, others) ?? []) : []))
  if (chance.yes(6)) {
    const stray = randomHistory(
      chance,
      {
        id: 'gone',
        class: 'ocf',
        provider: 'pacemaker',
        type: 'Dummy',
        promotable: false,
        unique: false,
        instances: 0,
        monitors: [],
      },
      uname,
      others,
    )
    if (stray !== undefined) histories.push(stray)
  }
  const failing = leaves.length > 0 && chance.yes(15) ? chance.pick(leaves) : undefined
  const transient = pairs('instance_attributes', `status-${id}`, {
    shutdown: chance.maybe(93, ['1699999990']),
    standby: chance.maybe(95, ['true']),
    maintenance: chance.maybe(97, ['true']),
    '#health-disk': chance.maybe(92, ['red', 'yellow', 'green']),
    ...(failing === undefined
      ? {}
      : {
          [`fail-count-${failing.id}#monitor_10000`]: chance.pick(['1', '3', 'INFINITY']),
          [`last-failure-${failing.id}#monitor_10000`]: String(randomNowSeconds - chance.int(1, 5000)),
        }),
    ...Object.fromEntries(
      leaves
        .filter((leaf) => leaf.promotable && chance.yes(60))
        .map((leaf) => [`master-${leaf.id}`, chance.pick(['1', '5', '10', '100', '-INFINITY'])]),
    ),
  })
  const attributes = {
    id,
    uname,
    in_ccm: odd ? chance.pick(['true', 'false']) : String(up),
    crmd: odd ? chance.pick(['online', 'offline']) : up ? 'online' : 'offline',
    join: odd ? chance.pick(['member', 'pending', 'down', 'banned']) : up ? 'member' : 'down',
    expected: odd ? chance.pick(['member', 'down']) : chance.yes(85) === up ? 'member' : up ? 'member' : 'down',
  }
  return element('node_state', attributes, [
    ...(transient.length === 0 ? [] : [element('transient_attributes', { id }, transient)]),
    element('lrm', { id }, [element('lrm_resources', {}, histories)]),
  ])
}

function fenceDevice(): RandomResource {
  const xml = element('primitive', { id: 'Fencing', class: 'stonith', type: 'fence_dummy' }, [
    element('operations', {}, [element('op', { id: 'Fencing-monitor', name: 'monitor', interval: '60s' })]),
  ])
  const leaf = {
    id: 'Fencing',
    class: 'stonith',
    provider: undefined,
    type: 'fence_dummy',
    promotable: false,
    unique: false,
    instances: 0,
    monitors: [60_000],
  }
  return { id: 'Fencing', xml, leaves: [leaf], promotable: false }
}

/** A small CIB made from a seed: the same one for the same seed. */
export function randomCib(seed: number): XmlElement {
  const chance = new Chance(new Prng(BigInt(seed)))
  const nodes = Array.from({ length: chance.int(1, 4) }, (_, i) => `n${i + 1}`)
  const resources = Array.from({ length: chance.int(1, 5) }, (_, i) => randomResource(chance, `r${i + 1}`))
  if (chance.yes(60)) resources.push(fenceDevice())
  const constraints = Array.from({ length: chance.int(0, 5) }, (_, i) =>
    randomConstraint(chance, `c${i + 1}`, resources, nodes),
  )
  const configuration = element('configuration', {}, [
    element('crm_config', {}, options(chance)),
    element(
      'nodes',
      {},
      nodes.map((uname, i) =>
        element('node', { id: String(i + 1), uname }, [
          ...pairs('instance_attributes', `nodes-${i + 1}`, {
            site: chance.maybe(50, ['1', '2']),
            standby: chance.maybe(95, ['on']),
          }),
          ...pairs('utilization', `nodes-${i + 1}-util`, {
            cpu: chance.maybe(40, ['2', '4', '8']),
            ram: chance.maybe(60, ['2', '4']),
          }),
        ]),
      ),
    ),
    element(
      'resources',
      {},
      resources.map((resource) => resource.xml),
    ),
    element('constraints', {}, constraints),
  ])
  const states = nodes.flatMap((uname, i) =>
    chance.yes(95) ? [nodeState(chance, uname, String(i + 1), resources, nodes)] : [],
  )
  const tickets = element(
    'tickets',
    {},
    ['T1', 'T2'].flatMap((id) =>
      chance.yes(50)
        ? [
            element('ticket_state', {
              id,
              granted: chance.pick(['true', 'false']),
              standby: chance.maybe(80, ['true']),
            }),
          ]
        : [],
    ),
  )
  return element(
    'cib',
    {
      crm_feature_set: '3.16.1',
      'validate-with': 'none',
      epoch: '1',
      num_updates: '0',
      admin_epoch: '0',
      'have-quorum': chance.yes(85) ? '1' : '0',
      'dc-uuid': '1',
      'execution-date': String(randomNowSeconds),
    },
    [configuration, element('status', {}, [tickets, ...states])],
  )
}
