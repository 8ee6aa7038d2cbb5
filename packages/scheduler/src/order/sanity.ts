import { task } from '../action/key.ts'
import { isGraphInput } from '../graph/worthy.ts'
import { statusWarning } from '../model/log.ts'
import type { Action, Cluster, Edge } from '../model/model.ts'
import { edgeFlag as f } from './flags.ts'

/** Drops orders that cannot be kept: within a container against the container, and loops of load orders. */
export function dropInvalidOrders(cluster: Cluster): void {
  for (let i = cluster.actions.length - 1; i >= 0; i -= 1) {
    const action = cluster.actions[i] as Action
    for (let j = action.before.length - 1; j >= 0; j -= 1) {
      const edge = action.before[j] as Edge
      const isInvalid = isAgainstContainer(edge, action)
      if (isInvalid) {
        const text = `Invalid ordering constraint between ${edge.first.resource?.id} and ${action.resource?.id}`
        statusWarning(cluster, 'ordering_is_invalid', text)
      }
      if (isInvalid || isLoadLoop(cluster, edge, action)) edge.flags = f.none
    }
  }
}

function isAgainstContainer(edge: Edge, action: Action): boolean {
  if ((edge.flags & f.preserve) !== 0 || edge.first.resource === undefined) return false
  const container = edge.first.node?.connection?.container
  return container !== undefined && container === action.resource
}

function isLoadLoop(cluster: Cluster, edge: Edge, action: Action): boolean {
  if (edge.flags !== f.load || action.task !== task.migrateTo) return false
  cluster.epoch += 1
  return leadsTo(cluster, edge, action)
}

/** True where the inputs of an edge's first action lead back to an action. */
function leadsTo(cluster: Cluster, from: Edge, target: Action): boolean {
  const stack: Edge[] = [from]
  for (let edge = stack.pop(); edge !== undefined; edge = stack.pop()) {
    const { first, then } = edge
    if (first.visited === cluster.epoch || !isGraphInput(cluster, then, edge)) continue
    if (first === target) return true
    first.visited = cluster.epoch
    for (const input of first.before) stack.push(input)
  }
  return false
}
