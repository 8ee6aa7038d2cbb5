import { task } from '../action/key.ts'
import { isGraphAction } from '../graph/worthy.ts'
import type { Action, ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { containerOf, forEachLeaf, top } from '../model/tree.ts'
import { infinity } from '../score.ts'
import type { Change } from './change.ts'
import type { Decision } from './decision.ts'
import { generalFindings } from './general-reasons.ts'
import { obstaclesTo } from './held-up.ts'
import { isInterchangeable } from './interchangeable.ts'
import { leavesOf, worthwhile } from './no-place.ts'
import { nodeFindings } from './node-reasons.ts'
import { promotionFinding } from './promotion-reasons.ts'
import { moreScore } from './score-changes.ts'

/** How many resources are followed that have to be somewhere first. */
const placesMax = 1000

/** True of what nothing makes so. */
export function isHopeless({ isImpossible }: Change): boolean {
  return isImpossible === true
}

/** True where a resource is going to run on a node, and nothing holds that up. */
export function isThere(leaf: Resource, node: ClusterNode): boolean {
  if (leaf.assigned !== node || leaf.nextRole <= role.stopped) return false
  return leaf.actions.every(
    (action) => action.task !== task.start || action.node !== node || !isDue(leaf, action) || action.runnable,
  )
}

/**
 * True where an action is to be done: it is in the graph, or would be but for what keeps it. A start that quorum forbids
 * counts as one that need not be, and is due all the same.
 */
export function isDue({ runningOn, assigned, nextRole, managed }: Resource, action: Action): boolean {
  // What runs on a node of which nothing is known is not stopped there, and what is not managed is left alone.
  if (action.runnable) return isGraphAction(action)
  const isStart = action.task === task.start
  if (!managed && isStart && runningOn.length > 0) return false
  const isWanted = nextRole > role.stopped && action.node !== undefined && action.node === assigned
  return !action.optional || (isStart && isWanted && !runningOn.includes(assigned))
}

/** All that stands between a resource and a node in this decision. */
export function changesFor(
  decision: Decision,
  leaf: Resource,
  node: ClusterNode,
  asked: Set<Resource> = new Set(),
): readonly Change[] {
  asked.add(leaf)
  const general = generalFindings(decision, leaf).flatMap(({ changes }) => changes)
  const here = nodeFindings(decision, leaf, node).changes
  const found = [...general, ...connectionChanges(leaf, node), ...partnerChanges(decision, leaf, node), ...here]
  const next =
    found.length > 0 ? found : leaf.assigned === node ? heldUp(decision, leaf) : moreScore(decision, leaf, node)
  return followed(decision, next, asked)
}

/** Changes, and instead of those that come down to where another resource is what that takes. */
export function followed(decision: Decision, changes: readonly Change[], asked: Set<Resource>): readonly Change[] {
  const found = changes.flatMap((change) => {
    if (isFollowed(change, asked)) return []
    const first = placed(decision, change, asked)
    return first.length > 0 ? first : [change]
  })
  return found.length > 0 ? found : changes
}

/** A connection into a container goes where the container goes. */
function connectionChanges(leaf: Resource, node: ClusterNode): readonly Change[] {
  const { container } = leaf
  if (!leaf.isConnection || container === undefined || container.assigned === node) return []
  return [{ text: `${container.id} has to run on ${node.uname}`, place: { resource: container, node } }]
}

/** What an instance follows instance by instance has to have one where it is to be. */
function partnerChanges({ trace }: Decision, leaf: Resource, node: ClusterNode): readonly Change[] {
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    const resource = trace.partnerMissing(at)?.first.resource
    if (resource === undefined) continue
    return [{ text: `an instance of ${resource.id} has to run on ${node.uname}`, place: { resource, node } }]
  }
  return []
}

/** True where the resource that a change comes down to is being looked at already. */
function isFollowed({ place }: Change, asked: ReadonlySet<Resource>): boolean {
  const leaf = place === undefined ? undefined : (replicaAt(place) ?? leafFor(place.resource, place.node))
  return leaf !== undefined && asked.has(leaf)
}

