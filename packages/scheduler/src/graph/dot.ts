import { notifyKey, operationKey, task } from '../action/key.ts'
import type { Action, Cluster } from '../model/model.ts'
import { edgeFlag } from '../order/flags.ts'
import { restoreLoads } from '../order/load-order.ts'

function actionName(action: Action): string {
  const { resource, node } = action
  const host = node?.uname ?? (action.pseudo ? undefined : '<none>')
  return (action.task === task.cancel ? 'Cancel ' : '') + baseName(action, resource?.historyName, host)
}

function baseName(action: Action, historyName: string | undefined, host: string | undefined): string {
  const { resource, meta } = action
  const at = (name: string): string => (host === undefined ? name : `${name} ${host}`)
  if (historyName !== undefined) {
    if (action.task === task.notify || action.task === task.notified) {
      return at(notifyKey(historyName, meta.get('notify_key_type') ?? '', meta.get('notify_key_operation') ?? ''))
    }
    const intervalMs = Number(meta.get('interval') ?? '0')
    return at(operationKey(historyName, action.cancelTask ?? action.task, intervalMs))
  }
  if (action.task === task.fence) return at(`stonith '${meta.get('stonith_action') ?? ''}'`)
  if (resource !== undefined && host !== undefined) return at(action.key)
  return host !== undefined ? at(action.task) : action.key
}

/** What a picture of a transition shows besides what is going to happen. */
export type DotOptions = {
  /** What is not going to happen too. */
  readonly allActions?: boolean
  /** The numbers of the actions. */
  readonly showsNumbers?: boolean
}

/** The picture of a transition for graphviz. */
export function dotText(cluster: Cluster, options: DotOptions = {}): string {
  const { allActions = false, showsNumbers = false } = options
  const lines = [' digraph "g" {']
  const shown = new Set<Action>()
  const name = (action: Action): string => (showsNumbers ? `${actionName(action)} (${action.id})` : actionName(action))
  for (let i = cluster.actions.length - 1; i >= 0; i -= 1) {
    const action = cluster.actions[i] as Action
    const font = action.pseudo ? 'orange' : 'black'
    let look: readonly [style: string, color: string, font: string] | undefined
    if (action.dumped) look = ['bold', 'green', font]
    else if (action.resource?.managed === false) look = allActions ? ['dashed', 'red', 'purple'] : undefined
    else if (action.optional) look = allActions ? ['dashed', 'blue', font] : undefined
    else look = ['dashed', 'red', font]
    if (look === undefined) continue
    shown.add(action)
    lines.push(`"${name(action)}" [ style=${look[0]} color="${look[1]}" fontcolor="${look[2]}"]`)
  }
  for (let i = cluster.actions.length - 1; i >= 0; i -= 1) {
    const action = cluster.actions[i] as Action
    // What is to be done has been asked about all of its edges, and waits for nothing on other nodes.
    if (allActions && !action.dumped) restoreLoads(action)
    for (const edge of action.before) {
      let style = 'dashed'
      if (edge.dumped) style = 'bold'
      else if (edge.flags === edgeFlag.none) continue
      else if ((!shown.has(action) || !shown.has(edge.first) || edge.flags === edgeFlag.load) && !allActions) continue
      lines.push(`"${name(edge.first)}" -> "${name(action)}" [ style = ${style}]`)
    }
  }
  lines.push('}', '')
  return lines.join('\n')
}
