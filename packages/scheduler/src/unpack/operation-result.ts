import { attr } from '@quorate/xml'
import { clearFailCount, requestAction } from '../action/create.ts'
import { compareDigests, hasHostAddress } from '../action/digest.ts'
import { fenceAction, judgeFencing } from '../action/fencing.ts'
import { operationKey, parseKey, task } from '../action/key.ts'
import { addEdge, setReason } from '../action/ledger.ts'
import { configError, notice, statusError, statusWarning } from '../model/log.ts'
import {
  type Action,
  type Cluster,
  type FailedOperation,
  type OnFail,
  onFail,
  type Resource,
  type ScoreCause,
} from '../model/model.ts'
import { type Role, role } from '../model/role.ts'
import { isBundled, isPromotable, isRemote, maxRole, top, withoutInstance } from '../model/tree.ts'
import { edgeFlag } from '../order/flags.ts'
import { exitWords } from '../report/result-words.ts'
import { sameText } from '../scalar.ts'
import { failCount } from './fail-count.ts'
import {
  cancelledText,
  expiredText,
  pretendedText,
  preventedText,
  rescheduledText,
  unexpectedText,
  unrecoverableText,
} from './failure-text.ts'
import { exitCode, type HistoryEntry, isMaskableFailure, isProbe, status } from './history-entry.ts'
import { failedMigrateFrom, failedMigrateTo, successfulMigrateTo } from './migration-history.ts'
import { recheckAt } from './name-values.ts'
import type { Reading } from './reading.ts'
import { ban, banEverywhere, block } from './running.ts'

/** Options and consequences of an operation: what is wrong with their configuration is told whenever they are asked for. */
function optionsOf({ cluster, resource }: Reading, { task: name, key }: HistoryEntry): Action {
  const parsed = parseKey(key)
  // What counts is the name that the entry has for the operation; where it has none, nothing is configured for it.
  const isOwn =
    parsed !== undefined &&
    [resource.id, resource.historyName].some(
      (id) => id !== undefined && sameText(operationKey(id, parsed.task, parsed.intervalMs), key),
    )
  return requestAction(cluster, resource, {
    task: name,
    key,
    intervalMs: parsed?.intervalMs ?? 0,
    operation: isOwn ? parsed.task : '',
    node: undefined,
    optional: true,
    recorded: false,
  })
}

/** The resource that answers for a failure: the instance itself where instances are not interchangeable. */
function answerable(resource: Resource): Resource {
  return resource.unique ? resource : top(resource)
}

/** Under which name the tools say what they make of an operation. */
const historySource = 'unpack_rsc_op'
const failureSource = 'unpack_rsc_op_failure'

/** Results of a probe that say where a resource is, and thus are no fault of the node. */
const tellingOfProbe: readonly number[] = [exitCode.ok, exitCode.notRunning, exitCode.promoted]

/** Whether it is not recorded what was done; an operation whose name is empty is one. */
function hasNoTask({ task: name, xml }: HistoryEntry): boolean {
  return name === '' && attr(xml, 'operation') === undefined
}

/** Takes one operation of the history into account. */
export function processEntry(reading: Reading, entry: HistoryEntry): void {
  const { resource, node, cluster } = reading
  if (hasNoTask(entry) || entry.task === task.notify || entry.task === 'meta-data') return
  if (entry.status < status.pending || entry.status > status.noSecrets) return
  const expired = entry.status !== status.notInstalled && hasExpired(reading, entry)
  const judged = remap(reading, entry, expired)
  const maskable = !isBundled(resource) && isMaskableFailure(entry)
  if (expired && maskable && entry.rc !== entry.targetRc) {
    if (resource.role <= role.stopped) resource.role = role.unknown
    return
  }
  if (expired && judged.rc !== entry.targetRc) {
    if (entry.intervalMs === 0) {
      notice(cluster, historySource, expiredText(reading, entry, judged.rc))
      return
    }
    if (node.online && !node.unclean) {
      entry.restartDigest = 'calculated-failure-timeout'
      noteAt(cluster, entry, { 'op-restart-digest': entry.restartDigest })
      notice(cluster, historySource, rescheduledText(reading, entry, judged.rc))
      return
    }
  }
  if (maskable) {
    updateState(reading, entry, entry.targetRc)
    noteAt(cluster, entry, { uname: node.uname })
    recordFailure(reading, entry)
    ban(cluster, answerable(resource), node, failedOperation(reading, entry, entry.rc, reading.onFail))
    return
  }
  applyStatus(reading, entry, judged)
}

