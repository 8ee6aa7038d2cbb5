import { attr, child, element, withAttributes, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'
import { withPairs } from './settings.ts'

const scores = [
  '+5',
  '-7',
  '1e3',
  '-',
  '',
  'INFINITY ',
  ' 5',
  '+INFINITY',
  '1000001',
  '-2000000',
  '99999999999',
  '3x',
  'red',
]
const booleans = ['True', 'YES', 'on', '1', 'y', 'n', '0', 'off', 'No', 'maybe', '', '2', ' true']
const durations = [
  '10',
  '10s',
  '10S',
  '2min',
  '2m',
  '1h',
  'PT5S',
  'P1D',
  '500ms',
  '500 ms',
  '7us',
  '-5',
  '',
  'soon',
  '1.5s',
  '0x10',
]
const counts = ['0', '1', '-1', '+2', '3', '2.5', 'INFINITY', '', 'two', '2000000']

/** Values that names of cluster options, meta-attributes and attributes of operations may have, valid and not. */
const optionValues: Readonly<Record<string, readonly string[]>> = {
  'stonith-enabled': booleans,
  'no-quorum-policy': ['Freeze', 'STOP', 'suicide', 'demote', 'ignore', 'nonsense', ''],
  'symmetric-cluster': booleans,
  'placement-strategy': ['default', 'Utilization', 'MINIMAL', 'balanced', 'nonsense', ''],
  'stonith-action': ['Off', 'reboot', 'REBOOT', 'on', 'poweroff', 'nonsense', ''],
  'stonith-timeout': durations,
  'cluster-delay': durations,
  'batch-limit': counts,
  'migration-limit': counts,
  'maintenance-mode': booleans,
  'start-failure-is-fatal': booleans,
  'enable-startup-probes': booleans,
  'startup-fencing': booleans,
  'concurrent-fencing': booleans,
  'stop-all-resources': booleans,
  'stop-orphan-resources': booleans,
  'stop-orphan-actions': booleans,
  'remove-after-stop': booleans,
  'priority-fencing-delay': durations,
  'node-health-strategy': ['None', 'Migrate-On-Red', 'only-green', 'progressive', 'custom', 'nonsense', ''],
  'node-health-base': scores,
  'node-health-red': scores,
  'node-health-yellow': scores,
  'node-health-green': scores,
  'shutdown-lock': booleans,
  'shutdown-lock-limit': durations,
  'stonith-watchdog-timeout': durations,
  'have-watchdog': booleans,
  'node-pending-timeout': durations,
  'node-action-limit': counts,
  'cluster-recheck-interval': durations,
  'stonith-max-attempts': counts,
}

const metaValues: Readonly<Record<string, readonly string[]>> = {
  priority: scores,
  'resource-stickiness': scores,
  'migration-threshold': counts,
  'failure-timeout': durations,
  'is-managed': booleans,
  maintenance: booleans,
  'target-role': [
    'started',
    'STOPPED',
    'Master',
    'slave',
    'promoted',
    'Unknown',
    'Migrated',
    'nonsense',
    '',
    '#default',
  ],
  'allow-migrate': booleans,
  'multiple-active': ['STOP_ONLY', 'block', 'stop_unexpected', 'stop_start', 'nonsense', '', 'default'],
  requires: ['Quorum', 'nothing', 'FENCING', 'unfencing', 'nonsense', '', 'default'],
  'restart-type': ['restart', 'Restart', 'ignore', 'nonsense', ''],
  critical: booleans,
  'allow-unhealthy-nodes': booleans,
  'remote-node': ['', 'other'],
  'resource-failure-stickiness': scores,
  ordered: booleans,
  collocated: booleans,
  'failure-recovery': ['nonsense'],
  isolation: ['docker'],
  'container-attribute-target': ['HOST', 'host', 'container', ''],
}

const operationValues: Readonly<Record<string, readonly string[]>> = {
  'on-fail': ['Ignore', 'BLOCK', 'stop', 'restart', 'migrate', 'standby', 'fence', 'demote', 'nothing', 'nonsense', ''],
  timeout: durations,
  'start-delay': durations,
  enabled: booleans,
  'record-pending': booleans,
  requires: ['nothing', 'Quorum', 'fencing', 'nonsense', ''],
  role: ['started', 'Stopped', 'promoted', 'nonsense', ''],
  interval: durations,
  'interval-origin': ['2023-11-14T22:00:03Z', 'nonsense', ''],
}

const nodeValues: Readonly<Record<string, readonly string[]>> = {
  standby: booleans,
  maintenance: booleans,
  '#health-odd': scores,
  'resource-discovery-enabled': booleans,
  'site-name': ['', 'x y'],
}

function picked(
  chance: Chance,
  of: Readonly<Record<string, readonly string[]>>,
  max: number,
): Readonly<Record<string, string>> {
  const names = Object.keys(of)
  const chosen = Array.from({ length: chance.int(1, max) }, () => chance.pick(names))
  return Object.fromEntries(chosen.map((name) => [name, chance.pick(of[name] ?? [''])]))
}

/** Puts other values into pairs that are there. */
function replaced(chance: Chance, of: XmlElement, values: Readonly<Record<string, readonly string[]>>): XmlElement {
  return rewriteBelow(of, (pair) => {
    const known = pair.name === 'nvpair' ? values[attr(pair, 'name') ?? ''] : undefined
    return [known !== undefined && chance.yes(30) ? withAttributes(pair, { value: chance.pick(known) }) : pair]
  })
}

const resourceNames = new Set(['primitive', 'group', 'clone', 'bundle', 'master'])

function oddResources(chance: Chance, resources: XmlElement): XmlElement {
  return rewriteBelow(resources, (item) => {
    if (item.name === 'op') {
      if (!chance.yes(35)) return [item]
      // Attributes of operations are enumerations in the schema, their meta-attributes are free text.
      return [withPairs(item, 'meta_attributes', picked(chance, operationValues, 2))]
    }
    if (!resourceNames.has(item.name) || !chance.yes(40)) return [item]
    const changed = replaced(chance, item, metaValues)
    return [withPairs(changed, 'meta_attributes', picked(chance, metaValues, 3))]
  })
}

/** Gives options, meta-attributes and attributes of nodes values of every spelling, and values that they cannot have. */
export function withValues(chance: Chance, configuration: XmlElement): XmlElement {
  const options = replaceChild(configuration, 'crm_config', (item) => {
    const changed = replaced(chance, item, optionValues)
    return chance.yes(60) ? withPairs(changed, 'cluster_property_set', picked(chance, optionValues, 4)) : changed
  })
  const resources = replaceChild(options, 'resources', (item) => oddResources(chance, item))
  const nodes = replaceChild(resources, 'nodes', (list) => ({
    ...list,
    children: list.children.map((node) =>
      chance.yes(30) ? withPairs(node, 'instance_attributes', picked(chance, nodeValues, 2)) : node,
    ),
  }))
  if (!chance.yes(25)) return nodes
  const name = chance.yes(50) ? 'rsc_defaults' : 'op_defaults'
  const values = picked(chance, name === 'rsc_defaults' ? metaValues : operationValues, 3)
  if (child(nodes, name) !== undefined) {
    return replaceChild(nodes, name, (item) => withPairs(item, 'meta_attributes', values))
  }
  return { ...nodes, children: [...nodes.children, withPairs(element(name), 'meta_attributes', values)] }
}
