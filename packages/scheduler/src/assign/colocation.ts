import { notice } from '../model/log.ts'
import { type Cluster, type ClusterNode, type Colocation, type Resource, variant } from '../model/model.ts'
import type { NodeTable } from '../model/node-table.ts'
import { type Role, role } from '../model/role.ts'
import { anyAvailable, nodesOf } from '../model/scoring.ts'
import { anyBelow, isPromotable, nextRole, singleLocation } from '../model/tree.ts'
import { isTrue, parseCount, sameText } from '../scalar.ts'
import { addScores, infinity } from '../score.ts'
import type { Assigner } from './assigner.ts'
import { finalizeTree } from './finalize.ts'
import { sortedNodes } from './node-choice.ts'

/** What a colocation bears on. */
export type Effect = 'nothing' | 'role' | 'location'

/** True where nodes agree in an attribute; two nodes without it agree. */
export function sameAttribute(a: ClusterNode, b: ClusterNode, attribute: string): boolean {
  if (a === b) return true
  return sameText(a.attributes.get(attribute), b.attributes.get(attribute))
}

/** What a colocation affects now; in a preview whether or not its resources are assigned. */
export function effectOf(dependent: Resource, primary: Resource, colocation: Colocation, preview: boolean): Effect {
  const { score, dependentRole, primaryRole } = colocation
  if (!preview && primary.provisional) return 'nothing'
  if (
    dependentRole >= role.unpromoted &&
    dependent.parent !== undefined &&
    isPromotable(dependent) &&
    !dependent.provisional
  ) {
    return 'role'
  }
  if (!preview && !dependent.provisional) return 'nothing'
  if (score > 0) {
    if (dependentRole !== role.unknown && dependentRole !== dependent.nextRole) return 'nothing'
    if (primaryRole !== role.unknown && primaryRole !== primary.nextRole) return 'nothing'
  } else if (score < 0) {
    if (dependentRole !== role.unknown && dependentRole === dependent.nextRole) return 'nothing'
    if (primaryRole !== role.unknown && primaryRole === primary.nextRole) return 'nothing'
  }
  return 'location'
}

/** Whether the dependent's wishes count for the primary. */
export function hasInfluence(colocation: Colocation, of: Resource = colocation.primary): boolean {
  if (colocation.dependent.nestedRemotes && !of.failed && of.runningOn.length === 1) return false
  return colocation.influence || of.runningOn.length === 0
}

function applyToLocation(cluster: Cluster, dependent: Resource, primary: Resource, colocation: Colocation): void {
  const { score } = colocation
  const at = primary.assigned
  if (at === undefined && score < 0) return
  const attribute = colocation.attribute ?? '#id'
  const table = dependent.allowed.copy()
  for (const node of nodesOf(cluster, table)) {
    const before = table.get(node) ?? 0
    if (at === undefined) table.set(node, addScores(before, -score))
    else if (sameAttribute(node, at, attribute)) {
      if (score < infinity) table.set(node, addScores(before, score))
    } else if (score >= infinity) table.set(node, addScores(before, -score))
  }
  if (score <= -infinity || score >= infinity || anyAvailable(cluster.nodesByIndex, table)) dependent.allowed = table
  else cluster.observer?.ignored(dependent, colocation)
}

function applyToRole(dependent: Resource, primary: Resource, colocation: Colocation): void {
  const [mine, theirs] = [dependent.assigned, primary.assigned]
  if (mine === undefined || theirs === undefined) return
  const { score, dependentRole, primaryRole } = colocation
  if (!sameAttribute(mine, theirs, colocation.attribute ?? '#id')) {
    if (score >= infinity && dependentRole === role.promoted) dependent.priority = -infinity
    return
  }
  if (primaryRole !== role.unknown && primaryRole !== primary.nextRole) return
  dependent.priority = addScores(dependent.priority, dependentRole === role.unpromoted ? -score : score)
}