function failedOperation({ node }: Reading, entry: HistoryEntry, rc: number, policy: OnFail): ScoreCause {
  return { kind: 'failed-operation', task: entry.task, rc, onFail: policy, node }
}

type Judged = { readonly rc: number; readonly status: number }

function applyStatus(reading: Reading, entry: HistoryEntry, judged: Judged): void {
  const { cluster, resource, node } = reading
  switch (judged.status) {
    case status.cancelled:
      configError(cluster, historySource, cancelledText(reading, entry))
      return
    case status.pending:
      return pendingEntry(reading, entry)
    case status.done:
      return updateState(reading, entry, judged.rc)
    case status.notInstalled: {
      const options = optionsOf(reading, entry)
      if (options.onFail === onFail.ignore) {
        const what = `Cannot ignore failed ${entry.task} of ${resource.id} on ${node.uname}`
        const figures = `status=${judged.status} rc=${judged.rc} id=${entry.id}`
        statusWarning(cluster, historySource, `${what}: Resource agent doesn't exist | ${figures}`)
        options.onFail = onFail.migrate
        // As with the C program, what failures before this one ask for is forgotten, fencing included.
        reading.onFail = onFail.migrate
      }
      ban(cluster, answerable(resource), node, failedOperation(reading, entry, judged.rc, options.onFail))
      return failureOf(reading, entry, judged.rc)
    }
    case status.notConnected:
      if (isRemote(node) && node.connection?.managed === true) {
        node.connection.failed = true
        node.connection.stopRequired = true
      }
      break
    default:
  }
  const hard =
    judged.status === status.errorHard || judged.status === status.noFenceDevice || judged.status === status.noSecrets
  errorOf(reading, entry, judged.rc, hard, judged.status === status.errorFatal)
}

function errorOf(reading: Reading, entry: HistoryEntry, rc: number, hard: boolean, fatal: boolean): void {
  const { cluster, resource, node } = reading
  const options = optionsOf(reading, entry)
  const ignored = options.onFail === onFail.ignore
  if (ignored || (options.onFail === onFail.restartContainer && entry.task === task.stop)) {
    statusWarning(cluster, historySource, pretendedText(reading, entry, rc))
    updateState(reading, entry, entry.targetRc)
    resource.failureIgnored = true
    noteAt(cluster, entry, { uname: node.uname })
    recordFailure(reading, entry)
    if (options.onFail === onFail.restartContainer && reading.onFail <= onFail.recover)
      reading.onFail = onFail.restartContainer
    return
  }
  failureOf(reading, entry, rc)
  if (!hard && !fatal) return
  const banned = answerable(resource)
  // What is not installed on a node is no surprise there.
  const tell = hard && rc === exitCode.notInstalled ? notice : statusError
  tell(cluster, historySource, preventedText(reading, entry, rc, banned.id, fatal))
  ban(cluster, banned, hard ? node : undefined, failedOperation(reading, entry, rc, options.onFail))
}

function pendingEntry(reading: Reading, entry: HistoryEntry): void {
  const { cluster, resource, node } = reading
  if (entry.task === task.start) {
    resource.startPending = true
    resource.role = isPromotable(resource) ? role.unpromoted : role.started
  } else if (entry.task === task.promote) resource.role = role.promoted
  else if (entry.task === task.migrateTo && node.unclean) {
    const target = cluster.nodeByName.get(attr(entry.xml, 'migrate_target')?.toLowerCase() ?? '')
    if (target !== undefined) requestAction(cluster, resource, { task: task.stop, node: target, optional: false })
  }
  if (resource.pendingTask !== undefined || isProbe(entry)) return
  resource.pendingTask = entry.task
  resource.pendingNode = node
}

