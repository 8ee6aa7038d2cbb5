import type { Cluster, ClusterNode, Resource } from '../model/model.ts'

/** Why of nodes with the same score one comes first. */
export function tieBreak({ settings }: Cluster, leaf: Resource, assigned: ClusterNode): string {
  if (leaf.runningOn.includes(assigned)) return `it runs on ${assigned.uname} already`
  const { placement } = settings
  const order = placement === 'minimal' ? 'order of nodes' : 'number of resources and order of nodes'
  return `${assigned.uname} came first by ${placement === 'balanced' ? `free capacity, ${order}` : order}`
}
