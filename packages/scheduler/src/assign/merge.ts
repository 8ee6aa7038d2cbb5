import { type Cluster, type ClusterNode, type Colocation, type Resource, variant } from '../model/model.ts'
import type { NodeTable } from '../model/node-table.ts'
import { anyAvailable, isReady, nodesOf } from '../model/scoring.ts'
import { addScores, infinity } from '../score.ts'
import type { MergeOptions } from './assigner.ts'
import { hasInfluence, sameAttribute } from './colocation.ts'

/** A score outside the range: "would have become negative". */
const mark = infinity * -100

/** How far preferences are followed from colocation to colocation. */
export const mergeDepthMax = 1000

/** Factor of a colocation's score, in the single precision that the results depend on. */
export function factorOf(score: number): number {
  return Math.fround(Math.fround(score) / infinity)
}

/**
 * Adds to a table what a resource, and what follows it (or what it follows), would like; weaker by the factor. Undefined
 * stands for a table that is yet to be made from the resource's own.
 */
export function mergePreferences(
  cluster: Cluster,
  resource: Resource,
  table: NodeTable | undefined,
  attribute: string | undefined,
  factor: number,
  options: MergeOptions,
): NodeTable | undefined {
  if (resource.merging || cluster.mergeDepth >= mergeDepthMax) return table
  cluster.mergeDepth += 1
  resource.merging = true
  const wishes = cluster.observer?.wishes
  const merged = mergeInto(cluster, resource, table, attribute, factor, options)
  if (wishes !== undefined && merged === table) cluster.observer?.drop(wishes)
  resource.merging = false
  cluster.mergeDepth -= 1
  return merged
}

function mergeInto(
  cluster: Cluster,
  resource: Resource,
  table: NodeTable | undefined,
  attribute: string | undefined,
  factor: number,
  options: MergeOptions,
): NodeTable | undefined {
  let work: NodeTable | undefined
  let source = resource
  if (resource.variant === variant.group) {
    const { children } = resource
    const member = table === undefined ? children[children.length - 1] : children[0]
    const last = children[children.length - 1]
    if (member === undefined || last === undefined) return table
    work = mergePreferences(cluster, member, table?.copy(), attribute, factor, options)
    if (work === undefined) return table
    if (options.thisWith !== true) source = last
  } else if (table === undefined) work = resource.allowed.copy()
  else {
    work = table.copy()
    addMatching(cluster, resource, work, attribute ?? '#uname', factor, options.nonnegative === true)
  }
  if (anyAvailable(cluster.nodesByIndex, work)) {
    work = followColocations(cluster, resource, source, work, factor, options)
  } else if (options.active === true) return table
  if (options.nonnegative === true) {
    const nodes = nodesOf(cluster, work)
    for (let i = 0; i < nodes.length; i += 1) {
      const node = nodes[i] as ClusterNode
      if (work.get(node) === mark) work.set(node, 1)
    }
  }
  return work
}

function followColocations(
  cluster: Cluster,
  resource: Resource,
  source: Resource,
  table: NodeTable,
  factor: number,
  options: MergeOptions,
): NodeTable {
  let work = table
  const sign = factor < 0 ? -1 : 1
  const thisWith = options.thisWith === true
  const list = thisWith ? resource.thisWith : source.withThis
  for (let i = 0; i < list.length; i += 1) {
    const colocation = list[i] as Colocation
    if (!thisWith && !hasInfluence(colocation)) continue
    const other = thisWith ? colocation.primary : colocation.dependent
    cluster.observer?.follow(colocation)
    const next = Math.fround(Math.fround(sign * colocation.score) / infinity)
    work = mergePreferences(cluster, other, work, colocation.attribute, next, { ...options, active: true }) ?? work
  }
  return work
}

/** Best score that a resource has on nodes of one attribute value. */
function bestScore(cluster: Cluster, resource: Resource, node: ClusterNode, attribute: string): number {
  let best = -infinity
  if (attribute === '#uname' && !cluster.hasEqualNames && node.attributes.has('#uname')) {
    const score = resource.allowed.get(node)
    return score !== undefined && isReady(node) ? Math.max(best, score) : best
  }
  for (const other of nodesOf(cluster, resource.allowed)) {
    const score = resource.allowed.get(other) ?? best
    if (score > best && isReady(other) && sameAttribute(other, node, attribute)) best = score
  }
  return best
}

function addMatching(
  cluster: Cluster,
  resource: Resource,
  table: NodeTable,
  attribute: string,
  factor: number,
  nonnegative: boolean,
): void {
  const nodes = nodesOf(cluster, table)
  for (let i = 0; i < nodes.length; i += 1) {
    const node = nodes[i] as ClusterNode
    const before = table.get(node) ?? 0
    const best = bestScore(cluster, resource, node, attribute)
    if ((factor < 0 && best < 0) || before === mark) continue
    const product = Math.fround(factor * best)
    let gain = Math.trunc(product < 0 ? product - 0.5 : product + 0.5)
    if (gain === 0 && best !== 0) gain = factor > 0 ? 1 : factor < 0 ? -1 : 0
    const after = addScores(gain, before)
    if (nonnegative && after < 0 && before > 0) table.set(node, mark)
    else if (!(nonnegative && after < 0 && before === 0)) table.set(node, after)
    cluster.observer?.wish(resource, node, before, table.get(node) ?? 0)
  }
}
