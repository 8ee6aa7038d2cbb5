import { insertThisWith, insertWithThis } from '../constraint/colocation.ts'
import { hashOrder } from '../model/hash-order.ts'
import { instanceNumberOf } from '../model/instances.ts'
import { statusError, statusWarning } from '../model/log.ts'
import type { Cluster, ClusterNode, Resource } from '../model/model.ts'
import { NodeTable } from '../model/node-table.ts'
import { addScore, addScoreEverywhere, isAvailable, nodesOf } from '../model/scoring.ts'
import { anyBelow, currentNode } from '../model/tree.ts'
import { infinity } from '../score.ts'
import { mergeSort } from '../unpack/history-entry.ts'
import type { Assigner, AssignWork } from './assigner.ts'
import { hasInfluence } from './colocation.ts'
import { unassign } from './finalize.ts'
import { factorOf } from './merge.ts'

/** Which instance is placed first: negative where `a` is. */
export function compareInstances(assigner: Assigner, a: Resource, b: Resource): number {
  let [left, right] = [currentNode(a), currentNode(b)]
  const [many, few] = [a.runningOn.length, b.runningOn.length]
  if (many > 0 && few > 0 && many !== few) return many - few
  const can = (instance: Resource, node: ClusterNode | undefined): boolean =>
    node === undefined || (instance.allowed.get(node) ?? -1) >= 0
  const [canLeft, canRight] = [can(a, left), can(b, right)]
  if (!canLeft) left = undefined
  if (!canRight) right = undefined
  if (canLeft !== canRight) return canLeft ? -1 : 1
  if (a.priority !== b.priority) return b.priority - a.priority
  if (left === undefined || right === undefined) return left === right ? 0 : left === undefined ? 1 : -1
  const [upLeft, upRight] = [isAvailable(left), isAvailable(right)]
  if (upLeft !== upRight) return upLeft ? -1 : 1
  const [tableLeft, tableRight] = [(a.parent ?? a).allowed, (b.parent ?? b).allowed]
  const [inLeft, inRight] = [tableLeft.has(left), tableRight.has(right)]
  if (!inLeft || !inRight) return inLeft === inRight ? 0 : inLeft ? -1 : 1
  const counts = tableLeft.count(left) - tableRight.count(right)
  if (counts !== 0) return counts
  const [badLeft, badRight] = [hasFailed(a), hasFailed(b)]
  if (badLeft !== badRight) return badLeft ? 1 : -1
  const byColocation = colocationScore(assigner, b, right) - colocationScore(assigner, a, left)
  if (byColocation !== 0) return byColocation
  return instanceNumberOf(a) - instanceNumberOf(b)
}

function hasFailed(of: Resource): boolean {
  return anyBelow(of, (item) => item.failed)
}

function colocationScore(assigner: Assigner, instance: Resource, node: ClusterNode): number {
  let table = new NodeTable()
  table.insert(node, node.entryScore, node.entryMode)
  const parent = instance.parent ?? instance
  for (const colocation of parent.thisWith) {
    table = assigner.merge(colocation.primary, table, colocation.attribute, factorOf(colocation.score), {})
  }
  for (const colocation of parent.withThis) {
    if (!hasInfluence(colocation, instance)) continue
    table = assigner.merge(colocation.dependent, table, colocation.attribute, factorOf(colocation.score), {
      nonnegative: true,
    })
  }
  return table.get(node) ?? 0
}

/** Instances in the order of placing. */
export function sortInstances(assigner: Assigner, list: readonly Resource[]): Resource[] {
  return mergeSort(list, (a, b) => compareInstances(assigner, a, b))
}

