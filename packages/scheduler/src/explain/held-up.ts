import { canFence } from '../action/fencing.ts'
import { beginningOf, task } from '../action/key.ts'
import { findNewest } from '../action/ledger.ts'
import { type Action, type Cluster, type ClusterNode, type Edge, type Resource, variant } from '../model/model.ts'
import { role } from '../model/role.ts'
import { findResource } from '../model/tree.ts'
import { edgeFlag } from '../order/flags.ts'
import { instancesOf, instanceTask } from '../order/summary.ts'
import type { Change } from './change.ts'
import type { Decision } from './decision.ts'
import { generalFindings } from './general-reasons.ts'
import { leavesOf, nowhere } from './no-place.ts'
import { promotionFinding } from './promotion-reasons.ts'
import type { Wait, WaitStep } from './reason.ts'
import { nodeStateChanges, noQuorumText, stateReasons } from './state-changes.ts'
import { colocationTie, gateText, orderTie, type Tie, type TieSide, tieText } from './tie.ts'

/** What an action waits for that cannot be done now, and what would have to change for it. */
export type Obstacle = { readonly wait: Wait; readonly changes: readonly Change[] }

/** Where a way ends: what cannot be done, why, and what would have to change. */
type Root = { readonly action: Action; readonly because: string | undefined; readonly changes: readonly Change[] }

type Found = { readonly obstacle: Obstacle; readonly root: Root }

/** One step of a way back from an action: what has to be done first, and what says so. */
type Step = { readonly action: Action; readonly from: Step | undefined; readonly tie: Tie | undefined }

/** How many actions are looked at on the way to what holds one up. */
const actionsMax = 1000

/** What keeps an action from being done, followed to where it begins: an action before it, a node, quorum, a person. */
export function obstaclesTo(decision: Decision, action: Action): readonly Obstacle[] {
  const found = new Map<string, Found>()
  const seen = new Set<Action>([action])
  const open: Step[] = [{ action, from: undefined, tie: undefined }]
  const add = (step: Step, root: Root): void => {
    const obstacle = obstacleAt(decision, step, root)
    // The shortest way is told: it is found first. What holds for every instance is told for one of them.
    const key = `${root.action.resource?.xmlId ?? root.action.key} ${root.action.task} ${root.because ?? ''}`
    if (!found.has(key)) found.set(key, { obstacle, root })
  }
  for (let i = 0; i < open.length && seen.size < actionsMax; i += 1) {
    const step = open[i] as Step
    const own = rootOf(decision.cluster, step.action)
    if (own !== undefined) add(step, own)
    const causes = causesOf(decision, step.action, seen)
    for (const { action: first, tie } of causes) {
      if (seen.has(first)) continue
      seen.add(first)
      open.push({ action: first, from: step, tie })
    }
    const last = own === undefined && causes.length === 0 ? lastRoot(decision, step.action) : undefined
    if (last !== undefined) add(step, last)
  }
  // Where all of them wait for one another, the nearest that has no place is where it begins.
  for (const step of found.size === 0 ? open : []) {
    const root = step.from === undefined ? undefined : lastRoot(decision, step.action)
    if (root === undefined) continue
    add(step, root)
    break
  }
  const all = [...found.values()]
  return all.filter(({ root }) => !all.some((other) => isToldBy(root, other.root))).map(({ obstacle }) => obstacle)
}

/** True where a part of a collective says the same of itself. */
function isToldBy(whole: Root, part: Root): boolean {
  if (whole.because !== part.because || subjectOf(whole.action) !== subjectOf(part.action)) return false
  for (let at = part.action.resource?.parent; at !== undefined; at = at.parent) {
    if (at === whole.action.resource) return true
  }
  return false
}

function obstacleAt(decision: Decision, step: Step, { action, because, changes }: Root): Obstacle {
  const way: WaitStep[] = []
  for (let at = step; at.from !== undefined; at = at.from) {
    // What comes before enough of several is told with what comes after them.
    if (at.tie !== undefined && !at.from.action.requiresAny)
      way.unshift(stepOf(decision, at.tie, at.action, at.from.action))
  }
  const what = actionText(action)
  const isOwn = step.from === undefined
  const wait: Wait = {
    isOwn,
    resource: action.resource?.id,
    task: subjectOf(action),
    node: action.node?.uname,
    because,
    way,
    text: because === undefined ? what : isOwn ? because : `${what}: ${because}`,
  }
  return { wait, changes }
}