/** What runs inside of a bundle in its container on a node, where that is to be promoted and is to run there already. */
function replicaAt({ resource, node, isPromoted }: NonNullable<Change['place']>): Resource | undefined {
  if (isPromoted !== true) return undefined
  return resource.bundle?.replicas.find(
    ({ container, instance }) =>
      container?.assigned !== undefined &&
      (node === undefined || container.assigned === node) &&
      instance?.assigned !== undefined &&
      instance.nextRole > role.stopped,
  )?.instance
}

/** What it takes to have another resource where it has to be first; each is followed once. */
function placed(decision: Decision, { place }: Change, asked: Set<Resource>): readonly Change[] {
  if (place === undefined || asked.size >= placesMax) return []
  const replica = replicaAt(place)
  if (replica !== undefined) {
    if (asked.has(replica)) return []
    return promotionChanges(decision, replica, asked).map((change) => ({ about: replica.id, ...change }))
  }
  const leaf = leafFor(place.resource, place.node)
  if (leaf === undefined || asked.has(leaf)) return []
  const node = place.node ?? leaf.assigned ?? bestNode(decision, leaf)
  if (node === undefined) return []
  if (isThere(leaf, node) && place.isPromoted !== true) return []
  const changes = isThere(leaf, node)
    ? promotionChanges(decision, leaf, asked)
    : changesFor(decision, leaf, node, asked)
  // That it cannot be on the likeliest node does not say that it cannot be anywhere.
  if (place.node === undefined && changes.some(isHopeless)) return []
  return changes.map((change) => ({ about: leaf.id, ...change }))
}

/** What stands between an instance and its promotion in this decision. */
export function promotionChanges(decision: Decision, leaf: Resource, asked: Set<Resource>): readonly Change[] {
  asked.add(leaf)
  return followed(decision, promotionFinding(decision, leaf)?.changes ?? [], asked)
}

/** The instance or member to ask about: that which is on the node, or could go there. */
function leafFor(resource: Resource, node: ClusterNode | undefined): Resource | undefined {
  const leaves: Resource[] = []
  forEachLeaf(resource, (leaf) => leaves.push(leaf))
  return (
    leaves.find((leaf) => leaf.assigned === node) ?? leaves.find((leaf) => leaf.assigned === undefined) ?? leaves[0]
  )
}

function bestNode({ cluster, trace }: Decision, leaf: Resource): ClusterNode | undefined {
  // A container does not go into itself, and nothing to a guest that takes what is made for it only.
  const known = cluster.nodes.filter((node) => trace.score(leaf, node) !== undefined)
  const possible = worthwhile(cluster, leaf).filter((node) => containerOf(node) !== leaf)
  const likely = possible.filter((node) => known.includes(node))
  // In a cluster that is not symmetric there may be no candidate yet.
  const usable = likely.length > 0 ? likely : known.length > 0 ? known : possible
  // Where there is an instance of its clone already, another one would only do if there may be several.
  const others = isInterchangeable(leaf) ? leavesOf(top(leaf)).filter((item) => item.xmlId === leaf.xmlId) : []
  const free = usable.filter((node) => others.every((item) => item === leaf || item.assigned !== node))
  const [best] = (free.length > 0 ? free : usable).sort(
    (a, b) => Number(b.online && !b.unclean) - Number(a.online && !a.unclean) || scoreOf(b) - scoreOf(a),
  )
  return best

  function scoreOf(node: ClusterNode): number {
    return trace.score(leaf, node) ?? -infinity
  }
}

/** What keeps a resource from being started, or stopped where it runs, as it should be. */
export function heldUp(decision: Decision, leaf: Resource): readonly Change[] {
  return leaf.actions
    .filter((action) => isDue(leaf, action) && !action.runnable)
    .flatMap((action) => obstaclesTo(decision, action))
    .flatMap(({ changes }) => changes)
}
