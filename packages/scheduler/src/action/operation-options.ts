import { attr, attributePairs, type XmlElement } from '@quorate/xml'
import { parseMoment } from '../date.ts'
import { configError } from '../model/log.ts'
import { type Action, type Cluster, type OperationEntry, onFail, type Resource } from '../model/model.ts'
import { parseRole, role } from '../model/role.ts'
import { parseTimeMs, sameText } from '../scalar.ts'
import { ruleContext, unpackSets } from '../unpack/name-values.ts'
import { agentOf, defaultsSection, parametersOf } from '../unpack/resource.ts'
import { task } from './key.ts'

/** What an operation may take where nothing is configured. */
export const defaultTimeoutMs = 20_000

/** The configured operation of that name and interval; where there is none, the one that stands for it. */
export function findOperation(
  resource: Resource,
  name: string,
  intervalMs: number,
  includeDisabled: boolean,
  key: string = name,
): OperationEntry | undefined {
  const search = (wanted: string, interval: number): OperationEntry | undefined =>
    resource.operations.find(
      (entry) => (includeDisabled || entry.enabled) && entry.intervalMs === interval && sameText(entry.name, wanted),
    )
  const direct = search(name, intervalMs)
  if (direct !== undefined) return direct
  if (key.includes(task.migrateTo) || key.includes(task.migrateFrom)) return search('migrate', 0)
  return key.includes('_notify_') ? search(task.notify, 0) : undefined
}

/**
 * Fills in what is configured for an action's operation, and what follows from it.
 *
 * @param operation its name, where that is not the task
 */
export function unpackOptions(
  cluster: Cluster,
  action: Action,
  resource: Resource,
  intervalMs: number,
  operation: string = action.task,
): void {
  const entry = findOperation(resource, operation, intervalMs, true, action.key)
  action.operation = entry?.xml
  for (const [name, value] of operationMeta(cluster, resource, action.task, intervalMs, entry?.xml))
    action.meta.set(name, value)
  if (resource.isFenceDevice && (action.task === task.start || (action.task === task.monitor && intervalMs === 0))) {
    const timeout = parametersOf(cluster, resource, action.node).get('pcmk_monitor_timeout')
    if (timeout !== undefined) action.meta.set('timeout', timeout)
  }
  action.meta.set('timeout', String(timeoutMs(action.meta.get('timeout'))))
  if (action.task === task.start || action.task === task.promote) {
    action.needs = resource.needsFencing ? 'fencing' : resource.needsQuorum ? 'quorum' : 'nothing'
  }
  unpackOnFail(cluster, action, resource, intervalMs)
  unpackStartDelay(cluster, action, intervalMs)
}

function timeoutMs(text: string | undefined): number {
  const ms = parseTimeMs(text)
  return ms === undefined || ms < 0 ? defaultTimeoutMs : ms
}

const metaCache = new WeakMap<Resource, Map<string, ReadonlyMap<string, string>>>()

/**
 * Meta-attributes of an operation before its timeout is read: defaults, its sets, its own attributes.
 *
 * @param name the task that rules see
 */
export function operationMeta(
  cluster: Cluster,
  resource: Resource,
  name: string,
  intervalMs: number,
  xml: XmlElement | undefined,
): ReadonlyMap<string, string> {
  let known = metaCache.get(resource)
  if (known === undefined) {
    known = new Map()
    metaCache.set(resource, known)
  }
  const key = `${name} ${intervalMs} ${(xml && attr(xml, 'name')) ?? ''}`
  const cached = known.get(key)
  if (cached !== undefined) return cached
  const meta = new Map<string, string>()
  const context = ruleContext(cluster, { agent: agentOf(resource), operation: { name, intervalMs } })
  unpackSets(cluster, defaultsSection(cluster, 'op_defaults'), 'meta_attributes', meta, context)
  if (name === task.monitor && intervalMs === 0) {
    const timeout = shortestMonitorTimeout(resource)
    if (timeout !== undefined) meta.set('timeout', timeout)
  }
  if (xml !== undefined) {
    unpackSets(cluster, xml, 'meta_attributes', meta, context, { overwrite: true })
    for (const [attribute, value] of attributePairs(xml)) meta.set(attribute, value)
    meta.delete('id')
  }
  if (intervalMs > 0) meta.set('interval', String(intervalMs))
  else meta.delete('interval')
  known.set(key, meta)
  return meta
}

function shortestMonitorTimeout(resource: Resource): string | undefined {
  let shortest: OperationEntry | undefined
  for (const entry of resource.operations) {
    if (!entry.enabled || entry.name !== task.monitor || entry.intervalMs <= 0) continue
    if (shortest === undefined || entry.intervalMs < shortest.intervalMs) shortest = entry
  }
  return shortest === undefined ? undefined : attr(shortest.xml, 'timeout')
}

