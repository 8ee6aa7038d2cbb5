import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { forEachLeaf, isBundled, isGuest, isRemote, top } from '../model/tree.ts'
import { infinity } from '../score.ts'
import type { Decision } from './decision.ts'
import { nodeFindings } from './node-reasons.ts'
import type { ReasonKind } from './reason.ts'
import { stateReasons } from './state-changes.ts'

/** Primitives that a resource is or has in it. */
export function leavesOf(resource: Resource): readonly Resource[] {
  const leaves: Resource[] = []
  forEachLeaf(resource, (leaf) => leaves.push(leaf))
  return leaves
}

/** Nodes that a person would ask about: guests that cannot run a resource are none, nor remote nodes where no such can. */
export function worthwhile(cluster: Cluster, leaf: Resource): readonly ClusterNode[] {
  const isInside = leaf.container === undefined && isBundled(leaf) && leaf.parent?.variant !== variant.bundle
  const isHostOnly = leaf.isConnection || leaf.isFenceDevice
  return cluster.nodes.filter((node) => {
    if (isHostOnly && isRemote(node)) return false
    if (!isGuest(node)) return node.kind !== 'ping' && !isInside
    return (leaf.allowed.get(node) ?? -infinity) > -infinity || leaf.assigned === node || leaf.runningOn.includes(node)
  })
}

/** True where any other instance of its clone would do as well. */
export function isInterchangeable(leaf: Resource): boolean {
  return !leaf.unique && top(leaf) !== leaf && top(leaf).clone !== undefined
}

/** Reasons that follow from something else: that is told first. */
const consequences: ReadonlySet<ReasonKind> = new Set(['instances', 'wish', 'colocation', 'group'])

/** What rules a node out in the first place; undefined where nothing does. */
export function ruledOutBy(decision: Decision, leaf: Resource, node: ClusterNode): string | undefined {
  const { reasons } = nodeFindings(decision, leaf, node)
  const bans = reasons.filter(({ score }) => score !== undefined && score <= -infinity)
  const own = bans.find(({ kind }) => !consequences.has(kind))
  return (own ?? reasons.find(({ score }) => score === undefined) ?? bans[0])?.text
}

/** Why no node will do: what all of them have in common, or that each has something. */
export function nowhere(decision: Decision, leaf: Resource): string {
  const [left] = leaf.runningOn
  const why = left === undefined ? undefined : ruledOutBy(decision, leaf, left)
  if (why !== undefined) return why
  if (leaf.lockNode !== undefined) return `shutdown-lock: it waits for ${leaf.lockNode.uname}`
  const others = isInterchangeable(leaf) ? leavesOf(top(leaf)).filter((item) => item.xmlId === leaf.xmlId) : []
  const hasOne = (node: ClusterNode): boolean => others.some((item) => item.assigned === node)
  if (others.some((item) => item.assigned !== undefined)) {
    const isTaken = worthwhile(decision.cluster, leaf).every((node) => hasOne(node) || stateReasons(node).length > 0)
    if (isTaken) return 'every node that can run it has an instance'
  }
  const texts = worthwhile(decision.cluster, leaf).map((node) => ruledOutBy(decision, leaf, node))
  const [first] = texts
  return first !== undefined && texts.every((text) => text === first) ? first : 'no node can run it'
}
