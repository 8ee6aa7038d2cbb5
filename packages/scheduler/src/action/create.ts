import { hasChildren, type XmlElement } from '@quorate/xml'
import { notice, statusWarning } from '../model/log.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { currentRole, isActive, isGuest, nextRole } from '../model/tree.ts'
import { unpackSets } from '../unpack/name-values.ts'
import { fenceNode, judgeFencing } from './fencing.ts'
import { keyOf, task } from './key.ts'
import { findOldest, newAction, setMeta } from './ledger.ts'
import { unpackOptions } from './operation-options.ts'

/** What an action of a resource is to be. */
export type ActionRequest = {
  readonly task: string
  /** Name; made of resource, task and interval where it is missing. */
  readonly key?: string
  readonly node?: ClusterNode | undefined
  readonly optional: boolean
  readonly intervalMs?: number
  /** False: made only to learn what is configured; takes no number. */
  readonly recorded?: boolean
  /** Name of the operation whose options it takes, where that is not the task. */
  readonly operation?: string
}

/**
 * The action of that name on that node, made where there is none. Asking for one that exists can change it: a request
 * without `optional` makes it required, and whether it can run is judged anew.
 */
export function requestAction(cluster: Cluster, resource: Resource, request: ActionRequest): Action {
  const { node, optional, intervalMs = 0, recorded = true } = request
  const key = request.key ?? keyOf(resource, request.task, intervalMs)
  let action = recorded ? findOldest(resource.actionsByKey, key, node) : undefined
  if (action === undefined) {
    action = newAction(cluster, key, request.task, resource, node, optional, recorded)
    unpackOptions(cluster, action, resource, intervalMs, request.operation)
  }
  judgeOptional(action, resource, optional)
  if (action.node !== undefined && action.operation !== undefined && !action.parametersUnpacked) {
    if (hasChildren(action.operation)) unpackExtra(cluster, action, action.operation, action.node)
    action.parametersUnpacked = true
  }
  judgeRunnable(cluster, action, resource, recorded)
  return action
}

function unpackExtra(cluster: Cluster, action: Action, operation: XmlElement, { attributes }: ClusterNode): void {
  const extra = new Map<string, string>()
  unpackSets(cluster, operation, 'instance_attributes', extra, { attributes })
  if (extra.size > 0) action.extra = extra
}

function judgeOptional(action: Action, resource: Resource, optional: boolean): void {
  if (action.node !== undefined && !action.pseudo && !resource.managed && !action.meta.has('interval'))
    action.optional = true
  else if (!optional) action.optional = false
}

function judgeRunnable(cluster: Cluster, action: Action, resource: Resource, recorded: boolean): void {
  if (action.pseudo) return
  const { node } = action
  if (node === undefined) {
    action.runnable = false
  } else if (!action.onDc && !node.online && !(isGuest(node) && !node.requiresReset)) {
    action.runnable = false
    if (recorded) {
      const text = `${action.key} on ${node.uname} is unrunnable (node is offline)`
      statusWarning(cluster, 'update_resource_action_runnable', text)
    }
    if (recorded && resource.managed && action.task === task.stop && !node.unclean) {
      fenceNode(cluster, node, 'stop is unrunnable')
    }
  } else if (!action.onDc && node.pending) {
    action.runnable = false
    if (recorded) {
      const text = `Action ${action.key} on ${node.uname} is unrunnable (node is pending)`
      statusWarning(cluster, 'update_resource_action_runnable', text)
    }
  } else if (action.needs === 'nothing') {
    action.reason = undefined
    const host = isGuest(node) ? node : undefined
    action.runnable = host === undefined || judgeFencing(cluster, host)
  } else judgeQuorum(cluster, action, resource)
}

function judgeQuorum(cluster: Cluster, action: Action, resource: Resource): void {
  switch (effectivePolicy(cluster, resource)) {
    case 'stop':
      action.runnable = false
      action.reason = 'no quorum'
      return
    case 'freeze':
      if (!isActive(resource, true) || nextRole(resource) > currentRole(resource)) {
        action.runnable = false
        action.reason = 'quorum freeze'
      }
      // A start that could not run for another reason (it had no node yet) stays so.
      return
    default:
      action.runnable = true
  }
}

function effectivePolicy(cluster: Cluster, resource: Resource): string {
  if (cluster.quorate) return 'ignore'
  const policy = cluster.settings.noQuorumPolicy
  if (policy !== 'demote') return policy
  if (resource.role !== role.promoted && resource.role !== role.unpromoted) return 'stop'
  if (resource.nextRole > role.unpromoted) resource.nextRole = role.unpromoted
  return 'ignore'
}

/** A pseudo action of a collective resource; one that is asked to be runnable is so from here on. */
export function requestPseudo(
  cluster: Cluster,
  resource: Resource,
  taskName: string,
  optional: boolean,
  runnable: boolean,
): Action {
  const action = requestAction(cluster, resource, { task: taskName, optional })
  action.pseudo = true
  if (runnable) action.runnable = true
  return action
}

/** Requires that the fail count of a resource on a node is forgotten. */
export function clearFailCount(cluster: Cluster, resource: Resource, node: ClusterNode, reason: string): Action {
  const action = requestAction(cluster, resource, { task: task.clearFailCount, node, optional: false })
  const what = `Clearing failure of ${resource.id} on ${node.uname} because ${reason} | ${action.key}`
  notice(cluster, 'pe__clear_failcount', what)
  setMeta(action, 'op_no_wait', 'true')
  return action
}
