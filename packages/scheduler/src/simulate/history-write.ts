import { encodeText, md5Hex } from '@quorate/base'
import { element, type XmlElement } from '@quorate/xml'
import { parametersText } from '../action/digest-text.ts'
import { notifyKey, operationKey, task } from '../action/key.ts'
import { featureSet } from '../graph/attributes.ts'
import { callIdOf } from '../unpack/history-entry.ts'

/** An operation that is to be pretended. */
export type SimulatedOperation = {
  /** Id of the resource in operation keys. */
  readonly resourceId: string
  readonly task: string
  readonly intervalMs: number
  readonly rc: number
  readonly targetRc: number
  readonly callId: number
  readonly nowSeconds: number
  readonly failed: boolean
  /** Whether it is pretended to have happened before the transition, and is no part of it. */
  readonly isInjected: boolean
  readonly notifyType?: string | undefined
  readonly notifyOperation?: string | undefined
  readonly migrateSource?: string | undefined
  readonly migrateTarget?: string | undefined
  readonly parameters: ReadonlyMap<string, string>
}

const nobody = 'xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx'

/** Operations that are recorded as a start. */
const reloads: ReadonlySet<string> = new Set([task.reload, 'reload'])

/** Ids under which an operation is recorded; one that gets none has an empty id. */
function entryIds(
  into: ReadonlyMap<string, XmlElement>,
  operation: SimulatedOperation,
  recorded: string,
): readonly string[] {
  const { resourceId, intervalMs, notifyType, notifyOperation } = operation
  if (operation.task === task.notify) {
    if (notifyType !== undefined && notifyOperation !== undefined) {
      return [notifyKey(resourceId, notifyType, notifyOperation)]
    }
    // One that tells of nothing, such as a configured one that is repeated, takes the place of the first entry.
    return [into.keys().next().value ?? '']
  }
  if (operation.failed) {
    const failure = `${resourceId}_last_failure_0`
    return intervalMs === 0 ? [failure, `${resourceId}_last_0`] : [failure]
  }
  if (operation.task === task.migrateTo || operation.task === task.migrateFrom || intervalMs > 0) {
    return [operationKey(resourceId, recorded, intervalMs)]
  }
  return [`${resourceId}_last_0`]
}

/** Records an operation in a history. */
export function recordOperation(into: Map<string, XmlElement>, operation: SimulatedOperation): void {
  const recorded = reloads.has(operation.task) ? task.start : operation.task
  const key = `${operation.callId}:-1:${operation.targetRc}:${nobody}`
  const { isInjected } = operation
  for (const id of entryIds(into, operation, recorded)) {
    const known = into.get(id)
    const before: Record<string, string> = {}
    for (let i = 0; i < (known?.attributes.length ?? 0); i += 2) {
      before[known?.attributes[i] as string] = known?.attributes[i + 1] as string
    }
    into.set(
      id,
      element(
        'lrm_rsc_op',
        {
          ...before,
          id: id === '' ? undefined : id,
          operation_key: operationKey(operation.resourceId, recorded, operation.intervalMs),
          operation: recorded,
          'crm-debug-origin': 'crm_simulate',
          crm_feature_set: featureSet,
          'transition-key': key,
          'transition-magic': `0:${operation.rc};${key}`,
          'exit-reason': operation.failed ? (isInjected ? 'Simulated action result' : 'User-injected result') : '',
          'call-id': String(operation.callId),
          'rc-code': String(operation.rc),
          'op-status': '0',
          interval: String(operation.intervalMs),
          'last-rc-change': String(operation.nowSeconds),
          'exec-time': '0',
          'queue-time': '0',
          migrate_source: operation.migrateSource ?? before['migrate_source'],
          migrate_target: operation.migrateTarget ?? before['migrate_target'],
          'op-digest': isInjected ? before['op-digest'] : digestOf(operation),
        },
        known?.children ?? [],
      ),
    )
  }
}

function digestOf(operation: SimulatedOperation): string {
  const kept = new Map<string, string>()
  for (const [name, value] of operation.parameters) {
    const internal = ['id', 'crm_feature_set', 'op-digest', 'on_node', 'on_node_uuid', 'pcmk_external_ip'].includes(
      name,
    )
    if (!internal && !name.startsWith('CRM_meta_')) kept.set(name, value)
  }
  const timeout = operation.parameters.get('CRM_meta_timeout')
  if (operation.intervalMs > 0 && timeout !== undefined) kept.set('CRM_meta_timeout', timeout)
  return md5Hex(encodeText(parametersText(kept)))
}

/** The call id that the next operation of a history gets; past 32 bits it goes on at their lower end. */
export function nextCallId(operations: ReadonlyMap<string, XmlElement>): number {
  let highest = 0
  for (const entry of operations.values()) highest = Math.max(highest, callIdOf(entry))
  return (highest + 1) | 0
}