function stepOf(decision: Decision, tie: Tie, first: Action, then: Action): WaitStep {
  const what = `${gateText(decision, first) ?? plainText(first)} comes before ${plainText(then)}`
  const text = `${tieText(tie)}: ${tie.kind === 'colocation' ? `${then.resource?.id} is to be with ${first.resource?.id}` : what}`
  return { kind: tie.kind, constraints: tie.ids, resource: first.resource?.id, task: subjectOf(first), text }
}

type Cause = Pick<Step, 'action' | 'tie'>

/** Actions that cannot be done, and that an action which cannot be done either has to wait for. */
function causesOf(decision: Decision, action: Action, seen: ReadonlySet<Action>): readonly Cause[] {
  const { cluster } = decision
  const found: Cause[] = action.before
    .filter((edge) => isHeldBy(edge))
    .map(({ first }) => ({ action: first, tie: orderTie(cluster, sideOf(first), sideOf(action)) }))
  for (const { flags, then } of action.after) {
    // A live migration waits for what has to be migrated with it.
    if ((flags & edgeFlag.impliesFirstMigratable) === 0 || then.runnable) continue
    found.push({ action: then, tie: orderTie(cluster, sideOf(action), sideOf(then)) })
  }
  found.push(...colocated(decision, action))
  if (found.length > 0) return found
  // Where the way came from leads nowhere else.
  const around = [...membersOf(action), ...wholesOf(action)].filter((item) => !seen.has(item))
  return around.map((item) => ({ action: item, tie: undefined }))
}

function sideOf(action: Action): TieSide {
  const { resource, task: name } = action
  return resource === undefined ? { resource, task: name, action } : { resource, task: subjectOf(action) }
}

/** Orders by which what cannot be done holds up what follows. */
const holding = edgeFlag.runnableLeft | edgeFlag.asymmetric

/** True where an action waits in vain for the one before it. */
function isHeldBy({ first, then, flags, original }: Edge): boolean {
  if (first.runnable) return false
  if (then.requiresAny && (original & edgeFlag.oneOrMore) !== 0) return true
  // What is left of an order counts: those between different nodes, or that another one stands for, are taken back.
  if ((flags & holding) !== 0) return true
  if ((flags & edgeFlag.probe) !== 0) return first.resource === undefined || first.resource.runningOn.length === 0
  if ((flags & edgeFlag.restart) !== 0) return !first.optional
  const binding = edgeFlag.impliesThen | edgeFlag.impliesFirst
  return (flags & binding) !== 0 && first.task === task.stop && isLeftAlone(first.resource)
}

function isLeftAlone(resource: Resource | undefined): boolean {
  return resource !== undefined && !resource.managed && resource.blocked
}

/** What a resource has to be with, where that cannot be started or promoted. */
function colocated(decision: Decision, { reason, resource, task: name }: Action): readonly Cause[] {
  const [, id] = /^colocation with (\S+)$/.exec(reason ?? '') ?? []
  const primary = id === undefined ? undefined : findResource(decision.cluster, id)
  if (primary === undefined || resource === undefined) return []
  const stuck = primary.actions.find(
    (item) => !item.runnable && (item.task === name || item.task === task.start || item.task === task.promote),
  )
  return stuck === undefined ? [] : [{ action: stuck, tie: colocationTie(decision, resource, primary) }]
}

/** The actions that the action of a collective stands for, of which none can be done. */
function membersOf(action: Action): readonly Action[] {
  const { resource } = action
  if (resource === undefined || resource.variant === variant.primitive) return []
  const parts = resource.variant === variant.group ? resource.children : instancesOf(resource)
  const found = parts.flatMap((item) => findNewest(item, instanceTask(action, item)) ?? [])
  const isPlaced = (item: Action): boolean =>
    item.resource !== undefined && leavesOf(item.resource).some(({ assigned }) => assigned !== undefined)
  return (
    found
      .filter((item) => !item.runnable && item !== action)
      // What has a place and cannot go there comes before those for which there is none.
      .sort((a, b) => Number(isPlaced(b)) - Number(isPlaced(a)))
  )
}

