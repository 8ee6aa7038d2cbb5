import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import type { Assigner, AssignWork } from './assigner.ts'
import { assignBundle } from './bundle.ts'
import { assignClone } from './clone.ts'
import { applyColocation } from './colocation.ts'
import { assignGroup } from './group.ts'
import { mergePreferences } from './merge.ts'
import { assignPrimitive } from './primitive.ts'
import { logCapacities, sortByPlacement } from './utilization.ts'

/** Decides where every resource goes, and in which role. */
export function assignResources(cluster: Cluster): void {
  const assigner: Assigner = {
    cluster,
    bundleAsks: new Map(),
    applyColocation: (dependent, primary, colocation) => applyColocation(assigner, dependent, primary, colocation),
    merge: (resource, table, attribute, factor, options) =>
      mergePreferences(cluster, resource, table, attribute, factor, options) ?? table,
  }
  logCapacities(cluster, 'Original')
  sortByPlacement(cluster)
  const isConnection = (resource: Resource): boolean => resource.variant === variant.primitive && resource.isConnection
  // Where every node that is connected to is configured as a cluster node, nothing assigns the connections.
  if (cluster.remoteNodesExist) {
    for (const resource of cluster.resources)
      if (isConnection(resource)) settle(assigner, resource, resource.partialTarget)
  }
  for (const resource of cluster.resources) if (!isConnection(resource)) settle(assigner, resource, undefined)
  logCapacities(cluster, 'Remaining')
}

/** Assigns a resource, and on the way what it asks for. */
function settle(assigner: Assigner, resource: Resource, prefer: ClusterNode | undefined): void {
  const stack: AssignWork<ClusterNode | undefined>[] = [assign(assigner, resource, prefer)]
  let answer: ClusterNode | undefined
  for (let work = stack[stack.length - 1]; work !== undefined; work = stack[stack.length - 1]) {
    const step = work.next(answer)
    if (step.done === true) {
      answer = step.value
      stack.pop()
    } else {
      answer = undefined
      stack.push(assign(assigner, step.value.resource, step.value.prefer))
    }
  }
}

function assign(
  assigner: Assigner,
  resource: Resource,
  prefer: ClusterNode | undefined,
): AssignWork<ClusterNode | undefined> {
  switch (resource.variant) {
    case variant.group:
      return assignGroup(assigner, resource, prefer)
    case variant.clone:
      return assignClone(assigner, resource, prefer)
    case variant.bundle:
      return assignBundle(assigner, resource, prefer)
    default:
      return assignPrimitive(assigner, resource, prefer)
  }
}
