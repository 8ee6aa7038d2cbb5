import { keyOf, task } from '../action/key.ts'
import { addEdge, findLoose } from '../action/ledger.ts'
import { type Action, type Cluster, type Edge, type OrderRecord, type Resource, variant } from '../model/model.ts'
import { isTrue } from '../scalar.ts'
import { edgeFlag as f } from './flags.ts'
import { compatiblePartner } from './instance-update.ts'

/** Has everything that a probe's outcome could undo wait for the probe. */
export function orderProbes(cluster: Cluster): void {
  const ways = new WaysToUndoing(cluster)
  for (const resource of cluster.resources) spreadProbes(ways, resource)
  const { orders } = cluster
  for (let i = 0; i < orders.length; i += 1) stopsAfterProbes(orders[i] as OrderRecord)
}

function probesOf(resource: Resource): readonly Action[] {
  return findLoose(resource.actionsByKey, keyOf(resource, task.monitor))
}

function spreadProbes(ways: WaysToUndoing, resource: Resource): void {
  if (resource.variant !== variant.primitive) {
    for (const item of resource.children) spreadProbes(ways, item)
    return
  }
  const undone = new Map<Action, readonly Action[]>()
  const probes = probesOf(resource)
  for (let j = 0; j < probes.length; j += 1) {
    const probe = probes[j] as Action
    for (let i = probe.after.length - 1; i >= 0; i -= 1) {
      const from = (probe.after[i] as Edge).then
      let found = undone.get(from)
      if (found === undefined) {
        found = undoneBy(ways, resource, from)
        undone.set(from, found)
      }
      for (const item of found) addEdge(probe, item, f.optional)
    }
  }
}

const none: readonly never[] = []

/**
 * Actions from which something can be reached that undoes what follows a probe, whichever resource is probed. From all
 * others nothing is followed: in a chain of resources that are all still to be started each would be walked to its end.
 */
class WaysToUndoing {
  readonly cluster: Cluster
  #ways: ReadonlySet<Action> | undefined

  constructor(cluster: Cluster) {
    this.cluster = cluster
  }

  has(action: Action): boolean {
    this.#ways ??= waysToUndoing(this.cluster)
    return this.#ways.has(action)
  }
}

/** Goes back from the starts and promotions that something is there to undo of. */
function waysToUndoing({ actions }: Cluster): ReadonlySet<Action> {
  const ways = new Set<Action>()
  for (let i = 0; i < actions.length; i += 1) {
    const action = actions[i] as Action
    if (action.resource?.variant === variant.primitive && undoingOf(action).some((item) => !item.pseudo))
      ways.add(action)
  }
  for (const action of ways) {
    for (const { first, original } of action.before) {
      if ((original & f.impliesThen) !== 0 || (first.resource?.variant ?? 0) >= variant.group) ways.add(first)
    }
  }
  return ways
}

type Frame = {
  readonly action: Action
  next: number
  readonly compatible: Resource | undefined
  readonly interleaved: boolean
}

/**
 * What undoes something that follows a probe of a resource, by way of an action after it: the stops that go with the
 * starts there. It is the same for the probes on all nodes.
 */
function undoneBy(ways: WaysToUndoing, probed: Resource, from: Action): readonly Action[] {
  if (!ways.has(from)) return none
  const { cluster } = ways
  const found: Action[] = []
  cluster.epoch += 1
  const stack: Frame[] = []
  const enter = (action: Action): void => {
    if (action.visited === cluster.epoch) return
    action.visited = cluster.epoch
    if (action.resource?.variant === variant.primitive && action.resource !== probed) collectUndoing(action, found)
    stack.push(frameOf(cluster, probed, action))
  }
  enter(from)
  for (let frame = stack[stack.length - 1]; frame !== undefined; frame = stack[stack.length - 1]) {
    if (frame.next < 0) {
      stack.pop()
      continue
    }
    const edge = frame.action.after[frame.next] as Edge
    frame.next -= 1
    if (((edge.original & f.impliesThen) !== 0 || leadsToMember(probed, frame, edge)) && ways.has(edge.then))
      enter(edge.then)
  }
  return found
}

function frameOf(cluster: Cluster, probed: Resource, action: Action): Frame {
  const { resource } = action
  const interleaved =
    resource !== undefined && resource.variant >= variant.clone && isTrue(resource.meta.get('interleave'))
  const compatible = interleaved ? compatiblePartner(cluster, resource, probed, 'next') : undefined
  return { action, next: action.after.length - 1, compatible, interleaved }
}

function collectUndoing(action: Action, found: Action[]): void {
  for (const item of undoingOf(action)) if (!item.pseudo) found.push(item)
}

/** The stops that go with a start, the demotions that go with a promotion. */
function undoingOf({ task: name, resource }: Action): readonly Action[] {
  const undoing = name === task.start ? task.stop : name === task.promote ? task.demote : undefined
  if (undoing === undefined || resource === undefined) return none
  return findLoose(resource.actionsByKey, keyOf(resource, undoing))
}

function leadsToMember(probed: Resource, frame: Frame, edge: Edge): boolean {
  const { resource } = frame.action
  const member = edge.then.resource
  if (resource === undefined || resource.variant < variant.group || probed.parent === resource) return false
  if (member === undefined || member.variant > variant.group || member.parent !== resource) return false
  return !frame.interleaved || frame.compatible === member
}

function stopsAfterProbes(record: OrderRecord): void {
  const { first, firstAction, firstKey, then, thenAction, thenKey, flags } = record
  if (flags === f.none || first === undefined || first === then) return
  if ((thenAction === undefined && then === undefined) || (firstAction === undefined && firstKey === undefined)) return
  const isStop = firstAction === undefined ? firstKey?.endsWith('_stop_0') === true : firstAction.task === task.stop
  if (!isStop) return
  if (then !== undefined && then === first.container) {
    if (thenAction?.task === task.stop || (thenAction === undefined && thenKey?.endsWith('_stop_0') === true)) return
  }
  const exact = flags === f.antiColocation || flags === f.load
  const kept = exact ? flags : f.optional | (flags & (f.notMigratable | f.sameNode))
  const probes = probesOf(first)
  if (probes.length === 0) return
  const thens =
    thenAction !== undefined
      ? [thenAction]
      : then === undefined || thenKey === undefined
        ? []
        : findLoose(then.actionsByKey, thenKey)
  for (let i = 0; i < probes.length; i += 1) {
    const probe = probes[i] as Action
    for (let j = 0; j < thens.length; j += 1) {
      const action = thens[j] as Action
      const ownNode = action.node === probe.node
      if (action.task === task.fence && ownNode && action.meta.get('stonith_action') === 'on') continue
      if (action.task === task.shutdown && !ownNode && probe.node !== undefined) continue
      addEdge(probe, action, kept)
    }
  }
}
