import {
  type Cluster,
  type ClusterNode,
  nodeKindText,
  nodeStateText,
  nodeText,
  primitiveText,
  type Resource,
  type StatusItem,
} from '@quorate/scheduler'
import { briefItems } from './brief.ts'
import type { View, Wanted } from './view.ts'

/** The nodes with what runs on each. */
export function nodesWithResources(cluster: Cluster, view: View, wanted: Wanted): readonly StatusItem[] {
  return cluster.nodes.filter(wanted.node).map((node) => {
    const head = `${nodeKindText(node)} ${nodeText(node, view)}: ${nodeStateText(cluster, node)}${featureSetText(node, view)}`
    const running = node.running.filter((item) => !item.internal && wanted.resource(item))
    const items = view.isBrief ? briefItems(running, view.showsInactive, false) : linesOn(cluster, running)
    if (view.isBrief && items.length === 0) return { text: head }
    return { text: head, items: [{ text: 'Resources', items }] }
  })
}

function linesOn(cluster: Cluster, running: readonly Resource[]): readonly StatusItem[] {
  return running.map((item) => ({
    text: primitiveText(cluster, item, { showsPending: true, hidesNode: true }),
  }))
}

/** `, feature set 3.16.1` of a cluster node, where details are shown. */
export function featureSetText(node: ClusterNode, view: View): string {
  if (!view.showsDetail || node.kind !== 'member' || !node.online) return ''
  return `, feature set ${node.attributes.get('#feature-set') ?? '<3.15.1'}`
}
