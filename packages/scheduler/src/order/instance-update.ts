import { task } from '../action/key.ts'
import { addEdge, findNewest } from '../action/ledger.ts'
import { isBlocked } from '../assign/colocation.ts'
import { finalizeTree } from '../assign/finalize.ts'
import { sortedNodes } from '../assign/node-choice.ts'
import { type Action, type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { outermost, singleLocation } from '../model/tree.ts'
import { isTrue } from '../scalar.ts'
import { edgeFlag as f } from './flags.ts'
import { changed, updateSingle } from './primitive-update.ts'
import { actionFlag as a, instancesOf, instanceTask, sumInstances, summary } from './summary.ts'

type Work<T> = Generator<Action, T, void>

/** One implication on a resource of any kind. */
export type Method = (
  cluster: Cluster,
  resource: Resource,
  first: Action,
  then: Action,
  node: ClusterNode | undefined,
  flags: number,
  filter: number,
  type: number,
) => Work<number>

/** One implication on a clone or bundle: instance by instance where both sides interleave, else as a whole. */
export function* updateInstances(
  cluster: Cluster,
  first: Action,
  then: Action,
  node: ClusterNode | undefined,
  flags: number,
  filter: number,
  type: number,
  method: Method,
): Work<number> {
  if (interleaves(first, then)) return yield* updateInterleaved(cluster, first, then, node, filter, type, method)
  if (type === f.optional) {
    sumInstances(cluster, then, node)
    return changed.nothing
  }
  let change = yield* updateSingle(cluster, first, then, flags, filter, type)
  for (const instance of then.resource === undefined ? [] : instancesOf(then.resource)) {
    const action = findNewest(instance, then.task, node)
    if (action === undefined || (summary(instance, action, node) & a.runnable) === 0) continue
    const own = yield* method(cluster, instance, first, action, node, flags, filter, type)
    change |= own
    if ((own & changed.thenSide) === 0) continue
    for (let i = action.after.length - 1; i >= 0; i -= 1) yield action.after[i]?.then as Action
  }
  return change
}

function interleaves(first: Action, then: Action): boolean {
  const [before, after] = [first.resource, then.resource]
  if (before === undefined || after === undefined || before === after) return false
  if (before.variant < variant.clone || after.variant < variant.clone) return false
  const backwards = then.key.endsWith('_stop_0') || then.key.endsWith('_demote_0')
  return isTrue((backwards ? before : after).meta.get('interleave'))
}

function* updateInterleaved(
  cluster: Cluster,
  first: Action,
  then: Action,
  node: ClusterNode | undefined,
  filter: number,
  type: number,
  method: Method,
): Work<number> {
  const [before, after] = [first.resource, then.resource]
  if (before === undefined || after === undefined) return changed.nothing
  const current = first.key.endsWith('_stopped_0') || first.key.endsWith('_demoted_0')
  const when = current ? 'current' : 'next'
  let change: number = changed.nothing
  for (const instance of instancesOf(after)) {
    const partner = compatiblePartner(cluster, before, instance, when)
    if (partner === undefined) {
      if (current || (type & (f.runnableLeft | f.impliesThen)) === 0) continue
      cluster.flagChanges += 1
      cluster.partners.next.clear()
      cluster.observer?.unpartnered(instance, first, then)
      if (finalizeTree(instance, undefined, true)) change |= changed.thenSide
      continue
    }
    const firstAction = partnerAction(first, partner, node)
    const thenAction = instanceAction(then, instance, node)
    if (firstAction === undefined || thenAction === undefined) continue
    if (addEdge(firstAction, thenAction, type)) change |= changed.firstSide | changed.thenSide
    const owner = firstAction.resource ?? partner
    const flags = summary(owner, firstAction, node)
    change |= yield* method(
      cluster,
      thenAction.resource ?? instance,
      firstAction,
      thenAction,
      node,
      flags,
      filter,
      type,
    )
  }
  return change
}

/** The instance inside a container, where the container belongs to a bundle that has one. */
function innerInstance(container: Resource, node: ClusterNode | undefined): Resource | undefined {
  const replica = outermost(container).bundle?.replicas.find((item) => item.container === container)
  if (replica?.instance === undefined) return undefined
  return node !== undefined && replica.node === node ? replica.instance : undefined
}

function partnerAction(first: Action, partner: Resource, node: ClusterNode | undefined): Action | undefined {
  const inner = first.task.includes(task.stop) ? innerInstance(partner, node) : undefined
  const owner = inner ?? partner
  return findNewest(owner, instanceTask(first, owner), node)
}

function instanceAction(then: Action, instance: Resource, node: ClusterNode | undefined): Action | undefined {
  const inner = then.task.includes('mote') ? innerInstance(instance, node) : undefined
  const owner = inner ?? instance
  return findNewest(owner, instanceTask(then, owner), node)
}

/** The instance of another collective that goes with an instance: one on its node, or where it would best be. */
export function compatiblePartner(
  cluster: Cluster,
  other: Resource,
  instance: Resource,
  when: 'current' | 'next',
): Resource | undefined {
  const partners = partnersOf(cluster, other, when)
  const place = singleLocation(instance, when)
  if (place !== undefined) return partners.get(place)
  if (partners.size === 0) return undefined
  for (const node of sortedNodes(cluster, instance.allowed)) {
    const found = partners.get(node)
    if (found !== undefined) return found
  }
  return undefined
}

/** The first instance on each node that is not blocked. */
function partnersOf(
  cluster: Cluster,
  collective: Resource,
  when: 'current' | 'next',
): ReadonlyMap<ClusterNode, Resource> {
  const known = cluster.partners[when].get(collective)
  if (known !== undefined) return known
  const made = new Map<ClusterNode, Resource>()
  for (const item of instancesOf(collective)) {
    const place = singleLocation(item, when)
    if (place !== undefined && !made.has(place) && !isBlocked(item)) made.set(place, item)
  }
  cluster.partners[when].set(collective, made)
  return made
}
