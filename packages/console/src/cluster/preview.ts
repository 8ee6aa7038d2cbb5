import { failed, ok, type Result } from '@quorate/base'
import { versionOf, versionText } from '@quorate/cib'
import {
  type Cluster,
  decisionOn,
  explainFrom,
  findResource,
  type PlannedChange as Planned,
  type StatusOptions,
  unpackStatus,
  type WhatIf,
  whatIfWithEnd,
} from '@quorate/scheduler'
import type { XmlElement } from '@quorate/xml'
import type { Fault } from '../api/fault.ts'
import { limits } from '../api/limits.ts'
import type {
  OperationRequest,
  PlannedChange,
  Preview,
  PreviewWarning,
  Reason,
  SideEffect,
  TargetPreview,
} from '../api/operation.ts'
import { type Acted, type ChangeStamp, type ClusterChange, changedCib, changeOf, supposedCleanUps } from './change.ts'
import { withoutConstraints } from './cib-edit.ts'
import { commandsOf } from './commands.ts'
import { momentText } from './moment-text.ts'
import { partsOf } from './resource-view.ts'
import {
  activeNodes,
  isAt,
  isPartlyAt,
  type movableRoot,
  nodeNamed,
  reasonOf,
  type Sorted,
  sortTargets,
} from './targets.ts'

/** What is wrong with a question as a whole. */
export type Refusal = Pick<Fault, 'code' | 'detail' | 'params'>

/** A preview, and what the operation would do to the cluster. */
export type Foreseen = {
  readonly preview: Preview
  readonly change: ClusterChange
  readonly cluster: Cluster
}

/** How often the scheduler is asked anew without the targets that turned out not to be possible. */
const roundsMax = 4
/** Up to this many targets it is explained by their scores why they cannot move; the rest is told shortly. */
const explainedMax = 20

/**
 * What an operation would do, by having the scheduler decide on the changed CIB and follow its plans to their end.
 * Targets to which it cannot be done are left out of the change, as they are of the operation.
 *
 * @param cib in a schema that the scheduler understands
 */
export function foresee(
  cib: XmlElement,
  request: OperationRequest,
  options: StatusOptions,
  stamp: ChangeStamp,
): Result<Foreseen, Refusal> {
  const cluster = unpackStatus(cib, options)
  const node = request.kind === 'move' ? request.args.to : request.kind === 'ban' ? request.args.from : undefined
  if (node !== undefined && nodeNamed(cluster, node) === undefined) {
    return failed({ code: 'unprocessable', detail: `There is no node ${node}.`, params: { node } })
  }
  const sorted = sortTargets(request, cluster)
  const cannot = new Map<string, Reason>()
  let run = simulated(cib, request, cluster, actedOf(sorted, cannot), options, stamp)
  for (let round = 0; round < roundsMax && run.ok; round += 1) {
    const faults = impossible(request, cluster, sorted, cannot, run.value, options)
    if (faults.size === 0) break
    for (const [id, reason] of faults) cannot.set(id, reason)
    run = simulated(cib, request, cluster, actedOf(sorted, cannot), options, stamp)
  }
  if (!run.ok) return run
  const { change, found, end } = run.value
  const targets = sorted.map((item) => previewOf(item, cannot, cluster, end))
  const acted = actedOf(sorted, cannot)
  const preview: Preview = {
    request,
    cibVersion: versionText(versionOf(cib)),
    at: momentText(options.nowSeconds * 1000),
    targets,
    sideEffects: [...sideEffectsOf(found, acted, cluster)],
    fenced: newlyFenced(found),
    plan: found.plan.map(plannedView),
    warnings: [...(request.kind === 'refresh' ? [refreshRisk] : []), ...warningsOf(found)],
    typedConfirmation: typedFor(request, acted, cluster) ?? null,
    summary: summaryOf(request, targets, found),
    commands: [...commandsOf(request, acted.map(effectiveOf))],
  }
  return ok({ preview, change, cluster })
}

function effectiveOf(acted: Acted): string {
  return acted.kind === 'resource' ? acted.resource.xmlId : acted.target
}

