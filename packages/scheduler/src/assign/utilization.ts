import { GlibOrder, hashOrder } from '../model/hash-order.ts'
import { type Cluster, type ClusterNode, type Colocation, type Resource, variant } from '../model/model.ts'
import { addScore, isReady } from '../model/scoring.ts'
import { currentNode } from '../model/tree.ts'
import { infinity } from '../score.ts'
import { effectOf } from './colocation.ts'
import { mergePreferences } from './merge.ts'
import { roomiestOf, sortedClusterNodes } from './node-choice.ts'

type Needs = Map<string, number>

type Need = { readonly name: string; readonly value: number }

function listOf(needs: ReadonlyMap<string, number>): readonly Need[] {
  const list: Need[] = []
  needs.forEach((value, name) => void list.push({ name, value }))
  return list
}

function isEnough({ utilization }: ClusterNode, needs: readonly Need[]): boolean {
  for (let i = 0; i < needs.length; i += 1) {
    const { name, value } = needs[i] as Need
    if (value > (utilization.get(name) ?? 0)) return false
  }
  return true
}

/** Resources that have to be where this one is. */
function collect(resource: Resource, origin: Resource, list: Resource[]): void {
  if (list.includes(resource)) return
  list.push(resource)
  if (resource.variant === variant.group) {
    const all = resource.group?.collocated === true || resource.parent?.variant === variant.clone
    for (const member of all ? resource.children : resource.children.slice(0, 1)) collect(member, origin, list)
  }
  const { thisWith, withThis } = resource
  for (let i = 0; i < thisWith.length; i += 1) {
    const colocation = thisWith[i] as Colocation
    const { primary } = colocation
    if (primary === origin || colocation.score !== infinity) continue
    if (effectOf(resource, primary, colocation, true) === 'location') collect(primary, origin, list)
  }
  for (let i = 0; i < withThis.length; i += 1) {
    const colocation = withThis[i] as Colocation
    const { dependent } = colocation
    if (dependent === origin || colocation.score !== infinity) continue
    if (resource.variant >= variant.clone && dependent.variant < variant.clone) continue
    if (effectOf(dependent, resource, colocation, true) === 'location') collect(dependent, origin, list)
  }
}

function add(needs: Needs, resource: Resource): void {
  resource.utilization.forEach((value, name) => void needs.set(name, (needs.get(name) ?? 0) + value))
}

/** Adds what a resource needs as long as it is not assigned. */
function addUnassigned(resource: Resource, list: readonly Resource[], needs: Needs): void {
  if (!resource.provisional) return
  const member = (item: Resource): void => {
    if (item.provisional && !list.includes(item)) add(needs, item)
  }
  switch (resource.variant) {
    case variant.group: {
      const all = resource.group?.collocated === true || resource.parent?.variant === variant.clone
      for (const item of all ? resource.children : resource.children.slice(0, 1)) member(item)
      return
    }
    case variant.clone: {
      let known = false
      for (const instance of resource.children) {
        if (list.includes(instance)) known = true
        else if (instance.children.some((item) => list.includes(item))) {
          addUnassigned(instance, list, needs)
          known = true
        }
      }
      const first = resource.children[0]
      if (!known && first !== undefined) addUnassigned(first, list, needs)
      return
    }
    case variant.bundle: {
      const container = resource.bundle?.replicas[0]?.container
      if (container !== undefined) addUnassigned(container, list, needs)
      return
    }
    default:
      add(needs, resource)
  }
}

function needsOf(list: readonly Resource[]): Needs {
  const needs: Needs = new Map()
  for (const item of list) addUnassigned(item, list, needs)
  return needs
}

/**
 * Bans a primitive that is being assigned from nodes that have no room for it and what goes with it. Answers the node
 * with the most room where no node has enough for all.
 */
export function applyUtilization(cluster: Cluster, resource: Resource): ClusterNode | undefined {
  if (cluster.settings.placement === 'default') return undefined
  const list: Resource[] = []
  collect(resource, resource, list)
  if (!list.includes(resource)) list.push(resource)
  if (list.length === 0) return undefined
  const needs = list.length === 1 ? resource.utilization : needsOf(list)
  const { allowed } = resource
  const usable = hashOrder(cluster, allowed).filter((node) => isReady(node) && (allowed.get(node) ?? 0) >= 0)
  const all = listOf(needs)
  const anyEnough = usable.some((node) => isEnough(node, all))
  const limit = anyEnough ? needs : resource.utilization
  const limits = limit === needs ? all : listOf(limit)
  for (let i = 0; i < usable.length; i += 1) {
    const node = usable[i] as ClusterNode
    if (isEnough(node, limits)) continue
    addScore(resource, node, -infinity)
    cluster.observer?.note(cluster, resource, { kind: 'capacity', needs: limit, room: new Map(node.utilization) })
  }
  return anyEnough ? undefined : roomiestOf(cluster, usable)
}

function pairsText({
  utilization,
  utilizationTexts: texts,
}: Pick<Resource, 'utilization' | 'utilizationTexts'>): string {
  const order = new GlibOrder()
  for (const name of utilization.keys()) order.add(name)
  return order
    .keys()
    .map((name) => ` ${name}=${texts?.get(name) ?? utilization.get(name) ?? 0}`)
    .join('')
}

/** Writes what room every node has into the log. */
export function logCapacities(cluster: Cluster, when: 'Original' | 'Remaining'): void {
  if (!cluster.wantsUtilization) return
  for (const node of cluster.nodes) {
    cluster.log.push({ kind: 'score', text: `${when}: ${node.uname} capacity:${pairsText(node)}` })
  }
}

/** Writes what a resource takes of the node that it was assigned to into the log. */
export function logUse(cluster: Cluster, resource: Resource): void {
  const node = resource.assigned
  if (!cluster.wantsUtilization || node === undefined) return
  const text = `pcmk__finalize_assignment: ${resource.id} utilization on ${node.uname}:${pairsText(resource)}`
  cluster.log.push({ kind: 'score', text })
}

/** Puts resources that matter more, or have stronger wishes, first. */
export function sortByPlacement(cluster: Cluster): void {
  if (cluster.settings.placement === 'default') return
  const nodes = sortedClusterNodes(cluster)
  /** Scores of a resource where it is, and on each of the nodes; worked out when a priority does not decide. */
  const known = new Map<Resource, { readonly here: number; readonly scores: readonly number[] }>()
  const wishesOf = (resource: Resource) => {
    let wishes = known.get(resource)
    if (wishes === undefined) {
      const table = mergePreferences(cluster, resource, undefined, undefined, 1, { thisWith: true })
      const score = (node: ClusterNode): number => table?.get(node) ?? -infinity
      const at = currentNode(resource)
      wishes = { here: at === undefined ? -infinity : score(at), scores: nodes.map(score) }
      known.set(resource, wishes)
    }
    return wishes
  }
  const here = (resource: Resource): number =>
    currentNode(resource) === undefined ? -infinity : wishesOf(resource).here
  cluster.resources = [...cluster.resources].sort((a, b) => {
    if (a.priority !== b.priority) return b.priority - a.priority
    const current = here(b) - here(a)
    if (current !== 0 || nodes.length === 0) return current
    const { scores: right } = wishesOf(b)
    const { scores: left } = wishesOf(a)
    for (let i = 0; i < left.length; i += 1) {
      const order = (right[i] as number) - (left[i] as number)
      if (order !== 0) return order
    }
    return 0
  })
}