/** Applies a colocation to the dependent; collectives on either side stand for their members. */
export function applyColocation(
  assigner: Assigner,
  dependent: Resource,
  primary: Resource,
  colocation: Colocation,
): void {
  if (dependent.variant === variant.group) {
    const members = dependent.group?.collocated === true ? dependent.children.slice(0, 1) : dependent.children
    if (dependent.group?.collocated !== true && colocation.score >= infinity) return
    for (const member of members) assigner.applyColocation(member, primary, colocation)
    return
  }
  switch (primary.variant) {
    case variant.group:
      return withGroup(assigner, dependent, primary, colocation)
    case variant.clone:
      return withClone(assigner, dependent, primary, colocation)
    case variant.bundle:
      return withBundle(assigner, dependent, primary, colocation)
    default:
  }
  const effect = effectOf(dependent, primary, colocation, false)
  if (effect === 'role') applyToRole(dependent, primary, colocation)
  else if (effect === 'location') applyToLocation(assigner.cluster, dependent, primary, colocation)
}

function withGroup(assigner: Assigner, dependent: Resource, group: Resource, colocation: Colocation): void {
  if (group.provisional) return
  const { children } = group
  if (group.group?.collocated === true) {
    const member = colocation.score >= infinity ? children[children.length - 1] : children[0]
    if (member !== undefined) assigner.applyColocation(dependent, member, colocation)
  } else if (colocation.score < infinity) {
    for (const member of children) assigner.applyColocation(dependent, member, colocation)
  }
}

function instancesPerNode(of: Resource): number {
  if (of.variant === variant.clone) return parseCount(of.meta.get('clone-node-max') ?? '1', 0)
  return of.bundle?.replicasPerHost ?? 1
}

function interleaves(colocation: Colocation): boolean {
  const { dependent, primary } = colocation
  if (dependent.variant < variant.clone || !isTrue(dependent.meta.get('interleave'))) return false
  return instancesPerNode(dependent) === instancesPerNode(primary)
}

function withClone(assigner: Assigner, dependent: Resource, clone: Resource, colocation: Colocation): void {
  const { primaryRole, dependentRole } = colocation
  if (clone.promotable) {
    if (clone.provisional) return
    if (primaryRole !== role.unknown) {
      if (dependent.provisional) placeByRole(assigner.cluster, dependent, clone, colocation)
      else if (dependentRole === role.promoted) promoteByRole(assigner.cluster, dependent, clone, colocation)
      if (dependent.provisional || dependentRole === role.promoted) return
    }
  }
  if (clone.provisional) return
  if (interleaves(colocation)) return pair(assigner, dependent, clone, clone.children, colocation)
  if (colocation.score >= infinity) {
    restrictTo(
      assigner.cluster,
      dependent,
      clone.children.flatMap((instance) => locationOf(instance)),
    )
    return
  }
  for (const instance of clone.children) assigner.applyColocation(dependent, instance, colocation)
}

function locationOf(instance: Resource): ClusterNode[] {
  const node = singleLocation(instance, 'next')
  return node === undefined || isBlocked(instance) ? [] : [node]
}

/** True where the resource or something below it is blocked. */
export function isBlocked(of: Resource): boolean {
  return anyBelow(of, (item) => item.blocked)
}

function restrictTo(cluster: Cluster, dependent: Resource, nodes: readonly ClusterNode[]): void {
  const wanted = new Set(nodes)
  for (const node of nodesOf(cluster, dependent.allowed)) if (!wanted.has(node)) dependent.allowed.set(node, -infinity)
  for (const node of wanted) {
    if (!dependent.allowed.has(node)) dependent.allowed.insert(node, -infinity, node.entryMode)
  }
}

/** Under which names the tools say that there is nothing to be paired with. */
const pairSources = { bundle: 'pcmk__bundle_apply_coloc_score', clone: 'pcmk__clone_apply_coloc_score' }

