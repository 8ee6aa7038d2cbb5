import { attr, attributePairs, child, element, type XmlElement } from '@quorate/xml'
import type { AlertEvent } from '../alerts/alert-event.ts'
import type { Instant } from '../instant.ts'
import { parseDurationMs } from '../transition/graph.ts'
import { parseTransitionKey } from '../transition/transition-key.ts'
import { agentName, type ResourceSpec, readResource } from './agent.ts'
import {
  type ExecutorEffect,
  type ExecutorEvent,
  type ExecutorState,
  isBusy,
  newExecutor,
  type OperationOrder,
  type OperationResult,
  recurringOrders,
  stepExecutor,
} from './executor.ts'
import {
  doneEntry,
  emptyHistory,
  entryId,
  type HistoryEntry,
  hasFailed,
  historyElement,
  nodeHistory,
  operationElements,
  operationKey,
  pendingEntry,
  type ResourceHistory,
  resourceElement,
  resultEntry,
  withoutRecurring,
  withResult,
} from './history.ts'
import { type AgentMetadata, unknownMetadata } from './metadata.ts'
import { ocf, operationStatus } from './outcome.ts'
import { type LogLine, resultLog } from './result-text.ts'

/** Who ordered something, and is told when the CIB does not tell it: a DC's `tengine`, or a client of a node. */
export type Requester = { readonly node: string | undefined; readonly system: string }

/** What reaches this node's resources. */
export type LocalEvent =
  /** `lrm_invoke`, or a client's `lrm_delete`, `lrm_fail`, `lrm_refresh`, `reprobe`: task and `<rsc_op>`. */
  | {
      readonly kind: 'order'
      readonly task: string
      readonly op: XmlElement
      readonly requester: Requester
      /** Whoever ordered it is not allowed to: it is answered, and not carried out. */
      readonly isDenied?: boolean
    }
  | { readonly kind: 'executor'; readonly event: ExecutorEvent }
  | { readonly kind: 'metadata'; readonly agent: string; readonly metadata: AgentMetadata | undefined }
  /** From now on nothing recurs; `quiet` follows when the last agent has ended. */
  | { readonly kind: 'wind-down' }
  /** The DC has written to the CIB what this node told it when it joined. */
  | { readonly kind: 'rewritten' }

/** What this node's resources ask for. */
export type LocalEffect =
  | Exclude<ExecutorEffect, { readonly do: 'result' | 'forgotten' }>
  /** Merge into the CIB's status. */
  | { readonly do: 'record'; readonly update: XmlElement }
  /** Remove from the CIB what the XPath finds. */
  | { readonly do: 'erase'; readonly xpath: string }
  /** Tell the requester directly, in the form of the history. */
  | { readonly do: 'answer'; readonly requester: Requester; readonly update: XmlElement }
  /** Learn the agent's meta-data; a `metadata` event answers. */
  | { readonly do: 'learn'; readonly resource: ResourceSpec }
  /** A client cleaned up: the DC has to look anew. */
  | { readonly do: 'refreshed' }
  /** Agents of alerts are to be told of a result. */
  | { readonly do: 'alert'; readonly event: AlertEvent }
  | { readonly do: 'quiet' }
  | LogLine

type Waiting = { readonly entry: HistoryEntry; readonly agent: string }
type Deletion = { readonly requester: Requester; readonly order: OperationOrder }

/** The resources of this node. Owned and changed in place by {@link stepLocal}. */
export type LocalResources = {
  readonly node: { readonly id: string; readonly uname: string }
  readonly executor: ExecutorState
  readonly histories: Map<string, ResourceHistory>
  readonly metadata: Map<string, AgentMetadata>
  /** Agents whose meta-data is being learned, and results that wait for it. */
  readonly learning: Set<string>
  waiting: readonly Waiting[]
  readonly requesters: Map<number, Requester>
  /** Cancels that were ordered, by operation key. */
  readonly cancels: Map<string, { readonly requester: Requester; readonly order: OperationOrder }>
  readonly deletions: Map<string, Deletion[]>
  /** Operations that have begun, or wait for others, as the CIB knows them; by call id. */
  readonly underway: Map<number, HistoryEntry>
  /** Resources of which the CIB was told something since the DC was told of all: `erased` where an entry was removed. */
  readonly untold: Map<string, 'recorded' | 'erased'>
  lastCallId: number
  /** The controller is in a state in which it may start things. */
  mayAct: boolean
  isShuttingDown: boolean
  isWindingDown: boolean
}

