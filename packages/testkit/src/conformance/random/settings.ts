import { attr, child, element, idOf, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { randomNowSeconds } from './history.ts'
import { listLeaves } from './leaf-list.ts'
import { pairs } from './resources.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'

type Values = Readonly<Record<string, string | undefined>>

/** Adds pairs to the first set of that kind, or makes one; names that are there stay. */
export function withPairs(of: XmlElement, kind: string, values: Values): XmlElement {
  const set = child(of, kind)
  const id = set === undefined ? `${idOf(of) || 'all'}-${kind}` : idOf(set)
  const known = new Set((set?.children ?? []).map((pair) => attr(pair, 'name')))
  const fresh = Object.fromEntries(Object.entries(values).filter(([name]) => !known.has(name)))
  const [made] = pairs(kind, id, fresh)
  if (made === undefined) return of
  if (set === undefined) return { ...of, children: [made, ...of.children] }
  const merged = { ...set, children: [...set.children, ...made.children] }
  return { ...of, children: of.children.map((item) => (item === set ? merged : item)) }
}

/** Takes pairs of some names out of all sets of an element. */
export function withoutPairs(of: XmlElement, names: readonly string[]): XmlElement {
  const children = of.children.map((set) => {
    const kept = set.children.filter(
      (pair) => pair.name !== 'nvpair' || !names.includes(attr(pair, 'name') ?? '') || attr(pair, 'id') === undefined,
    )
    return kept.length === set.children.length ? set : { ...set, children: kept }
  })
  return { ...of, children }
}

/** Cluster options beside those that every random cluster may have. */
export function withOptions(chance: Chance, configuration: XmlElement): XmlElement {
  const health = () => chance.maybe(70, ['0', '10', '-10', '-100', 'INFINITY', '-INFINITY', 'red'])
  const values = {
    'stonith-action': chance.maybe(80, ['off', 'reboot', 'poweroff']),
    'stonith-timeout': chance.maybe(90, ['30s', '120']),
    'cluster-delay': chance.maybe(90, ['30s', '90']),
    'batch-limit': chance.maybe(90, ['1', '2', '30']),
    'migration-limit': chance.maybe(90, ['1', '0', '-1']),
    'priority-fencing-delay': chance.maybe(85, ['15s', '0', '1min']),
    'node-health-strategy': chance.maybe(70, ['none', 'migrate-on-red', 'only-green', 'progressive', 'custom']),
    'node-health-base': health(),
    'node-health-green': health(),
    'node-health-yellow': health(),
    'node-health-red': health(),
    'shutdown-lock': chance.maybe(80, ['true', 'false']),
    'shutdown-lock-limit': chance.maybe(70, ['0', '30', '5min', '2h']),
    'stop-orphan-actions': chance.maybe(90, ['false', 'true']),
    'remove-after-stop': chance.maybe(95, ['true']),
    'startup-fencing': chance.maybe(90, ['false']),
    'maintenance-mode': chance.maybe(95, ['true']),
    'cluster-name': chance.maybe(90, ['one']),
    'no-quorum-policy': chance.maybe(50, ['demote', 'suicide', 'freeze', 'ignore', 'stop', 'nonsense']),
    'have-watchdog': chance.maybe(85, ['true']),
    'stonith-watchdog-timeout': chance.maybe(90, ['10s', '0', '-1']),
  }
  const defaults = {
    'resource-stickiness': chance.maybe(60, ['1', '100', '-1', 'INFINITY']),
    'migration-threshold': chance.maybe(75, ['1', '3']),
    'failure-timeout': chance.maybe(75, ['30s', '1h']),
    'is-managed': chance.maybe(95, ['false']),
    priority: chance.maybe(90, ['3']),
    'target-role': chance.maybe(95, ['Stopped', 'Started']),
    'allow-migrate': chance.maybe(90, ['true']),
    requires: chance.maybe(92, ['quorum', 'nothing', 'fencing']),
  }
  const operationDefaults = {
    timeout: chance.maybe(60, ['40s', '1min', '5000ms']),
    'on-fail': chance.maybe(80, ['block', 'stop', 'ignore', 'restart', 'standby', 'fence']),
    'record-pending': chance.maybe(70, ['true', 'false']),
    'start-delay': chance.maybe(93, ['5s']),
  }
  const more = [
    ...(chance.yes(35) ? [element('rsc_defaults', {}, pairs('meta_attributes', 'rsc-defaults', defaults))] : []),
    ...(chance.yes(35) ? [element('op_defaults', {}, pairs('meta_attributes', 'op-defaults', operationDefaults))] : []),
  ]
  const now = replaceChild(configuration, 'crm_config', (item) => withPairs(item, 'cluster_property_set', values))
  return { ...now, children: [...now.children, ...more] }
}

const anyFail = ['ignore', 'block', 'stop', 'restart', 'standby', 'fence', 'demote', 'restart-container', 'nonsense']

function withOperationSettings(chance: Chance, operation: XmlElement): XmlElement {
  const values: Values = {
    'on-fail': chance.maybe(70, anyFail),
    timeout: chance.maybe(75, ['10s', '90', '2min', 'nonsense']),
    enabled: chance.maybe(93, ['false', 'true']),
    'record-pending': chance.maybe(80, ['true', 'false']),
    'start-delay': chance.maybe(95, ['3s']),
    'interval-origin': chance.maybe(96, ['2023-11-14 22:00:03Z']),
    requires: chance.maybe(95, ['nothing', 'fencing']),
    role_after_failure: chance.maybe(98, ['Stopped']),
  }
  const known = new Set(operation.attributes.filter((_, i) => i % 2 === 0))
  const fresh = Object.entries(values).flatMap(([name, value]) =>
    value === undefined || known.has(name) ? [] : [name, value],
  )
  return { ...operation, attributes: [...operation.attributes, ...fresh] }
}

function extraOperations(chance: Chance, primitive: XmlElement): XmlElement {
  const id = idOf(primitive)
  const op = (name: string, interval: string, more: Values = {}): XmlElement =>
    element('op', { id: `${id}-more-${name}-${interval}`, name, interval, ...more })
  const made = [
    ...(chance.yes(25) ? [op('migrate_to', '0', { 'on-fail': chance.maybe(40, anyFail) })] : []),
    ...(chance.yes(25) ? [op('migrate_from', '0', { 'on-fail': chance.maybe(40, anyFail) })] : []),
    ...(chance.yes(15) ? [op('demote', '0', { 'on-fail': chance.maybe(40, anyFail) })] : []),
    ...(chance.yes(15)
      ? [op('stop', '0', { 'on-fail': chance.maybe(20, anyFail), timeout: chance.maybe(50, ['7s']) })]
      : []),
    ...(chance.yes(10) ? [op('monitor', '20s', { role: chance.maybe(40, ['Stopped', 'Started', 'Promoted']) })] : []),
    ...(chance.yes(6) ? [op('monitor', '0', { timeout: '33s', 'on-fail': chance.maybe(60, anyFail) })] : []),
    ...(chance.yes(6) ? [op('notify', '0', { timeout: '44s' })] : []),
  ]
  const operations = child(primitive, 'operations')
  if (operations === undefined) {
    return made.length === 0
      ? primitive
      : { ...primitive, children: [...primitive.children, element('operations', {}, made)] }
  }
  const merged = { ...operations, children: [...operations.children, ...made] }
  return { ...primitive, children: primitive.children.map((item) => (item === operations ? merged : item)) }
}

function metaFor(chance: Chance, item: XmlElement): Values {
  const common = {
    priority: chance.maybe(85, ['1', '7', '100', 'INFINITY', '-5']),
    'resource-stickiness': chance.maybe(80, ['1', '50', '-1', 'INFINITY', '-INFINITY']),
    'migration-threshold': chance.maybe(85, ['1', '2', '5', 'INFINITY', '-1']),
    'failure-timeout': chance.maybe(80, ['60', '20min', '1h', '0']),
    'is-managed': chance.maybe(92, ['false', 'true']),
    maintenance: chance.maybe(95, ['true', 'false']),
    'target-role': chance.maybe(88, ['Started', 'Stopped', 'Unpromoted', 'Promoted', 'Master', 'Slave', 'nonsense']),
    'allow-migrate': chance.maybe(60, ['true', 'true', 'false']),
    'multiple-active': chance.maybe(75, ['stop_start', 'block', 'stop_only', 'stop_unexpected', 'nonsense']),
    requires: chance.maybe(85, ['nothing', 'quorum', 'fencing', 'unfencing']),
    critical: chance.maybe(90, ['false']),
    'allow-unhealthy-nodes': chance.maybe(93, ['true']),
  }
  if (item.name !== 'clone') return common
  return {
    ...common,
    'clone-max': chance.maybe(60, ['0', '1', '2', '3', '5']),
    'clone-min': chance.maybe(75, ['1', '2', '3']),
    interleave: chance.maybe(50, ['true', 'false']),
    ordered: chance.maybe(60, ['true']),
    notify: chance.maybe(50, ['true']),
    'promoted-max': chance.maybe(60, ['0', '1', '2', '3']),
    'promoted-node-max': chance.maybe(85, ['1', '2']),
    'clone-node-max': chance.maybe(85, ['1', '2', '3']),
  }
}

/** Meta attributes and operations of primitives, groups and clones beside those that every random resource may have. */
export function withMeta(chance: Chance, configuration: XmlElement): XmlElement {
  const collective = new Set(['primitive', 'group', 'clone'])
  return replaceChild(configuration, 'resources', (resources) =>
    rewriteBelow(resources, (item) => {
      if (item.name === 'op') return [withOperationSettings(chance, item)]
      if (!collective.has(item.name) || attr(item, 'type') === 'remote' || !chance.yes(45)) return [item]
      const grown =
        item.name === 'primitive' && attr(item, 'class') !== 'stonith' ? extraOperations(chance, item) : item
      return [withPairs(grown, 'meta_attributes', metaFor(chance, item))]
    }),
  )
}

/** Attributes of nodes, and what the status section says of them, in more of their states. */
export function withNodeStates(chance: Chance, cib: XmlElement): XmlElement {
  const configuration = child(cib, 'configuration')
  const leaves = configuration === undefined ? [] : listLeaves(configuration)
  const nodeAttributes = (): Values => ({
    maintenance: chance.maybe(90, ['true', 'false']),
    standby: chance.maybe(90, ['true', 'off', 'on']),
    'site-name': chance.maybe(95, ['here']),
    '#health-cpu': chance.maybe(90, ['red', 'yellow', 'green', '5', '-20']),
    rack: chance.maybe(60, ['1', '2']),
    terminate: chance.maybe(97, ['true', '1']),
    priority: chance.maybe(95, ['5']),
  })
  const counts = (): Values =>
    Object.fromEntries(
      leaves
        .filter(() => chance.yes(20))
        .flatMap((leaf) => {
          const task = chance.pick(['monitor_10000', 'monitor_0', 'start_0', 'stop_0', 'promote_0', 'migrate_to_0'])
          const name = chance.yes(80) ? leaf.id.replace(/:.*/, '') : leaf.id
          return [
            [`fail-count-${name}#${task}`, chance.pick(['1', '2', '5', 'INFINITY', '0'])],
            [
              `last-failure-${name}#${task}`,
              chance.maybe(10, [String(randomNowSeconds - chance.pick([5, 50, 500, 5000]))]),
            ],
          ]
        }),
    )
  const transient = (): Values => ({
    shutdown: chance.maybe(88, ['1699999990', '0', '1']),
    standby: chance.maybe(93, ['true', 'false']),
    maintenance: chance.maybe(94, ['true']),
    terminate: chance.maybe(95, ['true', '1']),
    probe_complete: chance.maybe(93, ['true', 'false']),
    '#health-ram': chance.maybe(90, ['red', 'yellow', 'green', '-30']),
    '#node-unfenced': chance.maybe(80, ['1699999000', '0']),
    ...Object.fromEntries(
      leaves
        .filter((leaf) => leaf.promotable)
        .map((leaf) => [`master-${leaf.id}`, chance.maybe(40, ['0', '7', '1000', 'INFINITY', '-5'])]),
    ),
    ...counts(),
  })
  const withNodes = replaceChild(cib, 'configuration', (item) =>
    replaceChild(item, 'nodes', (nodes) => ({
      ...nodes,
      children: nodes.children.map((node) =>
        attr(node, 'type') === 'remote'
          ? node
          : withPairs(withScore(chance, node), 'instance_attributes', nodeAttributes()),
      ),
    })),
  )
  return replaceChild(withNodes, 'status', (status) => ({
    ...status,
    children: status.children.map((state) => {
      if (state.name !== 'node_state' || attr(state, 'remote_node') !== undefined) return state
      const attributes = child(state, 'transient_attributes') ?? element('transient_attributes', { id: idOf(state) })
      const full = withPairs(attributes, 'instance_attributes', transient())
      const rest = state.children.filter((item) => item.name !== 'transient_attributes')
      return withPresence(chance, { ...state, children: [full, ...rest] })
    }),
  }))
}

function withScore(chance: Chance, node: XmlElement): XmlElement {
  const more = {
    score: chance.maybe(92, ['10', '-10', '-INFINITY']),
    type: chance.maybe(95, ['member', 'normal', 'ping']),
  }
  const fresh = Object.entries(more).flatMap(([name, value]) => (value === undefined ? [] : [name, value]))
  return { ...node, attributes: [...node.attributes, ...fresh] }
}

/** Now and then other words for what a node is doing, some of them in the spelling of newer versions. */
function withPresence(chance: Chance, state: XmlElement): XmlElement {
  if (!chance.yes(25)) return state
  const values: Readonly<Record<string, string>> = {
    in_ccm: chance.pick(['true', 'false', '1', '0']),
    crmd: chance.pick(['online', 'offline']),
    join: chance.pick(['member', 'pending', 'down', 'banned']),
    expected: chance.pick(['member', 'down', 'pending', 'banned']),
  }
  const flat = state.attributes.map((text, i) => (i % 2 === 0 ? text : (values[state.attributes[i - 1] ?? ''] ?? text)))
  return { ...state, attributes: flat }
}
