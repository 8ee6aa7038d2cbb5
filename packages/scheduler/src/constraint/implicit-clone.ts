import { task } from '../action/key.ts'
import { compareInstanceNumbers } from '../model/instances.ts'
import type { Cluster, Resource } from '../model/model.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { orderTasks } from './internal-order.ts'

/** Orders between a clone and its instances. */
export function implicitClone(cluster: Cluster, clone: Resource, below: (instance: Resource) => void): void {
  const ordered = clone.clone?.ordered === true
  orderTasks(cluster, clone, task.stopped, clone, task.start, f.optional)
  orderTasks(cluster, clone, task.start, clone, task.running, f.runnableLeft)
  orderTasks(cluster, clone, task.stop, clone, task.stopped, f.runnableLeft)
  if (clone.promotable) {
    orderTasks(cluster, clone, task.demoted, clone, task.stop, f.optional)
    orderTasks(cluster, clone, task.running, clone, task.promote, f.runnableLeft)
  }
  if (ordered) clone.children.sort(compareInstanceNumbers)
  let previous: Resource | undefined
  for (const instance of clone.children) {
    below(instance)
    orderTasks(cluster, clone, task.start, instance, task.start, f.runnableLeft | f.impliesFirstPrinted)
    orderTasks(cluster, instance, task.start, clone, task.running, f.impliesThenPrinted)
    if (ordered && previous !== undefined) orderTasks(cluster, previous, task.start, instance, task.start, f.optional)
    orderTasks(cluster, clone, task.stop, instance, task.stop, f.impliesFirstPrinted)
    orderTasks(cluster, instance, task.stop, clone, task.stopped, f.impliesThenPrinted)
    if (ordered && previous !== undefined) orderTasks(cluster, instance, task.stop, previous, task.stop, f.optional)
    previous = instance
  }
  if (clone.promotable) implicitPromotable(cluster, clone)
}

/** Orders of the pseudo actions of something promotable among themselves. */
export function restartBlock(cluster: Cluster, resource: Resource): void {
  const pairs = [
    [task.stopped, task.start],
    [task.stopped, task.promote],
    [task.demoted, task.stop],
    [task.demoted, task.start],
    [task.demoted, task.promote],
    [task.running, task.promote],
    [task.demote, task.demoted],
  ] as const
  for (const [first, then] of pairs) orderTasks(cluster, resource, first, resource, then, f.optional)
}

function implicitPromotable(cluster: Cluster, clone: Resource): void {
  const ordered = clone.clone?.ordered === true
  restartBlock(cluster, clone)
  let previous: Resource | undefined
  for (const instance of clone.children) {
    orderTasks(cluster, instance, task.demote, instance, task.promote, f.optional)
    orderTasks(cluster, clone, task.promote, instance, task.promote, f.optional)
    orderTasks(cluster, instance, task.promote, clone, task.promoted, f.optional)
    if (ordered && previous !== undefined)
      orderTasks(cluster, previous, task.promote, instance, task.promote, f.optional)
    orderTasks(cluster, clone, task.demote, instance, task.demote, f.impliesFirstPrinted)
    orderTasks(cluster, instance, task.demote, clone, task.demoted, f.impliesThenPrinted)
    if (ordered && previous !== undefined) orderTasks(cluster, instance, task.demote, previous, task.demote, f.optional)
    previous = instance
  }
}