function pair(
  assigner: Assigner,
  dependent: Resource,
  primary: Resource,
  candidates: readonly Resource[],
  colocation: Colocation,
): void {
  const partner = compatibleInstance(assigner.cluster, dependent, candidates, role.unknown)
  if (partner !== undefined) assigner.applyColocation(dependent, partner, colocation)
  else if (colocation.score >= infinity) {
    const source = primary.variant === variant.bundle ? pairSources.bundle : pairSources.clone
    notice(assigner.cluster, source, `Cannot pair ${dependent.id} with instance of ${primary.id}`)
    finalizeTree(dependent, undefined, true)
  }
}

/** The candidate that is where a resource is, or else where it would best be. */
export function compatibleInstance(
  cluster: Cluster,
  dependent: Resource,
  candidates: readonly Resource[],
  filter: Role,
): Resource | undefined {
  const on = (node: ClusterNode): Resource | undefined =>
    candidates.find(
      (item) =>
        singleLocation(item, 'next') === node &&
        !isBlocked(item) &&
        (filter === role.unknown || nextRole(item) === filter),
    )
  const node = singleLocation(dependent, 'next')
  if (node !== undefined) return on(node)
  for (const candidate of sortedNodes(cluster, dependent.allowed)) {
    const found = on(candidate)
    if (found !== undefined) return found
  }
  return undefined
}

function withBundle(assigner: Assigner, dependent: Resource, bundle: Resource, colocation: Colocation): void {
  if (bundle.provisional) return
  const replicas = bundle.bundle?.replicas ?? []
  const containers = replicas.flatMap((replica) => (replica.container === undefined ? [] : [replica.container]))
  if (colocation.dependent.variant >= variant.clone) return pair(assigner, dependent, bundle, containers, colocation)
  if (colocation.score < infinity) {
    for (const container of containers) assigner.applyColocation(dependent, container, colocation)
    return
  }
  const nodes: ClusterNode[] = []
  for (const { container, instance } of replicas) {
    if (container === undefined || isBlocked(container)) continue
    if (colocation.primaryRole >= role.promoted && (instance === undefined || instance.nextRole < role.promoted))
      continue
    if (container.assigned !== undefined) nodes.push(container.assigned)
  }
  restrictTo(assigner.cluster, dependent, nodes)
}

function placeByRole(cluster: Cluster, dependent: Resource, clone: Resource, colocation: Colocation): void {
  const { score, primaryRole, dependentRole } = colocation
  const attribute = colocation.attribute ?? '#uname'
  const { allowed } = dependent
  const found = new Map<ClusterNode, number>()
  for (const instance of clone.children) {
    const at = singleLocation(instance, 'next')
    if (at === undefined || nextRole(instance) !== primaryRole) continue
    if (score < infinity) {
      for (const node of nodesOf(cluster, allowed)) {
        if (sameAttribute(node, at, attribute)) allowed.set(node, addScores(allowed.get(node) ?? 0, score))
      }
    }
    found.set(at, leafScore(instance))
  }
  if (score < infinity || (dependentRole === role.promoted && primaryRole === role.promoted)) return
  banOthers(cluster, allowed, found)
}

function banOthers(cluster: Cluster, allowed: NodeTable, found: ReadonlyMap<ClusterNode, number>): void {
  for (const node of nodesOf(cluster, allowed)) {
    const gain = found.get(node)
    allowed.set(node, gain === undefined ? -infinity : addScores(allowed.get(node) ?? 0, gain))
  }
  for (const node of found.keys()) if (!allowed.has(node)) allowed.insert(node, -infinity, node.entryMode)
}

function leafScore(instance: Resource): number {
  return instance.children.length === 0 ? instance.assignedScore : leafScore(instance.children[0] as Resource)
}

function promoteByRole(cluster: Cluster, dependent: Resource, clone: Resource, colocation: Colocation): void {
  const partner = compatibleInstance(cluster, dependent, clone.children, colocation.primaryRole)
  if (partner !== undefined) dependent.priority = addScores(dependent.priority, colocation.score)
  else if (colocation.score >= infinity) dependent.priority = -infinity
}