/** The value of on-fail that counts for an operation, before defaults. */
function configuredOnFail(
  cluster: Cluster,
  action: Action,
  resource: Resource,
  intervalMs: number,
): string | undefined {
  const value = action.meta.get('on-fail')?.toLowerCase()
  const reset = (why: string): undefined => {
    const text = `Resetting 'on-fail' for ${resource.id} ${action.task} action to default value because ${why}`
    configError(cluster, 'unpack_operation_on_fail', text)
  }
  if (action.task === task.stop && (value === 'standby' || value === 'demote' || value === 'stop')) {
    return reset(`'${value}' is not allowed for stop`)
  }
  if (action.task === task.demote && value === undefined) {
    for (const { xml, name, enabled, intervalMs: interval } of resource.operations) {
      const answer = attr(xml, 'on-fail')?.toLowerCase()
      if (!enabled || interval === 0 || name !== task.monitor || answer === undefined || answer === 'demote') continue
      if (parseRole(attr(xml, 'role')) === role.promoted) return answer
    }
    return undefined
  }
  if (action.task === task.deleteHistory) return 'ignore'
  if (value === 'demote' && action.task !== task.promote) {
    const entryRole = action.operation === undefined ? undefined : attr(action.operation, 'role')
    if (action.task !== task.monitor || intervalMs === 0 || parseRole(entryRole) !== role.promoted) {
      return reset(`'demote' is not allowed for it`)
    }
  }
  return value
}

function unpackOnFail(cluster: Cluster, action: Action, resource: Resource, intervalMs: number): void {
  const value = configuredOnFail(cluster, action, resource, intervalMs)
  let decided: Action['onFail'] | undefined
  switch (value) {
    case 'block':
      decided = onFail.block
      action.meta.set('on-fail', 'block')
      break
    case 'fence':
      decided = cluster.settings.fencingEnabled ? onFail.fence : onFail.stop
      if (!cluster.settings.fencingEnabled) {
        const text = `Resetting 'on-fail' for operation '${action.key}' to 'stop' because 'fence' is not valid when fencing is disabled`
        configError(cluster, 'unpack_operation', text)
        action.failRole = role.stopped
      }
      break
    case 'standby':
      decided = onFail.standby
      break
    case 'ignore':
    case 'nothing':
      decided = onFail.ignore
      break
    case 'migrate':
      decided = onFail.migrate
      break
    case 'stop':
      decided = onFail.stop
      action.failRole = role.stopped
      break
    case 'restart':
      decided = onFail.recover
      break
    case 'restart-container':
      if (resource.container !== undefined) decided = onFail.restartContainer
      break
    case 'demote':
      decided = onFail.demote
      break
    case undefined:
      break
    default:
      configError(cluster, 'unpack_operation', `Resource ${resource.id}: Unknown failure type (${value})`)
  }
  action.onFail = defaultOnFail(cluster, action, resource, intervalMs, decided)
  if (action.failRole === role.unknown) {
    const after = parseRole(action.meta.get('role_after_failure'))
    action.failRole = after !== role.unknown ? after : action.task === task.promote ? role.unpromoted : role.started
  }
}

function defaultOnFail(
  cluster: Cluster,
  action: Action,
  resource: Resource,
  intervalMs: number,
  decided: Action['onFail'] | undefined,
): Action['onFail'] {
  if (decided === undefined && resource.container !== undefined) return onFail.restartContainer
  const isProbe = action.task === task.monitor && intervalMs === 0
  const isRemoteConnection = resource.isConnection && resource.container === undefined
  if ((decided === undefined || !resource.managed) && isRemoteConnection && !isProbe && action.task !== task.start) {
    if (!resource.managed) {
      action.failRole = role.stopped
      return onFail.stop
    }
    if (resource.reconnectMs > 0) action.failRole = role.stopped
    return onFail.resetRemote
  }
  if (decided !== undefined) return decided
  if (action.task === task.stop) return cluster.settings.fencingEnabled ? onFail.fence : onFail.block
  return onFail.recover
}

function unpackStartDelay(cluster: Cluster, action: Action, intervalMs: number): void {
  const { meta } = action
  const delay = meta.get('start-delay')
  if (delay !== undefined) {
    const ms = parseTimeMs(delay)
    meta.set('start-delay', String(ms === undefined || ms < 0 ? 0 : ms))
    return
  }
  const origin = parseMoment(meta.get('interval-origin'), cluster.now)
  if (origin === undefined || intervalMs <= 0) return
  const seconds = Math.trunc(intervalMs / 1000)
  if (seconds === 0) return
  const rest = (cluster.now.epochSeconds - origin.epochSeconds) % seconds
  meta.set('start-delay', String((rest <= 0 ? -rest : seconds - rest) * 1000))
}
