import { operationDigest } from '@quorate/cib'
import { attributePairs, element, type XmlElement } from '@quorate/xml'
import { formatTransitionMagic, parseTransitionKey } from '../transition/transition-key.ts'
import type { ResourceSpec } from './agent.ts'
import type { OperationOrder, OperationResult } from './executor.ts'
import { type AgentMetadata, unknownMetadata } from './metadata.ts'
import { isFailure, ocf, operationStatus } from './outcome.ts'

/** One line of a resource's history on this node. */
export type HistoryEntry = {
  readonly order: OperationOrder
  /** Shown as `call-id`: -1 while the operation is pending. */
  readonly callId: number
  readonly rc: number
  readonly status: number
  readonly exitReason: string
  readonly lastRcChangeS: number
  readonly execTimeMs: number
  readonly queueTimeMs: number
}

/** What this node remembers of a resource, and tells the DC when it joins. */
export type ResourceHistory = {
  readonly resource: ResourceSpec
  readonly last: HistoryEntry | undefined
  readonly failure: HistoryEntry | undefined
  /** Newest first. */
  readonly recurring: readonly HistoryEntry[]
  /** Parameters that it was last started with: it has to be stopped with the same. */
  readonly stopParameters: ReadonlyMap<string, string> | undefined
}

/** Where an entry came from; free text that C nodes put in `crm-debug-origin` too. */
export type HistoryOrigin =
  | 'do_update_resource'
  | 'build_active_RAs'
  | 'controld_record_action_event'
  | 'controld_ack_event_directly'

/** A resource of which nothing has happened yet. */
export function emptyHistory(resource: ResourceSpec): ResourceHistory {
  return { resource, last: undefined, failure: undefined, recurring: [], stopParameters: undefined }
}

/** The entry of an operation that has been ordered and not finished. */
export function pendingEntry(order: OperationOrder, epochS: number): HistoryEntry {
  return {
    order,
    callId: -1,
    rc: ocf.pending,
    status: operationStatus.pending,
    exitReason: '',
    lastRcChangeS: epochS,
    execTimeMs: 0,
    queueTimeMs: 0,
  }
}

/** The entry of something that needed no agent and went well. */
export function doneEntry(order: OperationOrder): HistoryEntry {
  return {
    order,
    callId: order.callId,
    rc: ocf.ok,
    status: operationStatus.done,
    exitReason: '',
    lastRcChangeS: 0,
    execTimeMs: 0,
    queueTimeMs: 0,
  }
}

/** The entry of a result. */
export function resultEntry(result: OperationResult): HistoryEntry {
  const { order, rc, status, exitReason, lastRcChangeS, execTimeMs, queueTimeMs } = result
  return { order, callId: order.callId, rc, status, exitReason, lastRcChangeS, execTimeMs, queueTimeMs }
}

/** Exit code that the order expects. */
export function targetRcOf(order: OperationOrder): number {
  return parseTransitionKey(order.transitionKey)?.targetRc ?? ocf.ok
}

/** The history with a result added. */
export function withResult(history: ResourceHistory, entry: HistoryEntry): ResourceHistory {
  const { action, intervalMs, parameters } = entry.order
  const failure = hasFailed(entry) ? entry : history.failure
  if (intervalMs > 0) {
    const others = history.recurring.filter(
      (item) => item.order.action !== action || item.order.intervalMs !== intervalMs,
    )
    return { ...history, failure, recurring: [entry, ...others] }
  }
  const isRunning = entry.status === operationStatus.done && [ocf.ok, ocf.runningPromoted].some((rc) => rc === entry.rc)
  const startsIt = ['start', 'reload', 'reload-agent', 'monitor', 'migrate_from'].includes(action) && isRunning
  return {
    ...history,
    last: entry,
    failure,
    recurring: action === 'monitor' || action === 'notify' ? history.recurring : [],
    stopParameters: startsIt ? parameters : history.stopParameters,
  }
}

/** The history without a recurring operation. */
export function withoutRecurring(history: ResourceHistory, action: string, intervalMs: number): ResourceHistory {
  const recurring = history.recurring.filter(
    (item) => item.order.action !== action || item.order.intervalMs !== intervalMs,
  )
  return { ...history, recurring }
}

/** True when an entry is a failure for the DC. */
export function hasFailed(entry: HistoryEntry): boolean {
  return entry.status !== operationStatus.pending && isFailure(entry, targetRcOf(entry.order))
}

/** `RESOURCE_OPERATION_INTERVAL`, as histories and graphs name operations. */
export function operationKey(resource: string, action: string, intervalMs: number): string {
  return `${resource}_${action}_${intervalMs}`
}

/** Id under which an entry that is no failure is kept: one for each recurring operation, one for all others. */
export function entryId(resource: string, action: string, intervalMs: number): string {
  if (intervalMs > 0) return operationKey(resource, action, intervalMs)
  if (action === 'migrate_to' || action === 'migrate_from') return operationKey(resource, action, intervalMs)
  return `${resource}_last_0`
}

