import { hashOrder } from '../model/hash-order.ts'
import type { Cluster, ClusterNode } from '../model/model.ts'
import type { NodeTable } from '../model/node-table.ts'
import { isReady } from '../model/scoring.ts'
import { infinity } from '../score.ts'
import { mergeSort } from '../unpack/history-entry.ts'

/** Kinds of capacity of a cluster's nodes, and how many they had in all when these were collected: none goes away. */
const kindsOf = new WeakMap<Cluster, { readonly total: number; readonly names: readonly string[] }>()

function capacityNames(cluster: Cluster): readonly string[] {
  const nodes = cluster.nodesByIndex
  let total = 0
  for (let i = 0; i < nodes.length; i += 1) total += (nodes[i] as ClusterNode).utilization.size
  const known = kindsOf.get(cluster)
  if (known?.total === total) return known.names
  const names = [...new Set(nodes.flatMap(({ utilization }) => [...utilization.keys()]))]
  kindsOf.set(cluster, { total, names })
  for (const node of nodes) node.room = undefined
  return names
}

/** What a node has left of each of the kinds of capacity, in their order; worked out again after that has changed. */
function roomOf(node: ClusterNode, names: readonly string[]): readonly number[] {
  node.room ??= names.map((name) => node.utilization.get(name) ?? 0)
  return node.room
}

/** The first of the nodes that have more room than those before them. */
export function roomiestOf(cluster: Cluster, nodes: readonly ClusterNode[]): ClusterNode | undefined {
  const names = capacityNames(cluster)
  let best = nodes[0]
  for (let i = 1; i < nodes.length; i += 1) {
    const node = nodes[i] as ClusterNode
    if (best !== undefined && compareRooms(roomOf(node, names), roomOf(best, names)) < 0) best = node
  }
  return best
}

/** What two nodes have left ({@link roomOf}): negative where `a` is of more of the kinds that which has more. */
function compareRooms(a: readonly number[], b: readonly number[]): number {
  let result = 0
  for (let i = 0; i < a.length; i += 1) result += Math.sign((b[i] as number) - (a[i] as number))
  return result
}

/** A node that is compared with others, and what is looked at for every comparison. */
type Candidate = {
  readonly node: ClusterNode
  /** Minus infinity where the node can run nothing. */
  readonly score: number
  /** Empty where capacities do not count. */
  readonly room: readonly number[]
}

const noRoom: readonly number[] = []

function candidates(
  cluster: Cluster,
  nodes: readonly ClusterNode[],
  scoreOf: (node: ClusterNode) => number,
): Candidate[] {
  const names = cluster.settings.placement === 'balanced' ? capacityNames(cluster) : undefined
  return nodes.map((node) => ({
    node,
    score: isReady(node) ? scoreOf(node) : -infinity,
    room: names === undefined ? noRoom : roomOf(node, names),
  }))
}

/** How good a node is for a resource, negative where `a` is better. Total but for strategy balanced. */
function compareCandidates(
  cluster: Cluster,
  active: ClusterNode | undefined,
  { node: a, score: left, room: roomLeft }: Candidate,
  { node: b, score: right, room: roomRight }: Candidate,
): number {
  if (left !== right) return right - left
  if (cluster.settings.placement !== 'minimal') {
    const capacity = compareRooms(roomLeft, roomRight)
    if (capacity !== 0) return capacity
    const count = a.assigned.size - b.assigned.size
    if (count !== 0) return count
    if (active === a && active !== b) return -1
    if (active === b && active !== a) return 1
  }
  return a.uname < b.uname ? -1 : a.uname > b.uname ? 1 : 0
}

/** Nodes of a table, the best first. */
export function sortedNodes(cluster: Cluster, table: NodeTable, active?: ClusterNode): ClusterNode[] {
  const scoreOf = (node: ClusterNode): number => table.get(node) ?? -infinity
  const compare = (a: Candidate, b: Candidate): number => compareCandidates(cluster, active, a, b)
  if (cluster.settings.placement === 'balanced') {
    // Capacities of several kinds have no order: then the way of sorting, and what it begins with, decide.
    const reversed = hashOrder(cluster, table).toReversed()
    return mergeSort(candidates(cluster, reversed, scoreOf), compare).map(({ node }) => node)
  }
  const nodes = table.inserted.map((index) => cluster.nodesByIndex[index] as ClusterNode)
  return candidates(cluster, nodes, scoreOf)
    .sort(compare)
    .map(({ node }) => node)
}

/** All nodes of the cluster, the best first by their own base scores. */
export function sortedClusterNodes(cluster: Cluster): ClusterNode[] {
  const list = candidates(cluster, cluster.nodes, (node) => node.entryScore)
  return mergeSort(list, (a, b) => compareCandidates(cluster, undefined, a, b)).map(({ node }) => node)
}
