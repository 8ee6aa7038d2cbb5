import type { FencingRecord } from '@quorate/pacemaker/client'
import { element, type XmlElement } from '@quorate/xml'
import { utcTime } from '../crm_mon/local-time.ts'

/** The operations in the order in which they are shown: those that are pending, then the others, the latest first. */
export function inOrderShown(records: readonly FencingRecord[]): readonly FencingRecord[] {
  const pending = records.filter((record) => record.state === 'pending').reverse()
  const ended = records.filter((record) => record.state !== 'pending')
  ended.sort((a, b) => b.completedSeconds - a.completedSeconds || b.completedNanoseconds - a.completedNanoseconds)
  return [...pending, ...ended]
}

/** How an operation's line is told. */
export type FencingLineStyle = {
  /** The line of stonith_admin and of --show-detail, instead of the sentence. */
  readonly isDetailed: boolean
  /** Whether all operations are shown, and this one is not said to be the last of its kind. */
  readonly isOfAll: boolean
}

const verbs: Readonly<Record<string, string>> = { on: 'unfencing', off: 'turning off' }
const stateWords = { pending: 'pending', done: 'successful', failed: 'failed' } as const

/**
 * An operation as a line.
 *
 * @param shown all operations, by {@link inOrderShown}: a later one may have succeeded
 */
export function fencingLine(
  record: FencingRecord,
  shown: readonly FencingRecord[],
  { isDetailed, isOfAll }: FencingLineStyle,
): string {
  const { action, state, client } = record
  const hasEnded = state !== 'pending'
  const what = `${action === undefined ? 'fencing' : (verbs[action] ?? action)} of ${record.target ?? ''}`
  const word = stateWords[state]
  const reason = state === 'failed' && record.reason !== undefined ? ` (${record.reason})` : ''
  const executioner = hasEnded ? record.executioner : undefined
  const at = utcTime(record.completedSeconds)
  const after = laterText(record, shown)
  if (isDetailed) {
    const by = executioner === undefined ? '' : `delegate=${executioner}, `
    const from = client === undefined ? 'client=' : `client=${client}, origin=${record.origin ?? ''}`
    const when = hasEnded ? `, ${isOfAll ? 'completed' : `last-${word}`}='${at}'` : ''
    return `${what} ${word}${reason}: ${by}${from}${when}${after}`
  }
  const by = executioner === undefined ? '' : ` by ${executioner}`
  const from = client === undefined ? '' : `${client}@${record.origin ?? ''}`
  return `${what}${by} for ${from}${isOfAll ? '' : ' last'} ${word}${reason}${hasEnded ? ` at ${at}` : ''}${after}`
}

/** By whom the same was done later, when it had failed. */
function laterText(record: FencingRecord, shown: readonly FencingRecord[]): string {
  if (record.state !== 'failed') return ''
  const target = record.target?.toLowerCase()
  const later = shown.filter(
    (item) =>
      item.state === 'done' &&
      item.action === record.action &&
      item.target?.toLowerCase() === target &&
      (item.completedSeconds > record.completedSeconds ||
        (item.completedSeconds === record.completedSeconds && item.completedNanoseconds > record.completedNanoseconds)),
  )
  const [first] = later
  if (first === undefined) return ''
  // Of its own executioner rather than of another; where nobody is known for either, there is nothing to tell.
  const own = record.executioner?.toLowerCase()
  const same = later.find((item) => own === undefined || item.executioner?.toLowerCase() === own)
  const by = same === undefined ? (first.executioner ?? 'some node') : same.executioner
  return by === undefined ? '' : ` (a later attempt from ${by} succeeded)`
}

const states = { pending: 'pending', done: 'success', failed: 'failed' } as const

/** An operation for programs. */
export function fencingElement(record: FencingRecord): XmlElement {
  const { state } = record
  const hasEnded = state !== 'pending'
  return element('fence_event', {
    action: record.action,
    target: record.target,
    client: record.client,
    origin: record.origin,
    status: states[state],
    'extended-status': hasEnded ? undefined : String(record.stateNumber),
    'exit-reason': state === 'failed' ? record.reason : undefined,
    delegate: record.executioner,
    completed: hasEnded ? utcTime(record.completedSeconds) : undefined,
  })
}
