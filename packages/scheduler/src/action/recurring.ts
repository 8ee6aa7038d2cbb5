import { attr, idOf } from '@quorate/xml'
import { actionSide, addOrder, orderRecurring, taskOf } from '../constraint/internal-order.ts'
import { configError, notice } from '../model/log.ts'
import {
  type Action,
  type Cluster,
  type ClusterNode,
  type OperationEntry,
  type Resource,
  variant,
} from '../model/model.ts'
import { type Role, role } from '../model/role.ts'
import { top } from '../model/tree.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { intervalText, sameText } from '../scalar.ts'
import { readRole } from '../unpack/role.ts'
import { cancelRecurring } from './cleanup.ts'
import { requestAction } from './create.ts'
import { keyOf, task } from './key.ts'
import { addEdge, findExact } from './ledger.ts'

const neverRecurring: readonly string[] = [
  task.stop,
  task.start,
  task.demote,
  task.promote,
  task.reload,
  task.migrateTo,
  task.migrateFrom,
]

/** Makes the recurring operations of a primitive. */
export function createRecurring(cluster: Cluster, resource: Resource): void {
  if (resource.blocked || resource.maintenance) return
  const { assigned } = resource
  let start: Action | undefined
  if (assigned !== undefined && !assigned.maintenance && (resource.nextRole !== role.stopped || !resource.managed)) {
    start = requestAction(cluster, resource, { task: task.start, node: assigned, optional: true })
  }
  for (const entry of resource.operations) {
    if (!qualifies(cluster, resource, entry)) continue
    const asked = readRole(cluster, attr(entry.xml, 'role'))
    if (attr(entry.xml, 'role') !== undefined && asked === role.unknown) {
      const text = `Ignoring ${idOf(entry.xml)} because ${attr(entry.xml, 'role')} is not a valid role`
      configError(cluster, 'is_recurring_history', text)
      continue
    }
    if (start !== undefined && assigned !== undefined && asked !== role.stopped) {
      recurringActive(cluster, resource, entry, asked, start, assigned)
    }
    if (asked === role.stopped) recurringStopped(cluster, resource, entry)
  }
}

function qualifies(cluster: Cluster, resource: Resource, entry: OperationEntry): boolean {
  if (entry.intervalMs === 0 || idOf(entry.xml) === '') return false
  if (neverRecurring.includes(entry.name)) {
    const text = `Ignoring ${idOf(entry.xml)} because ${entry.name} action cannot be recurring`
    configError(cluster, 'is_recurring_history', text)
    return false
  }
  const same = resource.operations.filter((item) => item.name === entry.name && item.intervalMs === entry.intervalMs)
  if (same.length > 1) {
    const [first, second] = same.map((item) => idOf(item.xml))
    const why = 'do not use same name and interval combination more than once per resource'
    configError(cluster, 'is_op_dup', `Operation ${second} is duplicate of ${first} (${why})`)
    return false
  }
  return entry.enabled
}

function recurringActive(
  cluster: Cluster,
  resource: Resource,
  entry: OperationEntry,
  asked: Role,
  start: Action,
  node: ClusterNode,
): void {
  const { name, intervalMs } = entry
  const known = findExact(resource, keyOf(resource, name, intervalMs), node)
  const optional = start.optional && known.length > 0 && !known.some((action) => action.reschedule)
  const wrongRole = asked === role.unknown ? resource.nextRole === role.promoted : asked !== resource.nextRole
  if (wrongRole) {
    if (optional) cancelForRole(cluster, resource, entry, node)
    return
  }
  const action = requestAction(cluster, resource, { task: name, intervalMs, node, optional })
  if (!start.runnable || !node.online || node.unclean) action.runnable = false
  if (resource.nextRole === role.promoted) action.targetRc = '8'
  if (!resource.managed) return
  orderRecurring(cluster, resource, action)
  if (resource.nextRole === role.promoted)
    addOrder(cluster, taskOf(resource, task.promote), actionSide(action), f.optional | f.runnableLeft)
  else if (resource.role === role.promoted) {
    addOrder(cluster, taskOf(resource, task.demote), actionSide(action), f.optional | f.runnableLeft)
  }
}

function cancelForRole(cluster: Cluster, resource: Resource, entry: OperationEntry, node: ClusterNode): void {
  const cancel = cancelRecurring(cluster, resource, entry.name, entry.intervalMs, node)
  const { role: current, nextRole } = resource
  let after: string | undefined
  if ((current === role.unpromoted || current === role.started) && nextRole === role.promoted) after = task.promote
  else if ((current === role.unpromoted || current === role.started) && nextRole === role.stopped) after = task.stop
  else if (current === role.promoted) after = task.demote
  if (after !== undefined) addOrder(cluster, actionSide(cancel), taskOf(resource, after), f.runnableLeft)
}

/** Operations that make sure that a resource does not run where it should not. */
function recurringStopped(cluster: Cluster, resource: Resource, entry: OperationEntry): void {
  const isInstance = top(resource).variant >= variant.clone
  if (isInstance && !resource.unique) {
    const why = 'recurring monitors for Stopped role are not supported for anonymous clones'
    notice(cluster, 'recurring_op_for_inactive', `Ignoring ${idOf(entry.xml)} (${why})`)
    return
  }
  const { name, intervalMs } = entry
  const { assigned } = resource
  const key = keyOf(resource, name, intervalMs)
  for (const node of cluster.nodes) {
    // A node called like the one that it is assigned to, too, is taken for that.
    if (assigned !== undefined && sameText(node.uname, assigned.uname)) {
      if (findExact(resource, key, assigned).length === 0) continue
      const cancel = cancelRecurring(cluster, resource, name, intervalMs, assigned)
      if (resource.nextRole === role.started || resource.nextRole === role.unpromoted) {
        addOrder(cluster, actionSide(cancel), taskOf(resource, task.start), f.runnableLeft)
      }
      continue
    }
    const optional = findExact(resource, key, node).length > 0
    const action = requestAction(cluster, resource, { task: name, intervalMs, node, optional })
    action.targetRc = '7'
    if (resource.managed) {
      for (const probe of findExact(resource, keyOf(resource, task.monitor), node))
        addEdge(probe, action, f.runnableLeft)
    }
    afterStops(cluster, resource, action, node)
    if (!node.online || node.unclean) action.runnable = false
    if (!action.runnable || action.optional) continue
    const what = `${intervalText(intervalMs)}-interval ${name} for Stopped ${resource.id} on ${node.uname}`
    notice(cluster, 'recurring_op_for_inactive', `Start recurring ${what}`)
  }
}

function afterStops(cluster: Cluster, resource: Resource, action: Action, node: ClusterNode): void {
  for (const stop of findExact(resource, keyOf(resource, task.stop), node)) {
    if (!stop.optional && !action.optional && !resource.managed) action.optional = true
    if (!stop.runnable) action.runnable = false
    if (resource.managed) addOrder(cluster, actionSide(stop), actionSide(action), f.impliesThen | f.runnableLeft)
  }
}
