import { schedule, simulate, unpackStatus } from '@quorate/scheduler'
import { attr, type XmlElement } from '@quorate/xml'
import { utcOffsetSeconds } from '../crm_mon/local-time.ts'
import { leavesOf } from './work.ts'

/** An action that the cluster has yet to carry out. */
export type PendingAction = {
  /** Its number in the transition. */
  readonly id: string
  /** Such as `web_start_0`. */
  readonly key: string
  readonly node: string | undefined
  /** How long it may take, in milliseconds. */
  readonly timeoutMs: number
}

/** How long an action may take that does not say so, in milliseconds. */
const timeoutDefaultMs = 20_000

/** What the cluster has yet to do by a CIB; none of it: it has settled. */
export function pendingActions(cib: XmlElement, nowMs: number): readonly PendingAction[] {
  const { graph } = schedule(cib, momentOf(nowMs))
  return graph.children.flatMap((synapse) => {
    const action = synapse.children.find((item) => item.name === 'action_set')?.children[0]
    if (action === undefined || action.name === 'pseudo_event') return []
    if (attr(action, 'operation') === 'notify') return []
    const attributes = action.children.find((item) => item.name === 'attributes')
    const timeoutMs = Number(attributes === undefined ? undefined : attr(attributes, 'CRM_meta_timeout'))
    return [
      {
        id: attr(action, 'id') ?? '',
        key: attr(action, 'operation_key') ?? attr(action, 'operation') ?? '',
        node: attr(action, 'on_node'),
        timeoutMs: timeoutMs > 0 ? timeoutMs : timeoutDefaultMs,
      },
    ]
  })
}

function momentOf(nowMs: number) {
  return { nowSeconds: Math.floor(nowMs / 1000), utcOffsetSeconds: utcOffsetSeconds(nowMs) }
}

/** Ids of what runs by a CIB, sorted: of primitives, and of clones and bundles as a whole. */
export function activeResources(cib: XmlElement, nowMs: number): ReadonlySet<string> {
  const { resources } = unpackStatus(cib, momentOf(nowMs))
  const found = resources.flatMap((item) => {
    const isWhole = item.clone !== undefined || item.bundle !== undefined
    const parts = isWhole ? [item] : leavesOf([item])
    return parts.filter((part) => leavesOf([part]).some((leaf) => leaf.runningOn.length > 0)).map((part) => part.id)
  })
  return new Set(found.sort())
}

/** Ids of what will run once the cluster has done what it has to by a CIB, as {@link activeResources}. */
export function activeInTheEnd(cib: XmlElement, nowMs: number): ReadonlySet<string> {
  const { output } = simulate(cib, {
    ...momentOf(nowMs),
    isLive: true,
    process: true,
    simulate: true,
    quiet: true,
    showsScores: false,
  })
  return activeResources(output, nowMs)
}