function hasExpired(reading: Reading, entry: HistoryEntry): boolean {
  const { cluster, resource, node } = reading
  const now = cluster.now.epochSeconds
  const timeout = resource.failureTimeoutSeconds
  let expired = timeout > 0 && entry.changedAt >= 0 && now >= entry.changedAt + timeout
  if (
    expired &&
    resource.reconnectMs > 0 &&
    cluster.settings.fencingEnabled &&
    entry.task === task.monitor &&
    entry.intervalMs > 0
  ) {
    const remote = cluster.nodeByName.get(resource.id.toLowerCase())
    if (remote !== undefined && !remote.remoteWasFenced) expired = false
  }
  let unexpired = 0
  if (timeout > 0 && entry.changedAt >= 0) {
    const found = failCount(cluster, resource, node, { effective: true, entry })
    unexpired = found.count
    const last = found.lastFailureSeconds ?? 0
    // Counting switches the timeout off where a failure blocks.
    const until = last + resource.failureTimeoutSeconds + 1
    if (unexpired > 0 && now < until) recheckAt(cluster, until)
  }
  let why: string | undefined
  if (expired) {
    if (failCount(cluster, resource, node, { entry }).count > 0) {
      if (unexpired === 0) why = 'it expired'
      else expired = false
    } else if (entry.id.endsWith('_last_failure_0') && resource.reconnectMs > 0) why = 'reconnect interval is set'
  }
  if (why === undefined && !expired && parametersChanged(reading, entry)) why = parametersChangedReason
  if (why !== undefined) clearExpired(reading, why)
  if (!expired || !isProbe(entry)) return expired
  const telling: readonly number[] = [
    exitCode.ok,
    exitCode.notRunning,
    exitCode.promoted,
    exitCode.degraded,
    exitCode.degradedPromoted,
  ]
  return !telling.includes(entry.rc)
}

/** Why failures of operations with other parameters are forgotten. */
export const parametersChangedReason = 'resource parameters have changed'

function parametersChanged({ cluster, resource, node }: Reading, entry: HistoryEntry): boolean {
  if (!entry.id.endsWith('_last_failure_0') || (entry.task !== task.start && entry.task !== task.monitor)) return false
  if (hasHostAddress(cluster, resource)) {
    deferParameterCheck(cluster, { resource, node, entry, kind: 'last-failure' })
    return false
  }
  const verdict = compareDigests(cluster, resource, node, entry)
  return verdict === 'restart' || verdict === 'changed'
}

/** A comparison of parameters that has to wait until the host of a container is known. */
export type DeferredCheck = {
  readonly resource: Resource
  readonly node: Reading['node']
  readonly entry: HistoryEntry
  readonly kind: 'active' | 'last-failure'
}

const deferred = new WeakMap<Cluster, DeferredCheck[]>()

/** Keeps a comparison for after the assignment. */
export function deferParameterCheck(cluster: Cluster, check: DeferredCheck): void {
  const list = deferred.get(cluster)
  if (list === undefined) deferred.set(cluster, [check])
  else list.push(check)
}

/** Comparisons that were put off, the latest first. */
export function deferredChecks(cluster: Cluster): readonly DeferredCheck[] {
  return [...(deferred.get(cluster) ?? [])].reverse()
}

function clearExpired({ cluster, resource, node }: Reading, reason: string): void {
  const clear = clearFailCount(cluster, resource, node, reason)
  if (!cluster.settings.fencingEnabled || resource.reconnectMs === 0) return
  const remote = cluster.nodeByName.get(resource.id.toLowerCase())
  if (remote === undefined) return
  const fence = fenceAction(cluster, remote, { optional: true })
  addEdge(fence, clear, edgeFlag.impliesThen)
  setReason(fence, undefined)
}

