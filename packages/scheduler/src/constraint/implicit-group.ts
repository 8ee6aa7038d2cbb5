import { task } from '../action/key.ts'
import type { Cluster, Resource } from '../model/model.ts'
import { isPromotable } from '../model/tree.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { infinity } from '../score.ts'
import { addColocation } from './colocation.ts'
import { orderTasks } from './internal-order.ts'

/** Orders and colocations within a group. */
export function implicitGroup(cluster: Cluster, group: Resource, below: (member: Resource) => void): void {
  const ordered = group.group?.ordered === true
  const promotable = isPromotable(group)
  orderTasks(cluster, group, task.stop, group, task.stopped, f.runnableLeft)
  orderTasks(cluster, group, task.stopped, group, task.start, f.optional)
  orderTasks(cluster, group, task.start, group, task.running, f.runnableLeft)
  let previous: Resource | undefined
  let lastActive: Resource | undefined
  for (const member of group.children) {
    below(member)
    if (previous !== undefined && group.group?.collocated === true) {
      addColocation(cluster, {
        id: 'group:internal_colocation',
        score: infinity,
        dependent: member,
        primary: previous,
        influence: member.critical,
      })
    }
    memberAndGroup(cluster, group, member, previous, ordered, promotable)
    if (!ordered) orderUnordered(cluster, group, member, promotable)
    else if (previous === undefined) orderFirst(cluster, group, member, promotable)
    else orderNext(cluster, previous, member, promotable)
    if (member.runningOn.length > 0) {
      if (ordered && previous !== undefined && previous.runningOn.length === 0 && lastActive !== undefined) {
        orderTasks(cluster, member, task.stop, lastActive, task.stop, f.optional)
      }
      lastActive = member
    }
    previous = member
  }
}

function memberAndGroup(
  cluster: Cluster,
  group: Resource,
  member: Resource,
  previous: Resource | undefined,
  ordered: boolean,
  promotable: boolean,
): void {
  const isFirst = ordered && previous === undefined
  const down = isFirst ? f.impliesFirstPrinted | f.optional : f.impliesFirstPrinted
  const post = isFirst ? f.impliesThen : f.impliesThenPrinted
  const up = f.runnableLeft | f.impliesThen | f.impliesThenPrinted
  if (promotable) {
    orderTasks(cluster, group, task.demote, member, task.demote, down)
    orderTasks(cluster, member, task.demote, group, task.demoted, post)
    orderTasks(cluster, member, task.promote, group, task.promoted, up)
    orderTasks(cluster, group, task.promote, member, task.promote, f.impliesFirstPrinted)
  }
  orderTasks(cluster, group, task.stop, member, task.stop, down)
  orderTasks(cluster, member, task.stop, group, task.stopped, post)
  orderTasks(cluster, group, task.start, member, task.start, f.impliesFirstPrinted)
  orderTasks(cluster, member, task.start, group, task.running, up)
}

function orderUnordered(cluster: Cluster, group: Resource, member: Resource, promotable: boolean): void {
  const flags = f.impliesThen | f.runnableLeft | f.impliesFirstPrinted
  orderTasks(cluster, group, task.start, member, task.start, flags)
  if (promotable) orderTasks(cluster, group, task.promote, member, task.promote, flags)
}

function orderFirst(cluster: Cluster, group: Resource, member: Resource, promotable: boolean): void {
  orderTasks(cluster, group, task.start, member, task.start, f.none)
  if (promotable) orderTasks(cluster, group, task.promote, member, task.promote, f.none)
}

function orderNext(cluster: Cluster, previous: Resource, member: Resource, promotable: boolean): void {
  orderTasks(cluster, previous, task.start, member, task.start, f.impliesThen | f.runnableLeft)
  orderTasks(cluster, member, task.stop, previous, task.stop, f.optional | f.restart)
  if (!promotable) return
  orderTasks(cluster, previous, task.promote, member, task.promote, f.impliesThen | f.runnableLeft)
  orderTasks(cluster, member, task.demote, previous, task.demote, f.optional)
}
