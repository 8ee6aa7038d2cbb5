import { attr, child, ElementPattern, hasChildren, idOf, type XmlElement } from '@quorate/xml'
import type { Cluster, ClusterNode } from '../model/model.ts'
import { type HistoryEntry, historyEntry } from './history-entry.ts'
import { findNodeOf } from './nodes.ts'
import { sectionOf } from './section.ts'

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

/** A probe that found what it was sent to find: nothing. Nine of ten histories are one of these and no more. */
const quietProbe = new ElementPattern('lrm_rsc_op', {
  id: '[^"]*(?<!_last_failure_0)',
  operation: 'monitor',
  interval: '0',
  'rc-code': '7',
  'op-status': '0',
  'transition-key': '[^":]*:[^":]*:7:[^"]*',
})

/** History of one resource on one node. */
export class LrmResource {
  readonly xml: XmlElement
  readonly id: string
  /** Whether it is the first of its id on its node: what is noted about the entries of others is forgotten. */
  isFirst = false
  #entries: readonly HistoryEntry[] | undefined

  constructor(xml: XmlElement) {
    this.xml = xml
    this.id = idOf(xml)
  }

  /** In document order; read at first use. */
  get entries(): readonly HistoryEntry[] {
    this.#entries ??= this.xml.children.filter((item) => item.name === 'lrm_rsc_op').map(historyEntry)
    return this.#entries
  }

  /** Whether nothing at all is recorded. */
  get isEmpty(): boolean {
    return !hasChildren(this.xml)
  }

  /** Whether all that is recorded is a probe that found the resource not running, as was expected of it. */
  get isQuiet(): boolean {
    return quietProbe.fitsOnlyChildOf(this.xml)
  }
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
  const status = sectionOf(cluster.cib, 'status')
  const states = (status?.children ?? []).filter((item) => item.name === 'node_state')
  const byState = new Map<XmlElement, readonly LrmResource[]>()
  for (const state of states) {
    const histories = lrmResources(state).map((xml) => new LrmResource(xml))
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
    const histories = byState.get(state) ?? []
    for (let i = 0; i < histories.length; i += 1) {
      const history = histories[i] as LrmResource
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

const soleLists = new WeakMap<Cluster, ReadonlyMap<string, readonly LrmResource[]>>()

/**
 * What is recorded under a node's name, in document order. Where several states of that name have a list the C program
 * finds none.
 */
export function soleListNamed(cluster: Cluster, uname: string): readonly LrmResource[] {
  let lists = soleLists.get(cluster)
  if (lists === undefined) {
    const found = new Map<string, readonly LrmResource[]>()
    for (const [state, histories] of historyOf(cluster).byState) {
      const name = attr(state, 'uname')
      if (name !== undefined && lrmList(state) !== undefined) found.set(name, found.has(name) ? [] : histories)
    }
    lists = found
    soleLists.set(cluster, lists)
  }
  return lists.get(uname) ?? []
}

const byUname = new WeakMap<Cluster, ReadonlyMap<string, ReadonlyMap<string, readonly LrmResource[]>>>()

/**
 * All that the status section records of a resource under a node's name, whether that node is known or not, in document
 * order.
 */
export function historiesNamed(cluster: Cluster, uname: string, id: string): readonly LrmResource[] {
  let named = byUname.get(cluster)
  if (named === undefined) {
    named = indexByUname(historyOf(cluster))
    byUname.set(cluster, named)
  }
  return named.get(uname)?.get(id) ?? []
}

function indexByUname({ byState }: HistoryIndex): ReadonlyMap<string, ReadonlyMap<string, readonly LrmResource[]>> {
  const named = new Map<string, Map<string, LrmResource[]>>()
  for (const [state, histories] of byState) {
    const uname = attr(state, 'uname')
    if (uname === undefined) continue
    const byId = named.get(uname) ?? new Map<string, LrmResource[]>()
    named.set(uname, byId)
    for (const history of histories) {
      const list = byId.get(history.id)
      if (list === undefined) byId.set(history.id, [history])
      else list.push(history)
    }
  }
  return named
}

function lrmResources(state: XmlElement): readonly XmlElement[] {
  return (lrmList(state)?.children ?? []).filter((item) => item.name === 'lrm_resource')
}

function lrmList(state: XmlElement): XmlElement | undefined {
  const lrm = child(state, 'lrm')
  return lrm === undefined ? undefined : child(lrm, 'lrm_resources')
}
