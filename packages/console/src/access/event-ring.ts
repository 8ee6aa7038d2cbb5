import { limits } from '../api/limits.ts'
import type { SnapshotPatch } from '../api/patch.ts'

/** The patches that led to the present snapshot, oldest first; at most `limits.resumableEventsMax`. */
export type EventRing = readonly SnapshotPatch[]

/** The ring with one more patch; one that does not follow the last begins it anew. */
export function remembered(ring: EventRing, patch: SnapshotPatch): EventRing {
  const kept = ring.at(-1)?.rev === patch.base ? ring : []
  return [...kept, patch].slice(-limits.resumableEventsMax)
}

/** The patches that lead from a revision to the present one; undefined where they are not all remembered. */
export function since(ring: EventRing, rev: number, present: number): readonly SnapshotPatch[] | undefined {
  if (rev === present) return []
  const at = ring.findIndex(({ base }) => base === rev)
  return at === -1 || ring.at(-1)?.rev !== present ? undefined : ring.slice(at)
}
