import { orderTasks } from '../constraint/internal-order.ts'
import type { Cluster, ClusterNode, Resource } from '../model/model.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { requestAction } from './create.ts'
import { task } from './key.ts'
import { addMeta } from './ledger.ts'

/** True where a resource may move without being stopped. */
export function canMigrate(
  resource: Resource,
  current: ClusterNode | undefined,
  next: ClusterNode | undefined,
): boolean {
  if (!resource.allowMigrate || !resource.managed || resource.failed || resource.startPending) return false
  return current?.unclean !== true && next?.unclean !== true
}

/** Makes the actions of a live migration, next to the stop and start that they stand for. */
export function createMigration(
  cluster: Cluster,
  resource: Resource,
  current: ClusterNode | undefined,
  next: ClusterNode | undefined,
): void {
  const partial = resource.partialTarget !== undefined
  const start = requestAction(cluster, resource, { task: task.start, node: next, optional: true })
  const stop = requestAction(cluster, resource, { task: task.stop, node: current, optional: true })
  const to = partial
    ? undefined
    : requestAction(cluster, resource, { task: task.migrateTo, node: current, optional: true })
  const from = requestAction(cluster, resource, { task: task.migrateFrom, node: next, optional: true })
  start.migratable = true
  stop.migratable = true
  start.pseudo = true
  from.migratable = true
  if (to !== undefined) {
    to.migratable = true
    to.needs = start.needs
    orderTasks(cluster, resource, task.monitor, resource, task.migrateTo, f.optional)
    orderTasks(cluster, resource, task.migrateTo, resource, task.migrateFrom, f.optional | f.impliesFirstMigratable)
  } else {
    from.needs = start.needs
    orderTasks(cluster, resource, task.monitor, resource, task.migrateFrom, f.optional)
  }
  orderTasks(cluster, resource, task.migrateFrom, resource, task.stop, f.optional | f.impliesFirstMigratable)
  orderTasks(
    cluster,
    resource,
    task.migrateFrom,
    resource,
    task.start,
    f.optional | f.impliesFirstMigratable | f.pseudoLeft,
  )
  for (const action of [to, from]) {
    if (action === undefined) continue
    addMeta(action, 'migrate_source', current?.uname)
    addMeta(action, 'migrate_target', next?.uname)
  }
  if (to !== undefined && !resource.isConnection) addMeta(to, 'record-pending', 'true')
}