/** The `lrm_rsc_op` elements of an entry: a failure is kept twice, so that a later success does not hide it. */
export function operationElements(
  entry: HistoryEntry,
  node: string,
  origin: HistoryOrigin,
  metadata: AgentMetadata = unknownMetadata,
): readonly XmlElement[] {
  const { resource, intervalMs } = entry.order
  const action = recordedAction(entry)
  const failure = hasFailed(entry)
    ? [operationElement(entry, `${resource.id}_last_failure_0`, node, origin, unknownMetadata)]
    : []
  if (failure.length > 0 && intervalMs > 0) return failure
  return [...failure, operationElement(entry, entryId(resource.id, action, intervalMs), node, origin, metadata)]
}

/** A reload that worked leaves the resource started; one that failed, as a failed monitor would. */
function recordedAction(entry: HistoryEntry): string {
  const { action } = entry.order
  if (action !== 'reload' && action !== 'reload-agent') return action
  return hasFailed(entry) ? 'monitor' : 'start'
}

function operationElement(
  entry: HistoryEntry,
  id: string,
  node: string,
  origin: HistoryOrigin,
  metadata: AgentMetadata,
): XmlElement {
  const { order } = entry
  const action = recordedAction(entry)
  return element('lrm_rsc_op', {
    id,
    operation_key: operationKey(order.resource.id, action, order.intervalMs),
    operation: action,
    'crm-debug-origin': origin,
    crm_feature_set: order.parameters.get('crm_feature_set'),
    'transition-key': order.transitionKey,
    'transition-magic': formatTransitionMagic(entry.status, entry.rc, order.transitionKey),
    'exit-reason': hasFailed(entry) ? entry.exitReason : '',
    on_node: node,
    'call-id': String(entry.callId),
    'rc-code': String(entry.rc),
    'op-status': String(entry.status),
    interval: String(order.intervalMs),
    'last-rc-change': String(entry.lastRcChangeS),
    'exec-time': String(entry.execTimeMs),
    'queue-time': String(entry.queueTimeMs),
    migrate_source: order.parameters.get('CRM_meta_migrate_source'),
    migrate_target: order.parameters.get('CRM_meta_migrate_target'),
    ...digests(order, metadata),
  })
}

const notParameters: ReadonlySet<string> = new Set([
  'id',
  'crm_feature_set',
  'op-digest',
  'on_node',
  'on_node_uuid',
  'pcmk_external_ip',
])

/** Digests by which the DC sees that a parameter has changed since, and whether a reload will do. */
function digests(order: OperationOrder, metadata: AgentMetadata): Readonly<Record<string, string | undefined>> {
  const all: [string, string][] = []
  for (const [name, value] of order.parameters) {
    if (!notParameters.has(name) && !name.startsWith('CRM_meta_')) all.push([name, value])
  }
  const timeout = order.parameters.get('CRM_meta_timeout')
  if (order.intervalMs > 0 && timeout !== undefined) all.push(['CRM_meta_timeout', timeout])
  const digest = (keep: (name: string) => boolean) =>
    operationDigest(element('parameters', Object.fromEntries(all.filter(([name]) => keep(name)))))
  const restarting = order.intervalMs === 0 && order.action !== 'stop' ? metadata.restarting : undefined
  const secret = order.action === 'stop' ? [] : metadata.secret
  return {
    'op-digest': digest(() => true),
    'op-force-restart': restarting === undefined ? undefined : nameList(restarting),
    'op-restart-digest': restarting === undefined ? undefined : digest((name) => restarting.includes(name)),
    'op-secure-params': secret.length === 0 ? undefined : nameList(secret),
    'op-secure-digest': secret.length === 0 ? undefined : digest((name) => !secret.includes(name)),
  }
}

/** Names between blanks, two at both ends: how C nodes write the list and search in it. */
function nameList(names: readonly string[]): string {
  return names.length === 0 ? '' : `  ${names.join(' ')}  `
}

/** `<lrm_resource>` with its entries. */
export function resourceElement(
  resource: ResourceSpec,
  operations: readonly XmlElement[],
  shutdownLock?: string,
): XmlElement {
  const { id, type, standard, provider } = resource
  return element('lrm_resource', { id, type, class: standard, provider, 'shutdown-lock': shutdownLock }, operations)
}

/** The way from a node's state down to some of its resources. */
export function nodeHistory(
  node: { readonly id: string; readonly uname: string },
  resources: readonly XmlElement[],
  attributes: Readonly<Record<string, string>>,
): XmlElement {
  const lrm = element('lrm', { id: node.id }, [element('lrm_resources', {}, resources)])
  return element('node_state', { id: node.id, uname: node.uname, ...attributes }, [lrm])
}

/** All that is known of a resource, what is `underway` last, as it goes to the DC at a join. */
export function historyElement(
  history: ResourceHistory,
  underway: readonly HistoryEntry[],
  node: string,
  metadata: AgentMetadata | undefined,
): XmlElement | undefined {
  const operations: XmlElement[] = []
  const entries = [history.failure, history.last, ...history.recurring, ...underway]
  for (const entry of entries) {
    if (entry === undefined) continue
    for (const item of operationElements(entry, node, 'build_active_RAs', metadata)) {
      const id = [...attributePairs(item)][0]?.[1]
      const at = operations.findIndex((other) => [...attributePairs(other)][0]?.[1] === id)
      if (at >= 0) operations[at] = item
      else operations.push(item)
    }
  }
  return operations.length === 0 ? undefined : resourceElement(history.resource, operations)
}