/** What something is to be done to: each once, however many targets mean it. */
function actedOf(sorted: readonly Sorted[], cannot: ReadonlyMap<string, Reason>): readonly Acted[] {
  const found = new Map<string, Acted>()
  for (const { acted, effective } of sorted) {
    if (acted !== undefined && !cannot.has(effective)) found.set(effective, acted)
  }
  return [...found.values()]
}

type Run = {
  readonly change: ClusterChange
  readonly found: WhatIf
  /** How the cluster stands in the end. */
  readonly end: Cluster
  /** How it stands once the temporary constraints are taken back as well; the same where there are none. */
  readonly afterwards: Cluster
  readonly changed: XmlElement
}

function simulated(
  cib: XmlElement,
  request: OperationRequest,
  cluster: Cluster,
  acted: readonly Acted[],
  options: StatusOptions,
  stamp: ChangeStamp,
): Result<Run, Refusal> {
  const change = changeOf(request, acted, cluster, stamp)
  const changed = changedCib(cib, change)
  const then = whatIfWithEnd(cib, supposedCleanUps(change), options, changed)
  if (!then.ok) return failed({ code: 'unprocessable', detail: then.error, params: {} })
  const end = unpackStatus(then.value.end, options)
  const found = then.value.found
  if (change.temporary.length === 0) return ok({ change, found, end, afterwards: end, changed })
  const cleared = withoutConstraints(then.value.end, new Set(change.temporary))
  const last = whatIfWithEnd(then.value.end, {}, options, cleared)
  const afterwards = last.ok ? unpackStatus(last.value.end, options) : end
  return ok({ change, found, end, afterwards, changed })
}

/** What turned out not to be possible, by what it is done to. */
function impossible(
  request: OperationRequest,
  cluster: Cluster,
  sorted: readonly Sorted[],
  cannot: ReadonlyMap<string, Reason>,
  run: Run,
  options: StatusOptions,
): ReadonlyMap<string, Reason> {
  const faults = new Map<string, Reason>()
  for (const acted of actedOf(sorted, cannot)) {
    if (acted.kind !== 'resource') continue
    const { id } = acted.resource
    if (request.kind === 'move') {
      const { to } = request.args
      const [then, last] = [run.end.resourceById.get(id), run.afterwards.resourceById.get(id)]
      if (then === undefined || !isAt(then, to)) {
        const isDown = then === undefined || activeNodes(then).length === 0
        const stuck = run.found.standstill
        if (stuck !== undefined && !run.found.isStuckAnyway) {
          faults.set(id, reasonOf('stuck', `The cluster would get stuck: ${stuck}.`, { resource: id }))
        } else if (isDown) {
          faults.set(id, reasonOf('wouldStop', `${id} would stop instead of moving.`, { resource: id, node: to }))
        } else faults.set(id, reasonOf('ruledOut', `${id} would not move to ${to}.`, { resource: id, node: to }))
      } else if (last !== undefined && !isAt(last, to)) {
        const back = activeNodes(last).join(', ')
        const text = `${id} would go back to ${back} once the move is over: what is configured prefers it there.`
        faults.set(id, reasonOf('wouldReturn', text, { resource: id, node: to, back }))
      }
    } else if (request.kind === 'ban') {
      const { from } = request.args
      const then = run.end.resourceById.get(id)
      if (then === undefined || !isPartlyAt(then, from)) continue
      faults.set(id, reasonOf('ruledOut', `${id} would stay on ${from}.`, { resource: id, node: from }))
    } else if (request.kind === 'start' && !startsIn(run.end, id)) {
      const text = `${id} would not start.`
      faults.set(id, reasonOf('ruledOut', text, { resource: id }))
    }
  }
  explainFaults(request, faults, run, cluster, options)
  return faults
}

function startsIn(end: Cluster, id: string): boolean {
  const resource = end.resourceById.get(id)
  return resource !== undefined && partsOf(resource).some((leaf) => leaf.runningOn.length > 0)
}

