import { actionSide, addOrder, orderTasks, taskOf } from '../constraint/internal-order.ts'
import { notice } from '../model/log.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { edgeFlag } from '../order/flags.ts'
import { intervalText } from '../scalar.ts'
import { failCount } from '../unpack/fail-count.ts'
import { clearFailCount, requestAction } from './create.ts'
import { keyOf, task } from './key.ts'
import { setMeta, setReason } from './ledger.ts'

/** Has a node forget a resource. */
export function cleanUp(cluster: Cluster, resource: Resource, node: ClusterNode, optional: boolean): void {
  if (resource.failed || node.unclean || !node.online) return
  notice(cluster, 'pcmk__schedule_cleanup', `Scheduling clean-up of ${resource.id} on ${node.uname}`)
  requestAction(cluster, resource, { task: task.delete, node, optional })
  const flags = optional ? edgeFlag.impliesThen : edgeFlag.optional
  orderTasks(cluster, resource, task.stop, resource, task.delete, flags)
  orderTasks(cluster, resource, task.delete, resource, task.start, flags)
}

/** Has the fail counts of orphans forgotten. */
export function clearOrphanFailCounts(cluster: Cluster): void {
  if (!cluster.settings.stopOrphanResources) return
  for (const resource of cluster.resources) {
    if (!resource.orphan) continue
    for (const node of cluster.nodes) {
      if (!node.online || failCount(cluster, resource, node, { effective: true }).count === 0) continue
      const clear = clearFailCount(cluster, resource, node, 'it is orphaned')
      addOrder(cluster, actionSide(clear), taskOf(resource, task.stop), edgeFlag.optional)
    }
  }
}

/**
 * Turns a recurring operation that is under way on a node into its cancellation. One that has no action yet is made as a
 * cancellation: it has the options of the operation as rules give them for that task, and needs no quorum even for a start.
 */
export function cancelRecurring(
  cluster: Cluster,
  resource: Resource,
  taskName: string,
  intervalMs: number,
  node: ClusterNode,
): Action {
  const key = keyOf(resource, taskName, intervalMs)
  const request = { task: task.cancel, operation: taskName, key, intervalMs, node, optional: false }
  const action = requestAction(cluster, resource, request)
  action.task = task.cancel
  action.cancelTask = taskName
  setMeta(action, 'operation', taskName)
  setMeta(action, 'interval', String(intervalMs))
  return action
}

const lastIntervals = new WeakMap<Cluster, string>()

/**
 * The interval of a recorded operation as it is told to the user, after those of what is cancelled. None has no text of
 * its own: the C tools tell the one before it.
 */
export function tellInterval(cluster: Cluster, intervalMs: number): string {
  const text = intervalMs === 0 ? (lastIntervals.get(cluster) ?? '0s') : intervalText(intervalMs)
  lastIntervals.set(cluster, text)
  return text
}

/** Cancels an operation that the history shows, because it is not wanted any more. */
export function cancelFromHistory(
  cluster: Cluster,
  resource: Resource,
  taskName: string,
  intervalMs: number,
  node: ClusterNode,
  callId: string | undefined,
  reason: string,
): void {
  const cancel = cancelRecurring(cluster, resource, taskName, intervalMs, node)
  setReason(cancel, reason, true)
  tellInterval(cluster, intervalMs)
  if (callId !== undefined && !cancel.meta.has('call-id')) setMeta(cancel, 'call-id', callId)
  addOrder(cluster, taskOf(resource, task.stop), actionSide(cancel), edgeFlag.optional)
}
