import * as z from 'zod'
import { operation } from './operation.ts'
import { snapshotPatch } from './patch.ts'
import { snapshot, stale } from './snapshot.ts'

/** The login has ended. The stream ends. */
export const goodbye = z.object({ reason: z.string() })

/**
 * Events of `GET /api/cluster/events`, by the name in their `event:` line; `data:` is JSON on one line.
 *
 * The first one is a `snapshot`, or after `Last-Event-ID` the patches that were missed. `id:` is `server.rev` of the
 * snapshot (see there) after the event. `operation` has no id: it is sent whole at each change, and with a `snapshot`
 * those that are under way follow.
 */
export const clusterEvents = {
  snapshot,
  patch: snapshotPatch,
  /** Contact was lost; the next `snapshot` says that it is back. */
  stale,
  operation,
  goodbye,
} as const

export type ClusterEventName = keyof typeof clusterEvents
export type ClusterEvent = {
  [N in ClusterEventName]: { readonly name: N; readonly data: z.infer<(typeof clusterEvents)[N]> }
}[ClusterEventName]
