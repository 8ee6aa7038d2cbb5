import { task } from '../action/key.ts'
import type { Action, Cluster, ClusterNode } from '../model/model.ts'
import { isGuest } from '../model/tree.ts'

/** Fencing that the cluster is going to do; unfencing is none. */
export function dueFencing(cluster: Cluster): readonly Action[] {
  return cluster.actions.filter(
    (action) =>
      action.task === task.fence &&
      !action.optional &&
      action.node !== undefined &&
      action.meta.get('stonith_action') !== 'on',
  )
}

/** Why a node is fenced. */
export function fencingReason(cluster: Cluster, { node, reason }: Action): string | undefined {
  return (node === undefined ? undefined : guestReason(cluster, node)) ?? reason
}

/** Why a guest is fenced; only the log has it, since it is its container that is recovered. */
export function guestReason(cluster: Cluster, node: ClusterNode): string | undefined {
  if (!isGuest(node)) return undefined
  const start = `Guest node ${node.uname} will be fenced (by recovering its guest resource `
  const said = cluster.log.find(({ text }) => text.startsWith(start))?.text
  return said?.slice(said.indexOf('): ', start.length) + '): '.length)
}
