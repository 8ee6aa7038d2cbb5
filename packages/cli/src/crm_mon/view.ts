import type { FencingRecord } from '@quorate/pacemaker/client'
import { type Cluster, type ClusterNode, outermost, printableId, type Resource } from '@quorate/scheduler'
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
  /** Whether it is a part of what another tool tells, which has no summary. */
  readonly isPart?: boolean
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
  /** Whether a resource, or anything in it, is meant. */
  readonly resource: (resource: Resource) => boolean
  /** Whether a resource itself is meant; left out where all are. */
  readonly itself: ((resource: Resource) => boolean) | undefined
  /** Whether a node is meant; left out where all are. */
  readonly nodeItself: ((node: ClusterNode) => boolean) | undefined
  /** Whether a resource or what it is in is meant by the names that displays have for them. */
  readonly shown: (resource: Resource) => boolean
  readonly resourceId: (id: string) => boolean
  /** Whether what happened to a resource is meant: it, or what it is in; of a clone or bundle all where anything in it is. */
  readonly story: (resource: Resource) => boolean
}

/** Reads the restrictions of a view: names, or tags that stand for names. */
export function wantedOf(cluster: Cluster, view: View): Wanted {
  const { onlyNode, onlyResource } = view
  const tagged = onlyNode === undefined ? undefined : cluster.tags.get(onlyNode)
  const isNode = ({ id, uname }: ClusterNode) =>
    // What is tagged are ids.
    tagged === undefined ? uname.toLowerCase() === onlyNode?.toLowerCase() : tagged.includes(id)
  const resources = onlyResource === undefined ? undefined : namesMeant(cluster, onlyResource)
  const itself = resources && ((of: Resource) => resources.has(of.id) || resources.has(printableId(of)))
  const holds = (of: Resource): boolean =>
    itself === undefined || itself(of) || of.children.some(holds) || partsOf(of).some(holds)
  return {
    node: (node) => onlyNode === undefined || isNode(node),
    resource: holds,
    itself,
    story: (of) =>
      itself === undefined || isWithin(of, itself) || (outermost(of).group === undefined && holds(outermost(of))),
    nodeItself: onlyNode === undefined ? undefined : isNode,
    shown: (of) =>
      resources === undefined ||
      resources.has(printableId(of)) ||
      (of.parent !== undefined && resources.has(printableId(of.parent))),
    resourceId: (id) => resources === undefined || resources.has(id) || resources.has(id.replace(/:\d+$/, '')),
  }
}

/** What a name that a view is restricted to stands for: a tag for all that has it, else a resource by any of its names. */
function namesMeant(cluster: Cluster, name: string): ReadonlySet<string> {
  const found = cluster.resourceById.get(name) ?? firstOf(cluster.resources, name)
  if (found !== undefined) return new Set([name, found.unique ? found.id : name])
  return new Set(cluster.tags.get(name) ?? [])
}

/** The first of the instances of a resource with an id, and of all that is in others. */
function firstOf(list: readonly Resource[], id: string): Resource | undefined {
  for (const item of list) {
    const found = item.xmlId === id ? item : firstOf([...item.children, ...partsOf(item)], id)
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether a resource or any that it is in passes a test. */
function isWithin(of: Resource, test: (item: Resource) => boolean): boolean {
  return test(of) || (of.parent !== undefined && isWithin(of.parent, test))
}

/** What a bundle is made of. */
function partsOf(of: Resource): readonly Resource[] {
  return (of.bundle?.replicas ?? []).flatMap(({ ip, instance, container, connection }) =>
    [ip, instance, container, connection].filter((part) => part !== undefined),
  )
}