/** Puts the scheduler's own reason in place of the short one. */
function explainFaults(
  request: OperationRequest,
  faults: Map<string, Reason>,
  run: Run,
  cluster: Cluster,
  options: StatusOptions,
): void {
  const open = [...faults].filter(([, { code }]) => code === 'ruledOut' || code === 'wouldStop').slice(0, explainedMax)
  if (open.length === 0) return
  const decision = decisionOn(run.changed, options)
  for (const [id, reason] of open) {
    const node = request.kind === 'move' ? request.args.to : undefined
    const answer = explainFrom(decision, id, node, 0)
    if (!answer.ok) continue
    const text = answer.value.instances.flatMap(({ general, nodes, assigned, actions }): readonly string[] => {
      if (assigned !== undefined && assigned === node)
        return actions.flatMap(({ waitsFor }) => waitsFor.map((wait) => wait.text))
      const obstacle = general.find(({ isObstacle }) => isObstacle)?.text
      const against = nodes.flatMap(({ reasons, outdoneBy }) => [
        ...reasons.filter(({ score }) => score === undefined || score <= -limitsInfinity).map((item) => item.text),
        ...(outdoneBy === undefined ? [] : [`${outdoneBy.node} has more score`]),
      ])
      return [...(obstacle === undefined ? [] : [obstacle]), ...against]
    })[0]
    const resource = findResource(cluster, id)
    if (text !== undefined && resource !== undefined) {
      faults.set(id, {
        ...reason,
        text: `${reason.text.slice(0, -1)}: ${text}.`,
        params: { ...reason.params, why: text },
      })
    }
  }
}

const limitsInfinity = 1_000_000

function previewOf(item: Sorted, cannot: ReadonlyMap<string, Reason>, cluster: Cluster, end: Cluster): TargetPreview {
  const reason = item.reason ?? cannot.get(item.effective) ?? null
  const isOpen = item.outcome === 'open'
  const outcome = isOpen ? (cannot.has(item.effective) ? 'cannot' : 'will') : item.outcome
  const known = cluster.resourceById.get(item.effective)
  const then = known === undefined ? undefined : end.resourceById.get(item.effective)
  const to = outcome === 'will' ? (then === undefined ? [] : activeNodes(then)) : item.from
  return {
    target: item.target,
    effective: item.effective,
    outcome,
    reason: outcome === 'will' ? null : reason,
    from: [...item.from],
    to: [...to],
  }
}

/** What becomes of what nobody selected. */
function sideEffectsOf(found: WhatIf, acted: readonly Acted[], cluster: Cluster): readonly SideEffect[] {
  const selected = new Set<string>()
  for (const item of acted) {
    if (item.kind === 'resource') for (const id of idsWithin(item.resource)) selected.add(id)
  }
  const why = new Map(found.plan.map((item) => [item.resource ?? '', item.reason]))
  const effects = new Map<string, SideEffect>()
  const isSelected = (id: string): boolean => selected.has(id) || selected.has(findResource(cluster, id)?.id ?? id)
  for (const { id, before, after } of found.changes) {
    if (isSelected(id)) continue
    const change = changeKind(before, after)
    if (change === undefined) continue
    effects.set(`${id} ${change}`, {
      resource: id,
      change,
      from: [...before.nodes],
      to: [...after.nodes],
      text: why.get(id) ?? null,
    })
  }
  for (const id of found.restarted) {
    if (isSelected(id)) continue
    const resource = findResource(cluster, id)
    const nodes = resource === undefined ? [] : activeNodes(resource)
    effects.set(`${id} restart`, {
      resource: id,
      change: 'restart',
      from: [...nodes],
      to: [...nodes],
      text: why.get(id) ?? null,
    })
  }
  return [...effects.values()].slice(0, limits.targetsMax)
}

function idsWithin(resource: Parameters<typeof movableRoot>[0]): readonly string[] {
  return [resource, ...resource.children, ...partsOf(resource)].flatMap(({ id, xmlId }) => [id, xmlId])
}

type Placed = WhatIf['changes'][number]['before']

/** Of a change of placement what it comes to; undefined where only the other role of the same instance tells of it. */
function changeKind(before: Placed, after: Placed): SideEffect['change'] | undefined {
  if (before.nodes.length === 0)
    return after.nodes.length === 0 ? undefined : after.role === 'Promoted' ? 'promote' : 'start'
  if (after.nodes.length === 0) return before.role === 'Promoted' ? 'demote' : 'stop'
  if (before.role !== after.role) return after.role === 'Promoted' ? 'promote' : 'demote'
  return 'move'
}

