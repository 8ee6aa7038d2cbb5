import { idOf } from '@quorate/xml'
import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { role } from '../model/role.ts'
import { isAvailable, isReady } from '../model/scoring.ts'
import { containerOf, forEachLeaf, singleLocation, top } from '../model/tree.ts'
import { infinity, scoreText } from '../score.ts'
import { failCount } from '../unpack/fail-count.ts'
import type { Change } from './change.ts'
import { colocationName } from './colocation-reason.ts'
import type { Decision } from './decision.ts'
import { failedText } from './failure-reason.ts'
import { isInterchangeable } from './interchangeable.ts'
import { partnerText } from './partner.ts'
import type { Reason } from './reason.ts'
import { optionSetting, type Setting } from './setting.ts'
import { bySource, failureSettings, metaSettings, metaSource } from './setting-source.ts'
import { nodeStateChanges, placedAs, stateReasons } from './state-changes.ts'
import { noCandidate, stepFindings } from './step-reason.ts'

/** Everything for or against a node, and what would have to change for nothing to rule it out. */
export type NodeFindings = { readonly reasons: readonly Reason[]; readonly changes: readonly Change[] }

/** Every reason for or against a node that the configuration or the state gives; their scores add up to that of the node. */
export function nodeFindings(decision: Decision, resource: Resource, node: ClusterNode): NodeFindings {
  const { cluster, trace } = decision
  const states = stateReasons(cluster, node)
  const isCandidate = trace.score(resource, node) !== undefined
  const steps = isCandidate ? stepFindings(decision, resource, node, trace.steps(resource, node)) : []
  const optIn = isCandidate ? undefined : candidateFinding(cluster, resource, node)
  const outside = containerFinding(node) ?? lateFinding(decision, resource, node)
  return {
    reasons: [
      ...states,
      ...(outside === undefined ? [] : [outside.reason]),
      ...(optIn === undefined ? [] : [optIn.reason]),
      ...steps.map(({ reason }) => reason),
      ...silentReasons(decision, resource, node),
    ],
    changes: [
      ...nodeStateChanges(node),
      ...(outside === undefined ? [] : [outside.change]),
      ...(optIn === undefined ? [] : [optIn.change]),
      ...steps.flatMap(({ changes }) => changes),
    ],
  }
}

type NodeFinding = { readonly reason: Reason; readonly change: Change }

/** A state that rules the node out, whatever the score, and the change by which it would not. */
function ruledOut(kind: Reason['kind'], text: string, change: Change, settings: readonly Setting[] = []): NodeFinding {
  const reason = { kind, constraint: undefined, score: undefined, text, remedy: change.text, settings, because: [] }
  return { reason, change }
}

/** A guest whose container goes nowhere takes nothing, however it stands; undefined for any other node. */
function containerFinding(node: ClusterNode): NodeFinding | undefined {
  const container = containerOf(node)
  if (container === undefined || !isReady(node) || isAvailable(node, { guests: true })) return undefined
  const change: Change = { text: `${container.id} has to run`, place: { resource: container, node: undefined } }
  const text = `${node.uname} is inside ${container.id}, which is to run nowhere`
  return ruledOut('container', text, change)
}

/** A remote node that is not up takes nothing before its connection has a place; undefined where that is not what keeps a resource away. */
function lateFinding({ trace }: Decision, resource: Resource, node: ClusterNode): NodeFinding | undefined {
  const container = containerOf(node)
  const carrier = container ?? node.connection
  const { assigned, managed, blocked } = resource
  if (carrier === undefined || assigned === undefined || !managed || blocked) return undefined
  if ((trace.score(resource, node) ?? -infinity) <= (trace.score(resource, assigned) ?? -infinity)) return undefined
  if (!isAvailable(node, { guests: true })) return undefined
  const [whole, other] = [placedAs(carrier), placedAs(resource)]
  const change: Change =
    whole === other
      ? { text: `nothing makes it run here: it is placed together with ${carrier.id}`, isImpossible: true }
      : { text: `what makes ${whole.xmlId} wait for the place of ${other.xmlId} has to go` }
  const what =
    container === undefined ? `the connection of ${node.uname}` : `${container.id}, with which ${node.uname} comes up,`
  return ruledOut(
    container === undefined ? 'remote-node' : 'container',
    `${what} is placed after it: before that nothing goes there`,
    change,
  )
}

function candidateFinding(cluster: Cluster, resource: Resource, node: ClusterNode): NodeFinding {
  const { symmetric } = cluster.settings
  const { text: plain, changes } = noCandidate(resource, node)
  const [change] = changes
  const text = symmetric ? plain : `symmetric-cluster=false, and no location constraint names ${node.uname}`
  return ruledOut('opt-in', text, change, symmetric ? [] : [optionSetting(cluster, 'symmetric-cluster')])
}

