import * as z from 'zod'
import { node } from './node.ts'
import { resource } from './resource.ts'
import { id } from './scalar.ts'
import { type Snapshot, snapshot } from './snapshot.ts'

/** What changed of a list of things with ids. */
const listPatch = <T extends z.ZodType>(item: T) =>
  z.object({
    /** New ones and changed ones, whole. */
    set: z.array(item),
    /** All ids in their order; null where no id came, went or moved. */
    order: z.array(id).nullable(),
  })

/** The parts that travel whole where anything in them changed. */
const wholeParts = snapshot.omit({ rev: true, nodes: true, resources: true })

/** How one snapshot becomes the next. Of a tree of resources the whole tree travels. */
export const snapshotPatch = z.object({
  /** Only for a snapshot with this `rev`; for any other, ask for a whole one. */
  base: z.int(),
  rev: z.int(),
  nodes: listPatch(node).nullable(),
  resources: listPatch(resource).nullable(),
  whole: wholeParts.partial(),
})

export type SnapshotPatch = z.infer<typeof snapshotPatch>

type Listed = { readonly id: string }

function listChange<T extends Listed>(
  before: readonly T[],
  after: readonly T[],
): { set: T[]; order: string[] | null } | null {
  const known = new Map(before.map((item) => [item.id, JSON.stringify(item)]))
  const set = after.filter((item) => known.get(item.id) !== JSON.stringify(item))
  const isSameOrder = before.length === after.length && before.every((item, i) => item.id === after[i]?.id)
  if (set.length === 0 && isSameOrder) return null
  return { set, order: isSameOrder ? null : after.map((item) => item.id) }
}

/** The patch from one snapshot to another, which has a higher `rev`; undefined where nothing but `rev` and `at` differ. */
export function patchBetween(before: Snapshot, after: Snapshot): SnapshotPatch | undefined {
  const nodes = listChange(before.nodes, after.nodes)
  const resources = listChange(before.resources, after.resources)
  const names = Object.keys(wholeParts.shape) as (keyof typeof wholeParts.shape)[]
  const changed = names.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
  if (nodes === null && resources === null && changed.every((name) => name === 'at')) return undefined
  const whole = Object.fromEntries(changed.map((name) => [name, after[name]]))
  return { base: before.rev, rev: after.rev, nodes, resources, whole }
}

function listAfter<T extends Listed>(
  before: readonly T[],
  patch: { set: readonly T[]; order: readonly string[] | null },
): T[] {
  const items = new Map(before.map((item) => [item.id, item]))
  for (const item of patch.set) items.set(item.id, item)
  return (patch.order ?? before.map((item) => item.id)).flatMap((key) => items.get(key) ?? [])
}

/** The snapshot after a patch; undefined where the patch is for another one. Items that did not change stay the same objects. */
export function patched(before: Snapshot, patch: SnapshotPatch): Snapshot | undefined {
  if (before.rev !== patch.base) return undefined
  const whole = Object.fromEntries(Object.entries(patch.whole).filter(([, value]) => value !== undefined))
  return {
    ...before,
    ...whole,
    rev: patch.rev,
    nodes: patch.nodes === null ? before.nodes : listAfter(before.nodes, patch.nodes),
    resources: patch.resources === null ? before.resources : listAfter(before.resources, patch.resources),
  }
}
