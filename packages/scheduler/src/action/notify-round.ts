import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { forEachLeaf } from '../model/tree.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { infinity } from '../score.ts'
import { requestAction } from './create.ts'
import { keyOf, notifyKey, task } from './key.ts'
import { addEdge, addMetas, findNewest, findNewestByKey } from './ledger.ts'
import type { Notification } from './notification.ts'
import { collectLists, notifyKeys } from './notify-lists.ts'

/** Makes the real notifications around one task of a clone. */
export function notifyAround(cluster: Cluster, clone: Resource, frame: Notification): void {
  const lists = collectLists(clone)
  const keys = notifyKeys(cluster, clone, lists)
  const { taskName } = frame
  const own =
    taskName === task.start
      ? lists.start
      : taskName === task.stop
        ? lists.stop
        : taskName === task.promote
          ? lists.promote
          : lists.demote
  if (own.length > 0) {
    for (const action of [frame.pre, frame.preDone, frame.post, frame.postDone])
      if (action !== undefined) action.optional = false
  }
  forEachLeaf(clone, (leaf) => notifyInstance(cluster, leaf, frame, keys, own.length > 0))
}

const told: readonly string[] = [task.start, task.stop, task.promote, task.demote]

/** Makes the notifications of one instance. */
export function notifyInstance(
  cluster: Cluster,
  instance: Resource,
  frame: Notification,
  keys: ReadonlyMap<string, string>,
  happens: boolean,
): void {
  for (const action of instance.actions) {
    if (action.optional || action.node === undefined || !told.includes(action.task)) continue
    addMetas(action, keys)
  }
  const { taskName } = frame
  if (taskName !== task.stop && !happens) return
  if ((taskName === task.stop || taskName === task.demote) && instance.role !== role.stopped) {
    notifyLeaving(cluster, instance, frame, keys)
  }
  if ((taskName === task.start || taskName === task.promote) && instance.nextRole !== role.stopped) {
    notifyComing(cluster, instance, frame, keys)
  }
}

function notifyLeaving(
  cluster: Cluster,
  instance: Resource,
  frame: Notification,
  keys: ReadonlyMap<string, string>,
): void {
  for (const node of instance.runningOn) {
    const stop = findNewest(instance, task.stop)
    if (stop?.pseudo === true && (node.unclean || node.requiresReset)) continue
    notification(cluster, instance, node, frame, 'pre', keys)
    if (frame.taskName === task.demote || stop === undefined || stop.optional) {
      notification(cluster, instance, node, frame, 'post', keys)
    }
  }
}

function notifyComing(
  cluster: Cluster,
  instance: Resource,
  frame: Notification,
  keys: ReadonlyMap<string, string>,
): void {
  const start = findNewest(instance, task.start)
  const carrier = start?.node?.connection
  if (carrier !== undefined) {
    const connect = findNewestByKey(carrier, keyOf(carrier, task.start))
    if (connect !== undefined && !connect.runnable) return
  }
  const node = instance.assigned
  if (node === undefined) return
  if (frame.taskName !== task.start || start === undefined || start.optional) {
    notification(cluster, instance, node, frame, 'pre', keys)
  }
  notification(cluster, instance, node, frame, 'post', keys)
}

function notification(
  cluster: Cluster,
  instance: Resource,
  node: ClusterNode,
  frame: Notification,
  type: 'pre' | 'post',
  keys: ReadonlyMap<string, string>,
): void {
  const [begin, done] = type === 'pre' ? [frame.pre, frame.preDone] : [frame.post, frame.postDone]
  const made =
    begin === undefined || done === undefined ? undefined : frameAction(cluster, instance, node, frame, type, begin)
  if (made !== undefined) {
    addMetas(made, keys)
    addEdge(begin, made, f.optional)
    addEdge(made, done, f.optional)
  }
  if (type === 'pre' || done === undefined) return
  if (made !== undefined) made.priority = infinity
  for (let i = instance.actions.length - 1; i >= 0; i -= 1) {
    const action = instance.actions[i] as Action
    const interval = action.meta.get('interval')
    if (interval !== undefined && interval !== '0' && action.task !== task.cancel) addEdge(done, action, f.optional)
  }
}

/** The notification of an instance itself; undefined where it cannot be given. */
function frameAction(
  cluster: Cluster,
  instance: Resource,
  node: ClusterNode,
  frame: Notification,
  type: 'pre' | 'post',
  begin: Action,
): Action | undefined {
  if (!node.online || !begin.runnable) return undefined
  const key = notifyKey(instance.id, type, frame.taskName)
  const made = requestAction(cluster, instance, { task: task.notify, key, node, optional: begin.optional })
  addMetas(made, begin.meta)
  return made
}
