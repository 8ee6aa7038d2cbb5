import { addColocation } from '../constraint/colocation.ts'
import type { Cluster, ClusterNode, Replica, Resource } from '../model/model.ts'
import { logScores, nodesOf } from '../model/scoring.ts'
import { forEachBelow, isRemote } from '../model/tree.ts'
import { infinity } from '../score.ts'
import { overThreshold } from '../unpack/fail-count.ts'
import type { Assigner, AssignWork } from './assigner.ts'
import { distribute, sortInstances } from './instances.ts'

/** How often a bundle is asked for from its inside though nothing was settled since the last time. */
const idleAsksMax = 100

/**
 * Assigns the containers of a bundle and what belongs to them.
 *
 * What is inside may ask for the bundle that it is in (a colocation with it). Then the bundle is assigned anew, as the C scheduler
 * does; where that settles nothing, only {@link idleAsksMax} times, or it would be asked for without end.
 */
export function* assignBundle(
  assigner: Assigner,
  bundle: Resource,
  prefer: ClusterNode | undefined,
): AssignWork<undefined> {
  const traits = bundle.bundle
  if (traits === undefined) return undefined
  const { cluster } = assigner
  if (bundle.allocating && !mayAskAgain(assigner, bundle)) return undefined
  bundle.allocating = true
  logScores(cluster, bundle, 'bundle')
  const containers = traits.replicas.flatMap((replica) => (replica.container === undefined ? [] : [replica.container]))
  yield* distribute(
    assigner,
    bundle,
    sortInstances(assigner, containers),
    traits.replicas.length,
    traits.replicasPerHost,
  )
  for (const replica of traits.replicas) yield* assignReplica(assigner, replica, prefer)
  const { inner } = traits
  if (inner !== undefined) {
    // By index: of nodes of one id, the one that the table has is meant.
    const guests = new Set(traits.replicas.map((replica) => replica.node?.index))
    for (const node of nodesOf(cluster, inner.allowed)) inner.allowed.set(node, guests.has(node.index) ? 0 : -infinity)
    cluster.observer?.note(cluster, inner, { kind: 'container' })
    yield { resource: inner, prefer }
  }
  bundle.allocating = false
  bundle.provisional = false
  return undefined
}

function mayAskAgain({ cluster, bundleAsks }: Assigner, bundle: Resource): boolean {
  const settled = settledCount(cluster)
  const last = bundleAsks.get(bundle)
  const idle = last?.settled === settled ? last.idle + 1 : 0
  bundleAsks.set(bundle, { settled, idle })
  return idle <= idleAsksMax
}

/** How many resources have their node, or have been refused one. */
function settledCount(cluster: Cluster): number {
  let count = 0
  for (const resource of cluster.resources) {
    forEachBelow(resource, (item) => {
      if (!item.provisional) count += 1
    })
  }
  return count
}

function* assignReplica(assigner: Assigner, replica: Replica, prefer: ClusterNode | undefined): AssignWork<void> {
  const { cluster } = assigner
  const { container, ip, connection, instance } = replica
  if (ip !== undefined) yield { resource: ip, prefer }
  if (connection !== undefined) {
    const host = container?.assigned
    if (host !== undefined && isRemote(host) && host.connection !== undefined) {
      addColocation(cluster, {
        id: 'bundle-host',
        score: infinity,
        dependent: connection,
        primary: host.connection,
        influence: true,
      })
    }
    yield { resource: connection, prefer }
  }
  if (instance === undefined) return
  const parent = instance.parent
  for (const node of nodesOf(cluster, instance.allowed)) {
    if (node.index !== replica.node?.index) instance.allowed.set(node, -infinity)
    else if (overThreshold(cluster, instance, node) === undefined) instance.allowed.set(node, infinity)
  }
  cluster.observer?.note(cluster, instance, { kind: 'container' })
  if (parent !== undefined) parent.allocating = true
  yield { resource: instance, prefer: replica.node }
  if (parent !== undefined) parent.allocating = false
}
