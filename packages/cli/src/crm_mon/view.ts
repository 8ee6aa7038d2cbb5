import type { FencingRecord } from '@quorate/pacemaker/client'
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

/** What the fencer remembers, in the order shown; or the exit code of why it is not known. */
export type FencingHistory = { readonly records: readonly FencingRecord[] } | { readonly code: number }

/** What is known of the cluster at one moment. */
export type Snapshot = {
  readonly cluster: Cluster
  /** What pacemakerd says of itself; undefined for a file. */
  readonly pacemakerd: { readonly state: string; readonly lastUpdated: number } | undefined
  readonly nowSeconds: number
  /** What the fencer remembers; undefined for a file, and where it was not asked. */
  readonly fencing?: FencingHistory | undefined
}

/** Nodes and resources that a view is restricted to. */
export type Wanted = {
  readonly node: (node: ClusterNode) => boolean
  readonly resource: (resource: Resource) => boolean
  readonly resourceId: (id: string) => boolean
}

/** Reads the restrictions of a view: names, or tags that stand for names. */
export function wantedOf(cluster: Cluster, view: View): Wanted {
  const { onlyNode, onlyResource } = view
  const tagged = onlyNode === undefined ? undefined : cluster.tags.get(onlyNode)
  const isNode = ({ id, uname }: ClusterNode) =>
    // What is tagged are ids.
    tagged === undefined ? uname.toLowerCase() === onlyNode?.toLowerCase() : tagged.includes(id)
  const resources = onlyResource === undefined ? undefined : new Set(cluster.tags.get(onlyResource) ?? [onlyResource])
  const holds = (of: Resource): boolean =>
    resources === undefined || resources.has(of.id) || resources.has(of.xmlId) || of.children.some(holds)
  return {
    node: (node) => onlyNode === undefined || isNode(node),
    resource: holds,
    resourceId: (id) => resources === undefined || resources.has(id) || resources.has(id.replace(/:\d+$/, '')),
  }
}
