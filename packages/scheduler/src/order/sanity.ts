import { task } from '../action/key.ts'
import { isGraphInput } from '../graph/worthy.ts'
import { statusWarning } from '../model/log.ts'
import type { Action, Cluster, Edge } from '../model/model.ts'
import { edgeFlag as f } from './flags.ts'
import { restoreLoads } from './load-order.ts'

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
  // A cluster node that has the name of a guest has its connection, too.
  const container = edge.first.node?.connection?.container
  return container !== undefined && container === action.resource
}

function isLoadLoop(cluster: Cluster, edge: Edge, action: Action): boolean {
  if (edge.flags !== f.load || action.task !== task.migrateTo) return false
  const passed: Edge[] = []
  if (leadsTo(cluster, edge, action, passed)) return true
  // Another way to where an edge was passed by would have looked at it, and looking settles what it is.
  for (const item of passed) if (comesAround(cluster, edge, item)) isGraphInput(cluster, item.then, item)
  return false
}

type Frame = { readonly action: Action; next: number }

/**
 * True where the inputs of an edge's first action lead back to an action. Every edge on the way is looked at, also those
 * to what was visited before: only what is on the way itself is passed by. Fills `passed` with such edges as a look
 * could settle.
 */
function leadsTo(cluster: Cluster, from: Edge, target: Action, passed: Edge[]): boolean {
  cluster.epoch += 1
  const way = new Set<Action>()
  const stack: Frame[] = []
  const look = (edge: Edge): boolean => {
    const { first, then, flags } = edge
    if (way.has(first)) {
      if (flags === f.load || flags === f.antiColocation) passed.push(edge)
      return false
    }
    if (!isGraphInput(cluster, then, edge)) return false
    if (first === target) return true
    if (first.visited === cluster.epoch) return false
    first.visited = cluster.epoch
    way.add(first)
    restoreLoads(first)
    stack.push({ action: first, next: first.before.length - 1 })
    return false
  }
  if (look(from)) return true
  for (let frame = stack[stack.length - 1]; frame !== undefined; frame = stack[stack.length - 1]) {
    const edge = frame.action.before[frame.next]
    frame.next -= 1
    if (edge === undefined) {
      way.delete(frame.action)
      stack.pop()
    } else if (look(edge)) return true
  }
  return false
}

/**
 * True where inputs lead from an edge to the second action of another without passing its first. What it comes by was all
 * visited by {@link leadsTo}, so that loads are restored there.
 */
function comesAround(cluster: Cluster, from: Edge, other: Edge): boolean {
  cluster.epoch += 1
  other.first.visited = cluster.epoch
  const stack: Edge[] = [from]
  for (let edge = stack.pop(); edge !== undefined; edge = stack.pop()) {
    const { first, then } = edge
    if (first.visited === cluster.epoch || !isGraphInput(cluster, then, edge)) continue
    if (first === other.then) return true
    first.visited = cluster.epoch
    for (const input of first.before) stack.push(input)
  }
  return false
}
