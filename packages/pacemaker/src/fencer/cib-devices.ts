import {
  type Cluster,
  type ClusterNode,
  isDisabled,
  locate,
  parametersOf,
  type Resource,
  unpackStatus,
} from '@quorate/scheduler'
import { attr, child, childrenNamed, descendants, type XmlElement } from '@quorate/xml'
import type { DeviceSpec } from './device.ts'
import { type Level, readLevel } from './topology.ts'

/** Elements of the configuration of which any may change which devices a node has. */
const decisive = ['resources', 'constraints', 'rsc_defaults', 'nodes', 'crm_config', 'fencing-topology', 'tags']

/** Whether a change of the CIB may change a node's devices or levels. Parts that did not change are the same objects. */
export function mayChangeDevices(before: XmlElement, after: XmlElement): boolean {
  const old = child(before, 'configuration')
  const configuration = child(after, 'configuration')
  if (old === configuration) return false
  if (old === undefined || configuration === undefined) return true
  return decisive.some((name) => child(old, name) !== child(configuration, name))
}

/**
 * Devices that a CIB wants on a node (behaviour/pacemaker-daemons.md 4.1): fence devices that are not disabled and may run
 * there, wherever the cluster has them monitored.
 */
export function devicesFor(cib: XmlElement, nodeName: string, nowSeconds: number): readonly DeviceSpec[] {
  if (!hasFenceDevice(cib)) return []
  const cluster = unpackStatus(cib, { nowSeconds })
  const node = cluster.nodes.find((item) => item.uname.toLowerCase() === nodeName.toLowerCase())
  if (node === undefined) return []
  locate(cluster)
  const found = new Map<string, DeviceSpec>()
  for (const resource of cluster.resources) collect(cluster, resource, node, found)
  return [...found.values()]
}

function hasFenceDevice(cib: XmlElement): boolean {
  const configuration = child(cib, 'configuration')
  const resources = configuration === undefined ? undefined : child(configuration, 'resources')
  if (resources === undefined) return false
  for (const item of descendants(resources)) if (attr(item, 'class') === 'stonith') return true
  return false
}

function collect(cluster: Cluster, resource: Resource, node: ClusterNode, found: Map<string, DeviceSpec>): void {
  if (resource.children.length > 0) {
    // All instances of a clone are one device.
    const parts = resource.clone === undefined ? resource.children : resource.children.slice(0, 1)
    for (const part of parts) collect(cluster, part, node, found)
    return
  }
  const agent = attr(resource.xml, 'type')
  if (attr(resource.xml, 'class') !== 'stonith' || agent === undefined || isDisabled(resource)) return
  if (!mayRun(resource, node)) return
  if (resource.parent?.group !== undefined && !mayRun(resource.parent, node)) return
  const parameters = new Map(parametersOf(cluster, resource, node))
  const provides = resource.meta.get('provides')
  if (provides !== undefined) parameters.set('provides', provides)
  found.set(resource.xmlId, { id: resource.xmlId, agent, namespace: 'stonith-ng', parameters })
}

function mayRun(resource: Resource, node: ClusterNode): boolean {
  return (resource.allowed.get(node) ?? -1) >= 0
}

/** Levels that a CIB has; those that cannot be used are told of by a sentence each. */
export function levelsOf(cib: XmlElement): { readonly levels: readonly Level[]; readonly faults: readonly string[] } {
  const levels: Level[] = []
  const faults: string[] = []
  const configuration = child(cib, 'configuration')
  const topology = configuration === undefined ? undefined : child(configuration, 'fencing-topology')
  for (const item of topology === undefined ? [] : childrenNamed(topology, 'fencing-level')) {
    const { level, outcome } = readLevel(item, false)
    if (level === undefined) faults.push(outcome.reason ?? 'Topology level cannot be used')
    else levels.push(level)
  }
  return { levels, faults }
}

/** A node's permanent attribute, as the CIB has it. */
export function nodeAttribute(cib: XmlElement, node: string, name: string): string | undefined {
  const configuration = child(cib, 'configuration')
  const nodes = configuration === undefined ? undefined : child(configuration, 'nodes')
  for (const item of nodes === undefined ? [] : childrenNamed(nodes, 'node')) {
    if (attr(item, 'uname')?.toLowerCase() !== node.toLowerCase()) continue
    for (const set of childrenNamed(item, 'instance_attributes')) {
      for (const pair of childrenNamed(set, 'nvpair')) if (attr(pair, 'name') === name) return attr(pair, 'value')
    }
  }
  return undefined
}
