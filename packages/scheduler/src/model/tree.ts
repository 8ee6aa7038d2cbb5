import { type Cluster, type ClusterNode, type Resource, variant } from './model.ts'
import { type Role, role } from './role.ts'

/** The topmost ancestor, but never a bundle for what stands inside one. */
export function top(of: Resource): Resource {
  let at = of
  while (at.parent !== undefined && at.parent.variant !== variant.bundle) at = at.parent
  return at
}

/** The topmost ancestor, bundles included. */
export function outermost(of: Resource): Resource {
  let at = of
  while (at.parent !== undefined) at = at.parent
  return at
}

/** True where the resource, its clone or inner clone can be promoted. */
export function isPromotable(of: Resource): boolean {
  return top(of).promotable
}

/** True where some ancestor is a bundle. */
export function isBundled(of: Resource): boolean {
  return outermost(of).variant === variant.bundle
}

/** Calls back for every primitive of the tree, in order of children. */
export function forEachLeaf(of: Resource, visit: (leaf: Resource) => void): void {
  if (of.children.length === 0) visit(of)
  else for (const item of of.children) forEachLeaf(item, visit)
}

/** Calls back for the resource and everything below it. */
export function forEachBelow(of: Resource, visit: (item: Resource) => void): void {
  visit(of)
  for (const item of of.children) forEachBelow(item, visit)
}

/** True where the resource or anything below it satisfies the test. */
export function anyBelow(of: Resource, test: (item: Resource) => boolean): boolean {
  return test(of) || of.children.some((item) => anyBelow(item, test))
}

/** Distinct nodes of the leaves: assigned ones, or those they run on now. */
export function locations(of: Resource, when: 'current' | 'next'): ClusterNode[] {
  const found: ClusterNode[] = []
  forEachLeaf(of, (leaf) => {
    if (when === 'next') {
      if (leaf.assigned !== undefined && !found.includes(leaf.assigned)) found.push(leaf.assigned)
      return
    }
    for (const node of leaf.runningOn) if (!found.includes(node)) found.push(node)
  })
  return found
}

/** The one node of the tree, or undefined where it has none or several. */
export function singleLocation(of: Resource, when: 'current' | 'next'): ClusterNode | undefined {
  const found = locations(of, when)
  return found.length === 1 ? found[0] : undefined
}

/** Highest next role below; a bundle has none. */
export function nextRole(of: Resource): Role {
  if (of.variant === variant.bundle) return role.unknown
  if (of.children.length === 0) return of.nextRole
  return of.children.reduce<Role>((highest, item) => maxRole(highest, nextRole(item)), role.unknown)
}

/** Highest current role below; a bundle has none. */
export function currentRole(of: Resource): Role {
  if (of.variant === variant.bundle) return role.unknown
  if (of.children.length === 0) return of.role
  return of.children.reduce<Role>((highest, item) => maxRole(highest, currentRole(item)), role.unknown)
}

/** The higher of two roles. */
export function maxRole(a: Role, b: Role): Role {
  return a > b ? a : b
}

/** On how many clean nodes a resource is active. */
export function cleanCount({ runningOn }: Resource): number {
  let clean = 0
  for (let i = 0; i < runningOn.length; i += 1) if (isClean(runningOn[i] as ClusterNode)) clean += 1
  return clean
}

function isClean({ online, unclean }: ClusterNode): boolean {
  return online && !unclean
}

/** Where a resource counts as active. */
export function currentNode({ runningOn, partialSource, needsFencing }: Resource): ClusterNode | undefined {
  const first = runningOn[0]
  if (partialSource !== undefined) return runningOn.includes(partialSource) ? partialSource : first
  if (needsFencing || first === undefined || isClean(first)) return first
  return runningOn.find(isClean) ?? first
}

/**
 * True where the resource (its members, its instances) is active: on a node that is online or unclean, or on one that is
 * offline while the resource is unmanaged.
 */
export function isActive(of: Resource, all: boolean): boolean {
  if (of.variant === variant.bundle) return bundleActive(of, all)
  if (of.children.length > 0)
    return all ? of.children.every((c) => isActive(c, true)) : of.children.some((c) => isActive(c, false))
  if (of.variant !== variant.primitive) return all
  return of.runningOn.some((node) => node.unclean || node.online || !of.managed)
}

function bundleActive(of: Resource, all: boolean): boolean {
  for (const replica of of.bundle?.replicas ?? []) {
    for (const part of [replica.ip, replica.container, replica.connection, replica.instance]) {
      if (part === undefined) continue
      const active = isActive(part, all)
      if (active !== all) return active
    }
  }
  return all
}

/** True for remote and guest nodes. */
export function isRemote(node: ClusterNode): boolean {
  return node.kind === 'remote'
}

/** True for nodes inside a container. One that is configured as a cluster node under the same name is none. */
export function isGuest(node: ClusterNode): boolean {
  return containerOf(node) !== undefined
}

/** What a guest node is inside of; undefined for other nodes. */
export function containerOf(node: ClusterNode | undefined): Resource | undefined {
  return node?.kind === 'remote' ? node.connection?.container : undefined
}

/** True for remote nodes that are not guests. */
export function isRemoteOnly(node: ClusterNode): boolean {
  return node.kind === 'remote' && !isGuest(node)
}

/** Name without the number of a clone instance. */
export function withoutInstance(id: string): string {
  return id.replace(/:\d*$/, '')
}

/** Whether a resource of a tree is an ancestor of another. */
export function isAncestor(above: Resource, below: Resource): boolean {
  for (let at = below.parent; at !== undefined; at = at.parent) if (at === above) return true
  return false
}

/** Finds resources by id, or by the name their history was found under. Instances found by history name are not their clone. */
export function findResource(cluster: Cluster, id: string): Resource | undefined {
  const exact = cluster.resourceById.get(id)
  const byHistory = cluster.resourcesByHistoryName.get(id)
  if (byHistory === undefined || byHistory.length === 0) return exact
  const candidates = exact === undefined ? byHistory : [exact, ...byHistory]
  if (candidates.length === 1) return candidates[0]
  return firstInTreeOrder(cluster, new Set(candidates))
}

function firstInTreeOrder(cluster: Cluster, wanted: ReadonlySet<Resource>): Resource | undefined {
  const trees = new Set<Resource>()
  for (const item of wanted) trees.add(outermost(item))
  const walk = (list: readonly Resource[]): Resource | undefined => {
    for (const item of list) {
      if (wanted.has(item)) return item
      const below = walk(item.children)
      if (below !== undefined) return below
    }
    return undefined
  }
  return walk(trees.size === 1 ? [...trees] : cluster.resources.filter((item) => trees.has(item)))
}

/** Records under which name the history of a resource was found. */
export function setHistoryName(cluster: Cluster, of: Resource, name: string | undefined): void {
  const { historyName } = of
  if (historyName !== undefined) {
    const list = cluster.resourcesByHistoryName.get(historyName) ?? []
    cluster.resourcesByHistoryName.set(
      historyName,
      list.filter((item) => item !== of),
    )
  }
  of.historyName = name
  if (name === undefined) return
  const list = cluster.resourcesByHistoryName.get(name)
  if (list === undefined) cluster.resourcesByHistoryName.set(name, [of])
  else list.push(of)
}

/** How a resource is called where people read it: instances of anonymous clones go by the configured id. */
export function printableId(of: Resource): string {
  return of.unique ? of.id : of.xmlId
}
