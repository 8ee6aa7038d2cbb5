import { task } from '../action/key.ts'
import { setReason } from '../action/ledger.ts'
import { type Action, type Cluster, variant } from '../model/model.ts'
import { role } from '../model/role.ts'
import { currentRole } from '../model/tree.ts'
import { edgeFlag as f } from './flags.ts'
import { actionFlag as a, flagsOf } from './summary.ts'

/** Which side of an order a step has changed. Bits. */
export const changed = { nothing: 0, firstSide: 1, thenSide: 2 } as const

type Flag = 'optional' | 'runnable' | 'migratable'

/** Takes a flag from an action, and notes the other one as the reason where it belongs to another resource. */
export function clearBecause(of: Action, flag: Flag, why: Action): void {
  if (!of[flag]) return
  of[flag] = false
  if (of.resource === why.resource) return
  const word = flag === 'optional' ? 'required' : 'unrunnable'
  const owner = why.resource === undefined ? '' : `${why.resource.id} `
  setReason(of, `${word} ${owner}${why.task}`, flag === 'migratable')
}

/**
 * One implication of an order between two actions of single resources.
 *
 * @param flags what the other side comes to
 * @param filter which of them the implication looks at
 * @param type the implication, one of the edge flags
 * @returns which sides changed
 */
function updatePrimitive(first: Action, then: Action, flags: number, filter: number, type: number): number {
  const firstBefore = flagsOf(first)
  const thenBefore = flagsOf(then)
  switch (type) {
    case f.asymmetric:
      asymmetric(first, then)
      break
    case f.impliesFirst:
      impliesFirst(first, then, flags, filter)
      break
    case f.promotedImpliesFirst:
      promotedImpliesFirst(first, then, filter)
      break
    case f.impliesFirstMigratable:
      impliesFirstMigratable(first, then, filter)
      break
    case f.pseudoLeft:
      if ((filter & a.optional) !== 0 && !first.runnable) {
        clearBecause(then, 'migratable', first)
        then.pseudo = false
      }
      break
    case f.runnableLeft:
      if ((filter & a.runnable) !== 0 && then.runnable && (flags & a.runnable) === 0) {
        clearBecause(then, 'runnable', first)
        clearBecause(then, 'migratable', first)
      }
      break
    case f.impliesThen:
      if ((filter & a.optional) !== 0 && then.optional && (flags & a.optional) === 0 && !first.migratable) {
        clearBecause(then, 'optional', first)
      }
      break
    case f.restart:
      restart(first, then, filter)
      break
    default:
      return changed.nothing
  }
  return (
    (flagsOf(first) === firstBefore ? 0 : changed.firstSide) | (flagsOf(then) === thenBefore ? 0 : changed.thenSide)
  )
}

/**
 * The same for actions that may be part of a collective, which a change of the later action then changes at once: to be
 * followed with {@link followChange} where {@link isFollowed} says so.
 */
export function updateAlone(
  cluster: Cluster,
  first: Action,
  then: Action,
  flags: number,
  filter: number,
  type: number,
): number {
  const change = updatePrimitive(first, then, flags, filter, type)
  if (change !== changed.nothing) cluster.flagChanges += 1
  return change
}

/** Whether a change has to be followed before anything else. */
export function isFollowed(then: Action, change: number): boolean {
  return (change & changed.thenSide) !== 0 && then.resource?.parent !== undefined
}

/**
 * Follows a change. Yields actions that have to be followed before it goes on.
 *
 * @param before flags of the first action before the change
 */
export function* followChange(
  first: Action,
  then: Action,
  before: number,
  change: number,
): Generator<Action, number, void> {
  yield then
  // Following the change may have come back to the first action.
  return flagsOf(first) === before ? change & ~changed.firstSide : change | changed.firstSide
}

/** {@link updateAlone}, followed where it has to be. */
export function* updateSingle(
  cluster: Cluster,
  first: Action,
  then: Action,
  flags: number,
  filter: number,
  type: number,
): Generator<Action, number, void> {
  const before = flagsOf(first)
  const change = updateAlone(cluster, first, then, flags, filter, type)
  return isFollowed(then, change) ? yield* followChange(first, then, before, change) : change
}

function asymmetric(first: Action, then: Action): void {
  const { resource } = then
  if (resource === undefined) return
  const state = currentRole(resource)
  if (state === role.stopped && then.task === task.stop) return
  if (
    state >= role.started &&
    then.optional &&
    then.task === task.start &&
    resource.runningOn.length === 1 &&
    resource.runningOn[0] === then.node
  ) {
    return
  }
  if (first.runnable) return
  clearBecause(then, 'optional', first)
  clearBecause(then, 'runnable', first)
}

function impliesFirst(first: Action, then: Action, flags: number, filter: number): void {
  if (then.optional) return
  if ((filter & a.optional) !== 0 && (flags & a.optional) === 0) clearBecause(first, 'optional', then)
  if ((flags & a.migratable) !== 0 && !then.migratable) clearBecause(first, 'migratable', then)
}

function promotedImpliesFirst(first: Action, then: Action, filter: number): void {
  if ((filter & a.optional) === 0 || then.optional || then.resource?.role !== role.promoted) return
  clearBecause(first, 'optional', then)
  if (first.migratable && !then.migratable) clearBecause(first, 'migratable', then)
}

function impliesFirstMigratable(first: Action, then: Action, filter: number): void {
  if ((filter & a.optional) === 0) return
  if (!then.migratable || !then.runnable) clearBecause(first, 'runnable', then)
  if (!then.optional) clearBecause(first, 'optional', then)
}

function restart(first: Action, then: Action, filter: number): void {
  if (first.resource?.variant !== variant.primitive || then.resource?.variant !== variant.primitive) return
  const byRequired = (filter & a.optional) !== 0 && !then.optional
  const byStuck =
    (filter & a.runnable) !== 0 && !then.runnable && then.resource.managed && first.resource === then.resource
  if (!byRequired && !byStuck) return
  if (first.runnable) clearBecause(first, 'optional', then)
  if (!then.optional) clearBecause(first, 'optional', then)
  if (!then.migratable) clearBecause(first, 'migratable', then)
  if (!first.optional && !first.runnable) clearBecause(then, 'runnable', first)
}
