import type { Cluster, ClusterNode, Resource } from '@quorate/scheduler'
import type { Shown } from './sections.ts'

/** How the status is shown. */
export type View = {
  readonly shown: Shown
  readonly byNode: boolean
  readonly showsInactive: boolean
  readonly showsDetail: boolean
  readonly isBrief: boolean
  readonly showsTiming: boolean
  readonly onlyNode: string | undefined
  readonly onlyResource: string | undefined
  /** Shows resources as they are, not as what is under way makes them. */
  readonly hidesPending?: boolean
}

/** What is known of the cluster at one moment. */
export type Snapshot = {
  readonly cluster: Cluster
  /** What pacemakerd says of itself; undefined for a file. */
  readonly pacemakerd: { readonly state: string; readonly lastUpdated: number } | undefined
  readonly nowSeconds: number
}

/** Nodes and resources that a view is restricted to. */
export type Wanted = {
  readonly node: (node: ClusterNode) => boolean
  readonly resource: (resource: Resource) => boolean
  readonly resourceId: (id: string) => boolean
}

/** Reads the restrictions of a view: names, or tags that stand for names. */
export function wantedOf(cluster: Cluster, view: View): Wanted {
  const names = (only: string | undefined) =>
    only === undefined ? undefined : new Set(cluster.tags.get(only) ?? [only])
  const nodes = names(view.onlyNode)
  const resources = names(view.onlyResource)
  const holds = (of: Resource): boolean =>
    resources === undefined || resources.has(of.id) || resources.has(of.xmlId) || of.children.some(holds)
  return {
    node: (node) => nodes === undefined || nodes.has(node.uname),
    resource: holds,
    resourceId: (id) => resources === undefined || resources.has(id) || resources.has(id.replace(/:\d+$/, '')),
  }
}
