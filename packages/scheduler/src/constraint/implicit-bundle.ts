import { task } from '../action/key.ts'
import type { Cluster, Replica, Resource } from '../model/model.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { infinity } from '../score.ts'
import { addColocation } from './colocation.ts'
import { restartBlock } from './implicit-clone.ts'
import { orderTasks } from './internal-order.ts'

/** Orders and colocations within a bundle. */
export function implicitBundle(cluster: Cluster, bundle: Resource, below: (part: Resource) => void): void {
  const inner = bundle.bundle?.inner
  if (inner !== undefined) {
    orderTasks(cluster, bundle, task.start, inner, task.start, f.impliesFirstPrinted)
    orderTasks(cluster, bundle, task.stop, inner, task.stop, f.impliesFirstPrinted)
    orderTasks(cluster, inner, task.running, bundle, task.running, f.impliesThenPrinted)
    orderTasks(cluster, inner, task.stopped, bundle, task.stopped, f.impliesThenPrinted)
  }
  for (const replica of bundle.bundle?.replicas ?? []) implicitReplica(cluster, bundle, replica, below)
  if (inner === undefined) return
  below(inner)
  if (!inner.promotable) return
  restartBlock(cluster, bundle)
  orderTasks(cluster, inner, task.demoted, bundle, task.demoted, f.impliesThenPrinted)
  orderTasks(cluster, bundle, task.demote, inner, task.demote, f.impliesFirstPrinted)
  orderTasks(cluster, inner, task.promoted, bundle, task.promoted, f.impliesThenPrinted)
  orderTasks(cluster, bundle, task.promote, inner, task.promote, f.impliesFirstPrinted)
}

function implicitReplica(cluster: Cluster, bundle: Resource, replica: Replica, below: (part: Resource) => void): void {
  const { container, ip, connection, instance } = replica
  if (container === undefined) return
  below(container)
  orderTasks(cluster, bundle, task.start, container, task.start, f.runnableLeft | f.impliesFirstPrinted)
  if (instance !== undefined) orderTasks(cluster, bundle, task.stop, instance, task.stop, f.impliesFirstPrinted)
  orderTasks(cluster, bundle, task.stop, container, task.stop, f.impliesFirstPrinted)
  orderTasks(cluster, container, task.start, bundle, task.running, f.impliesThenPrinted)
  orderTasks(cluster, container, task.stop, bundle, task.stopped, f.impliesThenPrinted)
  if (ip !== undefined) {
    below(ip)
    orderTasks(cluster, ip, task.start, container, task.start, f.runnableLeft | f.preserve)
    orderTasks(cluster, container, task.stop, ip, task.stop, f.impliesFirst | f.preserve)
    addColocation(cluster, {
      id: 'ip-with-docker',
      score: infinity,
      dependent: ip,
      primary: container,
      influence: true,
    })
  }
  if (connection !== undefined) below(connection)
}
