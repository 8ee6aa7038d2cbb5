import type { ClusterNode, Resource } from '../model/model.ts'
import { logScores } from '../model/scoring.ts'
import type { Assigner, AssignWork } from './assigner.ts'
import { hasInfluence } from './colocation.ts'
import { distribute, sortInstances } from './instances.ts'
import { factorOf } from './merge.ts'
import { addPromotionScores, chooseRoles } from './promotion.ts'

/** Assigns the instances of a clone, and where it is promotable their roles. */
export function* assignClone(
  assigner: Assigner,
  clone: Resource,
  prefer: ClusterNode | undefined,
): AssignWork<undefined> {
  const traits = clone.clone
  if (!clone.provisional || clone.allocating || traits === undefined) return undefined
  if (clone.promotable) addPromotionScores(assigner.cluster, clone)
  clone.allocating = true
  for (const colocation of [...clone.thisWith]) yield { resource: colocation.primary, prefer }
  for (const colocation of clone.withThis) {
    if (!hasInfluence(colocation)) continue
    const options = { active: true, nonnegative: true }
    assigner.cluster.observer?.begin(colocation)
    clone.allowed = assigner.merge(
      colocation.dependent,
      clone.allowed,
      colocation.attribute,
      factorOf(colocation.score),
      options,
    )
    assigner.cluster.observer?.note(assigner.cluster, clone, { kind: 'wish', colocation, source: colocation.dependent })
  }
  logScores(assigner.cluster, clone, 'clone')
  const sorted = sortInstances(assigner, clone.children)
  clone.children.splice(0, clone.children.length, ...sorted)
  yield* distribute(assigner, clone, sorted, traits.max, traits.nodeMax)
  if (clone.promotable) chooseRoles(assigner, clone)
  clone.provisional = false
  clone.allocating = false
  return undefined
}