function remap(reading: Reading, entry: HistoryEntry, expired: boolean): Judged {
  const { resource, node } = reading
  let { rc } = entry
  if (entry.task === task.monitor) {
    const told = rc
    if (rc === exitCode.degraded) rc = exitCode.ok
    else if (rc === exitCode.degradedPromoted) rc = exitCode.promoted
    if (rc !== told && !(node.shutdown && !node.online)) recordFailure(reading, entry)
  }
  let result: number = entry.status
  if (!isBundled(resource) && isMaskableFailure(entry)) {
    if (!expired && (result !== status.done || rc !== exitCode.notRunning)) {
      const what = `probe result '${exitWords(rc)}' for ${resource.id} on ${node.uname}`
      notice(reading.cluster, historySource, `Treating ${what} as 'not running'`)
    }
    result = status.done
    rc = exitCode.notRunning
  }
  if (result !== status.done && result !== status.error) return { rc, status: result }
  const { targetRc } = entry
  result = targetRc >= 0 && rc === targetRc ? status.done : status.error
  return { rc, status: remapByExitCode(reading, entry, rc, result) }
}

function remapByExitCode(reading: Reading, entry: HistoryEntry, rc: number, result: number): number {
  const { resource } = reading
  const { targetRc } = entry
  switch (rc) {
    case exitCode.ok:
      return isProbe(entry) && targetRc === exitCode.notRunning ? status.done : result
    case exitCode.notRunning:
      if (!isProbe(entry) && rc !== targetRc && resource.managed) return result
      resource.role = role.stopped
      reading.onFail = onFail.ignore
      resource.nextRole = role.unknown
      return status.done
    case exitCode.promoted:
      resource.role = role.promoted
      return isProbe(entry) && rc !== targetRc ? status.done : result
    case exitCode.failedPromoted:
    case exitCode.degradedPromoted:
      // Of a monitor, "degraded promoted" has become "promoted" by now; other operations have no business to say so.
      resource.role = role.promoted
      return status.error
    case exitCode.notConfigured:
      return status.errorFatal
    case exitCode.unimplemented:
      if (entry.intervalMs > 0) return status.notSupported
      unrecoverableStop(reading, entry)
      return status.errorHard
    case exitCode.notInstalled:
    case exitCode.invalidParameter:
    case exitCode.insufficientPrivileges:
      unrecoverableStop(reading, entry)
      return status.errorHard
    default:
      return result === status.done ? status.error : result
  }
}

function unrecoverableStop(reading: Reading, entry: HistoryEntry): void {
  const { cluster, resource, node } = reading
  if (entry.task !== task.stop || judgeFencing(cluster, node)) return
  statusError(cluster, 'check_recoverable', unrecoverableText(reading, entry, entry.rc))
  block(resource)
}

function noteAt(cluster: Cluster, { xml }: HistoryEntry, attributes: Readonly<Record<string, string>>): void {
  cluster.entryNotes.set(xml, { ...cluster.entryNotes.get(xml), ...attributes })
}

/** Keeps a failed operation for displays. */
export function recordFailure({ cluster, resource, node }: Reading, entry: HistoryEntry): void {
  // Entries that have no name for their operation count as one of the same.
  const named = attr(entry.xml, 'operation_key')
  const isSame = (item: FailedOperation): boolean =>
    item.node === node && sameText(attr(item.xml, 'operation_key'), named)
  if (!node.online || cluster.failedOperations.some(isSame)) return
  noteAt(cluster, entry, { uname: node.uname, 'rsc-id': resource.id })
  cluster.failedOperations.push({
    node,
    key: entry.key,
    xml: entry.xml,
    masked: isMaskableFailure(entry),
    resourceId: parseKey(entry.key)?.resourceId ?? withoutInstance(resource.id),
  })
}

