import { attr, type XmlElement } from '@quorate/xml'
import { requestAction } from '../action/create.ts'
import { fenceNode } from '../action/fencing.ts'
import { task } from '../action/key.ts'
import { actionsFor } from '../action/ledger.ts'
import { configWarning } from '../model/log.ts'
import { type Action, type Cluster, type ClusterNode, type OnFail, onFail, type Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { addScore } from '../model/scoring.ts'
import { currentNode, findResource, isBundled, isGuest, isRemote, isRemoteOnly, setHistoryName } from '../model/tree.ts'
import { parseInteger } from '../scalar.ts'
import { infinity } from '../score.ts'
import { exitCode, type HistoryEntry, inOrder, status } from './history-entry.ts'
import { historyOf, type LrmResource } from './history-index.ts'
import { findForHistory, orphanFor } from './history-owner.ts'
import { remoteOnlineStatus, unpackRemoteState } from './node-state.ts'
import { findNodeOf } from './nodes.ts'
import { processEntry } from './operation-result.ts'
import type { Reading } from './reading.ts'
import { checkTargetRole, requestedRole } from './resource.ts'
import { addRunning, block } from './running.ts'

/** Reads the history of all nodes: those whose state is certain first, until nothing new comes up. */
export function unpackHistories(cluster: Cluster): void {
  const { states } = historyOf(cluster)
  while (pass(cluster, states, false)) {}
  pass(cluster, states, cluster.settings.fencingEnabled)
  for (const container of cluster.failedContainers) {
    const node = currentNode(container)
    if (node !== undefined) requestAction(cluster, container, { task: task.stop, node, optional: false })
  }
  for (const node of cluster.nodes) {
    if (!isRemote(node)) continue
    if (node.shutdown && node.connection !== undefined) node.connection.nextRole = role.stopped
    if (!node.historyUnpacked) remoteOnlineStatus(node)
  }
}

function pass(cluster: Cluster, states: readonly XmlElement[], force: boolean): boolean {
  let progress = false
  for (const state of states) {
    const node = findNodeOf(cluster, state)
    if (node === undefined || node.historyUnpacked) continue
    if (!force && !isReadable(cluster, node)) continue
    progress = true
    if (isRemote(node)) unpackRemoteState(cluster, node, state)
    unpackHistory(cluster, node, state)
    node.historyUnpacked = true
  }
  return progress
}

function isReadable(cluster: Cluster, node: ClusterNode): boolean {
  const { connection } = node
  const { fencingEnabled, shutdownLock } = cluster.settings
  if (isGuest(node)) return connection?.role === role.started && connection.container?.role === role.started
  if (isRemote(node)) return connection !== undefined && (shutdownLock || connection.role === role.started)
  return fencingEnabled || shutdownLock || node.online
}

function unpackHistory(cluster: Cluster, node: ClusterNode, state: XmlElement): void {
  let orphanedFillers = false
  const histories = historyOf(cluster).byState.get(state) ?? []
  for (let i = 0; i < histories.length; i += 1) {
    const resource = unpackResourceHistory(cluster, node, histories[i] as LrmResource)
    if (resource?.containerFiller === true && resource.orphan) orphanedFillers = true
  }
  if (orphanedFillers) adoptFillers(cluster, histories)
}

/** Puts connections that are configured no more into what the histories of a node say that they were inside of. */
function adoptFillers(cluster: Cluster, histories: readonly LrmResource[]): void {
  for (const { id, xml } of histories) {
    const name = attr(xml, 'container')
    const container = name === undefined ? undefined : findResource(cluster, name)
    const resource = container === undefined ? undefined : findResource(cluster, id)
    if (container === undefined || resource?.containerFiller !== true || resource.container !== undefined) continue
    resource.container = container
    container.fillers.push(resource)
  }
}

function unpackResourceHistory(cluster: Cluster, node: ClusterNode, history: LrmResource): Resource | undefined {
  const { xml, isQuiet } = history
  const { shutdownLock } = cluster.settings
  const isNothing = !isQuiet && history.entries.length === 0
  if (isNothing && !shutdownLock) return undefined
  let resource = findForHistory(cluster, node, history.id)
  if (resource === undefined) {
    if (isNothing) return undefined
    resource = orphanFor(cluster, xml)
    if (resource === undefined) return undefined
  }
  if (shutdownLock) unpackLock(cluster, resource, node, xml)
  const saved = resource.role
  // Where failures expire, every entry has its say about when.
  if (isQuiet && resource.failureTimeoutSeconds === 0) {
    // What processing its one entry comes to.
    resource.role = role.stopped
    resource.nextRole = role.unknown
    finish(cluster, resource, node, onFail.ignore)
  } else finish(cluster, resource, node, readEntries(cluster, resource, node, history))
  checkTargetRole(cluster, resource)
  const request = requestedRole(resource)
  if (request !== role.unknown && (resource.nextRole === role.unknown || request < resource.nextRole)) {
    resource.nextRole = request
  }
  if (saved > resource.role) resource.role = saved
  return resource
}

/** Answers what is to be done about failures. */
function readEntries(cluster: Cluster, resource: Resource, node: ClusterNode, history: LrmResource): OnFail {
  const entries = history.isFirst ? history.entries : history.entries.map((entry) => ({ ...entry }))
  const sorted = inOrder(cluster, entries)
  resource.role = role.unknown
  const reading: Reading = { cluster, resource, node, entries: sorted, onFail: onFail.ignore, lastFailure: undefined }
  for (const entry of sorted) processEntry(reading, entry)
  createActiveRecurring(reading)
  return reading.onFail
}

function unpackLock(cluster: Cluster, resource: Resource, node: ClusterNode, xml: XmlElement): void {
  const time = parseInteger(attr(xml, 'shutdown-lock')) ?? 0
  if (time === 0) return
  const limit = cluster.settings.shutdownLockLimitSeconds
  if (limit > 0 && cluster.now.epochSeconds > time + limit) {
    requestAction(cluster, resource, { task: task.deleteHistory, node, optional: false })
    return
  }
  resource.lockNode = node
  resource.lockTime = time
}

/** Recurring operations that the history shows to be under way. */
function createActiveRecurring({ cluster, resource, node, entries }: Reading): void {
  if (!node.online) return
  const { start, stop } = startAndStop(entries)
  entries.forEach((entry, i) => {
    if (entry.intervalMs === 0 || attr(entry.xml, 'op-status') === '-1') return
    if (start < stop ? i <= stop : i < start) return
    requestAction(cluster, resource, { task: entry.task, intervalMs: entry.intervalMs, node, optional: true })
  })
}

/** Where in a sorted history the last start and the last stop stand; -1 for none. */
export function startAndStop(entries: readonly HistoryEntry[]): { readonly start: number; readonly stop: number } {
  let stop = -1
  let start = -1
  let impliedMonitor = -1
  let impliedClone = -1
  entries.forEach((entry, i) => {
    if (entry.task === task.stop && entry.status === status.done) stop = i
    else if (entry.task === task.start || entry.task === task.migrateFrom) start = i
    else if (
      impliedMonitor <= stop &&
      entry.task === task.monitor &&
      (entry.rc === exitCode.ok || entry.rc === exitCode.promoted)
    ) {
      impliedMonitor = i
    } else if (entry.task === task.promote || entry.task === task.demote) impliedClone = i
  })
  if (start < 0) start = impliedClone >= 0 ? impliedClone : impliedMonitor
  return { start, stop }
}

function finish(cluster: Cluster, resource: Resource, node: ClusterNode, failure: OnFail): void {
  if (resource.role !== role.unknown) {
    for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
      at.knownOn.add(node.index)
      if (at.unique) break
    }
  }
  if (resource.role > role.stopped && !node.online && !node.maintenance && resource.managed) {
    fenceLost(cluster, resource, node)
  }
  const effective = node.unclean ? onFail.ignore : failure
  if (effective !== onFail.ignore) applyOnFail(cluster, resource, node, effective)
  if (resource.isConnection && resource.failed) {
    const remote = cluster.nodeByName.get(resource.id.toLowerCase())
    if (remote?.unclean === true) remote.unseen = false
  }
  if (resource.role > role.stopped) {
    if (resource.orphan) warnOfOrphan(cluster, resource, node)
    addRunning(cluster, resource, node, failure !== onFail.ignore)
    if (effective === onFail.demote || effective === onFail.block) resource.failed = true
    else if (effective !== onFail.ignore) {
      resource.failed = true
      resource.stopRequired = true
    }
  } else if (resource.historyName?.includes(':') === true) setHistoryName(cluster, resource, undefined)
  else if (resource.actions.length > 0) {
    for (const stop of actionsFor(resource, task.stop, node)) (stop as Action).optional = true
  }
  if (
    resource.role === role.stopped &&
    resource.partialSource === node &&
    resource.partialTarget !== undefined &&
    resource.runningOn.length > 0
  ) {
    resource.role = role.started
  }
}