/** The action of the collective that a resource is in: what holds that up holds up all that is in it. */
function wholesOf({ resource, task: name }: Action): readonly Action[] {
  // What is blocked is not stopped whatever becomes of the rest; the stop of the whole waits for it.
  if (resource?.blocked === true && (name === task.stop || name === task.demote)) return []
  const above = resource?.parent === undefined ? undefined : findNewest(resource.parent, name)
  return above === undefined || above.runnable ? [] : [above]
}

/** The task that an action is about: that of which it tells, or which it ends. */
function subjectOf({ task: name, key, requiresAny, before }: Action): string {
  const [, told] = /_notify_(.+)_\d+$/.exec(key) ?? []
  return beginningOf((requiresAny ? before[0]?.first.task : told) ?? name)
}

/** Why the resource that an action is about goes nowhere, or is not promoted, where it is not. */
function whyNot(decision: Decision, resource: Resource, name: string): string | undefined {
  if (name === task.promote) {
    const unpromoted = leavesOf(resource).filter((item) => item.nextRole < role.promoted)
    const reasons = unpromoted.flatMap((item) => promotionFinding(decision, item)?.explanation.whyNot ?? [])
    if (unpromoted.length > 0) return reasons[0] ?? 'no instance of it is to be promoted'
  }
  const leaf = leavesOf(resource).find((item) => item.assigned === undefined || item.nextRole <= role.stopped)
  if (leaf === undefined) return undefined
  const general = generalFindings(decision, leaf).find(({ reason }) => reason.isObstacle)
  return general?.reason.text ?? nowhere(decision, leaf)
}

/** An action in words. */
export function actionText(action: Action): string {
  const { node } = action
  return `${plainText(action)}${node === undefined ? '' : ` on ${node.uname}`}`
}

function plainText(action: Action): string {
  const { task: name, resource, key, meta } = action
  if (resource === undefined) return key
  const isProbe = name === task.monitor && (meta.get('interval') ?? '0') === '0'
  return `${isProbe ? 'the probe' : `the ${subjectOf(action)}`} of ${resource.id}`
}

/** What keeps an action from being done whatever comes before it. */
function rootOf(cluster: Cluster, action: Action): Root | undefined {
  const { node, reason } = action
  if (reason === 'no quorum' || reason === 'quorum freeze') {
    const change: Change = {
      text: 'this partition needs quorum, or another no-quorum-policy',
      suppose: { quorumGained: true },
    }
    return { action, because: noQuorumText(cluster), changes: [change] }
  }
  return node === undefined ? undefined : nodeRoot(cluster, node, action)
}

function nodeRoot(cluster: Cluster, node: ClusterNode, action: Action): Root | undefined {
  const [state] = stateReasons(cluster, node)
  if (state === undefined || (node.online && !node.unclean && !node.pending)) return undefined
  const because = canFence(cluster, node) && node.unclean ? `${node.uname} is fenced first` : state.text
  return { action, because, changes: nodeStateChanges(node) }
}

/** What keeps an action from being done where nothing before it does. */
function lastRoot(decision: Decision, action: Action): Root | undefined {
  const { resource } = action
  if (resource === undefined) return undefined
  const general = generalFindings(decision, resource).filter((item) => item.reason.isObstacle)
  const [first] = general
  if (first !== undefined && resource.variant === variant.primitive) {
    return {
      action,
      because: first.reason.text,
      changes: general.flatMap(({ changes }) => changes).map((change) => ({ about: resource.id, ...change })),
    }
  }
  const isPromoted = subjectOf(action) === task.promote
  const because = whyNot(decision, resource, subjectOf(action))
  if (because === undefined) return undefined
  const text = `${resource.id} has to ${isPromoted ? 'be promoted' : 'run'} somewhere`
  return { action, because, changes: [{ text, place: { resource, node: undefined, isPromoted } }] }
}