/** Places the instances of a clone (or the containers of a bundle): first those that can stay, then the rest. */
export function* distribute(
  assigner: Assigner,
  parent: Resource,
  instances: readonly Resource[],
  max: number,
  perNode: number,
): AssignWork<void> {
  const { cluster } = assigner
  let usable = 0
  for (const node of nodesOf(cluster, parent.allowed)) {
    parent.allowed.setCount(node, 0)
    if (isAvailable(node)) usable += 1
  }
  const all = max < usable
  const share = usable === 0 ? max : Math.max(1, Math.floor(max / usable))
  let placed = 0
  for (const instance of instances) {
    if (placed >= max) break
    if (instance.runningOn.length === 0 || !instance.provisional || instance.failed) continue
    const at = currentNode(instance)
    if (at === undefined || !isAvailable(at, { score: at.entryScore })) continue
    if (parent.allowed.has(at) && parent.allowed.count(at) >= share) continue
    if ((yield* place(assigner, parent, instance, at, all, perNode)) !== undefined) placed += 1
  }
  for (const instance of instances) {
    if (!instance.provisional) continue
    warnOfBannedPlace(cluster, parent, instance)
    if (placed >= max) {
      addScoreEverywhere(cluster, instance, -infinity)
      cluster.observer?.note(cluster, instance, { kind: 'instances', parent, why: 'max' })
    } else if ((yield* place(assigner, parent, instance, undefined, all, perNode)) !== undefined) placed += 1
  }
}

/** Says that an instance runs where it may not. */
function warnOfBannedPlace(cluster: Cluster, parent: Resource, instance: Resource): void {
  const at = currentNode(instance)
  if (at === undefined || parent.allowed.has(at)) return
  const text = `${instance.id} is running on ${at.uname} which isn't allowed`
  statusError(cluster, 'distribute_children', text)
}

function inheritColocations(parent: Resource, instance: Resource, all: boolean): void {
  for (const colocation of parent.thisWith) {
    if (all || colocation.score < 0 || colocation.score === infinity) insertThisWith(instance.thisWith, colocation)
  }
  for (const colocation of parent.withThis) {
    if (hasInfluence(colocation, instance) && (all || colocation.score < 0))
      insertWithThis(instance.withThis, colocation)
  }
}

function* place(
  assigner: Assigner,
  parent: Resource,
  instance: Resource,
  prefer: ClusterNode | undefined,
  all: boolean,
  perNode: number,
): AssignWork<ClusterNode | undefined> {
  if (!instance.provisional) return instance.assigned
  if (instance.allocating) return undefined
  inheritColocations(parent, instance, all)
  if (prefer !== undefined && (instance.allowed.get(prefer) ?? -1) < 0) return undefined
  banUnfit(assigner, parent, instance, perNode)
  const backup = instance.allowed.copy()
  const rewind = assigner.cluster.observer?.mark(instance)
  const chosen = yield { resource: instance, prefer }
  if (chosen !== undefined && prefer !== undefined && chosen !== prefer) {
    instance.allowed = backup
    rewind?.()
    unassign(instance)
    return undefined
  }
  if (chosen !== undefined) parent.allowed.setCount(chosen, parent.allowed.count(chosen) + 1)
  return chosen
}

function banUnfit(assigner: Assigner, parent: Resource, instance: Resource, perNode: number): void {
  const { cluster } = assigner
  let strangers: Set<ClusterNode> | undefined
  for (const node of nodesOf(cluster, instance.allowed)) {
    const score = parent.allowed.get(node)
    if (!isAvailable(node) || instance.orphan || score === undefined || score < 0) {
      addScore(instance, node, -infinity)
      const why = !isAvailable(node) ? 'node-state' : instance.orphan ? 'orphan' : 'parent'
      cluster.observer?.note(cluster, instance, { kind: 'instances', parent, why })
      if (isAvailable(node) && !instance.orphan && score === undefined) {
        strangers ??= new Set()
        strangers.add(node)
      }
    } else if (parent.allowed.count(node) >= perNode) {
      addScore(instance, node, -infinity)
      cluster.observer?.note(cluster, instance, { kind: 'instances', parent, why: 'node-max' })
    }
  }
  if (strangers !== undefined) warnOfStrangers(cluster, instance, strangers)
}

/** Says which nodes an instance may not run on because its collective knows nothing of them. */
function warnOfStrangers(cluster: Cluster, instance: Resource, strangers: ReadonlySet<ClusterNode>): void {
  for (const node of hashOrder(cluster, instance.allowed)) {
    if (!strangers.has(node)) continue
    statusWarning(cluster, 'can_run_instance', `${instance.id} cannot run on ${node.uname}: node not allowed`)
  }
}
