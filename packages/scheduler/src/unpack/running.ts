import { type Cluster, type ClusterNode, type Resource, type ScoreCause, variant } from '../model/model.ts'
import { NodeTable } from '../model/node-table.ts'
import { role } from '../model/role.ts'
import { addScore, addScoreEverywhere } from '../model/scoring.ts'
import { containerOf, forEachBelow } from '../model/tree.ts'
import { infinity } from '../score.ts'

/** Bans a resource everywhere, whatever its scores were. */
export function banEverywhere(cluster: Cluster, resource: Resource, cause: ScoreCause): void {
  resource.allowed = new NodeTable()
  for (const node of cluster.nodes) resource.allowed.insert(node, -infinity, node.entryMode)
  cluster.observer?.note(cluster, resource, cause)
}

/** Notes that a resource is active on a node. */
export function addRunning(cluster: Cluster, resource: Resource, node: ClusterNode, failed: boolean): void {
  if (resource.runningOn.includes(node)) return
  resource.runningOn.push(node)
  if (resource.variant === variant.primitive) {
    node.running.push(resource)
    if (resource.priority !== 0 && !failed) addPriority(resource, node)
    if (node.maintenance) resource.managed = false
  }
  if (!resource.managed) {
    addScore(resource, node, infinity)
    cluster.observer?.note(cluster, resource, { kind: 'unmanaged' })
    for (let at = resource.parent; at !== undefined && node.online; at = at.parent) at.runningOn.push(node)
    return
  }
  if (resource.variant === variant.primitive && resource.runningOn.length > 1) multiplyActive(cluster, resource)
  if (resource.parent !== undefined) addRunning(cluster, resource.parent, node, false)
}

function addPriority(resource: Resource, node: ClusterNode): void {
  const gain = resource.priority + (resource.role === role.promoted ? 1 : 0)
  node.prioritySum += gain
  for (const host of containerOf(node)?.runningOn ?? []) host.prioritySum += gain
}

function multiplyActive(cluster: Cluster, resource: Resource): void {
  const nodes = resource.needsFencing
    ? resource.runningOn
    : resource.runningOn.filter((node) => node.online && !node.unclean)
  if (nodes.length <= 1) return
  if (resource.recovery === 'stop_only') banEverywhere(cluster, resource, { kind: 'multiple-active' })
  if (resource.recovery !== 'block') return
  resource.managed = false
  resource.blocked = true
  const { parent } = resource
  if (parent === undefined || parent.recovery !== 'block') return
  if (parent.variant !== variant.group && parent.variant !== variant.bundle) return
  for (const sibling of parent.children) {
    sibling.managed = false
    sibling.blocked = true
  }
}

/** Makes a resource and everything below it unmanaged, and says that nothing more can be done for it. */
export function block(resource: Resource): void {
  forEachBelow(resource, (item) => {
    item.managed = false
    item.blocked = true
  })
}

/** Bans a resource from a node, or from all. */
export function ban(cluster: Cluster, resource: Resource, node: ClusterNode | undefined, cause: ScoreCause): void {
  if (node === undefined) addScoreEverywhere(cluster, resource, -infinity)
  else addScore(resource, node, -infinity)
  cluster.observer?.note(cluster, resource, cause)
}