/** A node on which nothing runs. */
export function newLocalResources(node: { readonly id: string; readonly uname: string }): LocalResources {
  return {
    node,
    executor: newExecutor(),
    histories: new Map(),
    metadata: new Map(),
    learning: new Set(),
    waiting: [],
    requesters: new Map(),
    cancels: new Map(),
    deletions: new Map(),
    underway: new Map(),
    untold: new Map(),
    lastCallId: 0,
    mayAct: false,
    isShuttingDown: false,
    isWindingDown: false,
  }
}

/**
 * The whole history, as it goes to the DC at a join: it takes the place of what the CIB knows of this node. What is under way
 * belongs to it, or the resource would be started elsewhere while it starts here.
 */
export function localHistory(local: LocalResources): readonly XmlElement[] {
  local.untold.clear()
  const resources = new Map([...local.histories.values()].map(({ resource }) => [resource.id, resource]))
  for (const { order } of local.underway.values()) resources.set(order.resource.id, order.resource)
  return [...resources.values()].flatMap((resource) => historyShown(local, resource) ?? [])
}

function historyShown(local: LocalResources, resource: ResourceSpec): XmlElement | undefined {
  const { id } = resource
  const history = local.histories.get(id) ?? emptyHistory(resource)
  const underway = [...local.underway.values()].filter(({ order }) => order.resource.id === id)
  return historyElement(history, underway, local.node.uname, local.metadata.get(agentName(resource)))
}

/** Says once more what was said between the time that the DC was told of all and the time that it wrote it down. */
function repeatUntold(local: LocalResources, effects: LocalEffect[]): void {
  const untold = [...local.untold]
  local.untold.clear()
  for (const [id, what] of untold) {
    if (what === 'erased') effects.push({ do: 'erase', xpath: resourcePath(local, id) })
    const known = [...local.underway.values()].find(({ order }) => order.resource.id === id)
    const resource = local.histories.get(id)?.resource ?? known?.order.resource
    const shown = resource === undefined ? undefined : historyShown(local, resource)
    if (shown !== undefined) effects.push({ do: 'record', update: statusUpdate(local, shown) })
  }
}

/**
 * Resources that run here as far as their history tells: started, and not stopped since. Fencing devices are none: what
 * this node's fencer knows ends with it.
 */
export function activeResources(local: LocalResources): readonly string[] {
  const found: string[] = []
  for (const history of local.histories.values()) {
    const { last } = history
    if (last === undefined || history.resource.standard === 'stonith') continue
    const { action } = last.order
    const isProbe = action === 'monitor'
    const isUp = last.rc === ocf.ok && action !== 'stop' && action !== 'migrate_to'
    if (isUp || (last.rc !== ocf.notRunning && last.rc !== ocf.ok && !(isProbe && last.rc === ocf.notInstalled))) {
      found.push(history.resource.id)
    }
  }
  return found.sort()
}

/** Advances this node's resources by one event. */
export function stepLocal(local: LocalResources, event: LocalEvent, now: Instant): readonly LocalEffect[] {
  const effects: LocalEffect[] = []
  switch (event.kind) {
    case 'order':
      if (event.isDenied === true) denyOrder(local, event.task, event.op, event.requester, effects)
      else takeOrder(local, event.task, event.op, event.requester, now, effects)
      break
    case 'executor':
      runExecutor(local, event.event, now, effects)
      break
    case 'metadata':
      learned(local, event.agent, event.metadata, effects)
      break
    case 'rewritten':
      repeatUntold(local, effects)
      break
    case 'wind-down':
      local.isWindingDown = true
      for (const resource of local.histories.keys()) cancelRecurring(local, resource, now, effects)
      break
    default:
      event satisfies never
  }
  if (local.isWindingDown && !isBusy(local.executor)) effects.push({ do: 'quiet' })
  return effects
}

