import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { fenceAction, takesPartInUnfencing, triggerUnfencing, wasUnfenced } from './fencing.ts'
import { addEdge } from './ledger.ts'

/** Has a node unfenced before an action, where the resource asks for it. */
export function unfenceBefore(
  cluster: Cluster,
  resource: Resource,
  action: Action,
  node: ClusterNode,
  flags: number,
): void {
  if (!takesPartInUnfencing(cluster, resource)) return
  const unfence = fenceAction(cluster, node, { action: 'on', optional: true })
  addEdge(unfence, action, flags)
  if (!wasUnfenced(node)) triggerUnfencing(cluster, undefined, node, `required by ${resource.id} ${action.task}`)
}
