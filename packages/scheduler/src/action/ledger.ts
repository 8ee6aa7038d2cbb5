import { Action, type Cluster, type ClusterNode, type Edge, type Resource, withEdge } from '../model/model.ts'
import { edgeFlag } from '../order/flags.ts'
import { keyOf } from './key.ts'

/** Makes an action without looking whether there is one. Recorded ones take the next number and enter the lists. */
export function newAction(
  cluster: Cluster,
  key: string,
  taskName: string,
  resource: Resource | undefined,
  node: ClusterNode | undefined,
  optional: boolean,
  recorded = true,
): Action {
  if (recorded) cluster.actionCount += 1
  const made = new Action(recorded ? cluster.actionCount : 0, key, taskName, resource, node, optional)
  if (!recorded) return made
  cluster.actions.push(made)
  const byKey = resource?.actionsByKey ?? cluster.clusterActionsByKey
  const same = byKey.get(key)
  if (same === undefined) byKey.set(key, [made])
  else same.push(made)
  resource?.actions.push(made)
  return made
}

/**
 * Actions of a key, oldest first. One without a node takes on the wanted node, so that looking can change what is found.
 */
export function findLoose(
  byKey: ReadonlyMap<string, readonly Action[]>,
  key: string,
  node?: ClusterNode,
): readonly Action[] {
  const list = byKey.get(key)
  if (list === undefined) return []
  if (node === undefined) return list
  const found: Action[] = []
  for (let i = list.length - 1; i >= 0; i -= 1) {
    const action = list[i] as Action
    action.node ??= node
    if (action.node === node) found.push(action)
  }
  return found.reverse()
}

/** The oldest of the actions that {@link findLoose} finds. */
export function findOldest(
  byKey: ReadonlyMap<string, readonly Action[]>,
  key: string,
  node: ClusterNode | undefined,
): Action | undefined {
  const list = byKey.get(key)
  if (list === undefined || node === undefined) return list?.[0]
  let oldest: Action | undefined
  for (let i = list.length - 1; i >= 0; i -= 1) {
    const action = list[i] as Action
    action.node ??= node
    if (action.node === node) oldest = action
  }
  return oldest
}

/** Actions of a key that are for exactly this node (or one of its id), oldest first. */
export function findExact(resource: Resource, key: string, node: ClusterNode | undefined): readonly Action[] {
  if (node === undefined) return []
  return resource.actionsByKey.get(key)?.filter((action) => action.node?.index === node.index) ?? []
}

/** The newest action of a task; for exactly the node, where one is given. */
export function findNewest(resource: Resource, taskName: string, node?: ClusterNode): Action | undefined {
  const { actions } = resource
  for (let i = actions.length - 1; i >= 0; i -= 1) {
    const action = actions[i] as Action
    if (action.task === taskName && (node === undefined || action.node === node)) return action
  }
  return undefined
}

/** The newest action of a key; for exactly the node, where one is given. */
export function findNewestByKey(resource: Resource, key: string, node?: ClusterNode): Action | undefined {
  const list = resource.actionsByKey.get(key)
  for (let i = (list?.length ?? 0) - 1; i >= 0; i -= 1) {
    const action = list?.[i] as Action
    if (node === undefined || action.node === node) return action
  }
  return undefined
}

/** Actions of a resource for a task, found loosely. */
export function actionsFor(resource: Resource, taskName: string, node?: ClusterNode): readonly Action[] {
  return findLoose(resource.actionsByKey, keyOf(resource, taskName), node)
}

/** From this many orders on, an action keeps a map of those after it. */
const scannedOrdersMax = 8

/** All flags that an order of two actions was ever created with. */
function flagsSaid(first: Action, then: Action): number {
  if (first.orderedBefore !== undefined) return first.orderedBefore.get(then) ?? 0
  let said = 0
  const { after } = first
  for (let i = 0; i < after.length; i += 1) {
    const edge = after[i] as Edge
    if (edge.then === then) said |= edge.original
  }
  if (after.length < scannedOrdersMax) return said
  first.orderedBefore = new Map()
  for (const { then: other, original } of first.after) {
    first.orderedBefore.set(other, (first.orderedBefore.get(other) ?? 0) | original)
  }
  return said
}

/** Orders two actions; false where the same was said before (by any of the flags). */
export function addEdge(first: Action | undefined, then: Action | undefined, flags: number): boolean {
  if (flags === edgeFlag.none || first === undefined || then === undefined) return false
  if ((flagsSaid(first, then) & flags) !== 0) return false
  first.orderedBefore?.set(then, (first.orderedBefore.get(then) ?? 0) | flags)
  const edge: Edge = { first, then, original: flags, flags, dumped: false }
  first.after = withEdge(first.after, edge)
  then.before = withEdge(then.before, edge)
  return true
}

/** Stores why an action is done. The first reason stays, unless overwritten. */
export function setReason(action: Action, reason: string | undefined, overwrite = false): void {
  if (overwrite || action.reason === undefined) action.reason = reason
}

/** A meta-attribute that an action gets only if it has none of that name. */
export function addMeta(action: Action, name: string, value: string | undefined): void {
  if (value === undefined || value.toLowerCase() === '#default' || action.meta.has(name)) return
  setMeta(action, name, value)
}

/** {@link addMeta} for every one of a table. */
export function addMetas(action: Action, table: ReadonlyMap<string, string>): void {
  table.forEach((value, name) => void addMeta(action, name, value))
}

/** Sets a meta-attribute of an action, which has a table of its own from then on. */
export function setMeta(action: Action, name: string, value: string): void {
  if (action.ownMeta === undefined) {
    action.ownMeta = new Map(action.meta)
    action.meta = action.ownMeta
  }
  action.ownMeta.set(name, value)
}

/** A pseudo action of no resource; there is one of each key. */
export function singleton(cluster: Cluster, key: string): Action {
  let known = cluster.singletons.get(key)
  if (known === undefined) {
    known = newAction(cluster, key, key, undefined, undefined, true)
    cluster.singletons.set(key, known)
  }
  known.pseudo = true
  known.runnable = true
  return known
}
