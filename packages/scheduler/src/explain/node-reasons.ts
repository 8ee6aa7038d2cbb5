import { idOf } from '@quorate/xml'
import type { Cluster, ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { infinity, scoreText } from '../score.ts'
import { failCount } from '../unpack/fail-count.ts'
import type { Change } from './change.ts'
import type { Decision } from './decision.ts'
import type { Reason } from './reason.ts'
import { nodeStateChanges, placedAs, stateReasons } from './state-changes.ts'
import { failedText, stepFindings } from './step-reason.ts'

/** Everything for or against a node, and what would have to change for nothing to rule it out. */
export type NodeFindings = { readonly reasons: readonly Reason[]; readonly changes: readonly Change[] }

/** Every reason for or against a node that the configuration or the state gives; their scores add up to that of the node. */
export function nodeFindings(decision: Decision, resource: Resource, node: ClusterNode): NodeFindings {
  const { cluster, trace } = decision
  const states = stateReasons(node)
  const isCandidate = trace.score(resource, node) !== undefined
  const steps = isCandidate ? stepFindings(decision, resource, node, trace.steps(resource, node)) : []
  const optIn = isCandidate ? undefined : candidateFinding(cluster, resource, node)
  return {
    reasons: [
      ...states,
      ...(optIn === undefined ? [] : [optIn.reason]),
      ...steps.map(({ reason }) => reason),
      ...silentReasons(decision, resource, node),
    ],
    changes: [
      ...nodeStateChanges(node),
      ...(optIn === undefined ? [] : [optIn.change]),
      ...steps.flatMap(({ changes }) => changes),
    ],
  }
}

function candidateFinding(
  { settings }: Cluster,
  resource: Resource,
  node: ClusterNode,
): { readonly reason: Reason; readonly change: Change } {
  const text = settings.symmetric
    ? `${node.uname} is no candidate for ${resource.id}`
    : `symmetric-cluster=false, and no location constraint names ${node.uname}`
  const change: Change = {
    text: `a location constraint with a score of 0 or more for ${node.uname}`,
    suppose: { preferences: [{ resource: placedAs(resource).xmlId, node: node.uname, score: 0 }] },
  }
  const reason: Reason = {
    kind: 'opt-in',
    constraint: undefined,
    score: undefined,
    text,
    remedy: change.text,
    because: [],
  }
  return { reason, change }
}

/** What was taken into account and gave nothing: failures below the threshold, roles, colocations that were left out. */
function silentReasons(
  { cluster, trace, constraints }: Decision,
  resource: Resource,
  node: ClusterNode,
): readonly Reason[] {
  const found: Reason[] = []
  const say = (kind: Reason['kind'], text: string, constraint?: string): void => {
    found.push({ kind, constraint, score: 0, text, remedy: undefined, because: [] })
  }
  const { count } = failCount(cluster, resource, node, { effective: true, fillers: true })
  const isCounted = trace.steps(resource, node).some(({ cause }) => cause.kind === 'failures')
  if (count > 0 && !isCounted) {
    if (resource.failureIgnored) say('failures', `it ${failedText(count)} here, and on-fail has that ignored`)
    else {
      const limit = resource.migrationThreshold
      const bound = limit >= infinity ? 'INFINITY' : limit === 0 ? '0 (off)' : String(limit)
      say('failures', `it ${failedText(count)} here; migration-threshold is ${bound}, so that does not count yet`)
    }
  }
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    for (const record of at.locations) {
      const score = record.role === role.promoted ? record.scores.get(node) : undefined
      if (score === undefined) continue
      const about = at === resource ? '' : ` on ${at.id}`
      const constraint = constraints.get(record.id)
      say(
        'location',
        `location constraint ${record.id}${about}: ${scoreText(score)} for being promoted here, not for running`,
        constraint === undefined ? record.id : idOf(constraint),
      )
    }
  }
  for (const { id, primary } of trace.ignoredOf(resource)) {
    say('colocation', `colocation ${id} with ${primary.id} is left out: it would leave no node`, id)
  }
  return found
}
