import type { Cluster, ClusterNode } from '../model/model.ts'
import type { NodeTable } from '../model/node-table.ts'
import { isReady } from '../model/scoring.ts'
import { infinity } from '../score.ts'
import { mergeSort } from '../unpack/history-entry.ts'
import { hashOrder } from './hash-order.ts'

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
  return names
}

/** What nodes have left of each kind of capacity that there is, in one order of kinds for all of them. */
export function roomsOf(cluster: Cluster, nodes: readonly ClusterNode[]): readonly (readonly number[])[] {
  const names = capacityNames(cluster)
  const rooms: number[][] = []
  for (let i = 0; i < nodes.length; i += 1) {
    const { utilization } = nodes[i] as ClusterNode
    const room: number[] = []
    for (let j = 0; j < names.length; j += 1) room.push(utilization.get(names[j] as string) ?? 0)
    rooms.push(room)
  }
  return rooms
}

/** What two nodes have left ({@link roomsOf}): negative where `a` is of more of the kinds that which has more. */
export function compareRooms(a: readonly number[], b: readonly number[]): number {
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
  const rooms = cluster.settings.placement === 'balanced' ? roomsOf(cluster, nodes) : undefined
  return nodes.map((node, i) => ({
    node,
    score: isReady(node) ? scoreOf(node) : -infinity,
    room: rooms?.[i] ?? noRoom,
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
