import {
  type Cluster,
  type ClusterNode,
  compareEntries,
  exitWords,
  failCountOf,
  findResource,
  historyEntry,
  mergeSort,
  nodeText,
  printableId,
  type Resource,
  type StatusItem,
} from '@quorate/scheduler'
import { attr, child, childrenNamed, type XmlElement } from '@quorate/xml'
import { localTime } from './local-time.ts'
import type { View, Wanted } from './view.ts'

/** A resource's history on a node: the entries that displays show, in the order they were run. */
export type ResourceHistory = {
  readonly id: string
  /** Id under which the node has it. */
  readonly recordedId: string
  readonly resource: Resource | undefined
  readonly failCount: number
  readonly lastFailure: number | undefined
  readonly operations: readonly XmlElement[]
}

/** Nodes with a history and what happened on each, in the order of the status section; nodes that are offline have none. */
export function historiesOf(
  cluster: Cluster,
  wanted: Wanted,
): readonly { readonly node: ClusterNode; readonly resources: readonly ResourceHistory[] }[] {
  const status = child(cluster.cib, 'status')
  const out: { node: ClusterNode; resources: ResourceHistory[] }[] = []
  for (const state of status === undefined ? [] : childrenNamed(status, 'node_state')) {
    const node = nodeOf(cluster, state)
    if (node === undefined || !node.online || !wanted.node(node)) continue
    const lrm = child(state, 'lrm')
    const list = lrm && child(lrm, 'lrm_resources')
    const resources = list === undefined ? [] : childrenNamed(list, 'lrm_resource')
    out.push({ node, resources: resources.flatMap((item) => historyOf(cluster, node, item, wanted)) })
  }
  return out
}

function nodeOf(cluster: Cluster, state: XmlElement): ClusterNode | undefined {
  const [id, uname] = [attr(state, 'id') ?? '', attr(state, 'uname') ?? '']
  return cluster.nodes.find((node) => node.uname === uname || node.id === id)
}

function historyOf(cluster: Cluster, node: ClusterNode, item: XmlElement, wanted: Wanted): readonly ResourceHistory[] {
  const id = attr(item, 'id') ?? ''
  const resource = findResource(cluster, id)
  if (resource === undefined ? !wanted.resourceId(id) : !wanted.story(resource)) return []
  const fails = resource === undefined ? undefined : failCountOf(cluster, resource, node)
  return [
    {
      id: resource === undefined ? id : printableId(resource),
      recordedId: id,
      resource,
      failCount: fails?.count ?? 0,
      lastFailure: fails?.lastFailureSeconds,
      operations: operationsOf(item),
    },
  ]
}

/** Entries by their call numbers, without probes that found nothing running and notifications. */
function operationsOf(item: XmlElement): readonly XmlElement[] {
  const entries = childrenNamed(item, 'lrm_rsc_op')
    .filter((entry) => !isQuietProbe(entry) && attr(entry, 'operation') !== 'notify')
    .map(historyEntry)
  return mergeSort(entries, (a, b) => compareEntries(a, b, true)).map((entry) => entry.xml)
}

function isQuietProbe(entry: XmlElement): boolean {
  const interval = attr(entry, 'interval') ?? '0'
  return attr(entry, 'operation') === 'monitor' && interval === '0' && attr(entry, 'rc-code') === '7'
}

/** Lines of the histories. @param withOperations false: only what has failed */
export function historyItems(
  cluster: Cluster,
  view: View,
  wanted: Wanted,
  withOperations: boolean,
): readonly StatusItem[] {
  const out: StatusItem[] = []
  for (const { node, resources } of historiesOf(cluster, wanted)) {
    const items = resources.flatMap((history) => historyItem(history, view, withOperations))
    if (items.length > 0) out.push({ text: `Node: ${nodeText(node, view)}`, items })
  }
  return out
}

function historyItem(history: ResourceHistory, view: View, withOperations: boolean): readonly StatusItem[] {
  const { failCount, lastFailure, operations, resource } = history
  if (withOperations ? operations.length === 0 : failCount === 0) return []
  let text = `${withOperations ? history.id : history.recordedId}: migration-threshold=${resource?.migrationThreshold ?? 0}`
  if (failCount > 0) text += ` fail-count=${failCount}`
  if (lastFailure !== undefined && lastFailure > 0) text += ` last-failure='${localTime(lastFailure)}'`
  if (!withOperations) return [{ text }]
  return [{ text, items: operations.map((entry) => ({ text: operationText(entry, view) })) }]
}

/** Exit status of an entry; 0 where it has none that is a number. */
export function exitStatusOf(entry: XmlElement): number {
  return Math.max(0, Number.parseInt(attr(entry, 'rc-code') ?? '', 10) || 0)
}

function operationText(entry: XmlElement, view: View): string {
  const interval = attr(entry, 'interval') ?? '0'
  const rc = exitStatusOf(entry)
  const parts: string[] = []
  if (interval !== '0') parts.push(`interval="${interval}ms"`)
  if (view.showsTiming) {
    const changed = Number.parseInt(attr(entry, 'last-rc-change') ?? '0', 10)
    if (changed > 0) parts.push(`last-rc-change="${localTime(changed)}"`)
    for (const name of ['exec-time', 'queue-time']) {
      const value = attr(entry, name)
      if (value !== undefined) parts.push(`${name}="${value}ms"`)
    }
  }
  if (view.showsTiming) parts.push(`rc=${rc} (${exitWords(rc)})`)
  const task = attr(entry, 'operation') ?? ''
  const head = `(${attr(entry, 'call-id') ?? ''}) ${task === 'monitor' && interval === '0' ? 'probe' : task}`
  return parts.length === 0 ? head : `${head}: ${parts.join(' ')}`
}