/** How failures count that have no part in a score. */
function countedText(cluster: Cluster, resource: Resource, node: ClusterNode, count: number): string {
  const limit = resource.migrationThreshold
  const text = `it ${failedText(count, node)}`
  const by = bySource(metaSource(cluster, resource, 'migration-threshold'), resource)
  if (resource.failureIgnored) return `${text}, and on-fail has that ignored`
  if (limit === 0) return `${text}; migration-threshold is 0${by === '' ? ' (off)' : by}, so that does not count`
  const bound = scoreText(limit)
  if (count < limit) return `${text}; migration-threshold is ${bound}${by}, so that does not count yet`
  return resource.managed
    ? `${text}, which reaches migration-threshold=${bound}${by}: ${node.uname} is ruled out already`
    : `${text}, which reaches migration-threshold=${bound}${by}: it is left where it is`
}

/** Why a location constraint on a resource, or on what it is part of, gives it nothing. */
function silentEffect(resource: Resource, holder: Resource, score: number): string {
  const group = groupBelow(resource, holder)
  const [leader] = group?.children ?? []
  if (group?.group?.collocated === true && leader !== undefined && !isPartOf(resource, leader)) {
    return `counts for ${leader.id}, with which the other members of ${group.id} are`
  }
  return score <= -infinity ? 'is one of several' : 'is outweighed'
}

/** The group on the way from a resource to one that it is part of, that one included. */
function groupBelow(resource: Resource, holder: Resource): Resource | undefined {
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    if (at.variant === variant.group) return at
    if (at === holder) return undefined
  }
  return undefined
}

function isPartOf(resource: Resource, of: Resource): boolean {
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) if (at === of) return true
  return false
}

/** The clone of an instance, where all that it may have are placed, and none on a node that has room for one. */
export function fullClone(cluster: Cluster, leaf: Resource, node: ClusterNode): Resource | undefined {
  const clone = top(leaf)
  const traits = clone.clone
  if (leaf.unique || traits === undefined || clone === leaf || traits.max >= cluster.nodes.length) return undefined
  const places = clone.children.map((instance) => singleLocation(instance, 'next'))
  return places.includes(node) || places.includes(undefined) ? undefined : clone
}

/** The instance of what a resource is an instance of that goes to a node. */
function instanceOn(resource: Resource, node: ClusterNode): Resource | undefined {
  let found: Resource | undefined
  forEachLeaf(top(resource), (leaf) => {
    if (leaf.xmlId === resource.xmlId && leaf.assigned === node) found = leaf
  })
  return found
}

/** Of a collective without parts. */
export const emptyText = 'there is nothing in it that could be run'

/** What was taken into account and gave nothing: failures below the threshold, roles, colocations that were left out. */
function silentReasons(decision: Decision, resource: Resource, node: ClusterNode): readonly Reason[] {
  const { cluster, trace, constraints } = decision
  const found: Reason[] = []
  const say = (kind: Reason['kind'], text: string, constraint?: string, settings: readonly Setting[] = []): void => {
    found.push({ kind, constraint, score: 0, text, remedy: undefined, settings, because: [] })
  }
  const { count } = failCount(cluster, resource, node, { effective: true, fillers: true })
  const steps = trace.steps(resource, node)
  if (count > 0 && !steps.some(({ cause }) => cause.kind === 'failures'))
    say('failures', countedText(cluster, resource, node, count), undefined, failureSettings(cluster, resource))
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    for (const record of at.locations) {
      const score = record.scores.get(node)
      const isForPromotion = record.role === role.promoted
      const constraint = constraints.get(record.id)
      if (score === undefined || (!isForPromotion && (score === 0 || constraint === undefined))) continue
      if (!isForPromotion && steps.some(({ cause }) => cause.kind === 'location' && cause.record === record)) continue
      const id = constraint === undefined ? record.id : idOf(constraint)
      const rule = id === record.id ? '' : `, rule ${record.id}`
      const about = at === resource ? '' : ` on ${at.id}`
      const effect = isForPromotion
        ? `for being promoted on ${node.uname}, not for running there`
        : silentEffect(resource, at, score)
      say('location', `location constraint ${id}${rule}${about}: ${scoreText(score)} ${effect}`, id)
    }
  }
  const { managed, blocked, runningOn, assigned } = resource
  if ((!managed || blocked) && runningOn.length > 0 && node !== assigned && !runningOn.includes(node)) {
    const names = runningOn.map(({ uname }) => uname).join(', ')
    say('unmanaged', `it is left on ${names}, whatever the scores, since it is ${blocked ? 'blocked' : 'not managed'}`)
  }
  if (resource.variant !== variant.primitive) say('instances', emptyText)
  const partner = assigned === undefined ? partnerText(decision, resource) : undefined
  if (partner !== undefined) say('instances', partner)
  const full = fullClone(cluster, resource, node)
  if (full !== undefined)
    say(
      'instances',
      `clone-max=${full.clone?.max} of ${full.xmlId}, and that many are placed elsewhere`,
      undefined,
      metaSettings(cluster, full, 'clone-max', String(full.clone?.max ?? '')),
    )
  const other = isInterchangeable(resource) && resource.assigned !== node ? instanceOn(resource, node) : undefined
  if (other !== undefined) say('instances', `${other.id}, which does as well, is to run on ${node.uname}`)
  for (const colocation of trace.ignoredOf(resource)) {
    const [kind, constraint, what] = colocationName(decision, colocation)
    say(kind, `${what} with ${colocation.primary.id} is left out: it would leave no node`, constraint)
  }
  return found
}
