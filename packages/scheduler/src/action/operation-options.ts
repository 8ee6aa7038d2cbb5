import { attr, hasChildren, type XmlElement } from '@quorate/xml'
import { parseMoment } from '../date-text.ts'
import { configError, configWarningOnce } from '../model/log.ts'
import {
  type Action,
  type Cluster,
  type ClusterNode,
  type OnFail,
  type OperationEntry,
  type OperationProfile,
  onFail,
  type Resource,
} from '../model/model.ts'
import { parseRole, type Role, role } from '../model/role.ts'
import { parseTimeMs, sameText } from '../scalar.ts'
import { unpackSets } from '../unpack/name-values.ts'
import { leadsToRemoteNode } from '../unpack/nodes.ts'
import { agentOf, defaultsSection, parametersOf } from '../unpack/resource.ts'
import { readRole } from '../unpack/role.ts'
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
  const direct = name === '' ? undefined : searchOperation(resource, name, intervalMs, includeDisabled)
  if (direct !== undefined) return direct
  if (key.includes(task.migrateTo) || key.includes(task.migrateFrom)) {
    return searchOperation(resource, 'migrate', 0, includeDisabled)
  }
  return key.includes('_notify_') ? searchOperation(resource, task.notify, 0, includeDisabled) : undefined
}

function searchOperation(
  { operations }: Resource,
  name: string,
  intervalMs: number,
  includeDisabled: boolean,
): OperationEntry | undefined {
  for (let i = 0; i < operations.length; i += 1) {
    const entry = operations[i] as OperationEntry
    if (entry.intervalMs !== intervalMs || !(includeDisabled || entry.enabled)) continue
    if (sameText(entry.name, name)) return entry
  }
  return undefined
}

/** What a profile is made of while it is made. */
type Draft = {
  readonly task: string
  readonly intervalMs: number
  readonly key: string
  readonly xml: XmlElement | undefined
  readonly meta: Map<string, string>
  failRole: Role
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
  const { profiles } = resource
  let profile = profiles.get(action.key)
  if (profile === undefined || !holds(profile, action, resource)) {
    const said = cluster.log.length
    profile = makeProfile(cluster, action, resource, intervalMs, operation)
    // What has to be said about it is said for every action.
    if (cluster.log.length === said && !hasTimeoutOfNode(resource, profile, action.node)) {
      profiles.set(action.key, profile)
    }
  }
  action.operation = profile.xml
  action.meta = profile.meta
  action.needs = profile.needs
  action.onFail = profile.onFail
  action.failRole = profile.failRole
}

function holds(profile: OperationProfile, action: Action, { managed, container }: Resource): boolean {
  return profile.task === action.task && profile.isManaged === managed && profile.container === container
}

function makeProfile(
  cluster: Cluster,
  action: Action,
  resource: Resource,
  intervalMs: number,
  operation: string,
): OperationProfile {
  const { task: name, key } = action
  const xml = findOperation(resource, operation, intervalMs, true, key)?.xml
  const meta = operationMeta(cluster, resource, name, intervalMs, xml)
  if (isDeviceMonitor(resource, name, intervalMs)) {
    const timeout = parametersOf(cluster, resource, action.node).get('pcmk_monitor_timeout')
    if (timeout !== undefined) meta.set('timeout', timeout)
  }
  meta.set('timeout', String(timeoutMs(meta.get('timeout'))))
  const draft: Draft = { task: name, intervalMs, key, xml, meta, failRole: role.unknown }
  const onFail = unpackOnFail(cluster, draft, resource)
  unpackStartDelay(cluster, draft)
  return {
    task: name,
    intervalMs,
    xml,
    meta: sharedMeta(cluster, meta),
    needs: name === task.start || name === task.promote ? needsOf(resource) : 'nothing',
    onFail,
    failRole: draft.failRole,
    isManaged: resource.managed,
    container: resource.container,
  }
}

/** The table that others with the same meta-attributes have: there are few that differ, and operations by the thousand. */
function sharedMeta({ operationMeta: known }: Cluster, meta: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  let text = ''
  meta.forEach((value, name) => {
    text += `${name}\0${value}\0`
  })
  const same = known.get(text)
  if (same !== undefined) return same
  known.set(text, meta)
  return meta
}

function needsOf({ needsFencing, needsQuorum }: Resource): OperationProfile['needs'] {
  return needsFencing ? 'fencing' : needsQuorum ? 'quorum' : 'nothing'
}

/** Operations whose timeout is that of the fence device's own monitor. */
function isDeviceMonitor(resource: Resource, name: string, intervalMs: number): boolean {
  return resource.isFenceDevice && (name === task.start || (name === task.monitor && intervalMs === 0))
}

/** True where another node may have another timeout. */
function hasTimeoutOfNode(
  resource: Resource,
  { task: name, intervalMs }: OperationProfile,
  node: ClusterNode | undefined,
): boolean {
  return (
    isDeviceMonitor(resource, name, intervalMs) && (node === undefined || resource.parametersByNode?.has(node) === true)
  )
}

/** A timeout as 32 bits hold it: of a longer one, what is left of the lower bits. A negative one counts as missing. */
function timeoutMs(text: string | undefined): number {
  const ms = parseTimeMs(text)
  const held = ms === undefined || ms >= 2 ** 63 ? -1 : ms | 0
  return held < 0 ? defaultTimeoutMs : held
}

/**
 * Meta-attributes of an operation before its timeout is read: defaults, its sets, its own attributes.
 *
 * @param name the task that rules see
 */
