import { addScores, infinity, scoreText } from '../score.ts'
import { hashOrder } from './hash-order.ts'
import type { Cluster, ClusterNode, Resource } from './model.ts'
import { compareDisplayNames } from './node-names.ts'
import { discovery, type NodeTable, sameOrder } from './node-table.ts'
import { containerOf, singleLocation } from './tree.ts'

/**
 * Adds a score for a node to a resource and everything below it.
 *
 * @param isDefault the base score of symmetric clusters: not for exclusive resources and nodes that are never asked
 */
export function addScore(resource: Resource, node: ClusterNode, score: number, isDefault = false): void {
  if (isDefault && (resource.exclusiveDiscover || node.entryMode === discovery.never)) return
  const { children } = resource
  for (let i = 0; i < children.length; i += 1) addScore(children[i] as Resource, node, score, isDefault)
  resource.allowed.add(node, score)
}

/** Adds a score for every node; a ban everywhere also takes back an assignment. */
export function addScoreEverywhere(cluster: Cluster, resource: Resource, score: number, isDefault = false): void {
  const { nodes } = cluster
  for (let i = 0; i < nodes.length; i += 1) addScore(resource, nodes[i] as ClusterNode, score, isDefault)
  if (score <= -infinity) forget(resource)
}

/** The last table of scores that a resource began with: nearly all of them begin with the same. */
const firstTables = new WeakMap<Cluster, NodeTable>()

/** Adds the base scores of a symmetric cluster to a resource that is being made. */
export function allowEverywhere(cluster: Cluster, resource: Resource): void {
  if (resource.children.length > 0 || resource.allowed.size > 0) {
    addScoreEverywhere(cluster, resource, 0, true)
    return
  }
  const last = firstTables.get(cluster)
  if (last !== undefined && isBase(cluster, last)) {
    resource.allowed = last.copy()
    return
  }
  addScoreEverywhere(cluster, resource, 0, true)
  firstTables.set(cluster, resource.allowed.copy())
}

/** True where a table has what each node has of its own, as the nodes are now. */
function isBase({ nodes, nodesByIndex }: Cluster, table: NodeTable): boolean {
  let size = 0
  for (let i = 0; i < nodes.length; i += 1) {
    const node = nodes[i] as ClusterNode
    if (node.entryMode === discovery.never) continue
    // Of nodes of one id, a table has one.
    if (!node.isTwin || nodesByIndex[node.index] === node) size += 1
    if (table.get(node) !== addScores(node.entryScore, 0) || table.mode(node) !== node.entryMode) return false
  }
  return size === table.size
}

function forget(resource: Resource): void {
  resource.assigned = undefined
}

/** What else makes a node unfit besides its own state. */
export type Fitness = { readonly score?: number | undefined; readonly guests?: boolean }

/** True where a node's own state lets it run resources now. */
export function isReady(node: ClusterNode): boolean {
  return node.online && !node.shutdown && !node.unclean && !node.standby && !node.maintenance
}

/** True where a node can run resources now; where asked, only with a score of 0 or more, and a guest only with an assigned container. */
export function isAvailable(node: ClusterNode | undefined, { score, guests = false }: Fitness = {}): boolean {
  if (node === undefined || !isReady(node)) return false
  if (score !== undefined && score < 0) return false
  const container = guests ? containerOf(node) : undefined
  return container === undefined || singleLocation(container, 'next') !== undefined
}

/** True where some node of the table is available with a score of 0 or more. */
export function anyAvailable(nodes: readonly ClusterNode[], table: NodeTable): boolean {
  const { inserted } = table
  for (let i = 0; i < inserted.length; i += 1) {
    const node = nodes[inserted[i] as number]
    if (node !== undefined && isReady(node) && (table.get(node) ?? 0) >= 0) return true
  }
  return false
}

type KnownList = {
  readonly inserted: readonly number[]
  readonly nodes: readonly ClusterNode[]
  /** How many nodes there were then: one that is added can stand for another. */
  readonly count: number
}

/** The last list of each cluster: nearly all tables have the same nodes. */
const lastLists = new WeakMap<Cluster, KnownList>()

/** Every node of a table, in order of creation. */
export function nodesOf(cluster: Cluster, table: NodeTable): readonly ClusterNode[] {
  const { inserted } = table
  const last = lastLists.get(cluster)
  const count = cluster.nodes.length
  if (last?.count === count && sameOrder(last.inserted, inserted)) return last.nodes
  const nodes: ClusterNode[] = []
  for (let i = 0; i < inserted.length; i += 1) {
    const node = cluster.nodesByIndex[inserted[i] as number]
    if (node !== undefined) nodes.push(node)
  }
  lastLists.set(cluster, { inserted: [...inserted], nodes, count })
  return nodes
}

/** Nodes of a table in display order; those of equal names as a hash table gives them, from its end. */
export function nodesByName(cluster: Cluster, table: NodeTable): readonly ClusterNode[] {
  const nodes = cluster.nodes.filter((node) => table.has(node) && table.isItself(node))
  if (!cluster.hasEqualNames) return nodes
  const places = new Map(hashOrder(cluster, table).map(({ index }, place) => [index, place]))
  const place = ({ index }: ClusterNode): number => places.get(index) ?? 0
  return nodes.sort((a, b) => compareDisplayNames(a.uname, b.uname) || place(b) - place(a))
}

const scoreSources = {
  primitive: 'pcmk__primitive_assign',
  group: 'pcmk__group_assign',
  clone: 'pcmk__clone_allocate',
  bundle: 'pcmk__bundle_allocate',
} as const

/** Writes the scores of a resource, and where it is asked for of everything below it, into the log. */
export function logScores(cluster: Cluster, resource: Resource, source: keyof typeof scoreSources): void {
  if (!cluster.wantsScores || resource.orphan) return
  for (const node of nodesByName(cluster, resource.allowed)) {
    const score = scoreText(resource.allowed.get(node) ?? 0)
    const text = `${scoreSources[source]}: ${resource.id} allocation score on ${node.uname}: ${score}`
    cluster.log.push({ kind: 'score', text })
  }
  for (const item of resource.children) logScores(cluster, item, source)
}