function runExecutor(local: LocalResources, event: ExecutorEvent, now: Instant, effects: LocalEffect[]): void {
  for (const effect of stepExecutor(local.executor, event, now)) {
    if (effect.do === 'result') finished(local, effect.result, effects)
    else if (effect.do === 'forgotten') forgotten(local, effect.resource, effects)
    else effects.push(effect)
  }
}

function takeOrder(
  local: LocalResources,
  task: string,
  op: XmlElement,
  requester: Requester,
  now: Instant,
  effects: LocalEffect[],
): void {
  const operation = task === 'lrm_invoke' ? (attr(op, 'operation') ?? '') : task
  if (operation === 'lrm_refresh' || operation === 'reprobe' || operation === 'probe_again') {
    forgetAll(local, now, effects)
    return
  }
  const primitive = child(op, 'primitive')
  const resource = primitive === undefined ? undefined : readResource(primitive)
  const order = readOrder(local, op, operation, resource)
  if (resource === undefined) {
    refuse(local, order, requester, operationStatus.error, ocf.notConfigured, 'Invalid resource definition', effects)
    return
  }
  switch (operation) {
    case 'cancel':
      takeCancel(local, order, requester, now, effects)
      return
    case 'delete':
    case 'lrm_delete':
      takeDeletion(local, order, requester, now, effects)
      return
    case 'lrm_fail':
      takeFailure(local, order, requester, now, effects)
      return
    default:
      execute(local, order, requester, now, effects)
  }
}

function denyOrder(
  local: LocalResources,
  task: string,
  op: XmlElement,
  requester: Requester,
  effects: LocalEffect[],
): void {
  const primitive = child(op, 'primitive')
  const order = readOrder(local, op, task, primitive === undefined ? undefined : readResource(primitive))
  const { error } = operationStatus
  refuse(local, order, requester, error, ocf.insufficientPrivileges, 'Not allowed by ACLs', effects)
}

const noResource: ResourceSpec = { id: '', standard: 'ocf', provider: undefined, type: '' }

function readOrder(
  local: LocalResources,
  op: XmlElement,
  action: string,
  resource: ResourceSpec | undefined,
): OperationOrder {
  const attributes = child(op, 'attributes')
  const parameters = new Map(attributes === undefined ? [] : attributePairs(attributes))
  const meta = (name: string) => Math.max(0, Number.parseInt(parameters.get(`CRM_meta_${name}`) ?? '0', 10) || 0)
  local.lastCallId += 1
  const intervalMs = meta('interval')
  return {
    callId: local.lastCallId,
    resource: resource ?? noResource,
    action,
    intervalMs,
    timeoutMs: monitorTimeoutMs(resource, intervalMs, parameters) ?? (meta('timeout') || intervalMs),
    startDelayMs: meta('start_delay'),
    parameters,
    transitionKey: attr(op, 'transition-key') ?? '',
  }
}

/** What a fencing device says of its own recurring monitor counts before what the operation says. */
function monitorTimeoutMs(
  resource: ResourceSpec | undefined,
  intervalMs: number,
  parameters: ReadonlyMap<string, string>,
): number | undefined {
  if (resource?.standard !== 'stonith' || intervalMs === 0) return undefined
  return parseDurationMs(parameters.get('pcmk_monitor_timeout'))
}

