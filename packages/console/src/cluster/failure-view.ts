import {
  type Cluster,
  type ClusterNode,
  exitWords,
  failCountOf,
  operationWords,
  type Resource,
} from '@quorate/scheduler'
import { attr } from '@quorate/xml'
import type { Failure } from '../api/resource.ts'
import { secondsText } from './moment-text.ts'

type Operation = Failure['operations'][number]

/** Failures of a cluster's primitives, read once for all of them. */
export class FailureBook {
  readonly #cluster: Cluster
  readonly #failing: readonly ClusterNode[]
  /** Failed operations by the resource's name in the history and the node. */
  readonly #operations = new Map<string, Operation[]>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    const failing = new Set<ClusterNode>()
    for (const node of cluster.nodes) {
      for (const name of node.attributes.keys()) if (name.startsWith('fail-count-')) failing.add(node)
    }
    const seen = new Set<string>()
    for (const { node, xml, masked, resourceId } of cluster.failedOperations) {
      const key = attr(xml, 'operation_key') ?? attr(xml, 'id') ?? ''
      // An operation stands in the history up to twice: the last one, and the last failed one.
      if (masked || !node.online || seen.has(`${key} ${node.uname}`)) continue
      seen.add(`${key} ${node.uname}`)
      failing.add(node)
      const place = `${resourceId} ${node.uname}`
      const list = this.#operations.get(place)
      const made = operationOf(attr(xml, 'operation') ?? '', xml)
      if (list === undefined) this.#operations.set(place, [made])
      else list.push(made)
    }
    this.#failing = cluster.nodes.filter((node) => failing.has(node))
  }

  /** Failures of a primitive, on some nodes where any are given. */
  of(leaf: Resource, nodes?: readonly ClusterNode[]): readonly Failure[] {
    return this.#failing.flatMap((node) => {
      if (nodes !== undefined && !nodes.includes(node)) return []
      const { count, lastFailureSeconds } = failCountOf(this.#cluster, leaf, node)
      const names = new Set([leaf.id, leaf.xmlId, ...(leaf.historyName === undefined ? [] : [leaf.historyName])])
      const operations = [...names].flatMap((name) => this.#operations.get(`${name} ${node.uname}`) ?? [])
      if (count === 0 && operations.length === 0) return []
      return [{ node: node.uname, count, lastFailureAt: secondsText(lastFailureSeconds), operations }]
    })
  }
}

function operationOf(task: string, xml: Parameters<typeof attr>[0]): Operation {
  const number = (name: string): number => {
    const value = Number.parseInt(attr(xml, name) ?? '', 10)
    return Number.isSafeInteger(value) ? value : 0
  }
  const status = number('op-status')
  const rc = number('rc-code')
  return {
    task,
    intervalMs: number('interval'),
    rc,
    rcText: status === 0 ? exitWords(rc) : operationWords(status),
    reason: attr(xml, 'exit-reason') ?? null,
    at: secondsText(number('last-rc-change')),
  }
}
