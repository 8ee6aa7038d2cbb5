import { keyOf, parseKey, task } from '../action/key.ts'
import type { Action, Cluster, Colocation, Resource } from '../model/model.ts'
import { type Role, role } from '../model/role.ts'
import { isAncestor, isBundled } from '../model/tree.ts'
import { edgeFlag } from '../order/flags.ts'

/** One side of an order: a task of a resource, or an action. */
export type OrderSide = {
  readonly resource?: Resource | undefined
  readonly key?: string | undefined
  readonly action?: Action | undefined
}

/** The side of an order that is a task of a resource. */
export function taskOf(resource: Resource, taskName: string): OrderSide {
  return { resource, key: keyOf(resource, taskName) }
}

/** The side of an order that is an action. */
export function actionSide(action: Action): OrderSide {
  return { resource: action.resource, key: action.key, action }
}

/** Records an order, and what it means for live migrations. */
export function addOrder(cluster: Cluster, before: OrderSide, after: OrderSide, flags: number): void {
  const firstAction = before.action
  const thenAction = after.action
  const first = before.resource ?? firstAction?.resource
  const then = after.resource ?? thenAction?.resource
  const firstKey = before.key ?? firstAction?.key
  const thenKey = after.key ?? thenAction?.key
  pushPair(cluster, first, firstKey, firstAction, then, thenKey, thenAction, flags)
  if (first === undefined || then === undefined || first === then) return
  if (first.allowMigrate || then.allowMigrate) migrationOrders(cluster, first, firstKey, then, thenKey)
}

function pushPair(
  cluster: Cluster,
  first: Resource | undefined,
  firstKey: string | undefined,
  firstAction: Action | undefined,
  then: Resource | undefined,
  thenKey: string | undefined,
  thenAction: Action | undefined,
  flags: number,
): void {
  cluster.orders.push({
    kind: 'pair',
    first,
    firstKey,
    firstAction,
    then,
    thenKey,
    thenAction,
    flags,
    constraint: cluster.constraintRead,
  })
}

/** An order between two tasks. */
export function orderTasks(
  cluster: Cluster,
  first: Resource,
  firstTask: string,
  then: Resource,
  thenTask: string,
  flags: number,
): void {
  const firstKey = keyOf(first, firstTask)
  const thenKey = keyOf(then, thenTask)
  pushPair(cluster, first, firstKey, undefined, then, thenKey, undefined, flags)
  if (first === then) return
  if (first.allowMigrate || then.allowMigrate) migrationOrders(cluster, first, firstKey, then, thenKey)
}

/** Records that a primitive stops before it starts anew, and is probed after what is recorded of it was deleted. */
export function orderOwn(cluster: Cluster, resource: Resource): void {
  pushTogether(cluster, 'own', resource, {})
}

/** Records that a recurring operation of a resource comes after what brings it up: its start, its reload. */
export function orderRecurring(cluster: Cluster, resource: Resource, action: Action): void {
  pushTogether(cluster, 'recurring', resource, { action })
}

/** Records that what comes waits for the room that it needs: {@link Resource.loads}. */
export function orderLoads(cluster: Cluster, resource: Resource, taskName: string): void {
  pushTogether(cluster, 'loads', resource, taskOf(resource, taskName))
}

/**
 * Records that something starts after a probe. One record has the probes on all nodes, up to the first that says more than
 * what comes first.
 */
export function orderProbe(cluster: Cluster, probe: Action, target: Resource, flags: number): void {
  const { probes } = target
  // With containers, other orders come in between.
  const isAlone = !cluster.remoteNodesExist && !isBundled(target)
  if (flags !== edgeFlag.optional || probes?.isOpen === false || !isAlone) {
    if (probes !== undefined) probes.isOpen = false
    addOrder(cluster, actionSide(probe), taskOf(target, task.start), flags)
    return
  }
  if (probes !== undefined) {
    probes.list.push(probe)
    return
  }
  target.probes = { list: [probe], isOpen: true }
  pushTogether(cluster, 'probes', target, taskOf(target, task.start))
}

function pushTogether(
  cluster: Cluster,
  kind: 'own' | 'recurring' | 'loads' | 'probes',
  then: Resource,
  { key, action }: OrderSide,
): void {
  cluster.orders.push({
    kind,
    first: undefined,
    firstKey: undefined,
    firstAction: undefined,
    then,
    thenKey: key,
    thenAction: action,
    flags: edgeFlag.none,
    constraint: undefined,
  })
}

function migrationOrders(
  cluster: Cluster,
  first: Resource,
  firstKey: string | undefined,
  then: Resource,
  thenKey: string | undefined,
): void {
  if (isAncestor(first, then) || isAncestor(then, first)) return
  const firstTask = firstKey === undefined ? undefined : parseKey(firstKey)?.task
  const thenTask = thenKey === undefined ? undefined : parseKey(thenKey)?.task
  const push = (a: string, b: string, flags: number): void => {
    pushPair(cluster, first, keyOf(first, a), undefined, then, keyOf(then, b), undefined, flags)
  }
  const { optional, notMigratable } = edgeFlag
  const plus = first.allowMigrate ? optional | notMigratable : optional
  if (firstTask === task.start && thenTask === task.start) {
    if (first.allowMigrate && then.allowMigrate) push(task.migrateFrom, task.migrateTo, optional)
    if (then.allowMigrate) push(task.start, task.migrateTo, plus)
  } else if (!then.allowMigrate) {
    return
  } else if (firstTask === task.stop && thenTask === task.stop) {
    push(task.stop, task.migrateTo, plus)
    if (then.partialTarget !== undefined) push(task.stop, task.migrateFrom, plus)
  } else if (firstTask === task.promote && thenTask === task.start) {
    push(task.promote, task.migrateTo, optional)
  } else if (firstTask === task.demote && thenTask === task.stop) {
    push(task.demote, task.migrateTo, optional)
    if (then.partialTarget !== undefined) push(task.demote, task.migrateFrom, optional)
  }
}

/** What leaves a node must have left before what may not be with it comes. */
export function antiColocationOrders(cluster: Cluster, colocation: Colocation): void {
  const { dependent, primary, dependentRole, primaryRole } = colocation
  antiColocationOrder(cluster, dependent, dependentRole, primary, primaryRole)
  antiColocationOrder(cluster, primary, primaryRole, dependent, dependentRole)
}

function antiColocationOrder(
  cluster: Cluster,
  leaving: Resource,
  leavingRole: Role,
  entering: Resource,
  enteringRole: Role,
): void {
  const out: string[] = [leavingRole === role.promoted ? task.demote : task.stop]
  if (leavingRole === role.unpromoted) out.push(task.promote)
  const into: string[] = [enteringRole === role.promoted ? task.promote : task.start]
  if (enteringRole === role.unpromoted) into.push(task.demote)
  for (const a of out) for (const b of into) orderTasks(cluster, leaving, a, entering, b, edgeFlag.antiColocation)
}
