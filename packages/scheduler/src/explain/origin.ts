import type { ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { infinity, scoreText } from '../score.ts'
import type { Decision } from './decision.ts'
import { generalFindings } from './general-reasons.ts'
import { decisiveReason, leavesOf, nowhere, ruledOutBy } from './no-place.ts'
import { promotionFinding } from './promotion-reasons.ts'
import { tieBreak } from './tie-break.ts'

/** Why a resource leaves a node for the one that it is assigned to; undefined where that is not known. */
export function movedText(decision: Decision, leaf: Resource, left: ClusterNode): string | undefined {
  const ruledOut = ruledOutBy(decision, leaf, left)
  const { assigned } = leaf
  if (ruledOut !== undefined || assigned === undefined) return ruledOut
  const { trace } = decision
  const [theirs, mine] = [trace.score(leaf, assigned) ?? 0, trace.score(leaf, left) ?? 0]
  // What users do not expect is that nothing holds a resource where it runs unless it is told to.
  const loose = leaf.stickiness === 0 && leaf.partialTarget === undefined ? '; resource-stickiness is 0' : ''
  if (theirs > mine)
    return `${assigned.uname} has more score (${scoreText(theirs)}) than ${left.uname} (${scoreText(mine)})${loose}`
  return theirs === mine
    ? `${left.uname} and ${assigned.uname} have a score of ${scoreText(mine)}, and ${tieBreak(decision.cluster, leaf, assigned)}${loose}`
    : undefined
}

/** Why an instance is not to be promoted that is promoted now; undefined of any other. */
export function demotedText(decision: Decision, leaf: Resource): string | undefined {
  if (leaf.role !== role.promoted || leaf.nextRole >= role.promoted) return undefined
  return promotionFinding(decision, leaf)?.explanation.whyNot
}

/** Where something begins: with which resource, and why it is as it is. */
export type Beginning = { readonly id: string; readonly text: string }

/**
 * Where it begins that a node is ruled out for a resource since that has to be with others: the last of these, and why
 * that one is not there. Undefined where no colocation and no group is what rules the node out.
 */
export function originOf(decision: Decision, leaf: Resource, node: ClusterNode): Beginning | undefined {
  let found: Beginning | undefined
  const seen = new Set<Resource>()
  for (let at: Resource | undefined = leaf; at !== undefined && !seen.has(at); ) {
    seen.add(at)
    const { next, begins } = followedFrom(decision, at, node)
    if (begins !== undefined) found = begins
    at = next
  }
  return found
}

type Followed = { readonly next: Resource | undefined; readonly begins: Beginning | undefined }

/** What a resource has to be with, where that rules the node out, and why that is not there. */
function followedFrom(decision: Decision, leaf: Resource, node: ClusterNode): Followed {
  const none: Followed = { next: undefined, begins: undefined }
  const kind = decisiveReason(decision, leaf, node)?.kind
  if (kind !== 'colocation' && kind !== 'group') return none
  const step = decision.trace
    .steps(leaf, node)
    .find(({ cause, gain }) => cause.kind === 'colocation' && gain <= -infinity)
  if (step?.cause.kind !== 'colocation' || step.cause.colocation.score <= 0) return none
  const { primary, primaryRole } = step.cause.colocation
  const parts = leavesOf(primary)
  const isPromotion = primaryRole === role.promoted
  const demoted = parts.find((part) => demotedText(decision, part) !== undefined)
  if (isPromotion && demoted !== undefined) return told(demoted, demotedText(decision, demoted), false)
  const there = parts.find((part) => part.assigned === node)
  if (isPromotion && there !== undefined) {
    return told(there, promotionFinding(decision, there)?.explanation.whyNot, false)
  }
  const absent = parts.filter((item) => item.assigned !== node)
  const part =
    absent.find((item) => item.runningOn.includes(node)) ?? absent.find((item) => item.assigned === undefined)
  return part === undefined ? none : told(part, absenceText(decision, part, node), true)
}

function told(part: Resource, text: string | undefined, isFollowed: boolean): Followed {
  return { next: isFollowed ? part : undefined, begins: text === undefined ? undefined : { id: part.id, text } }
}

/** Why a resource is not to be on a node. */
function absenceText(decision: Decision, part: Resource, node: ClusterNode): string | undefined {
  const general = generalFindings(decision, part).find(({ reason }) => reason.isObstacle)
  if (part.assigned === undefined || part.nextRole <= role.stopped) {
    return general?.reason.text ?? nowhere(decision, part)
  }
  return movedText(decision, part, node)
}

/** Why a remote node, or a guest, is not there: what keeps its connection or its container from running. */
export function absentText(decision: Decision, node: ClusterNode): string | undefined {
  const carrier = node.connection?.container ?? node.connection
  const leaf = carrier === undefined || node.online ? undefined : leavesOf(carrier)[0]
  if (leaf === undefined || (leaf.assigned !== undefined && leaf.nextRole > role.stopped)) return undefined
  const general = generalFindings(decision, leaf).find(({ reason }) => reason.isObstacle)
  return `${leaf.id} is to run nowhere: ${general?.reason.text ?? nowhere(decision, leaf)}`
}
