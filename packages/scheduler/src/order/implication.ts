import { task } from '../action/key.ts'
import { type Action, type Cluster, type Edge, type Resource, variant } from '../model/model.ts'
import { edgeFlag as f } from './flags.ts'
import { changed, clearBecause, updateAlone } from './primitive-update.ts'
import { actionFlag as a } from './summary.ts'

/** What an order can imply: its bit, the flags that it is about, and which of those of the other side it looks at. */
export type Implication = { readonly type: number; readonly filter: number; readonly mask: number }

/** Implications in the order in which they are drawn, with what each looks at. */
export const implications: readonly Implication[] = [
  { type: f.impliesThen, filter: a.optional, mask: a.optional },
  { type: f.restart, filter: a.optional | a.runnable, mask: -1 },
  { type: f.impliesFirst, filter: a.optional, mask: -1 },
  { type: f.promotedImpliesFirst, filter: a.optional, mask: a.optional },
  { type: f.oneOrMore, filter: a.runnable, mask: -1 },
  { type: f.probe, filter: a.runnable, mask: -1 },
  { type: f.runnableLeft, filter: a.runnable, mask: -1 },
  { type: f.impliesFirstMigratable, filter: a.optional, mask: -1 },
  { type: f.pseudoLeft, filter: a.optional, mask: -1 },
  { type: f.optional, filter: a.runnable, mask: -1 },
  { type: f.asymmetric, filter: a.runnable, mask: -1 },
]

/** The resource that an implication bears on. */
export function bearer({ first, then }: Edge, type: number): Resource | undefined {
  return type === f.impliesFirst ? first.resource : then.resource
}

export function bearsOnCollective(edge: Edge, type: number): boolean {
  const resource = bearer(edge, type)
  return resource !== undefined && resource.variant !== variant.primitive
}

/** An order after a probe that cannot be done is void where its resource is active: true where it is void from now on. */
export function settlesProbe(edge: Edge, type: number, firstFlags: number): boolean {
  const { resource } = edge.first
  const isVoid =
    type === f.probe && (firstFlags & a.runnable) === 0 && resource !== undefined && resource.runningOn.length > 0
  if (isVoid) edge.flags = f.none
  return isVoid
}

/** What an implication changes that bears on no collective. */
export function implyAlone(
  cluster: Cluster,
  edge: Edge,
  { type, filter, mask }: Implication,
  firstFlags: number,
): number {
  if (settlesProbe(edge, type, firstFlags)) return changed.nothing
  const { first, then } = edge
  if (bearer(edge, type) === undefined) {
    const own = withoutResource(first, then, firstFlags, type)
    if (own !== changed.nothing) cluster.flagChanges += 1
    return own
  }
  const effective = type === f.probe ? f.runnableLeft : type
  return updateAlone(cluster, first, then, firstFlags & mask, filter, effective)
}

/** What follows from an order after all its implications. */
export function conclude(cluster: Cluster, edge: Edge, firstFlags: number, thenFlags: number, change: number): number {
  const { first, then } = edge
  if ((edge.flags & f.impliesThenPrinted) !== 0 && first.runnable && (firstFlags & a.optional) === 0) {
    then.printAlways = true
  }
  if ((edge.flags & f.impliesFirstPrinted) !== 0 && (thenFlags & a.optional) === 0) first.printAlways = true
  const binding = f.impliesThen | f.impliesFirst | f.restart
  const isStuck =
    (edge.flags & binding) !== 0 &&
    first.resource !== undefined &&
    !first.resource.managed &&
    first.resource.blocked &&
    !first.runnable &&
    first.task === task.stop &&
    then.runnable
  if (!isStuck) return change
  then.runnable = false
  cluster.flagChanges += 1
  return change | changed.thenSide
}

/** What an order implies for an action of no resource. */
function withoutResource(first: Action, then: Action, ff: number, type: number): number {
  const required = (ff & a.optional) === 0
  const runnable = (ff & a.runnable) !== 0
  switch (type) {
    case f.impliesThen:
      if (!required || !then.optional) return changed.nothing
      clearBecause(then, 'optional', first)
      return changed.thenSide
    case f.impliesFirst:
      if (!required || !first.runnable) return changed.nothing
      clearBecause(first, 'runnable', then)
      return changed.firstSide
    case f.oneOrMore:
      if (!runnable) return changed.nothing
      then.runnableBefore += 1
      if (then.runnableBefore < then.requiredRunnableBefore || then.runnable) return changed.nothing
      then.runnable = true
      return changed.thenSide
    case f.probe:
    case f.runnableLeft:
      if (runnable || !then.runnable) return changed.nothing
      clearBecause(then, 'runnable', first)
      return changed.thenSide
    default:
      return changed.nothing
  }
}
