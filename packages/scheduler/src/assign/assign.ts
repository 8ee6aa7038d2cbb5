import { type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import type { Assigner } from './assigner.ts'
import { assignBundle } from './bundle.ts'
import { assignClone } from './clone.ts'
import { applyColocation } from './colocation.ts'
import { assignGroup } from './group.ts'
import { mergePreferences } from './merge.ts'
import { assignPrimitive } from './primitive.ts'
import { sortByPlacement } from './utilization.ts'

/** Decides where every resource goes, and in which role. */
export function assignResources(cluster: Cluster): void {
  const assigner: Assigner = {
    cluster,
    assign: (resource, prefer) => assign(assigner, resource, prefer),
    applyColocation: (dependent, primary, colocation) => applyColocation(assigner, dependent, primary, colocation),
    merge: (resource, table, attribute, factor, options) =>
      mergePreferences(cluster, resource, table, attribute, factor, options) ?? table,
  }
  sortByPlacement(cluster)
  const connections = cluster.remoteNodesExist
    ? cluster.resources.filter((resource) => resource.variant === variant.primitive && resource.isConnection)
    : []
  for (const resource of connections) assigner.assign(resource, resource.partialTarget)
  const done = new Set(connections)
  for (const resource of cluster.resources) if (!done.has(resource)) assigner.assign(resource, undefined)
}

function assign(assigner: Assigner, resource: Resource, prefer: ClusterNode | undefined): ClusterNode | undefined {
  switch (resource.variant) {
    case variant.group:
      return assignGroup(assigner, resource, prefer)
    case variant.clone:
      assignClone(assigner, resource, prefer)
      return undefined
    case variant.bundle:
      assignBundle(assigner, resource, prefer)
      return undefined
    default:
      return assignPrimitive(assigner, resource, prefer)
  }
}
