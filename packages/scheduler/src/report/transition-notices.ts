import { task } from '../action/key.ts'
import type { Cluster, LogLine } from '../model/model.ts'
import { transitionSummary } from './transition-summary.ts'

/** What a transition does, as notices of the log: nodes that are shut down, and the lines of the summary. */
export function transitionNotices(cluster: Cluster): readonly LogLine[] {
  const out: LogLine[] = []
  for (const { node, optional, ...action } of cluster.actions) {
    if (action.task !== task.shutdown || optional || node === undefined) continue
    out.push({ kind: 'notice', source: 'node_action', text: ` * Shutdown ${node.uname}` })
  }
  for (const { text } of transitionSummary(cluster, 'growing')) {
    out.push({ kind: 'notice', source: 'log_list_item', text: `Actions: ${text}` })
  }
  return out
}
