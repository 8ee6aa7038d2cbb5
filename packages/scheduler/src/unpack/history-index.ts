import { child, idOf, type XmlElement } from '@quorate/xml'
import type { Cluster, ClusterNode } from '../model/model.ts'
import { type HistoryEntry, historyEntry } from './history-entry.ts'
import { findNodeOf } from './nodes.ts'

/** The raw history of each node, by resource: what the status section says, not what was made of it. */
export type HistoryIndex = {
  readonly states: readonly XmlElement[]
  /** In document order. */
  readonly byState: ReadonlyMap<XmlElement, readonly LrmResource[]>
  /** In document order, of entries with the same id all. */
  readonly byNode: ReadonlyMap<ClusterNode, readonly LrmResource[]>
  /** The first of each id. */
  readonly firstById: ReadonlyMap<ClusterNode, ReadonlyMap<string, LrmResource>>
}

/** History of one resource on one node. */
export type LrmResource = {
  readonly xml: XmlElement
  readonly id: string
  readonly entries: readonly HistoryEntry[]
  /** Whether it is the first of its id on its node: what is noted about the entries of others is forgotten. */
  isFirst: boolean
}

type GrowingIndex = Omit<HistoryIndex, 'byNode' | 'firstById'> & {
  readonly byNode: Map<ClusterNode, LrmResource[]>
  readonly firstById: Map<ClusterNode, Map<string, LrmResource>>
  /** States of nodes that are not known, or not yet. */
  homeless: readonly XmlElement[]
}

const indexes = new WeakMap<Cluster, GrowingIndex>()

/** The history of a cluster's CIB; made on first use. */
export function historyOf(cluster: Cluster): HistoryIndex {
  const known = indexes.get(cluster)
  if (known !== undefined) return known
  const status = child(cluster.cib, 'status')
  const states = (status?.children ?? []).filter((item) => item.name === 'node_state')
  const byState = new Map<XmlElement, readonly LrmResource[]>()
  for (const state of states) {
    const histories = lrmResources(state).map((xml) => ({
      xml,
      id: idOf(xml),
      entries: entriesOf(xml),
      isFirst: false,
    }))
    byState.set(state, histories)
  }
  const made: GrowingIndex = { states, byState, byNode: new Map(), firstById: new Map(), homeless: states }
  indexes.set(cluster, made)
  findHomes(cluster, made)
  return made
}

/** Takes in the histories of nodes that became known since: those of connections that only a history tells of. */
export function indexNewNodes(cluster: Cluster): void {
  const index = indexes.get(cluster)
  if (index !== undefined) findHomes(cluster, index)
}

function findHomes(cluster: Cluster, index: GrowingIndex): void {
  const { byState, byNode, firstById, homeless } = index
  index.homeless = homeless.filter((state) => {
    const node = findNodeOf(cluster, state)
    if (node === undefined) return true
    const list = byNode.get(node) ?? []
    const first = firstById.get(node) ?? new Map<string, LrmResource>()
    byNode.set(node, list)
    firstById.set(node, first)
    for (const history of byState.get(state) ?? []) {
      list.push(history)
      if (first.has(history.id)) continue
      first.set(history.id, history)
      history.isFirst = true
    }
    return false
  })
}

/** History of a resource on a node. */
export function historyOn(cluster: Cluster, node: ClusterNode | undefined, id: string): LrmResource | undefined {
  return node === undefined ? undefined : historyOf(cluster).firstById.get(node)?.get(id)
}

function lrmResources(state: XmlElement): readonly XmlElement[] {
  const lrm = child(state, 'lrm')
  const list = lrm === undefined ? undefined : child(lrm, 'lrm_resources')
  return (list?.children ?? []).filter((item) => item.name === 'lrm_resource')
}

function entriesOf(resource: XmlElement): HistoryEntry[] {
  return resource.children.filter((item) => item.name === 'lrm_rsc_op').map(historyEntry)
}
