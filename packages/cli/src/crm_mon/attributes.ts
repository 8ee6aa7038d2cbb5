import { compareText, padEndBytes } from '@quorate/base'
import { type Cluster, type ClusterNode, nodeText, type Resource, type StatusItem } from '@quorate/scheduler'
import { attr, childrenNamed } from '@quorate/xml'
import type { View, Wanted } from './view.ts'

const hidden = ['fail-count', 'last-failure', 'shutdown', 'terminate', 'standby', '#']

/** Names of a node's attributes that displays show, sorted. */
export function shownAttributes(attributes: ReadonlyMap<string, string>): readonly string[] {
  return [...attributes.keys()].filter((name) => !hidden.some((start) => name.startsWith(start))).sort(compareText)
}

/**
 * What a node's attribute would be if all that a ping resource asks answered: the number of its hosts times its
 * multiplier. Undefined for attributes that no ping resource on the node sets.
 */
export function expectedPing(node: ClusterNode, attribute: string): number | undefined {
  for (const resource of node.running) {
    const type = attr(resource.xml, 'type')?.toLowerCase()
    if (type !== 'ping' && type !== 'pingd') continue
    const parameters = parametersOf(resource)
    if ((parameters.get('name') ?? 'pingd') !== attribute) continue
    const hosts = parameters.get('host_list') ?? ''
    const multiplier = Number.parseInt(parameters.get('multiplier') ?? '', 10)
    // Each blank counts as between two hosts.
    return hosts === '' ? 0 : hosts.split(' ').length * (Number.isNaN(multiplier) ? 1 : multiplier)
  }
  return undefined
}

function parametersOf(resource: Resource): ReadonlyMap<string, string> {
  const out = new Map<string, string>()
  for (const set of childrenNamed(resource.xml, 'instance_attributes')) {
    for (const item of set.children) {
      const name = attr(item, 'name')
      if (name !== undefined && !out.has(name)) out.set(name, attr(item, 'value') ?? '')
    }
  }
  return out
}

/** What a ping attribute tells of a node's connections, where not all is well. */
export type Connectivity = 'lost' | { readonly expected: number }

/** How well a node is connected by one of its attributes; undefined where it is as it should be, or nobody pings for it. */
export function connectivityOf(node: ClusterNode, name: string, value: string): Connectivity | undefined {
  const expected = expectedPing(node, name)
  if (expected === undefined) return undefined
  const number = Number.parseInt(value, 10) || 0
  if (number <= 0) return 'lost'
  return number < expected ? { expected } : undefined
}

function connectivityText(node: ClusterNode, name: string, value: string): string {
  const found = connectivityOf(node, name, value)
  if (found === undefined) return ''
  return found === 'lost' ? '\t: Connectivity is lost' : `\t: Connectivity is degraded (Expected=${found.expected})`
}

/** Nodes that are online and have attributes to show, with the names of these. */
export function nodesWithAttributes(
  cluster: Cluster,
  wanted: Wanted,
): readonly { readonly node: ClusterNode; readonly names: readonly string[] }[] {
  return cluster.nodes
    .filter((node) => node.online && wanted.node(node))
    .map((node) => ({ node, names: shownAttributes(node.attributes) }))
    .filter(({ names }) => names.length > 0)
}

/** Attributes of the nodes that are online. */
export function attributeItems(cluster: Cluster, view: View, wanted: Wanted): readonly StatusItem[] {
  return nodesWithAttributes(cluster, wanted).map(({ node, names }) => {
    const items = names.map((name) => {
      const value = node.attributes.get(name) ?? ''
      return { text: `${padEndBytes(name, 32)}\t: ${padEndBytes(value, 10)}${connectivityText(node, name, value)}` }
    })
    return { text: `Node: ${nodeText(node, view)}`, items }
  })
}
