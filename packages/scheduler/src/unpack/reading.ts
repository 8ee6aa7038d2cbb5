import type { Cluster, ClusterNode, OnFail, Resource } from '../model/model.ts'
import type { HistoryEntry } from './history-entry.ts'

/** What is learnt of one resource while its history on one node is read. */
export type Reading = {
  readonly cluster: Cluster
  readonly resource: Resource
  readonly node: ClusterNode
  /** Oldest first. */
  readonly entries: readonly HistoryEntry[]
  onFail: OnFail
  lastFailure: HistoryEntry | undefined
}
