import { type AlertEvent, eventVariables } from './alert-event.ts'
import type { Alert } from './alert-list.ts'
import { timestampText, type WallTime } from './timestamp.ts'

/** Agents that run at a time on a node; further runs wait. */
export const alertsInFlightMax = 64
/** Runs that wait; what comes beyond is dropped, and the log says so. */
export const alertsWaitingMax = 4096
/** Version of Pacemaker that agents are told: they decide by it what they find. */
const version = '2.1.5'

/** One run of an agent. */
export type AlertRun = {
  readonly id: string
  readonly path: string
  readonly timeoutMs: number
  readonly environment: Readonly<Record<string, string>>
}

/** What is to be done about an event, or about the end of an agent. */
export type AlertEffect =
  | { readonly do: 'run'; readonly run: AlertRun }
  | { readonly do: 'log'; readonly level: 'warning' | 'info'; readonly text: string }

/** Counts the alerts of a node, and how many agents run. Owned and changed in place by its functions. */
export type AlertQueue = { sequence: number; inFlight: number; readonly waiting: AlertRun[]; dropped: number }

/** A node that has sent nothing. */
export function newAlertQueue(): AlertQueue {
  return { sequence: 0, inFlight: 0, waiting: [], dropped: 0 }
}

/** Has agents told of an event. Every run has the next number of this node, in the order of `alerts`. */
export function sendAlerts(
  queue: AlertQueue,
  alerts: readonly Alert[],
  event: AlertEvent,
  at: WallTime,
): readonly AlertEffect[] {
  const effects: AlertEffect[] = []
  for (const alert of alerts) {
    if (!alert.wants(event)) continue
    queue.sequence += 1
    const { id, path, timeoutMs } = alert
    const run: AlertRun = { id, path, timeoutMs, environment: environmentOf(alert, event, at, queue.sequence) }
    if (queue.inFlight < alertsInFlightMax) {
      queue.inFlight += 1
      effects.push({ do: 'run', run })
    } else if (queue.waiting.length < alertsWaitingMax) queue.waiting.push(run)
    else {
      if (queue.dropped === 0) {
        const text = `More than ${alertsWaitingMax} alerts wait for agents to end: further ones are dropped until some have`
        effects.push({ do: 'log', level: 'warning', text })
      }
      queue.dropped += 1
    }
  }
  return effects
}

/** An agent has ended: the next may run. */
export function alertEnded(queue: AlertQueue): readonly AlertEffect[] {
  const next = queue.waiting.shift()
  if (next !== undefined) return [{ do: 'run', run: next }]
  queue.inFlight -= 1
  if (queue.dropped === 0) return []
  const text = `${queue.dropped} alerts were dropped`
  queue.dropped = 0
  return [{ do: 'log', level: 'warning', text }]
}

/**
 * Environment of a run: the alert's own variables, and over them those of the event, each under the names of today and
 * of before Pacemaker 1.1.15. A name or value that no process can get is left out.
 */
function environmentOf(
  alert: Alert,
  event: AlertEvent,
  at: WallTime,
  sequence: number,
): Readonly<Record<string, string>> {
  const timestamp = timestampText(alert.timestampFormat, at)
  const variables = {
    version,
    ...(alert.recipient === undefined ? {} : { recipient: alert.recipient }),
    node_sequence: String(sequence),
    ...(timestamp === '' ? {} : { timestamp }),
    timestamp_epoch: String(at.epochS),
    timestamp_usec: String(at.micros).padStart(6, '0'),
    ...eventVariables(event),
  }
  const environment: Record<string, string> = {}
  for (const [name, value] of alert.variables) {
    if (!/[=\0]/.test(name) && name !== '' && !value.includes('\0')) environment[name] = value
  }
  for (const [name, value] of Object.entries(variables)) {
    const text = value.replaceAll('\0', '')
    environment[`CRM_alert_${name}`] = text
    environment[`CRM_notify_${name}`] = text
  }
  return environment
}
