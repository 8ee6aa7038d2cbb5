import type { Action, Cluster, Resource } from '../model/model.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { infinity } from '../score.ts'
import { requestAction } from './create.ts'
import { notifyKey, task } from './key.ts'
import { addEdge, addMeta } from './ledger.ts'

/** Pseudo actions around a clone's task that let its agents know. */
export type Notification = {
  /** What is being done: start, stop, promote, demote, or stonith. */
  readonly taskName: string
  readonly action: Action | undefined
  pre: Action | undefined
  preDone: Action | undefined
  post: Action | undefined
  postDone: Action | undefined
}

function pseudo(
  cluster: Cluster,
  resource: Resource,
  of: Action,
  type: 'pre' | 'post',
  isDone: boolean,
  operation: string,
): Action {
  const keyType = isDone ? `confirmed-${type}` : type
  const made = requestAction(cluster, resource, {
    task: isDone ? task.notified : task.notify,
    key: notifyKey(resource.id, keyType, of.task),
    optional: of.optional,
  })
  made.pseudo = true
  addMeta(made, 'notify_key_type', keyType)
  addMeta(made, 'notify_key_operation', of.task)
  addMeta(made, 'notify_type', type)
  addMeta(made, 'notify_operation', operation)
  return made
}

/**
 * Makes the pseudo actions that frame a task: before it and confirmed, after it and confirmed. Undefined where the
 * resource does not want notifications.
 */
export function createNotification(
  cluster: Cluster,
  resource: Resource,
  taskName: string,
  action: Action | undefined,
  complete: Action | undefined,
): Notification | undefined {
  if (!resource.notify) return undefined
  const made: Notification = {
    taskName,
    action,
    pre: undefined,
    preDone: undefined,
    post: undefined,
    postDone: undefined,
  }
  if (action !== undefined) {
    made.pre = pseudo(cluster, resource, action, 'pre', false, taskName)
    made.pre.runnable = true
    made.preDone = pseudo(cluster, resource, action, 'pre', true, taskName)
    made.preDone.runnable = true
    addEdge(made.pre, made.preDone, f.optional)
    addEdge(made.preDone, action, f.optional)
  }
  if (complete === undefined) return made
  made.post = pseudo(cluster, resource, complete, 'post', false, taskName)
  made.post.priority = infinity
  made.post.runnable = complete.runnable
  made.postDone = pseudo(cluster, resource, complete, 'post', true, taskName)
  made.postDone.priority = infinity
  made.postDone.runnable = complete.runnable
  addEdge(complete, made.post, f.impliesThen)
  addEdge(made.post, made.postDone, f.impliesThen)
  addEdge(made.preDone, made.post, f.optional)
  return made
}
