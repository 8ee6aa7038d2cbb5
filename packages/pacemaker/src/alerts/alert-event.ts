import { exitWords, operationWords } from '@quorate/scheduler'
import { isSuccess, legacyCode } from '../fencer/outcome.ts'
import type { FencingEvent } from '../fencer/service.ts'

/** Something that agents are told of (behaviour/pacemaker-daemons.md 2.14). */
export type AlertEvent =
  | { readonly kind: 'node'; readonly node: string; readonly nodeId: string; readonly state: 'member' | 'lost' }
  | { readonly kind: 'fencing'; readonly event: FencingEvent }
  | {
      readonly kind: 'resource'
      readonly node: string
      readonly resource: string
      readonly task: string
      readonly intervalMs: number
      /** Execution status. */
      readonly status: number
      readonly rc: number
      /** What the transition expected. */
      readonly targetRc: number
      readonly execTimeMs: number
    }
  | {
      readonly kind: 'attribute'
      readonly node: string
      readonly nodeId: string
      readonly name: string
      /** Undefined: unset. */
      readonly value: string | undefined
    }

/** Variables of an event, by their names without prefix. */
export function eventVariables(event: AlertEvent): Readonly<Record<string, string>> {
  switch (event.kind) {
    case 'node':
      return { kind: 'node', node: event.node, nodeid: event.nodeId, desc: event.state }
    case 'fencing':
      return {
        kind: 'fencing',
        node: event.event.target,
        task: 'st_notify_fence',
        desc: fencingSentence(event.event),
        rc: String(legacyCode(event.event.outcome)),
      }
    case 'resource':
      return {
        kind: 'resource',
        node: event.node,
        rsc: event.resource,
        task: event.task,
        interval: String(event.intervalMs),
        desc: event.status === 0 ? exitWords(event.rc) : operationWords(event.status),
        status: String(event.status),
        rc: String(event.rc),
        target_rc: String(event.targetRc),
        exec_time: String(event.execTimeMs),
      }
    default:
      return {
        kind: 'attribute',
        node: event.node,
        nodeid: event.nodeId,
        attribute_name: event.name,
        attribute_value: event.value ?? '',
      }
  }
}

function fencingSentence({ action, target, executioner, client, origin, outcome, operation }: FencingEvent): string {
  const result = isSuccess(outcome) ? 'OK' : outcome.execution === 0 ? 'Error' : operationWords(outcome.execution)
  return `Operation ${action} of ${target} by ${executioner ?? 'the cluster'} for ${client}@${origin}: ${result} (ref=${operation})`
}
