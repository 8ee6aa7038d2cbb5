import type { ClusterNode, Resource } from '../model/model.ts'
import type { NodeTable } from '../model/node-table.ts'
import { role } from '../model/role.ts'
import { addScoreEverywhere, anyAvailable, isAvailable, logScores } from '../model/scoring.ts'
import { currentNode } from '../model/tree.ts'
import { infinity } from '../score.ts'
import type { Assigner, AssignWork } from './assigner.ts'
import { hasInfluence } from './colocation.ts'
import { finalize } from './finalize.ts'
import { factorOf } from './merge.ts'
import { sortedNodes } from './node-choice.ts'
import { applyUtilization, logUse } from './utilization.ts'

/** Assigns a primitive to the best of its nodes. */
export function* assignPrimitive(
  assigner: Assigner,
  resource: Resource,
  prefer: ClusterNode | undefined,
): AssignWork<ClusterNode | undefined> {
  const { cluster } = assigner
  if (resource.parent !== undefined && !resource.parent.allocating) yield { resource: resource.parent, prefer }
  if (!resource.provisional) return resource.assigned
  if (resource.allocating) return undefined
  resource.allocating = true
  if (resource.thisWith.length > 0) yield* followPrimaries(assigner, resource)
  for (const colocation of resource.withThis) {
    if (!hasInfluence(colocation)) continue
    cluster.observer?.begin(colocation)
    resource.allowed = assigner.merge(
      colocation.dependent,
      resource.allowed,
      colocation.attribute,
      factorOf(colocation.score),
      { active: true },
    )
    cluster.observer?.note(cluster, resource, { kind: 'wish', colocation, source: colocation.dependent })
  }
  if (resource.nextRole === role.stopped) addScoreEverywhere(cluster, resource, -infinity)
  else if (resource.nextRole > resource.role && !cluster.quorate && cluster.settings.noQuorumPolicy === 'freeze') {
    resource.nextRole = resource.role
  }
  cluster.observer?.note(cluster, resource, { kind: 'stopped' })
  logScores(cluster, resource, 'primitive')
  if (cluster.settings.fencingEnabled && !cluster.fenceDeviceExists) resource.managed = false
  if (!resource.managed) {
    resource.nextRole = resource.role
    finalize(resource, currentNode(resource), true)
  } else if (cluster.settings.stopAllResources) finalize(resource, undefined, true)
  else if (resource.provisional) choose(assigner, resource, prefer)
  cluster.observer?.settled(resource)
  logUse(cluster, resource)
  resource.allocating = false
  if (resource.isConnection) settleRemoteNode(assigner, resource)
  return resource.assigned
}

function* followPrimaries(assigner: Assigner, resource: Resource): AssignWork<void> {
  const { cluster } = assigner
  for (const colocation of [...resource.thisWith]) {
    const careful = colocation.dependentRole >= role.promoted || (colocation.score < 0 && colocation.score > -infinity)
    const archive: NodeTable | undefined = careful ? resource.allowed.copy() : undefined
    yield { resource: colocation.primary, prefer: undefined }
    const rewind = cluster.observer?.mark(resource)
    assigner.applyColocation(resource, colocation.primary, colocation)
    cluster.observer?.note(cluster, resource, { kind: 'colocation', colocation })
    if (archive !== undefined && !anyAvailable(cluster.nodesByIndex, resource.allowed)) {
      resource.allowed = archive
      rewind?.()
      cluster.observer?.ignored(resource, colocation)
    }
  }
}

function choose(assigner: Assigner, resource: Resource, asked: ClusterNode | undefined): void {
  const { cluster } = assigner
  const roomiest = applyUtilization(cluster, resource)
  const wish = asked ?? roomiest
  const { allowed } = resource
  const active = currentNode(resource)
  const sorted = sortedNodes(cluster, allowed, active)
  const best = sorted[0]
  const bestScore = best === undefined ? -infinity : (allowed.get(best) ?? -infinity)
  if (wish !== undefined) {
    const score = allowed.get(wish)
    if (score !== undefined && score >= bestScore && isAvailable(wish, { score })) {
      finalize(resource, wish, false)
      return
    }
  }
  let chosen = best
  const instanceOfUnique = resource.parent?.unique === true && resource.parent.clone !== undefined
  if (best !== undefined && bestScore > 0 && isAvailable(best) && !instanceOfUnique) {
    if (active !== undefined && isAvailable(active, { score: active.entryScore })) {
      for (const node of sorted.slice(1)) {
        if (allowed.get(node) !== bestScore) break
        if (node === active) chosen = node
      }
    }
  }
  finalize(resource, chosen, false)
}

/** The assignment of a connection decides how its node stands. */
function settleRemoteNode(assigner: Assigner, resource: Resource): void {
  const node = assigner.cluster.nodeByName.get(resource.id.toLowerCase())
  if (node === undefined) return
  if (resource.assigned !== undefined && resource.nextRole !== role.stopped) {
    node.online = true
    if (node.unseen) node.unclean = false
  } else node.shutdown = true
}