function activeRole(resource: Resource): Role {
  return isPromotable(resource) ? role.unpromoted : role.started
}

/** Draws the conclusions of an operation that succeeded, or is taken for one. */
export function updateState(reading: Reading, entry: HistoryEntry, rc: number): void {
  const { resource } = reading
  let clear = false
  if (rc === exitCode.notInstalled || (!isBundled(resource) && isMaskableFailure(entry))) resource.role = role.stopped
  else if (rc === exitCode.notRunning) clear = true
  else if (entry.task === task.monitor) {
    if (reading.lastFailure !== undefined && sameText(entry.key, reading.lastFailure.key)) clear = true
    if (resource.role < role.started) resource.role = maxRole(resource.role, activeRole(resource))
  } else if (entry.task === task.start) {
    resource.role = role.started
    clear = true
  } else if (entry.task === task.stop) {
    resource.role = role.stopped
    clear = true
  } else if (entry.task === task.promote) {
    resource.role = role.promoted
    clear = true
  } else if (entry.task === task.demote) {
    if (reading.onFail === onFail.demote) clear = true
    resource.role = role.unpromoted
  } else if (entry.task === task.migrateFrom) {
    resource.role = role.started
    clear = true
  } else if (entry.task === task.migrateTo) successfulMigrateTo(reading, entry)
  else if (resource.role < role.started) resource.role = activeRole(resource)
  if (clear) clearPast(reading)
}

function clearPast(reading: Reading): void {
  switch (reading.onFail) {
    case onFail.stop:
    case onFail.fence:
    case onFail.migrate:
    case onFail.standby:
      return
    case onFail.resetRemote:
      if (reading.resource.reconnectMs > 0) return
      break
    default:
  }
  reading.onFail = onFail.ignore
  reading.resource.nextRole = role.unknown
}

function failureOf(reading: Reading, entry: HistoryEntry, rc: number): void {
  const { cluster, resource, node } = reading
  reading.lastFailure = entry
  if (cluster.settings.symmetric || rc !== exitCode.notInstalled) {
    statusWarning(cluster, failureSource, unexpectedText(reading, entry, rc))
    if (isProbe(entry) && !tellingOfProbe.includes(rc)) {
      const where = `${resource.id} to run on ${node.uname}`
      const page = 'see the resource-discovery option for location constraints'
      notice(cluster, failureSource, `If it is not possible for ${where}, ${page}`)
    }
    recordFailure(reading, entry)
  }
  // Asked for again, as by the C program: what is wrong with the configuration of the operation is told once more.
  const options = optionsOf(reading, entry)
  if (options.onFail > reading.onFail) reading.onFail = options.onFail
  if (entry.task === task.stop) ban(cluster, resource, node, failedOperation(reading, entry, rc, options.onFail))
  else if (entry.task === task.migrateTo) failedMigrateTo(reading, entry)
  else if (entry.task === task.migrateFrom) failedMigrateFrom(reading, entry)
  else if (entry.task === task.promote) resource.role = role.promoted
  else if (entry.task === task.demote) failedDemote(resource, rc, options)
  if (isProbe(entry) && rc === exitCode.notInstalled) resource.role = role.stopped
  else if (resource.role < role.started) resource.role = activeRole(resource)
  const { failRole } = options
  if (failRole !== role.started && resource.nextRole < failRole) resource.nextRole = failRole
  if (failRole !== role.stopped) return
  const clone = top(resource)
  const banned = clone !== resource && !clone.unique ? clone : resource
  notice(cluster, failureSource, `${banned.id} will not be started under current conditions`)
  banEverywhere(cluster, banned, failedOperation(reading, entry, rc, options.onFail))
}

function failedDemote(resource: Resource, rc: number, options: Action): void {
  if (options.onFail === onFail.block) {
    resource.role = role.promoted
    resource.nextRole = role.stopped
  } else resource.role = rc === exitCode.notRunning ? role.stopped : role.unpromoted
}
