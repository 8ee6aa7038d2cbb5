import type { Action, Cluster, Resource } from '../model/model.ts'
import { forEachLeaf, top } from '../model/tree.ts'
import { task } from './key.ts'
import { createNotification } from './notification.ts'
import { notifyInstance } from './notify-round.ts'

/** Tells the surviving instances of a clone that fencing has stopped one of them. */
export function notifyOfFencing(cluster: Cluster, resource: Resource, stop: Action, fence: Action): void {
  const frame = createNotification(cluster, resource, task.stop, undefined, fence)
  if (frame === undefined) return
  const keys = new Map([['notify_stop_resource', resource.id]])
  if (stop.node !== undefined) keys.set('notify_stop_uname', stop.node.uname)
  forEachLeaf(top(resource), (leaf) => notifyInstance(cluster, leaf, frame, keys, true))
}
