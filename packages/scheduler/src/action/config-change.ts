import { attr, beginsWithTag, tagText } from '@quorate/xml'
import { actionSide, addOrder, taskOf } from '../constraint/internal-order.ts'
import { notice } from '../model/log.ts'
import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { isAvailable } from '../model/scoring.ts'
import { outermost, top } from '../model/tree.ts'
import { edgeFlag } from '../order/flags.ts'
import { failCount } from '../unpack/fail-count.ts'
import { startAndStop } from '../unpack/history.ts'
import { type HistoryEntry, inOrder, isProbe } from '../unpack/history-entry.ts'
import { type LrmResource, soleListNamed } from '../unpack/history-index.ts'
import { deferParameterCheck, deferredChecks, parametersChangedReason } from '../unpack/operation-result.ts'
import { cancelFromHistory, cleanUp, tellInterval } from './cleanup.ts'
import { clearFailCount, requestAction } from './create.ts'
import { compareDigests, hasHostAddress, onlySecretsChanged } from './digest.ts'
import { triggerUnfencing } from './fencing.ts'
import { keyOf, task } from './key.ts'
import { setReason } from './ledger.ts'
import { findOperation } from './operation-options.ts'

const changed = 'resource definition change'

/** Compares what runs with what is configured now, and has it restarted, reloaded or cancelled. */
export function handleConfigChanges(cluster: Cluster): void {
  const agreeing = new Map<Resource, string>()
  for (const node of cluster.nodes) {
    if (!node.maintenance && !isAvailable(node)) continue
    const histories = soleListNamed(cluster, node.uname)
    for (let i = 0; i < histories.length; i += 1) {
      const history = histories[i] as LrmResource
      if (history.isEmpty) continue
      const { id } = history
      if (isShared(cluster, id)) {
        for (const resource of matching(cluster, id)) {
          checkHistory(cluster, resource, node, history, agentDiffers(resource, history, agreeing))
        }
        continue
      }
      const resource = cluster.resourceById.get(id)
      if (resource?.variant !== variant.primitive) continue
      checkHistory(cluster, resource, node, history, agentDiffers(resource, history, agreeing))
    }
  }
}

/** Whether a history may belong to others than the resource of that id. */
function isShared(cluster: Cluster, id: string): boolean {
  return cluster.resourceTwins.has(id) || cluster.resourcesByHistoryName.has(id)
}

/** Primitives that a history may belong to, the last of the tree first. */
function matching(cluster: Cluster, id: string): readonly Resource[] {
  const exact = cluster.resourceById.get(id)
  const found = new Set<Resource>()
  if (exact !== undefined) found.add(exact)
  for (const item of cluster.resourceTwins.get(id) ?? []) found.add(item)
  for (const item of cluster.resourcesByHistoryName.get(id) ?? []) found.add(item)
  if (found.size > 1) return inTreeOrder(cluster, found).reverse()
  return [...found].filter((item) => item.variant === variant.primitive)
}

function inTreeOrder(cluster: Cluster, wanted: ReadonlySet<Resource>): Resource[] {
  const out: Resource[] = []
  const walk = (list: readonly Resource[]): void => {
    for (const item of list) {
      if (wanted.has(item) && item.variant === variant.primitive) out.push(item)
      walk(item.children)
    }
  }
  walk(
    [...new Set([...wanted].map((item) => outermost(item)))].sort(
      (a, b) => cluster.resources.indexOf(a) - cluster.resources.indexOf(b),
    ),
  )
  return out
}

/** Attributes that say which agent it is. */
const identity = ['class', 'type', 'provider'] as const

/** @param agreeing tags of what was recorded, by resource, of the agent that it has */
function agentDiffers(resource: Resource, { xml }: LrmResource, agreeing: Map<Resource, string>): boolean {
  const before = agreeing.get(resource)
  if (before !== undefined && beginsWithTag(xml, before)) return false
  if (identity.some((name) => attr(resource.xml, name) !== attr(xml, name))) return true
  const tag = before === undefined ? tagText(xml) : undefined
  if (tag !== undefined) agreeing.set(resource, tag)
  return false
}

/** Says by what of its agent a resource that runs is another now. */
function tellOfAgent(cluster: Cluster, resource: Resource, node: ClusterNode, { xml }: LrmResource): void {
  for (const name of identity) {
    const [was, is] = [attr(xml, name) ?? '', attr(resource.xml, name) ?? '']
    if (was === is) continue
    const why = `because ${name} changed from '${was}' to '${is}'`
    notice(cluster, 'pcmk__rsc_agent_changed', `Forcing restart of ${resource.id} on ${node.uname} ${why}`)
  }
}

