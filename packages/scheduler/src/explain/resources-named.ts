import type { Cluster, Resource } from '../model/model.ts'
import { findResource, forEachBelow } from '../model/tree.ts'

/**
 * Everything that is meant by an id: the resource or instance of that id; all instances of what is configured under it
 * inside of a clone or a bundle; or what its history calls so.
 */
export function resourcesNamed(cluster: Cluster, id: string): readonly Resource[] {
  const exact = cluster.resourceById.get(id)
  if (exact !== undefined) return [exact]
  const found: Resource[] = []
  const collect = (list: readonly Resource[]): void => {
    for (const item of list) {
      if (item.xmlId === id) found.push(item)
      else collect(item.children)
    }
  }
  collect(cluster.resources)
  if (found.length > 0) return found
  const known = findResource(cluster, id)
  return known === undefined ? [] : [known]
}

/** Names of all resources, as they are configured. */
export function resourceNames({ resources }: Cluster): ReadonlySet<string> {
  const names = new Set<string>()
  for (const resource of resources) forEachBelow(resource, ({ xmlId }) => names.add(xmlId))
  return names
}

/** Names of all nodes. */
export function nodeNames({ nodes }: Cluster): readonly string[] {
  return nodes.map(({ uname }) => uname)
}