function newlyFenced(found: WhatIf): string[] {
  const due = new Set(found.due.filter(({ action }) => action === 'fence').map(({ source }) => source))
  return found.fenced.filter((name) => !due.has(name))
}

/** A line of a plan as the contract has it. */
export function plannedView(item: Planned): PlannedChange {
  return {
    action: item.action,
    resource: item.resource ?? null,
    source: item.source ?? null,
    target: item.target ?? null,
    reason: item.reason ?? null,
    isBlocked: item.isBlocked,
    text: item.text,
  }
}

/** What a simulation cannot know: it forgets failures, and takes for granted what the nodes are to be asked. */
const refreshRisk: PreviewWarning = {
  code: 'risk',
  text: 'It is supposed that everything is found to run where it is known to run; what is found otherwise is started, stopped or recovered.',
}

function warningsOf(found: WhatIf): readonly PreviewWarning[] {
  const warnings: PreviewWarning[] = []
  const fenced = newlyFenced(found)
  if (fenced.length > 0) warnings.push({ code: 'fencing', text: `Fenced: ${fenced.join(', ')}.` })
  if (found.standstill !== undefined && !found.isStuckAnyway) {
    warnings.push({ code: 'stuck', text: `The cluster would get stuck: ${found.standstill}.` })
  }
  const lost = found.lost.filter((id) => !found.lostAnyway.includes(id))
  if (lost.length > 0) warnings.push({ code: 'loses', text: `Runs nowhere any more: ${lost.join(', ')}.` })
  for (const { text } of found.problems) warnings.push({ code: 'problem', text })
  for (const { text } of found.risks) warnings.push({ code: 'risk', text })
  if (found.due.length > 0) {
    warnings.push({
      code: 'pendingAnyway',
      text: `The cluster has ${found.due.length} other things to do at the same time.`,
    })
  }
  return warnings
}

/** Words that have to be typed: where nothing would be left to run anything, and where two sites could hold one ticket. */
function typedFor(request: OperationRequest, acted: readonly Acted[], cluster: Cluster): string | undefined {
  if (request.kind === 'ticketGrant' || request.kind === 'ticketRevoke') {
    return acted.length === 0 ? undefined : acted.map(({ target }) => target).join(' ')
  }
  if (request.kind !== 'standby') return undefined
  const names = new Set(acted.map(({ target }) => target))
  const left = cluster.nodes.some(
    (node) => node.kind === 'member' && node.online && !node.unclean && !node.standby && !names.has(node.uname),
  )
  return left || names.size === 0 ? undefined : [...names].join(' ')
}

const verbs: Readonly<Record<OperationRequest['kind'], string>> = {
  move: 'move',
  clearMoves: 'have their moves cleared',
  ban: 'be kept off',
  start: 'start',
  stop: 'stop',
  cleanup: 'be cleaned up',
  refresh: 'be looked for again',
  manage: 'be managed',
  unmanage: 'be unmanaged',
  standby: 'go on standby',
  online: 'come off standby',
  maintenance: 'go into maintenance',
  endMaintenance: 'come out of maintenance',
  ticketGrant: 'be granted',
  ticketRevoke: 'be revoked',
  ticketStandby: 'go on standby',
  ticketActivate: 'be activated',
}

function summaryOf(request: OperationRequest, targets: readonly TargetPreview[], found: WhatIf): string {
  const count = (outcome: TargetPreview['outcome']): number => targets.filter((item) => item.outcome === outcome).length
  const to = request.kind === 'move' ? ` to ${request.args.to}` : request.kind === 'ban' ? ` ${request.args.from}` : ''
  const parts = [`${count('will')} of ${targets.length} will ${verbs[request.kind]}${to}`]
  if (count('already') > 0) parts.push(`${count('already')} already so`)
  if (count('cannot') > 0) parts.push(`${count('cannot')} cannot`)
  return `${parts.join(', ')}. ${found.summary}`
}