function operationMeta(
  cluster: Cluster,
  resource: Resource,
  name: string,
  intervalMs: number,
  xml: XmlElement | undefined,
): Map<string, string> {
  const meta = new Map<string, string>()
  const defaults = defaultsSection(cluster, 'op_defaults')
  const hasSets = defaults !== undefined || (xml !== undefined && hasChildren(xml))
  const parts = hasSets ? { agent: agentOf(resource), operation: { name, intervalMs } } : undefined
  unpackSets(cluster, defaults, 'meta_attributes', meta, parts)
  if (name === task.monitor && intervalMs === 0) {
    const timeout = shortestMonitorTimeout(resource)
    if (timeout !== undefined) meta.set('timeout', timeout)
  }
  if (xml !== undefined) {
    unpackSets(cluster, xml, 'meta_attributes', meta, parts, { overwrite: true })
    const { attributes } = xml
    for (let i = 0; i < attributes.length; i += 2) meta.set(attributes[i] as string, attributes[i + 1] as string)
    meta.delete('id')
  }
  if (intervalMs > 0) meta.set('interval', String(intervalMs))
  else meta.delete('interval')
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
function configuredOnFail(cluster: Cluster, draft: Draft, resource: Resource): string | undefined {
  const value = draft.meta.get('on-fail')?.toLowerCase()
  if (draft.task === task.stop && (value === 'standby' || value === 'demote' || value === 'stop')) {
    return resetOnFail(cluster, draft, resource, `'${value}' is not allowed for stop`)
  }
  if (draft.task === task.demote && value === undefined) {
    for (const { xml, name, enabled, intervalMs: interval } of resource.operations) {
      const answer = attr(xml, 'on-fail')?.toLowerCase()
      if (!enabled || interval === 0 || name !== task.monitor || answer === undefined || answer === 'demote') continue
      if (parseRole(attr(xml, 'role')) === role.promoted) return answer
    }
    return undefined
  }
  if (draft.task === task.deleteHistory) return 'ignore'
  if (value === 'demote' && draft.task !== task.promote) {
    const entryRole = draft.xml === undefined ? undefined : attr(draft.xml, 'role')
    if (draft.task !== task.monitor || draft.intervalMs === 0 || parseRole(entryRole) !== role.promoted) {
      return resetOnFail(cluster, draft, resource, `'demote' is not allowed for it`)
    }
  }
  return value
}

function resetOnFail(cluster: Cluster, draft: Draft, resource: Resource, why: string): undefined {
  const text = `Resetting 'on-fail' for ${resource.id} ${draft.task} action to default value because ${why}`
  configError(cluster, 'unpack_operation_on_fail', text)
}

function unpackOnFail(cluster: Cluster, draft: Draft, resource: Resource): OnFail {
  const value = configuredOnFail(cluster, draft, resource)
  let decided: OnFail | undefined
  switch (value) {
    case 'block':
      decided = onFail.block
      draft.meta.set('on-fail', 'block')
      break
    case 'fence':
      decided = cluster.settings.fencingEnabled ? onFail.fence : onFail.stop
      if (!cluster.settings.fencingEnabled) {
        const text = `Resetting 'on-fail' for operation '${draft.key}' to 'stop' because 'fence' is not valid when fencing is disabled`
        configError(cluster, 'unpack_operation', text)
        draft.failRole = role.stopped
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
      draft.failRole = role.stopped
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
  const answer = defaultOnFail(cluster, draft, resource, decided)
  const asked = draft.meta.get('role_after_failure')
  if (asked !== undefined) {
    const text = 'Support for role_after_failure is deprecated and will be removed in a future release'
    configWarningOnce(cluster, 'unpack_operation', text)
  }
  if (draft.failRole === role.unknown) {
    const after = readRole(cluster, asked)
    draft.failRole = after !== role.unknown ? after : draft.task === task.promote ? role.unpromoted : role.started
  }
  return answer
}

function defaultOnFail(cluster: Cluster, draft: Draft, resource: Resource, decided: OnFail | undefined): OnFail {
  if (decided === undefined && resource.container !== undefined) return onFail.restartContainer
  const isProbe = draft.task === task.monitor && draft.intervalMs === 0
  const isRemoteConnection = leadsToRemoteNode(cluster, resource)
  if ((decided === undefined || !resource.managed) && isRemoteConnection && !isProbe && draft.task !== task.start) {
    if (!resource.managed) {
      draft.failRole = role.stopped
      return onFail.stop
    }
    if (resource.reconnectMs > 0) draft.failRole = role.stopped
    return onFail.resetRemote
  }
  if (decided !== undefined) return decided
  if (draft.task === task.stop) return cluster.settings.fencingEnabled ? onFail.fence : onFail.block
  return onFail.recover
}

function unpackStartDelay(cluster: Cluster, { meta, intervalMs, xml }: Draft): void {
  const delay = meta.get('start-delay')
  if (delay !== undefined) {
    const ms = parseTimeMs(delay)
    meta.set('start-delay', String(ms === undefined || ms < 0 ? 0 : ms))
    return
  }
  const text = meta.get('interval-origin')
  if (text === undefined || intervalMs <= 0) return
  const origin = parseMoment(text, cluster.now)
  if (origin === undefined) {
    const id = (xml === undefined ? undefined : attr(xml, 'id')) ?? '(missing ID)'
    const fault = `Ignoring 'interval-origin' for operation '${id}' because '${text}' is not valid`
    return configError(cluster, 'unpack_interval_origin', fault)
  }
  const seconds = Math.trunc(intervalMs / 1000)
  if (seconds === 0) return
  const rest = (cluster.now.epochSeconds - origin.epochSeconds) % seconds
  meta.set('start-delay', String((rest <= 0 ? -rest : seconds - rest) * 1000))
}