function execute(
  local: LocalResources,
  wanted: OperationOrder,
  requester: Requester,
  now: Instant,
  effects: LocalEffect[],
): void {
  const { resource, action } = wanted
  if (action !== 'stop' && !local.mayAct) {
    const reason = 'Controller cannot attempt actions at this time'
    refuse(local, wanted, requester, operationStatus.invalid, ocf.error, reason, effects)
    return
  }
  if (action === 'start' && local.isShuttingDown) {
    const reason = 'Not attempting start due to shutdown in progress'
    refuse(local, wanted, requester, operationStatus.invalid, ocf.error, reason, effects)
    return
  }
  const history = historyOf(local, resource)
  const order = action === 'stop' ? withStopParameters(wanted, history.stopParameters) : wanted
  if (order.intervalMs === 0 && action !== 'monitor' && action !== 'notify') {
    cancelRecurring(local, resource.id, now, effects)
  }
  if (order.intervalMs > 0) {
    const { intervalMs } = order
    runExecutor(local, cancelEvent(resource.id, action, intervalMs), now, effects)
  }
  local.requesters.set(order.callId, requester)
  learn(local, resource, action, effects)
  if (order.parameters.get('CRM_meta_record_pending') !== 'false' && action !== 'notify') {
    const entry = pendingEntry(order, now.epochS)
    local.underway.set(order.callId, entry)
    record(local, entry, effects)
  }
  const shown = order.intervalMs === 0 && action === 'monitor' ? 'probe' : action
  effects.push({
    do: 'log',
    level: 'notice',
    text: `Requesting local execution of ${shown} operation for ${resource.id} on ${local.node.uname}`,
  })
  runExecutor(local, { kind: 'execute', order }, now, effects)
}

function cancelEvent(resource: string, action: string, intervalMs: number) {
  return { kind: 'cancel', resource, action, intervalMs } as const
}

/** A resource is stopped with what it was started with; the meta attributes are those of the order. */
function withStopParameters(order: OperationOrder, known: ReadonlyMap<string, string> | undefined): OperationOrder {
  if (known === undefined) return order
  const parameters = new Map<string, string>()
  const isMeta = (name: string) => name.startsWith('CRM_meta_') || name === 'crm_feature_set'
  for (const [name, value] of order.parameters) if (isMeta(name)) parameters.set(name, value)
  for (const [name, value] of known) if (!isMeta(name)) parameters.set(name, value)
  return { ...order, parameters }
}

/** Classes whose agents describe their parameters. */
const describedStandards: ReadonlySet<string> = new Set(['ocf', 'stonith'])
const needsMetadata: ReadonlySet<string> = new Set([
  'start',
  'monitor',
  'promote',
  'demote',
  'reload',
  'reload-agent',
  'migrate_to',
  'migrate_from',
])

function learn(local: LocalResources, resource: ResourceSpec, action: string, effects: LocalEffect[]): void {
  if (!describedStandards.has(resource.standard) || !needsMetadata.has(action)) return
  const agent = agentName(resource)
  if (local.learning.has(agent) || (local.metadata.has(agent) && action !== 'start')) return
  local.learning.add(agent)
  effects.push({ do: 'learn', resource })
}

function learned(
  local: LocalResources,
  agent: string,
  metadata: AgentMetadata | undefined,
  effects: LocalEffect[],
): void {
  local.learning.delete(agent)
  // An agent whose meta-data cannot be had now keeps what was known of it.
  if (metadata !== undefined || !local.metadata.has(agent)) local.metadata.set(agent, metadata ?? unknownMetadata)
  const due = local.waiting.filter((item) => item.agent === agent)
  local.waiting = local.waiting.filter((item) => item.agent !== agent)
  for (const { entry } of due) record(local, entry, effects)
}

function historyOf(local: LocalResources, resource: ResourceSpec): ResourceHistory {
  const known = local.histories.get(resource.id)
  if (known !== undefined) return known
  const fresh = emptyHistory(resource)
  local.histories.set(resource.id, fresh)
  return fresh
}

function cancelRecurring(local: LocalResources, resource: string, now: Instant, effects: LocalEffect[]): void {
  for (const order of recurringOrders(local.executor, resource)) {
    runExecutor(local, cancelEvent(resource, order.action, order.intervalMs), now, effects)
  }
}

