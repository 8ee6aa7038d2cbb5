import type { Cluster, ClusterNode } from '../model/model.ts'
import type { NodeTable } from '../model/node-table.ts'
import { isAvailable } from '../model/scoring.ts'
import { infinity } from '../score.ts'
import { mergeSort } from '../unpack/history-entry.ts'
import { hashOrder } from './hash-order.ts'

/** Capacity of two nodes: negative where `a` has more left. */
export function compareCapacity(a: ClusterNode, b: ClusterNode): number {
  let result = 0
  for (const [name, value] of a.utilization) result += Math.sign((b.utilization.get(name) ?? 0) - value)
  for (const [name, value] of b.utilization) if (!a.utilization.has(name)) result += Math.sign(value)
  return result
}

/** How good a node is for a resource, negative where `a` is better. Total but for strategy balanced. */
function compareNodes(
  cluster: Cluster,
  table: (node: ClusterNode) => number,
  active: ClusterNode | undefined,
  a: ClusterNode,
  b: ClusterNode,
): number {
  const score = (node: ClusterNode): number => (isAvailable(node) ? table(node) : -infinity)
  const [left, right] = [score(a), score(b)]
  if (left !== right) return right - left
  const strategy = cluster.settings.placement
  if (strategy !== 'minimal') {
    if (strategy === 'balanced') {
      const capacity = compareCapacity(a, b)
      if (capacity !== 0) return capacity
    }
    const count = a.assigned.size - b.assigned.size
    if (count !== 0) return count
    if (active === a && active !== b) return -1
    if (active === b && active !== a) return 1
  }
  return a.uname < b.uname ? -1 : a.uname > b.uname ? 1 : 0
}

/** Nodes of a table, the best first. */
export function sortedNodes(cluster: Cluster, table: NodeTable, active?: ClusterNode): ClusterNode[] {
  const score = (node: ClusterNode): number => table.get(node) ?? -infinity
  if (cluster.settings.placement === 'balanced') {
    // Capacities of several kinds have no order: then the way of sorting, and what it begins with, decide.
    return mergeSort(hashOrder(cluster, table).toReversed(), (a, b) => compareNodes(cluster, score, active, a, b))
  }
  const nodes: ClusterNode[] = []
  for (const index of table.inserted) nodes.push(cluster.nodesByIndex[index] as ClusterNode)
  return nodes.sort((a, b) => compareNodes(cluster, score, active, a, b))
}

/** All nodes of the cluster, the best first by their own base scores. */
export function sortedClusterNodes(cluster: Cluster): ClusterNode[] {
  return mergeSort(cluster.nodes, (a, b) => compareNodes(cluster, (node) => node.entryScore, undefined, a, b))
}
