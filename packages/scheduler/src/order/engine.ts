import { completionOf, keyOf, notifyKey, parseKey, task } from '../action/key.ts'
import { addEdge, findNewest, findNewestByKey, setReason } from '../action/ledger.ts'
import { type Action, type Cluster, type ClusterNode, type Edge, type Resource, variant } from '../model/model.ts'
import { role } from '../model/role.ts'
import { isAncestor, singleLocation, top } from '../model/tree.ts'
import { infinity } from '../score.ts'
import { edgeFlag as f } from './flags.ts'
import {
  bearer,
  bearsOnCollective,
  conclude,
  type Implication,
  implications,
  implyAlone,
  settlesProbe,
} from './implication.ts'
import { updateInstances } from './instance-update.ts'
import { changed, followChange, isFollowed, updateAlone, updateSingle } from './primitive-update.ts'
import { actionFlag as a, flagsOf, flagsTowards } from './summary.ts'

/** A piece of work that asks for other actions to be updated before it goes on. */
export type Work<T> = Generator<Action, T, void>

/** Blocks what cannot start because what it has to be with cannot. */
export function blockAllDependents(cluster: Cluster): void {
  const { actions } = cluster
  for (let i = actions.length - 1; i >= 0; i -= 1) {
    const action = actions[i] as Action
    if (isStuck(action)) settle(cluster, blockDependents(cluster, action))
  }
}

/**
 * Follows every order of every action, newest first, until nothing changes any more. What one update asks for is done on
 * a stack of its own, so that a chain of ten thousand orders is as good as one of ten.
 */
export function updateAll(cluster: Cluster): void {
  const { actions } = cluster
  for (let i = actions.length - 1; i >= 0; i -= 1) {
    const action = actions[i] as Action
    if (!isSettled(action)) settle(cluster, update(cluster, action))
  }
}

/** True where an update has nothing to follow: most probes wait for nothing. */
function isSettled(action: Action): boolean {
  return action.before.length === 0 && !action.requiresAny
}

function settle(cluster: Cluster, work: Work<void>): void {
  const stack: Work<void>[] = [work]
  for (let current = stack[stack.length - 1]; current !== undefined; current = stack[stack.length - 1]) {
    const step = current.next()
    if (step.done === true) stack.pop()
    else if (!isSettled(step.value)) stack.push(update(cluster, step.value))
  }
}

/** Where an action of a group's start happens: where its members go. */
function placeOf(action: Action): ClusterNode | undefined {
  const { resource } = action
  if (resource?.variant === variant.group && action.task === task.start) return singleLocation(resource, 'next')
  return action.node
}

/** What an order can say without anything to follow from it between actions of single resources. */
const inert = f.optional | f.notMigratable | f.serialize | f.load | f.antiColocation | f.preserve

function isSingle({ resource }: Action): boolean {
  return resource === undefined || resource.variant === variant.primitive
}

function* update(cluster: Cluster, then: Action): Work<void> {
  const last = flagsOf(then)
  let change: number = changed.nothing
  if (then.requiresAny) {
    then.runnableBefore = 0
    if (then.requiredRunnableBefore === 0) then.requiredRunnableBefore = 1
    then.runnable = false
    cluster.flagChanges += 1
  }
  for (let i = then.before.length - 1; i >= 0; i -= 1) {
    const edge = then.before[i] as Edge
    if (edge.flags === f.none) continue
    const { first } = edge
    if ((edge.flags & ~inert) === 0 && isSingle(first) && isSingle(then)) {
      change &= ~changed.firstSide
      continue
    }
    const firstNode = placeOf(first)
    const thenNode = placeOf(then)
    if (
      (edge.flags & f.sameNode) !== 0 &&
      firstNode !== undefined &&
      thenNode !== undefined &&
      firstNode !== thenNode
    ) {
      edge.flags = f.none
      continue
    }
    change &= ~changed.firstSide
    if (first.resource !== undefined && (edge.flags & f.thenCancelsFirst) !== 0 && !then.optional) {
      first.optional = true
      cluster.flagChanges += 1
      if (first.task === task.reload) first.resource.reload = false
    }
    const effective = crosses(first, then) ? completedFirst(first) : first
    if (effective === first) {
      const flags = flagsTowards(cluster, first, thenNode)
      const applied = apply(cluster, edge, flags, flagsTowards(cluster, then, firstNode))
      change |= typeof applied === 'number' ? applied : yield* applied
    } else if (addEdge(effective, then, edge.flags)) {
      change |= changed.thenSide
      edge.flags = f.none
    }
    if ((change & changed.firstSide) === 0) continue
    for (let j = effective.after.length - 1; j >= 0; j -= 1) yield (effective.after[j] as Edge).then
    yield effective
  }
  if (then.requiresAny) change = flagsOf(then) === last ? change & ~changed.thenSide : change | changed.thenSide
  if ((change & changed.thenSide) === 0) return
  if ((last & a.runnable) !== 0 && !then.runnable) yield* blockDependents(cluster, then)
  yield then
  for (let j = then.after.length - 1; j >= 0; j -= 1) yield (then.after[j] as Edge).then
}