/** Adds an entry to the CIB; one that needs meta-data which is on its way waits for it, so that it is written once. */
function record(local: LocalResources, entry: HistoryEntry, effects: LocalEffect[]): void {
  const { resource } = entry.order
  const agent = agentName(resource)
  const isFinal = entry.status !== operationStatus.pending
  if (isFinal && !local.metadata.has(agent) && local.learning.has(agent)) {
    local.waiting = [...local.waiting, { entry, agent }]
    return
  }
  const operations = operationElements(entry, local.node.uname, 'do_update_resource', local.metadata.get(agent))
  if (local.untold.get(resource.id) !== 'erased') local.untold.set(resource.id, 'recorded')
  effects.push({ do: 'record', update: statusUpdate(local, resourceElement(resource, operations)) })
}

function statusUpdate(local: LocalResources, resource: XmlElement): XmlElement {
  return element('status', {}, [nodeHistory(local.node, [resource], { 'crm-debug-origin': 'do_update_resource' })])
}

const degradedAndRunning: ReadonlySet<number> = new Set([
  ocf.notRunning,
  ocf.runningPromoted,
  ocf.degraded,
  ocf.degradedPromoted,
])

function finished(local: LocalResources, result: OperationResult, effects: LocalEffect[]): void {
  const { order } = result
  local.underway.delete(order.callId)
  const requester = local.requesters.get(order.callId)
  if (order.intervalMs === 0 || result.status === operationStatus.cancelled) local.requesters.delete(order.callId)
  if (result.status === operationStatus.cancelled) {
    effects.push(alertOf(local, { ...resultEntry(result), rc: ocf.ok }))
    cancelled(local, result, effects)
    return
  }
  const isNormal = result.status === operationStatus.error && degradedAndRunning.has(result.rc)
  const entry = resultEntry(isNormal ? { ...result, status: operationStatus.done } : result)
  effects.push(...resultLog(entry, result.stderr, local.node.uname))
  if (!isExpectedProbe(entry)) effects.push(alertOf(local, entry))
  const history = local.histories.get(order.resource.id)
  if (order.action === 'notify' || history === undefined) {
    if (requester !== undefined) answer(local, entry, requester, effects)
    return
  }
  local.histories.set(order.resource.id, withResult(history, entry))
  record(local, entry, effects)
}

/** A probe that finds what was expected is no news. */
function isExpectedProbe({ order, rc }: HistoryEntry): boolean {
  return order.action === 'monitor' && order.intervalMs === 0 && rc === targetRcOf(order)
}

function targetRcOf(order: OperationOrder): number {
  return parseTransitionKey(order.transitionKey)?.targetRc ?? ocf.ok
}

function alertOf(local: LocalResources, { order, status, rc, execTimeMs }: HistoryEntry): LocalEffect {
  const event: AlertEvent = {
    kind: 'resource',
    node: local.node.uname,
    resource: order.resource.id,
    task: order.action,
    intervalMs: order.intervalMs,
    status,
    rc,
    targetRc: targetRcOf(order),
    execTimeMs,
  }
  return { do: 'alert', event }
}

function cancelled(local: LocalResources, result: OperationResult, effects: LocalEffect[]): void {
  const { resource, action, intervalMs } = result.order
  const history = local.histories.get(resource.id)
  const recorded = history?.recurring.find(
    (item) => item.order.action === action && item.order.intervalMs === intervalMs,
  )
  if (history !== undefined) local.histories.set(resource.id, withoutRecurring(history, action, intervalMs))
  const key = operationKey(resource.id, action, intervalMs)
  const ordered = local.cancels.get(key)
  if (ordered === undefined) return
  local.cancels.delete(key)
  if (recorded !== undefined && !hasFailed(recorded))
    erase(local, resource.id, entryId(resource.id, action, intervalMs), effects)
  else answer(local, doneEntry(ordered.order), ordered.requester, effects)
}

function erase(local: LocalResources, resource: string, id: string, effects: LocalEffect[]): void {
  local.untold.set(resource, 'erased')
  effects.push({ do: 'erase', xpath: `${resourcePath(local, resource)}/lrm_rsc_op[@id='${id}']` })
}