function checkHistory(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  history: LrmResource,
  differs: boolean,
): void {
  if (resource.orphan) {
    const clone = top(resource)
    if (clone.variant === variant.clone && !clone.unique) return
    cleanUp(cluster, resource, node, false)
    return
  }
  if (differs) triggerUnfencing(cluster, resource, node, 'Device definition changed')
  if (!resource.runningOn.includes(node)) {
    if (differs) cleanUp(cluster, resource, node, false)
    return
  }
  if (differs) {
    tellOfAgent(cluster, resource, node, history)
    requestAction(cluster, resource, { task: task.stop, node, optional: false })
    resource.startPending = true
    cluster.observer?.redefined(resource, node, 'agent')
    cleanUp(cluster, resource, node, false)
  }
  const entries = inOrder(cluster, history.entries)
  const { start, stop } = startAndStop(entries)
  if (start < stop) return
  for (let i = Math.max(start, 0); i < entries.length; i += 1) {
    checkEntry(cluster, resource, node, entries[i] as HistoryEntry)
  }
}

/** Tasks of which the parameters count though they are not repeated. */
const telling: readonly string[] = [task.monitor, task.start, task.promote, task.migrateFrom]

function checkEntry(cluster: Cluster, resource: Resource, node: ClusterNode, entry: HistoryEntry): void {
  if (entry.intervalMs > 0 && (resource.maintenance || node.maintenance)) {
    cancelFromHistory(
      cluster,
      resource,
      entry.task,
      entry.intervalMs,
      node,
      attr(entry.xml, 'call-id'),
      'maintenance mode',
    )
    return
  }
  if (entry.intervalMs === 0 && !telling.includes(entry.task)) return
  if (hasHostAddress(cluster, resource)) deferParameterCheck(cluster, { resource, node, entry, kind: 'active' })
  else if (definitionChanged(cluster, resource, node, entry)) clearIfFailed(cluster, resource, node)
}

function clearIfFailed(cluster: Cluster, resource: Resource, node: ClusterNode): void {
  if (failCount(cluster, resource, node, { effective: true }).count > 0) {
    clearFailCount(cluster, resource, node, 'action definition changed')
  }
}

/** Comparisons that had to wait for the assignment. */
export function runDeferredChecks(cluster: Cluster): void {
  for (const { resource, node, entry, kind } of deferredChecks(cluster)) {
    if (kind === 'active') {
      if (definitionChanged(cluster, resource, node, entry)) clearIfFailed(cluster, resource, node)
      continue
    }
    const verdict = compareDigests(cluster, resource, node, entry)
    if (verdict === 'restart' || verdict === 'changed') clearFailCount(cluster, resource, node, parametersChangedReason)
  }
}

function definitionChanged(cluster: Cluster, resource: Resource, node: ClusterNode, entry: HistoryEntry): boolean {
  const { intervalMs } = entry
  if (intervalMs > 0 && !isConfigured(resource, entry)) {
    if (cluster.settings.stopOrphanActions) {
      cancelFromHistory(cluster, resource, entry.task, intervalMs, node, attr(entry.xml, 'call-id'), 'orphan')
    }
    return true
  }
  const asStart = isProbe(entry) || entry.task === task.migrateFrom || entry.task === task.promote
  const effective = asStart ? task.start : entry.task
  const verdict = compareDigests(cluster, resource, node, entry)
  if (verdict === 'match') return false
  if (onlySecretsChanged(cluster, resource, node, entry)) {
    const magic = attr(entry.xml, 'transition-magic') ?? '(null)'
    const text = `Only 'private' parameters to ${tellInterval(cluster, intervalMs)}-interval ${effective} for ${resource.id} on ${node.uname} changed: ${magic}`
    cluster.log.push({ kind: 'info', text })
    return false
  }
  if (verdict === 'restart') {
    forceRestart(cluster, resource, node, effective, intervalMs)
    return true
  }
  if (intervalMs > 0) {
    triggerUnfencing(cluster, resource, node, 'Device parameters changed (reschedule)')
    const recurring = requestAction(cluster, resource, { task: entry.task, intervalMs, node, optional: true })
    recurring.reschedule = true
    return true
  }
  if (entry.restartDigest !== undefined) {
    triggerUnfencing(cluster, resource, node, 'Device parameters changed (reload)')
    reload(cluster, resource, node)
  } else forceRestart(cluster, resource, node, effective, intervalMs)
  return true
}

function isConfigured(resource: Resource, entry: HistoryEntry): boolean {
  return findOperation(resource, entry.task, entry.intervalMs, false) !== undefined
}

function forceRestart(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  taskName: string,
  intervalMs: number,
): void {
  const key = keyOf(resource, taskName, intervalMs)
  const action = requestAction(cluster, resource, { task: taskName, key, intervalMs, optional: false })
  setReason(action, changed, true)
  cluster.observer?.redefined(resource, node, 'parameters')
  triggerUnfencing(cluster, resource, node, 'Device parameters changed')
}

function reload(cluster: Cluster, resource: Resource, node: ClusterNode): void {
  if (!resource.managed || resource.failed) return
  cluster.observer?.redefined(resource, node, 'parameters')
  if (resource.startPending) {
    requestAction(cluster, resource, { task: task.stop, node, optional: false })
    return
  }
  resource.reload = true
  const action = requestAction(cluster, resource, { task: task.reload, node, optional: false })
  setReason(action, changed)
  const flags = edgeFlag.optional | edgeFlag.thenCancelsFirst
  addOrder(cluster, actionSide(action), taskOf(resource, task.stop), flags)
  addOrder(cluster, actionSide(action), taskOf(resource, task.demote), flags)
}
