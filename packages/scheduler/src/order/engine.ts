import { completionOf, keyOf, notifyKey, parseKey, task } from '../action/key.ts'
import { addEdge, findNewest, findNewestByKey, setReason } from '../action/ledger.ts'
import { type Action, type Cluster, type ClusterNode, type Edge, type Resource, variant } from '../model/model.ts'
import { role } from '../model/role.ts'
import { isAncestor, singleLocation, top } from '../model/tree.ts'
import { infinity } from '../score.ts'
import { edgeFlag as f } from './flags.ts'
import { updateInstances } from './instance-update.ts'
import { changed, clearBecause, followChange, isFollowed, updateAlone, updateSingle } from './primitive-update.ts'
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
      change |= yield* apply(
        cluster,
        first,
        then,
        flagsTowards(cluster, first, thenNode),
        flagsTowards(cluster, then, firstNode),
        edge,
      )
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

/** The action that tells when the task of a collective is done; the action itself where there is none. */
function completedFirst(first: Action): Action {
  const { resource } = first
  if (resource === undefined) return first
  const parsed = parseKey(first.key)
  if (first.key.includes('notify') || parsed === undefined || parsed.intervalMs > 0) return first
  const complete = completionOf(parsed.task)
  if (complete === undefined) return first
  const isOwnClone =
    resource.parent === undefined || (resource.variant === variant.clone && resource.parent.bundle !== undefined)
  const key =
    resource.notify && isOwnClone ? notifyKey(resource.id, 'confirmed-post', complete) : keyOf(resource, complete)
  return findNewestByKey(resource, key) ?? first
}

/** One implication, on whatever kind of resource it bears. */
function* method(
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
      return yield* updateGroup(cluster, resource, first, then, node, flags, filter, type)
    case variant.clone:
    case variant.bundle:
      return yield* updateInstances(cluster, first, then, node, flags, filter, type, method)
    default:
      return yield* updateSingle(cluster, first, then, flags, filter, type)
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
  let change = yield* updateSingle(cluster, first, then, flags, filter, type)
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

/** Implications in the order in which they are drawn, with what each looks at. */
const implications: readonly { readonly type: number; readonly filter: number; readonly mask: number }[] = [
  { type: f.impliesThen, filter: a.optional, mask: a.optional },
  { type: f.restart, filter: a.optional | a.runnable, mask: -1 },
  { type: f.impliesFirst, filter: a.optional, mask: -1 },
  { type: f.promotedImpliesFirst, filter: a.optional, mask: a.optional },
  { type: f.oneOrMore, filter: a.runnable, mask: -1 },
  { type: f.probe, filter: a.runnable, mask: -1 },
  { type: f.runnableLeft, filter: a.runnable, mask: -1 },
  { type: f.impliesFirstMigratable, filter: a.optional, mask: -1 },
  { type: f.pseudoLeft, filter: a.optional, mask: -1 },
  { type: f.optional, filter: a.runnable, mask: -1 },
  { type: f.asymmetric, filter: a.runnable, mask: -1 },
]

function* apply(cluster: Cluster, first: Action, then: Action, ff: number, tf: number, edge: Edge): Work<number> {
  let change: number = changed.nothing
  let { node } = then
  if ((edge.flags & f.impliesThenOnNode) !== 0) {
    edge.flags = (edge.flags & ~f.impliesThenOnNode) | f.impliesThen
    node = first.node
  }
  for (let i = 0; i < implications.length; i += 1) {
    const { type, filter, mask } = implications[i] as (typeof implications)[number]
    if ((edge.flags & type) === 0) continue
    if (
      type === f.probe &&
      (ff & a.runnable) === 0 &&
      first.resource !== undefined &&
      first.resource.runningOn.length > 0
    ) {
      edge.flags = f.none
      continue
    }
    const resource = type === f.impliesFirst ? first.resource : then.resource
    if (resource === undefined) {
      const own = withoutResource(first, then, ff, type)
      if (own !== changed.nothing) cluster.flagChanges += 1
      change |= own
    } else {
      const effective = type === f.probe ? f.runnableLeft : type
      if (resource.variant === variant.primitive) {
        const before = flagsOf(first)
        const own = updateAlone(cluster, first, then, ff & mask, filter, effective)
        change |= isFollowed(then, own) ? yield* followChange(first, then, before, own) : own
      } else change |= yield* method(cluster, resource, first, then, node, ff & mask, filter, effective)
    }
  }
  if ((edge.flags & f.impliesThenPrinted) !== 0 && first.runnable && (ff & a.optional) === 0) then.printAlways = true
  if ((edge.flags & f.impliesFirstPrinted) !== 0 && (tf & a.optional) === 0) first.printAlways = true
  const binding = f.impliesThen | f.impliesFirst | f.restart
  if (
    (edge.flags & binding) !== 0 &&
    first.resource !== undefined &&
    !first.resource.managed &&
    first.resource.blocked &&
    !first.runnable &&
    first.task === task.stop &&
    then.runnable
  ) {
    then.runnable = false
    cluster.flagChanges += 1
    change |= changed.thenSide
  }
  return change
}

/** What an order implies for an action of no resource. */
function withoutResource(first: Action, then: Action, ff: number, type: number): number {
  const required = (ff & a.optional) === 0
  const runnable = (ff & a.runnable) !== 0
  switch (type) {
    case f.impliesThen:
      if (!required || !then.optional) return changed.nothing
      clearBecause(then, 'optional', first)
      return changed.thenSide
    case f.impliesFirst:
      if (!required || !first.runnable) return changed.nothing
      clearBecause(first, 'runnable', then)
      return changed.firstSide
    case f.oneOrMore:
      if (!runnable) return changed.nothing
      then.runnableBefore += 1
      if (then.runnableBefore < then.requiredRunnableBefore || then.runnable) return changed.nothing
      then.runnable = true
      return changed.thenSide
    case f.probe:
    case f.runnableLeft:
      if (runnable || !then.runnable) return changed.nothing
      clearBecause(then, 'runnable', first)
      return changed.thenSide
    default:
      return changed.nothing
  }
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
