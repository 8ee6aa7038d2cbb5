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
    const type = attr(resource.xml, 'type')
    if (type !== 'ping' && type !== 'pingd') continue
    const parameters = parametersOf(resource)
    if ((parameters.get('name') ?? 'pingd') !== attribute) continue
    const hosts = (parameters.get('host_list') ?? '').split(' ').filter((host) => host !== '')
    return hosts.length * Number.parseInt(parameters.get('multiplier') ?? '1', 10)
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

function connectivityText(node: ClusterNode, name: string, value: string): string {
  const expected = expectedPing(node, name)
  if (expected === undefined) return ''
  const number = Number.parseInt(value, 10) || 0
  if (number <= 0) return '\t: Connectivity is lost'
  return number < expected ? `\t: Connectivity is degraded (Expected=${expected})` : ''
}

/** Attributes of the nodes that are online. */
export function attributeItems(cluster: Cluster, view: View, wanted: Wanted): readonly StatusItem[] {
  const out: StatusItem[] = []
  for (const node of cluster.nodes) {
    if (!node.online || !wanted.node(node)) continue
    const names = shownAttributes(node.attributes)
    if (names.length === 0) continue
    const items = names.map((name) => {
      const value = node.attributes.get(name) ?? ''
      return { text: `${padEndBytes(name, 32)}\t: ${padEndBytes(value, 10)}${connectivityText(node, name, value)}` }
    })
    out.push({ text: `Node: ${nodeText(node, view)}`, items })
  }
  return out
}