/** True for orders that leave the tree of the first resource. */
function crosses(first: Action, then: Action): boolean {
  if (first.resource === undefined || then.resource === undefined || first.resource === then.resource) return false
  return first.resource.variant !== variant.primitive && !isAncestor(first.resource, then.resource)
}

/**
 * The action that tells when the task of a collective is done. Where a task has none, the newest of the same key stands
 * for it, on whatever node: an instance that is a group without members is probed itself, once on each.
 */
function completedFirst(first: Action): Action {
  const { resource } = first
  if (resource === undefined) return first
  return findNewestByKey(resource, completionKey(first, resource)) ?? first
}

function completionKey(first: Action, resource: Resource): string {
  const parsed = parseKey(first.key)
  if (first.key.includes('notify') || parsed === undefined || parsed.intervalMs > 0) return first.key
  const complete = completionOf(parsed.task)
  if (complete === undefined) return first.key
  const isOwnClone =
    resource.parent === undefined || (resource.variant === variant.clone && resource.parent.bundle !== undefined)
  return resource.notify && isOwnClone ? notifyKey(resource.id, 'confirmed-post', complete) : keyOf(resource, complete)
}

/** One implication, on whatever kind of resource it bears. */
function method(
  cluster: Cluster,
  resource: Resource,
  first: Action,
  then: Action,
  node: ClusterNode | undefined,
  flags: number,
  filter: number,
  type: number,
): Work<number> {
  switch (resource.variant) {
    case variant.group:
      return updateGroup(cluster, resource, first, then, node, flags, filter, type)
    case variant.clone:
    case variant.bundle:
      return updateInstances(cluster, first, then, node, flags, filter, type, method)
    default:
      return updateSingle(cluster, first, then, flags, filter, type)
  }
}

function* updateGroup(
  cluster: Cluster,
  group: Resource,
  first: Action,
  then: Action,
  node: ClusterNode | undefined,
  flags: number,
  filter: number,
  type: number,
): Work<number> {
  const flagsBefore = flagsOf(first)
  let change = updateAlone(cluster, first, then, flags, filter, type)
  if (isFollowed(then, change)) change = yield* followChange(first, then, flagsBefore, change)
  const { children } = group
  for (let i = 0; i < children.length; i += 1) {
    const member = children[i] as Resource
    const action = findNewest(member, then.task, node)
    if (action === undefined) continue
    if (member.variant !== variant.primitive) {
      change |= yield* method(cluster, member, first, action, node, flags, filter, type)
      continue
    }
    const before = flagsOf(first)
    const own = updateAlone(cluster, first, action, flags, filter, type)
    change |= isFollowed(action, own) ? yield* followChange(first, action, before, own) : own
  }
  return change
}

/** An order while its implications are drawn. */
type Application = {
  readonly cluster: Cluster
  readonly edge: Edge
  /** Where what comes then happens. */
  readonly node: ClusterNode | undefined
  /** What either side comes to for where the other one happens. */
  readonly firstFlags: number
  readonly thenFlags: number
  /** The next implication, and what those before it have changed. */
  at: number
  change: number
}

