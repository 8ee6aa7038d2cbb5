import {
  type Cluster,
  type ClusterNode,
  nodeKindText,
  nodeStateText,
  nodeText,
  outermost,
  primitiveText,
  resourceLook,
  type StatusItem,
} from '@quorate/scheduler'
import { briefItems } from './brief.ts'
import type { View, Wanted } from './view.ts'

/** What runs on a node, as far as it is shown. */
export function runningItems(cluster: Cluster, node: ClusterNode, view: View, wanted: Wanted): readonly StatusItem[] {
  if (view.isBrief) return briefItems(node.running.filter(wanted.shown), false, false)
  const running = node.running.filter(
    (item) => (!item.internal || view.showsDetail) && wanted.resource(outermost(item)),
  )
  return running.map((item) => ({
    text: primitiveText(cluster, item, { showsPending: true, hidesNode: true }),
    look: resourceLook(item),
  }))
}

/** The nodes with what runs on each; in brief, only those on which anything does. */
export function nodesWithResources(cluster: Cluster, view: View, wanted: Wanted): readonly StatusItem[] {
  return cluster.nodes.filter(wanted.node).flatMap((node) => {
    const head = `${nodeKindText(node)} ${nodeText(node, view)}: ${nodeStateText(cluster, node)}${featureSetText(node, view)}`
    const items = runningItems(cluster, node, view, wanted)
    if (view.isBrief && !node.running.some(wanted.shown)) return []
    return [{ text: head, items: [{ text: 'Resources', items }] }]
  })
}

/** `, feature set 3.16.1` of a cluster node, where details are shown. */
export function featureSetText(node: ClusterNode, view: View): string {
  if (!view.showsDetail || node.kind !== 'member' || !node.online) return ''
  return `, feature set ${node.attributes.get('#feature-set') ?? '<3.15.1'}`
}
