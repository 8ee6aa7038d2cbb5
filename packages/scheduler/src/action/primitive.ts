import { attr } from '@quorate/xml'
import { notice, statusError } from '../model/log.ts'
import type { Cluster, ClusterNode, Recovery, Resource } from '../model/model.ts'
import { type Role, role } from '../model/role.ts'
import { cleanCount, currentNode } from '../model/tree.ts'
import { edgeFlag } from '../order/flags.ts'
import { cleanUp } from './cleanup.ts'
import { requestAction } from './create.ts'
import { fenceAction, wasUnfenced } from './fencing.ts'
import { keyOf, task } from './key.ts'
import { addEdge, findExact, setReason } from './ledger.ts'
import { canMigrate, createMigration } from './migration.ts'
import { createRecurring } from './recurring.ts'
import { unfenceBefore } from './unfence.ts'

/** Role to pass through on the way from one role to another: rows from, columns to; unknown, stopped, started, unpromoted, promoted. */
const nextSteps: readonly (readonly Role[])[] = [
  [role.unknown, role.stopped, role.stopped, role.stopped, role.stopped],
  [role.stopped, role.stopped, role.started, role.unpromoted, role.unpromoted],
  [role.stopped, role.stopped, role.started, role.unpromoted, role.promoted],
  [role.stopped, role.stopped, role.stopped, role.unpromoted, role.promoted],
  [role.stopped, role.unpromoted, role.unpromoted, role.unpromoted, role.promoted],
]

type Step = 'stop' | 'start' | 'promote' | 'demote' | 'none' | 'invalid'

/** What it takes to get from one role to the next; same axes. */
const stepTasks: readonly (readonly Step[])[] = [
  ['invalid', 'stop', 'none', 'none', 'none'],
  ['none', 'none', 'start', 'start', 'invalid'],
  ['none', 'stop', 'none', 'none', 'promote'],
  ['none', 'stop', 'stop', 'none', 'promote'],
  ['none', 'demote', 'demote', 'demote', 'none'],
]

function nextStep(from: Role, to: Role): Role {
  return nextSteps[from]?.[to] ?? role.stopped
}

type Plan = {
  readonly cluster: Cluster
  readonly resource: Resource
  readonly current: ClusterNode | undefined
  readonly next: ClusterNode | undefined
  allowMigrate: boolean
  needStop: boolean
  needPromote: boolean
  moving: boolean
}

/** Makes the actions that take a primitive from where it is to where it should be. */
export function createPrimitive(cluster: Cluster, resource: Resource): void {
  const next = resource.assigned
  if (resource.nextRole === role.unknown) resource.nextRole = next === undefined ? role.stopped : role.started
  const plan: Plan = {
    cluster,
    resource,
    current: currentNode(resource),
    next,
    allowMigrate: false,
    needStop: false,
    needPromote: false,
    moving: false,
  }
  for (const node of resource.dangling) {
    const stop = requestAction(cluster, resource, { task: task.stop, node, optional: false })
    stop.dangle = true
    if (cluster.settings.removeAfterStop) cleanUp(cluster, resource, node, false)
  }
  judgePlaces(plan, resource.runningOn.length, cleanCount(resource))
  judgeRestart(plan)
  resource.restarting = true
  restartWalk(plan)
  resource.restarting = false
  transitionWalk(plan)
  createRecurring(cluster, resource)
  if (plan.allowMigrate) createMigration(cluster, resource, plan.current, plan.next)
}

/** Under which name the tools say what is done about places of a resource. */
const creationSource = 'pcmk__primitive_create_actions'

/** What is done about a resource that runs on too many nodes, in the words of the log. */
const recoveryWords: Readonly<Record<Recovery, string>> = {
  stop_start: 'attempting recovery',
  stop_only: 'shutting it down',
  block: 'waiting for an administrator',
  stop_unexpected: 'stopping unexpected instances',
}

function judgePlaces(plan: Plan, all: number, clean: number): void {
  const { cluster, resource, current, next } = plan
  if (current !== undefined && next !== undefined && current !== next && resource.nextRole >= role.started) {
    plan.moving = true
    plan.needStop = true
    plan.allowMigrate = canMigrate(resource, current, next)
  }
  const { partialSource, partialTarget } = resource
  let multiply = false
  if (
    plan.allowMigrate &&
    partialSource !== undefined &&
    partialTarget !== undefined &&
    all === 2 &&
    current === partialSource &&
    next === partialTarget
  ) {
    // The migration that is under way is the one that is wanted.
  } else if (partialSource !== undefined || partialTarget !== undefined) {
    const way = `migrate from ${partialSource?.uname ?? ''} to ${partialTarget?.uname ?? ''}`
    const why =
      all > 2 ? `it is ${way.replace('migrate', 'migrating')} and possibly active elsewhere` : `it can no longer ${way}`
    notice(cluster, creationSource, `Forcing recovery of ${resource.id} because ${why}`)
    resource.partialSource = undefined
    resource.partialTarget = undefined
    plan.allowMigrate = false
    plan.needStop = true
  } else multiply = (resource.needsFencing ? all : clean) > 1
  if (multiply) {
    const what = `${attr(resource.xml, 'class') ?? ''} resource ${resource.id} might be active on`
    const text = `${what} ${all} nodes (${recoveryWords[resource.recovery]})`
    const source = creationSource
    cluster.log.push({ kind: 'error', source, text, isAboutStatus: true, isRunError: true })
    const page = 'https://wiki.clusterlabs.org/wiki/FAQ#Resource_is_Too_Active'
    notice(cluster, source, `See ${page} for more information`)
    if (resource.recovery === 'stop_start') plan.needStop = true
    else if (resource.recovery === 'stop_unexpected') {
      plan.needStop = true
      resource.stopUnexpected = true
    }
  } else resource.stopUnexpected = false
}

