import { attr } from '@quorate/xml'
import type { ClusterNode, Resource } from '../model/model.ts'
import { infinity, scoreText } from '../score.ts'
import type { Change } from './change.ts'
import type { Decision } from './decision.ts'
import { fullClone } from './node-reasons.ts'
import type { Reason } from './reason.ts'
import { placedAs } from './state-changes.ts'
import { stepFinding } from './step-reason.ts'
import { type Supposition, supposedPrefix } from './supposition.ts'
import { tieBreak } from './tie-break.ts'

/** More score than the chosen node has. */
export function moreScore(decision: Decision, leaf: Resource, node: ClusterNode): readonly Change[] {
  const { trace } = decision
  const { assigned } = leaf
  const resource = placedAs(leaf).xmlId
  const mine = trace.score(leaf, node) ?? 0
  const prefer = (score: number): Supposition => ({ preferences: [{ resource, node: node.uname, score }] })
  if (assigned === undefined) {
    return mine < 0
      ? [
          {
            text: `${scoreText(-mine)} more score for ${node.uname}: it has ${scoreText(mine)}`,
            suppose: prefer(-mine),
          },
        ]
      : []
  }
  const full = fullClone(decision.cluster, leaf, node)
  if (full?.clone !== undefined) {
    const pair = { name: 'clone-max', value: String(full.clone.max + 1) }
    return [
      { text: `a higher clone-max of ${full.xmlId}`, suppose: { metaAttributes: [{ resource: full.xmlId, ...pair }] } },
    ]
  }
  const theirs = trace.score(leaf, assigned) ?? 0
  if (theirs >= infinity) {
    const step = trace.steps(leaf, assigned).find(({ gain }) => gain >= infinity)
    const why = step === undefined ? undefined : stepFinding(decision, leaf, assigned, step).reason
    const held = heldByConstraint(decision, why)
    if (held !== undefined) return [held]
    const by = why === undefined ? '' : `: ${why.text}`
    return [
      {
        text: `INFINITY must not hold it on ${assigned.uname}${by}`,
        suppose: { preferences: [{ resource, node: assigned.uname, score: -infinity }] },
      },
    ]
  }
  if (mine < theirs) {
    const lack = mine <= -infinity ? 'INFINITY' : `more than ${scoreText(theirs - mine)}`
    return [
      {
        text: `${lack} more score for ${node.uname}: it has ${scoreText(mine)}, ${assigned.uname} has ${scoreText(theirs)}`,
        suppose: prefer(theirs - mine + 1),
      },
    ]
  }
  // What has more already is kept away by something else.
  if (mine > theirs) return []
  return [
    {
      text: `any score more for ${node.uname}: both have ${scoreText(mine)}, and ${tieBreak(decision.cluster, leaf, assigned)}`,
      suppose: prefer(1),
    },
  ]
}

/**
 * What takes away the location constraint that holds a resource somewhere, its own or that of another one which wishes it
 * there; undefined for any other cause.
 */
export function heldByConstraint({ constraints }: Decision, why: Reason | undefined): Change | undefined {
  let at = why
  while (at?.kind === 'wish' || at?.kind === 'instances') at = at.because.find(({ score }) => (score ?? 0) >= infinity)
  const id = at?.kind === 'location' ? at.constraint : undefined
  const constraint = id === undefined ? undefined : constraints.get(id)
  if (id === undefined || constraint === undefined || id.startsWith(supposedPrefix)) return undefined
  const resource = attr(constraint, 'rsc')
  return {
    text:
      id.startsWith('cli-') && resource !== undefined
        ? `crm_resource --clear --resource ${resource}`
        : `constraint ${id} has to go or be lowered`,
    suppose: { withoutConstraints: [id] },
  }
}
