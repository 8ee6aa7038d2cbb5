import { attr } from '@quorate/xml'
import type { StatusItem } from '../report/status-item.ts'
import { transitionSummary } from '../report/transition-summary.ts'
import type { ClusterStatus } from '../status.ts'

/** One line of a plan: what becomes of a resource, or a node that is fenced. */
export type PlannedChange = {
  /** As a transition summary has it, its columns as wide as that one's. */
  readonly text: string
  /** `fence`, or what becomes of a resource: `start`, `stop`, `move`, `restart`, `recover`, `promote`, `demote`, `migrate`, ... */
  readonly action: string
  /** Undefined where a node is fenced. */
  readonly resource: string | undefined
  /** Where it is now, or the node that is fenced. */
  readonly source: string | undefined
  /** Where it is to be. */
  readonly target: string | undefined
  /** Roles, where they are more than started and stopped. */
  readonly role: string | undefined
  readonly nextRole: string | undefined
  /** As logs have it. */
  readonly reason: string | undefined
  /** True where it is to be, and cannot be done. */
  readonly isBlocked: boolean
}

/** What a decision has done, a line for each change; fencing first. */
export function plannedChanges(cluster: ClusterStatus): readonly PlannedChange[] {
  return transitionSummary(cluster).map(plannedChange)
}

function plannedChange({ text, data }: StatusItem): PlannedChange {
  const get = (name: string): string | undefined => (data === undefined ? undefined : attr(data, name))
  const isFencing = data?.name === 'node_action'
  const action = isFencing ? 'fence' : (get('action') ?? '')
  const [node, source, target] = [get('node'), get('source'), get('dest')]
  const isStart = action === 'start'
  return {
    text,
    action,
    resource: get('resource'),
    source: source ?? (isStart ? undefined : node),
    target: target ?? (isStart ? node : source),
    role: get('role'),
    nextRole: get('next-role'),
    reason: get('reason'),
    isBlocked: get('blocked') === 'true',
  }
}
