import { exitWords, operationWords } from '@quorate/scheduler'
import { type HistoryEntry, hasFailed, operationKey } from './history.ts'
import { operationStatus } from './outcome.ts'

/** A line for the log, as an effect. */
export type LogLine = {
  readonly do: 'log'
  readonly level: 'error' | 'warning' | 'notice' | 'info'
  readonly text: string
}

/** Lines of a failed agent's standard error that go to the log. */
const loggedLinesMax = 20

/** What the log says about a result: the sentence that other programs look for, and a failed agent's own words. */
export function resultLog(entry: HistoryEntry, stderr: string, node: string): readonly LogLine[] {
  const { action, intervalMs, resource } = entry.order
  const isProbe = action === 'monitor' && intervalMs === 0
  const what = isProbe ? 'probe' : action
  // A probe that finds something is news, not a fault of the agent.
  const isFailed = hasFailed(entry) && !(isProbe && entry.status === operationStatus.done)
  const reason = isFailed && entry.exitReason !== '' ? ` (${entry.exitReason})` : ''
  const outcome = entry.status === operationStatus.done ? exitWords(entry.rc) : operationWords(entry.status)
  const lines: LogLine[] = [
    {
      do: 'log',
      level: isFailed ? 'error' : 'notice',
      text: `Result of ${what} operation for ${resource.id} on ${node}: ${outcome}${reason}`,
    },
  ]
  if (!isFailed) return lines
  const key = operationKey(resource.id, action, intervalMs)
  for (const line of stderr
    .split('\n')
    .filter((text) => text !== '')
    .slice(-loggedLinesMax)) {
    lines.push({ do: 'log', level: 'notice', text: `${key}[${entry.callId}] error output [ ${line} ]` })
  }
  return lines
}