function judgeRestart(plan: Plan): void {
  const { cluster, resource, current, next } = plan
  if (resource.startPending) {
    const start = requestAction(cluster, resource, { task: task.start, node: next, optional: true })
    start.printAlways = true
  }
  if (plan.moving) return
  if (resource.failed) {
    if (resource.stopRequired) plan.needStop = true
    else if (resource.nextRole === role.promoted) plan.needPromote = true
  } else if (resource.blocked) plan.needStop = true
  else if (resource.role > role.started && current !== undefined && next !== undefined) {
    const start = requestAction(cluster, resource, { task: task.start, node: next, optional: true })
    if (!start.optional) plan.needStop = true
  }
}

function restartWalk(plan: Plan): void {
  const { resource } = plan
  let at = resource.role
  while (at !== role.stopped) {
    const to = nextStep(at, role.stopped)
    if (!perform(plan, at, to, plan.current, !plan.needStop)) break
    at = to
  }
  while (resource.role <= resource.nextRole && at !== resource.role && !resource.blocked) {
    const to = nextStep(at, resource.role)
    const required = plan.needStop || (to === role.promoted && plan.needPromote)
    if (!perform(plan, at, to, plan.next, !required)) break
    at = to
  }
}

function transitionWalk(plan: Plan): void {
  const { resource } = plan
  let at = resource.role
  while (at !== resource.nextRole) {
    const to = nextStep(at, resource.nextRole)
    if (!perform(plan, at, to, plan.next, false)) break
    at = to
  }
}

function perform(plan: Plan, from: Role, to: Role, node: ClusterNode | undefined, optional: boolean): boolean {
  const { cluster, resource } = plan
  switch (stepTasks[from]?.[to]) {
    case 'stop':
      stopResource(cluster, resource, optional)
      return true
    case 'start':
      if (node !== undefined) startResource(cluster, resource, node, optional)
      return true
    case 'promote':
      if (node !== undefined) promoteResource(cluster, resource, node, optional)
      return true
    case 'demote':
      demoteResource(cluster, resource, optional)
      return true
    default:
      return false
  }
}

/** The node that keeps a resource which is only stopped on the others. */
function isExpected(resource: Resource, node: ClusterNode): boolean {
  return (
    resource.stopUnexpected && resource.restarting && resource.nextRole > role.stopped && resource.assigned === node
  )
}

function stopResource(cluster: Cluster, resource: Resource, optional: boolean): void {
  for (const node of resource.runningOn) {
    if (isExpected(resource, node)) continue
    let wanted = optional
    if (resource.partialTarget !== undefined) {
      if (resource.partialTarget === node && resource.assigned === node) continue
      wanted = false
    }
    const stop = requestAction(cluster, resource, { task: task.stop, node, optional: wanted })
    if (resource.assigned === undefined) setReason(stop, 'node availability', true)
    else if (resource.restarting && resource.stopUnexpected) setReason(stop, 'being multiply active', true)
    if (!resource.managed) stop.runnable = false
    if (cluster.settings.removeAfterStop) cleanUp(cluster, resource, node, wanted)
    if (resource.needsUnfencing) {
      const unfence = fenceAction(cluster, node, { action: 'on', optional: true })
      addEdge(stop, unfence, edgeFlag.impliesFirst)
      if (!wasUnfenced(node)) {
        statusError(cluster, 'stop_resource', `Stopping ${resource.id} until ${node.uname} can be unfenced`)
      }
    }
  }
}

function startResource(cluster: Cluster, resource: Resource, node: ClusterNode, optional: boolean): void {
  const start = requestAction(cluster, resource, { task: task.start, node, optional: true })
  unfenceBefore(cluster, resource, start, node, edgeFlag.impliesThen)
  if (start.runnable && !optional) start.optional = false
  if (isExpected(resource, node)) start.pseudo = true
}

function promoteResource(cluster: Cluster, resource: Resource, node: ClusterNode, optional: boolean): void {
  const starts = findExact(resource, keyOf(resource, task.start), node)
  if (starts.every((start) => start.runnable)) {
    const promote = requestAction(cluster, resource, { task: task.promote, node, optional })
    if (isExpected(resource, node)) promote.pseudo = true
    return
  }
  for (const promote of findExact(resource, keyOf(resource, task.promote), node)) promote.runnable = false
}

function demoteResource(cluster: Cluster, resource: Resource, optional: boolean): void {
  for (const node of resource.runningOn) {
    if (!isExpected(resource, node)) requestAction(cluster, resource, { task: task.demote, node, optional })
  }
}