/**
 * Draws the implications of an order. Answers what changes, or work that does where others have to be followed for it: few of
 * the many orders need any.
 */
function apply(cluster: Cluster, edge: Edge, firstFlags: number, thenFlags: number): number | Work<number> {
  const { first, then } = edge
  let { node } = then
  if ((edge.flags & f.impliesThenOnNode) !== 0) {
    edge.flags = (edge.flags & ~f.impliesThenOnNode) | f.impliesThen
    node = first.node
  }
  let change: number = changed.nothing
  for (let i = 0; i < implications.length; i += 1) {
    const item = implications[i] as Implication
    if ((edge.flags & item.type) === 0) continue
    if (bearsOnCollective(edge, item.type)) {
      return applyFrom({ cluster, edge, node, firstFlags, thenFlags, at: i, change })
    }
    const before = flagsOf(first)
    const own = implyAlone(cluster, edge, item, firstFlags)
    if (isFollowed(then, own)) {
      return applyFrom({ cluster, edge, node, firstFlags, thenFlags, at: i + 1, change }, before, own)
    }
    change |= own
  }
  return conclude(cluster, edge, firstFlags, thenFlags, change)
}

/**
 * What is left of {@link apply}.
 *
 * @param before flags of the first action before the last implication
 * @param own what that has changed, to be followed before anything else
 */
function* applyFrom(rest: Application, before = 0, own: number = changed.nothing): Work<number> {
  const { cluster, edge, node, firstFlags, thenFlags } = rest
  const { first, then } = edge
  let { change } = rest
  if (own !== changed.nothing) change |= yield* followChange(first, then, before, own)
  for (let i = rest.at; i < implications.length; i += 1) {
    const item = implications[i] as Implication
    if ((edge.flags & item.type) === 0) continue
    const collective = bearsOnCollective(edge, item.type) ? bearer(edge, item.type) : undefined
    if (collective !== undefined) {
      const { type, filter, mask } = item
      if (settlesProbe(edge, type, firstFlags)) continue
      const effective = type === f.probe ? f.runnableLeft : type
      change |= yield* method(cluster, collective, first, then, node, firstFlags & mask, filter, effective)
      continue
    }
    const firstBefore = flagsOf(first)
    const alone = implyAlone(cluster, edge, item, firstFlags)
    change |= isFollowed(then, alone) ? yield* followChange(first, then, firstBefore, alone) : alone
  }
  return conclude(cluster, edge, firstFlags, thenFlags, change)
}

/** True for a start or promotion that cannot be done. */
function isStuck({ runnable, task: name }: Action): boolean {
  return !runnable && (name === task.start || name === task.promote)
}

/** What has to be where something cannot start, cannot start either. */
function* blockDependents(cluster: Cluster, action: Action): Work<void> {
  if (!isStuck(action) || action.resource === undefined) return
  const topmost = top(action.resource)
  const primary = topmost.parent ?? topmost
  if (primary.withThis.length === 0) return
  for (const item of primary.children) {
    const own = findNewest(item, action.task)
    if (own === undefined || own.runnable) return
  }
  for (const colocation of [...primary.withThis]) {
    if (colocation.score < infinity) continue
    if (action.task === task.promote && colocation.primaryRole !== role.promoted) continue
    const taskName = colocation.dependentRole === role.promoted ? task.promote : task.start
    yield* blockTask(cluster, colocation.dependent, taskName, action.resource)
  }
}

function* blockTask(cluster: Cluster, resource: Resource, taskName: string, because: Resource): Work<void> {
  for (let i = resource.actions.length - 1; i >= 0; i -= 1) {
    const action = resource.actions[i] as Action
    if (!action.runnable || action.task !== taskName) continue
    action.runnable = false
    cluster.flagChanges += 1
    setReason(action, `colocation with ${because.id}`)
    yield* blockDependents(cluster, action)
    yield action
  }
  for (const item of resource.children) yield* blockTask(cluster, item, taskName, because)
}
