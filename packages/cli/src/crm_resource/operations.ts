import { exitCodes } from '@quorate/cib'
import {
  type Cluster,
  type ClusterNode,
  compareEntries,
  findResource,
  historyEntry,
  mergeSort,
  operationWords,
  parseInteger,
  printableId,
  type Resource,
  resourceItem,
  startAndStop,
} from '@quorate/scheduler'
import { attr, child, childrenNamed, element, type XmlElement } from '@quorate/xml'
import { localTime } from '../crm_mon/local-time.ts'
import { namedNode, say, titled, type Work } from './work.ts'

/** --list-operations: what is recorded since each resource was last started. */
export function listActiveOperations(work: Work): number {
  return listOperations(work, true)
}

/** --list-all-operations: everything that is recorded. */
export function listAllOperations(work: Work): number {
  return listOperations(work, false)
}

function listOperations(work: Work, isActive: boolean): number {
  const only = work.options.value('resource')
  const found: XmlElement[] = []
  const lines: string[] = []
  for (const { node, history } of historiesIn(work.cluster, namedNode(work))) {
    const id = attr(history, 'id') ?? ''
    if (only !== undefined && only !== id) continue
    const resource = findResource(work.cluster, id)
    for (const entry of entriesOf(history, isActive)) {
      lines.push(operationLine(work.cluster, id, resource, node.uname, entry))
      found.push(operationElement(id, resource, node.uname, entry))
    }
  }
  for (const line of titled(work, 'Resource Operations', undefined, lines)) say(work, line)
  if (found.length > 0) work.results.push(element('operations', {}, found))
  return exitCodes.ok
}

function* historiesIn(
  cluster: Cluster,
  only: ClusterNode | undefined,
): Generator<{ readonly node: ClusterNode; readonly history: XmlElement }> {
  const status = child(cluster.cib, 'status')
  for (const state of status === undefined ? [] : childrenNamed(status, 'node_state')) {
    // By its name only: another node may have the same id, as a guest that is named like one.
    const uname = attr(state, 'uname')?.toLowerCase()
    const node = cluster.nodes.find((item) => item.uname.toLowerCase() === uname)
    if (node === undefined || (only !== undefined && node !== only)) continue
    // What ran on a node that is offline counts until the node is fenced.
    const isUp = node.online && node.connection?.failed !== true
    if (!isUp && !cluster.settings.fencingEnabled) continue
    const lrm = child(state, 'lrm')
    const list = lrm === undefined ? undefined : child(lrm, 'lrm_resources')
    for (const history of list === undefined ? [] : childrenNamed(list, 'lrm_resource')) yield { node, history }
  }
}

function entriesOf(history: XmlElement, isActive: boolean): readonly XmlElement[] {
  const read = childrenNamed(history, 'lrm_rsc_op').map(historyEntry).reverse()
  const sorted = mergeSort(read, (a, b) => compareEntries(a, b, true))
  const { start, stop } = startAndStop(sorted)
  if (!isActive) return sorted.map(({ xml }) => xml)
  return start < stop ? [] : sorted.filter((_, i) => i >= start).map(({ xml }) => xml)
}

function operationLine(
  cluster: Cluster,
  id: string,
  resource: Resource | undefined,
  node: string,
  entry: XmlElement,
): string {
  const value = (name: string) => attr(entry, name) ?? ''
  const [item] =
    resource === undefined
      ? []
      : resourceItem(cluster, resource, {
          showsInactive: true,
          showsPending: true,
          hidesNode: true,
          showsInstances: true,
        })
  const state = item === undefined ? '' : `${item.text}: `
  const changed = parseInteger(value('last-rc-change'))
  const parts = [`node=${node}`, `call=${value('call-id')}`, `rc=${value('rc-code')}`]
  if (changed !== undefined) {
    parts.push(`last-rc-change='${localTime(changed)}'`, `exec=${attr(entry, 'exec-time') ?? '(null)'}ms`)
  }
  const status = operationWords(Number.parseInt(value('op-status') || '0', 10))
  return `${state || `${id}: `}${value('operation_key') || value('id')} (${parts.join(', ')}): ${status}`
}

function operationElement(id: string, resource: Resource | undefined, node: string, entry: XmlElement): XmlElement {
  const value = (name: string) => attr(entry, name) ?? ''
  const part = (name: string): string => (resource === undefined ? '' : (attr(resource.xml, name) ?? ''))
  const changed = parseInteger(value('last-rc-change'))
  return element('operation', {
    op: value('operation_key') || value('id'),
    node,
    call: value('call-id'),
    rc: value('rc-code'),
    status: operationWords(Number.parseInt(value('op-status') || '0', 10)),
    rsc: resource === undefined ? id : printableId(resource),
    agent: resource === undefined ? undefined : `${part('class')}:${part('provider')}:${part('type')}`,
    ...(changed === undefined ? {} : { 'last-rc-change': localTime(changed), 'exec-time': attr(entry, 'exec-time') }),
  })
}
