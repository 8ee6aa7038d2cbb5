import { actionSide, addOrder, taskOf } from '../constraint/internal-order.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { currentNode, isGuest, isRemote } from '../model/tree.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { fenceNode } from './fencing.ts'
import { isKnownTask, task } from './key.ts'
import { connectionState } from './remote-state.ts'

/** Orders actions on remote and guest nodes with the connections that carry them. */
export function orderRemoteActions(cluster: Cluster): void {
  if (!cluster.remoteNodesExist) return
  for (let i = cluster.actions.length - 1; i >= 0; i -= 1) orderRemoteAction(cluster, cluster.actions[i] as Action)
}

function orderRemoteAction(cluster: Cluster, action: Action): void {
  const { resource, node } = action
  if (resource === undefined) return
  if (action.task === task.clearFailCount && resource.isConnection) {
    addOrder(cluster, actionSide(action), taskOf(resource, task.start), f.optional)
    return
  }
  if (node === undefined || !isRemote(node) || action.pseudo) return
  const { connection } = node
  if (connection === undefined) return
  if (action.task === task.start) {
    for (const stop of resource.actions) {
      if (stop.task !== task.stop || stop.node === undefined || stop.node === node) continue
      addOrder(cluster, taskOf(connection, task.start), actionSide(stop), f.optional)
    }
  }
  if (isGuest(node)) orderOnGuest(cluster, action, node, connection)
  else orderOnRemote(cluster, action, node, connection)
}

function normalTask(action: Action): string {
  return action.task === task.migrateTo || action.task === task.migrateFrom ? task.stop : action.task
}

function startThen(cluster: Cluster, first: Resource, action: Action, extra: number): void {
  addOrder(cluster, taskOf(first, task.start), actionSide(action), f.preserve | f.runnableLeft | extra)
}

function thenStop(cluster: Cluster, action: Action, connection: Resource, extra: number): void {
  addOrder(cluster, actionSide(action), taskOf(connection, task.stop), f.preserve | extra)
}

function isRecurring(action: Action): boolean {
  const interval = action.meta.get('interval')
  return interval !== undefined && interval !== '0'
}

function orderOnGuest(cluster: Cluster, action: Action, node: ClusterNode, connection: Resource): void {
  const { container } = connection
  if (container === undefined) return
  if (container.failed) fenceNode(cluster, node, 'container failed')
  switch (normalTask(action)) {
    case task.start:
    case task.promote:
      startThen(cluster, container, action, f.impliesThen)
      startThen(cluster, connection, action, f.none)
      return
    case task.stop:
    case task.demote:
      if (!container.failed) thenStop(cluster, action, connection, f.none)
      return
    default:
      if (isRecurring(action)) {
        if (isKnownTask(action.task)) startThen(cluster, connection, action, f.impliesThen)
      } else startThen(cluster, connection, action, f.none)
  }
}

function orderOnRemote(cluster: Cluster, action: Action, node: ClusterNode, connection: Resource): void {
  const state = connectionState(node)
  switch (normalTask(action)) {
    case task.start:
    case task.promote:
      startThen(cluster, connection, action, state === 'failed' ? f.impliesThen : f.none)
      return
    case task.stop:
      if (state === 'alive') thenStop(cluster, action, connection, f.impliesFirst)
      else if (state === 'failed') {
        fenceNode(cluster, node, 'resources are active but connection is unrecoverable')
      } else if (connection.nextRole === role.stopped) thenStop(cluster, action, connection, f.impliesFirst)
      else startThen(cluster, connection, action, f.none)
      return
    case task.demote:
      if (state === 'resting' || state === 'unknown') startThen(cluster, connection, action, f.none)
      return
    default:
  }
  if (isRecurring(action)) {
    startThen(cluster, connection, action, f.impliesThen)
    return
  }
  if (action.task === task.monitor && state === 'failed') {
    fenceNode(cluster, node, 'resources are in unknown state and connection is unrecoverable')
  }
  if (currentNode(connection) !== undefined && state === 'stopped')
    thenStop(cluster, action, connection, f.runnableLeft)
  else startThen(cluster, connection, action, f.none)
}

const beganThere: readonly string[] = [task.cancel, task.stop, task.demote, task.migrateFrom, task.migrateTo]

/** The cluster node that carries an action out on a remote or guest node; undefined for actions on cluster nodes. */
export function routerFor(action: Action): ClusterNode | undefined {
  const { node } = action
  if (node === undefined || !isRemote(node) || action.task === task.fence) return undefined
  const { connection } = node
  if (connection === undefined) return undefined
  const began = currentNode(connection)
  const ended = connection.assigned
  if (began === undefined || ended === undefined || began === ended) return began ?? ended
  const operation = action.task === task.notify ? (action.meta.get('notify_operation') ?? '') : action.task
  if (!beganThere.includes(operation)) return ended
  const partial = connection.partialTarget !== undefined && connection.container === undefined
  return partial ? ended : began
}
