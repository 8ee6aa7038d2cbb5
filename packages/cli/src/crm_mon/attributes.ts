import { compareText } from '@quorate/base'
import { type Cluster, nodeText, type StatusItem } from '@quorate/scheduler'
import type { View, Wanted } from './view.ts'

const hidden = ['fail-count', 'last-failure', 'shutdown', 'terminate', 'standby', 'probe_complete', '#']

/** Names of a node's attributes that displays show, sorted. */
export function shownAttributes(attributes: ReadonlyMap<string, string>): readonly string[] {
  return [...attributes.keys()].filter((name) => !hidden.some((start) => name.startsWith(start))).sort(compareText)
}

/** Attributes of the nodes that are online. */
export function attributeItems(cluster: Cluster, view: View, wanted: Wanted): readonly StatusItem[] {
  const out: StatusItem[] = []
  for (const node of cluster.nodes) {
    if (!node.online || !wanted.node(node)) continue
    const names = shownAttributes(node.attributes)
    if (names.length === 0) continue
    const items = names.map((name) => ({
      text: `${name.padEnd(32)}\t: ${(node.attributes.get(name) ?? '').padEnd(10)}`,
    }))
    out.push({ text: `Node: ${nodeText(node, view)}`, items })
  }
  return out
}
