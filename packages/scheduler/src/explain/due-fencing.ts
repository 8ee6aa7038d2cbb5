import { task } from '../action/key.ts'
import type { Action, Cluster } from '../model/model.ts'

/** Fencing that the cluster is going to do; unfencing is none. */
export function dueFencing(cluster: Cluster): readonly Action[] {
  return cluster.actions.filter(
    (action) =>
      action.task === task.fence &&
      !action.optional &&
      action.node !== undefined &&
      action.meta.get('stonith_action') !== 'on',
  )
}
