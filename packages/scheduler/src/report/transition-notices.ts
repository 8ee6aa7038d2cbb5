import { task } from '../action/key.ts'
import type { Action, Cluster, LogLine } from '../model/model.ts'
import { transitionSummary } from './transition-summary.ts'

/** Nodes that are shut down, as notices of the log. @param source part of the C program under whose name that is said */
export function shutdownNotices(cluster: Cluster, source = 'node_action'): LogLine[] {
  const out: LogLine[] = []
  for (let i = cluster.actions.length - 1; i >= 0; i -= 1) {
    const { node, optional, task: name } = cluster.actions[i] as Action
    if (name !== task.shutdown || optional || node === undefined) continue
    out.push({ kind: 'notice', source, text: ` * Shutdown ${node.uname}` })
  }
  return out
}

/** What a transition does, as notices of the log: nodes that are shut down, and the lines of the summary. */
export function transitionNotices(cluster: Cluster): readonly LogLine[] {
  const out = shutdownNotices(cluster)
  for (const { text } of transitionSummary(cluster, 'growing')) {
    out.push({ kind: 'notice', source: 'log_list_item', text: `Actions: ${text}` })
  }
  return out
}
