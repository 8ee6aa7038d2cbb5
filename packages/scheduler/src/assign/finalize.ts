import { task } from '../action/key.ts'
import type { ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { isAvailable } from '../model/scoring.ts'
import { isGuest } from '../model/tree.ts'

/** Takes a resource's share out of a node's capacity. */
function consume(node: ClusterNode, resource: Resource): void {
  resource.utilization.forEach((value, name) => {
    const left = node.utilization.get(name)
    node.utilization.set(name, left === undefined ? 0 : left - value)
    node.utilizationTexts.delete(name)
  })
  node.room = undefined
}

function release(node: ClusterNode, resource: Resource): void {
  resource.utilization.forEach((value, name) => {
    node.utilization.set(name, (node.utilization.get(name) ?? 0) + value)
  })
  node.room = undefined
}

/** Takes an assignment back, so that the resource can be assigned again. */
export function unassign(resource: Resource): void {
  const node = resource.assigned
  if (node === undefined) return
  resource.provisional = true
  resource.assigned = undefined
  node.assigned.delete(resource)
  release(node, resource)
}

/**
 * Settles where a primitive goes; false where it goes nowhere.
 *
 * @param force take the node whatever its score
 */
export function finalize(resource: Resource, node: ClusterNode | undefined, force: boolean): boolean {
  let chosen = node
  if (!force && chosen !== undefined) {
    const score = resource.allowed.get(chosen) ?? 0
    if (score < 0 || (!isAvailable(chosen, { score }) && !isGuest(chosen))) {
      resource.nextRole = role.stopped
      chosen = undefined
    }
  }
  unassign(resource)
  resource.provisional = false
  if (chosen === undefined) {
    resource.nextRole = role.stopped
    stopUnassigned(resource)
    return false
  }
  resource.assigned = chosen
  resource.assignedScore = force ? chosen.entryScore : (resource.allowed.get(chosen) ?? chosen.entryScore)
  chosen.assigned.add(resource)
  resource.allowed.setCount(chosen, resource.allowed.count(chosen) + 1)
  consume(chosen, resource)
  return true
}

function stopUnassigned(resource: Resource): void {
  for (let i = resource.actions.length - 1; i >= 0; i -= 1) {
    const action = resource.actions[i]
    if (action === undefined) continue
    if (action.task === task.stop) action.optional = false
    else if (action.task === task.start) action.runnable = false
    else {
      const interval = action.meta.get('interval')
      const targetRc = action.targetRc ?? action.meta.get('op_target_rc')
      if (interval !== undefined && interval !== '0' && targetRc !== '7') action.runnable = false
    }
  }
}

/** Settles every leaf of a tree; true where something was assigned elsewhere or taken away. */
export function finalizeTree(resource: Resource, node: ClusterNode | undefined, force: boolean): boolean {
  if (resource.children.length === 0) {
    const before = resource.assigned
    finalize(resource, node, force)
    return resource.assigned !== before
  }
  let changed = false
  for (const item of resource.children) changed = finalizeTree(item, node, force) || changed
  return changed
}
