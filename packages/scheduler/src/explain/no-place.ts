import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { forEachLeaf, isBundled, isGuest, isRemote, top } from '../model/tree.ts'
import { infinity, scoreText } from '../score.ts'
import type { Decision } from './decision.ts'
import { nodeFindings } from './node-reasons.ts'
import type { ReasonKind } from './reason.ts'
import { orderTie, tieText } from './tie.ts'

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
  const said = (own ?? reasons.find(({ score }) => score === undefined) ?? bans[0])?.text
  const score = decision.trace.score(leaf, node) ?? 0
  return (
    said ?? (score < 0 ? `its score on ${node.uname} is ${scoreText(score)}, and less than 0 keeps it away` : undefined)
  )
}

/** Why an instance has no partner of what it follows instance by instance; undefined where that is not the matter. */
function partnerText({ cluster, trace }: Decision, leaf: Resource): string | undefined {
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    const pair = trace.partnerMissing(at)
    const [first, then] = [pair?.first.resource, pair?.then.resource]
    if (pair === undefined || first === undefined || then === undefined) continue
    const tie = orderTie(cluster, { resource: first, task: pair.first.task }, { resource: then, task: pair.then.task })
    const by = tie === undefined ? '' : ` (${tieText(tie)}, interleave=true)`
    return `no instance of ${first.id} is to be where it would go, and it follows one${by}`
  }
  return undefined
}

/** Why no node will do: what all of them have in common, or what each has. */
export function nowhere(decision: Decision, leaf: Resource): string {
  const partner = partnerText(decision, leaf)
  if (partner !== undefined) return partner
  const [left] = leaf.runningOn
  const why = left === undefined ? undefined : ruledOutBy(decision, leaf, left)
  if (why !== undefined) return why
  if (leaf.lockNode !== undefined) return `shutdown-lock: it waits for ${leaf.lockNode.uname}`
  const others = isInterchangeable(leaf) ? leavesOf(top(leaf)).filter((item) => item.xmlId === leaf.xmlId) : []
  const hasOne = (node: ClusterNode): boolean => others.some((item) => item.assigned === node)
  if (others.some((item) => item.assigned !== undefined)) {
    const isTaken = worthwhile(decision.cluster, leaf).every(
      (node) => hasOne(node) || ruledOutBy(decision, leaf, node) !== undefined,
    )
    if (isTaken) return 'every node that can run it has an instance'
  }
  return shortest(decision, leaf, worthwhile(decision.cluster, leaf))
}

/** How many different reasons are told in one sentence. */
const reasonsShown = 3

/** What rules out each of some nodes, in one sentence. */
function shortest(decision: Decision, leaf: Resource, nodes: readonly ClusterNode[]): string {
  const byText = new Map<string, string[]>()
  for (const node of nodes) {
    const text = ruledOutBy(decision, leaf, node) ?? 'nothing known'
    // The same of several nodes is said once, whatever they are called.
    const plain = text.startsWith(`${node.uname} `) ? text.replace(node.uname, 'it') : text
    byText.set(plain, [...(byText.get(plain) ?? []), node.uname])
  }
  const all = [...byText]
  const [only] = all
  if (only === undefined) return 'there is no node for it'
  if (all.length === 1) return only[0].replace(/^it /, nodes.length === 1 ? `${only[1][0]} ` : 'every node ')
  const shown = all.slice(0, reasonsShown).map(([text, names]) => `${namesText(names)}: ${text}`)
  const more = all.length > reasonsShown ? `; and ${all.length - reasonsShown} more` : ''
  return `no node can run it (${shown.join('; ')}${more})`
}

function namesText(names: readonly string[]): string {
  return names.length <= reasonsShown ? names.join(', ') : `${names.length} nodes`
}
