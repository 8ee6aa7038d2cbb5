import { requestAction } from '../action/create.ts'
import { keyOf, type ParsedKey, parseKey, task } from '../action/key.ts'
import { addEdge, findLoose, findNewest } from '../action/ledger.ts'
import type { Action, Cluster, OrderRecord, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { currentRole } from '../model/tree.ts'
import { edgeFlag } from './flags.ts'
import { ownLoad } from './load-order.ts'

/** Makes edges between actions of the orders between resources. */
export function expandOrders(cluster: Cluster): void {
  const { orders } = cluster
  for (let i = 0; i < orders.length; i += 1) expandOrder(cluster, orders[i] as OrderRecord)
}

const parsedKeys = new WeakMap<Resource, Map<string, ParsedKey | undefined>>()

/** A key of an order with a resource, taken apart once: the same orders are there for every node. */
function parsedOf(resource: Resource, key: string): ParsedKey | undefined {
  let known = parsedKeys.get(resource)
  if (known === undefined) {
    known = new Map()
    parsedKeys.set(resource, known)
  }
  if (known.has(key)) return known.get(key)
  const parsed = parseKey(key)
  known.set(key, parsed)
  return parsed
}

/** Actions of a resource for a key that may name it in another way. */
export function actionsForKey(resource: Resource, key: string): readonly Action[] {
  const direct = findLoose(resource.actionsByKey, key)
  if (direct.length > 0) return direct
  const parsed = parsedOf(resource, key)
  return parsed === undefined || parsed.resourceId === resource.id
    ? []
    : findLoose(resource.actionsByKey, keyOf(resource, parsed.task, parsed.intervalMs))
}

function expandOrder(cluster: Cluster, record: OrderRecord): void {
  const { then, thenKey, thenAction } = record
  switch (record.kind) {
    case 'own':
      if (then !== undefined) expandOwn(then)
      return
    case 'recurring':
      if (then !== undefined) expandRecurring(then, thenAction)
      return
    case 'probes':
      if (then !== undefined && thenKey !== undefined) expandProbes(then, thenKey)
      return
    case 'loads':
      if (then !== undefined && thenKey !== undefined) expandLoads(then, thenKey)
      return
    default:
      expandPair(cluster, record)
  }
}

function expandPair(cluster: Cluster, record: OrderRecord): void {
  const { first, firstKey, firstAction, then } = record
  if (first === undefined) {
    if (firstAction !== undefined) orderThen(record, firstAction)
    return
  }
  let firsts: readonly Action[] =
    firstAction !== undefined ? [firstAction] : firstKey === undefined ? [] : actionsForKey(first, firstKey)
  if (firsts.length === 0) {
    if (first === then) return
    const made = missingFirst(cluster, first, firstKey)
    if (made === undefined) return
    firsts = [made]
  }
  for (let i = 0; i < firsts.length; i += 1) orderThen(record, firsts[i] as Action)
}

function missingFirst(cluster: Cluster, first: Resource, firstKey: string | undefined): Action | undefined {
  const parsed = firstKey === undefined ? undefined : parseKey(firstKey)
  if (parsed === undefined) return undefined
  const state = currentRole(first)
  if (state === role.stopped && parsed.task === task.stop) return undefined
  if (state === role.unpromoted && parsed.task === task.demote) return undefined
  return requestAction(cluster, first, { task: parsed.task, intervalMs: parsed.intervalMs, optional: true })
}

function orderThen(record: OrderRecord, first: Action): void {
  const { then, thenAction, thenKey } = record
  if (then === undefined) {
    addEdge(first, thenAction, record.flags)
    return
  }
  const thens = thenAction !== undefined ? [thenAction] : thenKey === undefined ? [] : actionsForKey(then, thenKey)
  const flags = first.resource === then && first.dangle ? record.flags & ~edgeFlag.impliesThen : record.flags
  for (let i = 0; i < thens.length; i += 1) addEdge(first, thens[i], flags)
}

/** Orders within a primitive. Hardly ever is anything reloaded or deleted: then nobody need look for it by name. */
function expandOwn(resource: Resource): void {
  const starts = actionsForKey(resource, keyOf(resource, task.start))
  for (const stop of actionsForKey(resource, keyOf(resource, task.stop))) {
    const flags = edgeFlag.optional | edgeFlag.restart
    for (const start of starts) addEdge(stop, start, stop.dangle ? flags : flags | edgeFlag.impliesThen)
  }
  if (!hasTask(resource, task.delete) && !hasTask(resource, task.deleteHistory)) return
  const probes = actionsForKey(resource, keyOf(resource, task.monitor))
  for (const deletion of actionsForKey(resource, keyOf(resource, task.deleteHistory))) {
    for (const probe of probes) addEdge(deletion, probe, edgeFlag.sameNode | edgeFlag.thenCancelsFirst)
  }
}

function expandRecurring(resource: Resource, action: Action | undefined): void {
  const flags = edgeFlag.impliesThen | edgeFlag.runnableLeft
  for (const start of actionsForKey(resource, keyOf(resource, task.start))) addEdge(start, action, flags)
  if (!hasTask(resource, task.reload)) return
  for (const reload of actionsForKey(resource, keyOf(resource, task.reload))) addEdge(reload, action, flags)
}

function expandProbes(resource: Resource, key: string): void {
  const list = resource.probes?.list ?? []
  const thens = actionsForKey(resource, key)
  for (let i = 0; i < list.length; i += 1) {
    for (let j = 0; j < thens.length; j += 1) addEdge(list[i], thens[j], edgeFlag.optional)
  }
}

/**
 * What has left another node than that of a start is no input of the start, whatever becomes of either. Of these, most
 * edges of a large cluster, none is made before somebody looks at them.
 */
function expandLoads(resource: Resource, key: string): void {
  const { loads } = resource
  if (loads === undefined) return
  for (const action of actionsForKey(resource, key)) {
    const own = ownLoad(action, loads)
    if (own !== undefined) addEdge(own, action, edgeFlag.load)
    else for (const load of loads) addEdge(load, action, edgeFlag.load)
  }
}

function hasTask(resource: Resource, taskName: string): boolean {
  return findNewest(resource, taskName) !== undefined
}
