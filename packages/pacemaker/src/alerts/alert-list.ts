import { type Moment, namedValues } from '@quorate/scheduler'
import { attr, child, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { parseDurationMs } from '../transition/graph.ts'
import type { AlertEvent } from './alert-event.ts'

/** Time that an agent has where its alert says nothing else. */
export const alertTimeoutMs = 30_000
/** Longest time that an agent may be given: an hour. Whoever waits longer has forgotten what it was told. */
export const alertTimeoutMsMax = 3_600_000
/** Form of the timestamp where an alert says nothing else. */
export const timestampFormatDefault = '%H:%M:%S.%06N'

/** An agent to run for each event, and for whom. */
export type Alert = {
  readonly id: string
  readonly path: string
  /** Undefined where the alert has no recipients: then the agent is told none. */
  readonly recipient: string | undefined
  readonly timeoutMs: number
  readonly timestampFormat: string
  /** Instance attributes, which agents find in their environment under their own names. */
  readonly variables: ReadonlyMap<string, string>
  readonly wants: (event: AlertEvent) => boolean
}

/**
 * Alerts that a CIB asks for, in the order in which they are sent: the last of the configuration first, as with Pacemaker
 * 2.1.5. Of instance attributes the first set counts, whatever rules it has; meta attributes follow their rules.
 */
export function readAlerts(cib: XmlElement, now: Moment): readonly Alert[] {
  const configuration = child(cib, 'configuration')
  const section = configuration && child(configuration, 'alerts')
  const found: Alert[] = []
  for (const alert of section === undefined ? [] : childrenNamed(section, 'alert')) {
    const path = attr(alert, 'path')
    if (path === undefined || path === '') continue
    const wants = selection(alert)
    const general = readSettings(cib, alert, now, {
      timeoutMs: alertTimeoutMs,
      timestampFormat: timestampFormatDefault,
    })
    const variables = instanceAttributes(alert)
    const recipients = childrenNamed(alert, 'recipient')
    if (recipients.length === 0) {
      found.push({ id: idOf(alert), path, recipient: undefined, ...general, variables, wants })
    }
    for (const recipient of recipients) {
      const own = new Map([...variables, ...instanceAttributes(recipient)])
      const settings = readSettings(cib, recipient, now, general)
      found.push({ id: idOf(alert), path, recipient: attr(recipient, 'value'), ...settings, variables: own, wants })
    }
  }
  return found.reverse()
}

type AlertSettings = Pick<Alert, 'timeoutMs' | 'timestampFormat'>

/** A time that is none counts as the default, and 0 too. */
function readSettings(cib: XmlElement, of: XmlElement, now: Moment, general: AlertSettings): AlertSettings {
  const meta = namedValues(cib, of, 'meta_attributes', now)
  const timeout = meta.get('timeout')
  const timeoutMs = timeout === undefined ? general.timeoutMs : parseDurationMs(timeout) || alertTimeoutMs
  return {
    timeoutMs: Math.min(timeoutMs, alertTimeoutMsMax),
    timestampFormat: meta.get('timestamp-format') ?? general.timestampFormat,
  }
}

function instanceAttributes(of: XmlElement): ReadonlyMap<string, string> {
  const set = child(of, 'instance_attributes')
  const pairs = set === undefined ? [] : childrenNamed(set, 'nvpair')
  return new Map(
    pairs.flatMap((pair): readonly (readonly [string, string])[] => {
      const name = attr(pair, 'name')
      return name === undefined ? [] : [[name, attr(pair, 'value') ?? '']]
    }),
  )
}

/** Which events an alert is for. Without a selection, or with an empty one: all but attributes. */
function selection(alert: XmlElement): (event: AlertEvent) => boolean {
  const select = child(alert, 'select')
  const kinds = new Set((select?.children ?? []).map(({ name }) => name))
  if (kinds.size === 0) return ({ kind }) => kind !== 'attribute'
  const attributes = select && child(select, 'select_attributes')
  const names = new Set(
    (attributes === undefined ? [] : childrenNamed(attributes, 'attribute')).map((item) => attr(item, 'name')),
  )
  return (event) => {
    if (event.kind === 'attribute') {
      return attributes !== undefined && (names.size === 0 || names.has(event.name))
    }
    return kinds.has({ node: 'select_nodes', fencing: 'select_fencing', resource: 'select_resources' }[event.kind])
  }
}