function warnOfOrphan(cluster: Cluster, resource: Resource, node: ClusterNode): void {
  const text = resource.managed
    ? `Detected active orphan ${resource.id} running on ${node.uname}`
    : `Resource '${resource.id}' must be stopped manually on ${node.uname} because cluster is configured not to stop active orphans`
  configWarning(cluster, 'process_rsc_state', text)
}

function fenceLost(cluster: Cluster, resource: Resource, node: ClusterNode): void {
  let reason = `${resource.id} is thought to be active there`
  if (isGuest(node)) {
    resource.failed = true
    resource.stopRequired = true
    fenceNode(cluster, node, reason)
  } else if (cluster.settings.fencingEnabled) {
    if (isRemoteOnly(node) && node.connection?.failed === false) {
      node.unseen = true
      reason = `${resource.id} is active there (fencing will be revoked if remote connection can be re-established elsewhere)`
    }
    fenceNode(cluster, node, reason)
  }
}

function applyOnFail(cluster: Cluster, resource: Resource, node: ClusterNode, effective: OnFail): void {
  const require = (taskName: string): void => {
    requestAction(cluster, resource, { task: taskName, node, optional: false })
  }
  const fail = (): void => {
    resource.failed = true
    resource.stopRequired = true
  }
  switch (effective) {
    case onFail.demote:
      resource.failed = true
      require(task.demote)
      break
    case onFail.fence:
      fenceNode(cluster, node, `${resource.id} failed there`)
      break
    case onFail.standby:
      node.standby = true
      node.standbyOnFail = true
      break
    case onFail.block:
      block(resource)
      break
    case onFail.migrate:
      addScore(resource, node, -infinity)
      cluster.observer?.note(cluster, resource, { kind: 'on-fail' })
      break
    case onFail.stop:
      resource.nextRole = role.stopped
      break
    case onFail.recover:
      if (resource.role >= role.started) {
        fail()
        require(task.stop)
      }
      break
    case onFail.restartContainer:
      fail()
      restartContainer(cluster, resource, node, require)
      break
    case onFail.resetRemote:
      fail()
      resetRemote(cluster, resource, require)
      break
    default:
  }
}

function restartContainer(
  cluster: Cluster,
  resource: Resource,
  node: ClusterNode,
  require: (taskName: string) => void,
): void {
  const { container } = resource
  if (container !== undefined && isBundled(resource)) cluster.failedContainers.unshift(container)
  else if (container !== undefined) requestAction(cluster, container, { task: task.stop, node, optional: false })
  else if (resource.role >= role.started) require(task.stop)
}

function resetRemote(cluster: Cluster, resource: Resource, require: (taskName: string) => void): void {
  if (cluster.settings.fencingEnabled && resource.isConnection) {
    const remote = cluster.nodeByName.get(resource.id.toLowerCase())
    if (remote !== undefined && isRemoteOnly(remote) && !remote.remoteWasFenced) {
      fenceNode(cluster, remote, 'remote connection is unrecoverable')
    }
  }
  if (resource.role > role.stopped) require(task.stop)
  if (resource.reconnectMs > 0) resource.nextRole = role.stopped
}