function resourcePath(local: LocalResources, resource: string): string {
  return `//node_state[@uname='${local.node.uname}']/lrm/lrm_resources/lrm_resource[@id='${resource}']`
}

function takeCancel(
  local: LocalResources,
  order: OperationOrder,
  requester: Requester,
  now: Instant,
  effects: LocalEffect[],
): void {
  const action = order.parameters.get('CRM_meta_operation') ?? 'monitor'
  const { id } = order.resource
  const key = operationKey(id, action, order.intervalMs)
  const isKnown = recurringOrders(local.executor, id).some(
    (item) => item.action === action && item.intervalMs === order.intervalMs,
  )
  if (!isKnown) {
    erase(local, id, entryId(id, action, order.intervalMs), effects)
    answer(local, doneEntry(order), requester, effects)
    return
  }
  local.cancels.set(key, { requester, order })
  runExecutor(local, cancelEvent(id, action, order.intervalMs), now, effects)
}

function takeDeletion(
  local: LocalResources,
  order: OperationOrder,
  requester: Requester,
  now: Instant,
  effects: LocalEffect[],
): void {
  const { id } = order.resource
  local.deletions.set(id, [...(local.deletions.get(id) ?? []), { requester, order }])
  local.histories.delete(id)
  runExecutor(local, { kind: 'forget', resource: id }, now, effects)
}

function forgotten(local: LocalResources, resource: string, effects: LocalEffect[]): void {
  const deletions = local.deletions.get(resource) ?? []
  local.deletions.delete(resource)
  if (deletions.length === 0) return
  local.untold.set(resource, 'erased')
  effects.push({ do: 'erase', xpath: resourcePath(local, resource) })
  for (const { requester, order } of deletions) {
    answer(local, doneEntry(order), requester, effects)
    if (requester.system !== 'tengine') effects.push({ do: 'refreshed' })
  }
}

function forgetAll(local: LocalResources, now: Instant, effects: LocalEffect[]): void {
  const known = [...local.histories.keys()]
  local.histories.clear()
  for (const resource of known) {
    local.untold.set(resource, 'erased')
    runExecutor(local, { kind: 'forget', resource }, now, effects)
  }
  effects.push({ do: 'erase', xpath: `//node_state[@uname='${local.node.uname}']/lrm` }, { do: 'refreshed' })
}

/** Key of results that no graph asked for. */
const inventedDc = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'

function takeFailure(
  local: LocalResources,
  order: OperationOrder,
  requester: Requester,
  now: Instant,
  effects: LocalEffect[],
): void {
  const failure: HistoryEntry = {
    ...doneEntry({
      ...order,
      action: 'asyncmon',
      intervalMs: 0,
      transitionKey: `${order.callId}:-1:0:${inventedDc}`,
    }),
    rc: ocf.error,
    exitReason: 'Simulated failure',
    lastRcChangeS: now.epochS,
  }
  const history = historyOf(local, order.resource)
  local.histories.set(order.resource.id, { ...history, failure })
  record(local, failure, effects)
  effects.push(alertOf(local, failure))
  answer(local, doneEntry(failure.order), requester, effects)
}

function refuse(
  local: LocalResources,
  order: OperationOrder,
  requester: Requester,
  status: number,
  rc: number,
  exitReason: string,
  effects: LocalEffect[],
): void {
  effects.push({
    do: 'log',
    level: 'warning',
    text: `Refusing ${order.action} of ${order.resource.id || 'an unnamed resource'}: ${exitReason}`,
  })
  answer(local, { ...doneEntry(order), status, rc, exitReason }, requester, effects)
}

function answer(local: LocalResources, entry: HistoryEntry, requester: Requester, effects: LocalEffect[]): void {
  const operations = operationElements(entry, local.node.uname, 'controld_ack_event_directly')
  const update = nodeHistory(local.node, [element('lrm_resource', { id: entry.order.resource.id }, operations)], {
    'crm-debug-origin': 'controld_ack_event_directly',
  })
  effects.push({ do: 'answer', requester, update })
}
