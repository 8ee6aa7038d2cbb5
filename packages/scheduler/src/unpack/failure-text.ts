import { attr } from '@quorate/xml'
import { task } from '../action/key.ts'
import { civilFromDays } from '../date.ts'
import { exitWords } from '../report/result-words.ts'
import { type HistoryEntry, isProbe } from './history-entry.ts'
import type { Reading } from './reading.ts'

/*
 * What the log says of a failed operation, worded as operators know it from Pacemaker (behaviour/pacemaker-tools.md 11).
 */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** A moment as C's `ctime` writes it, without the day of the week. */
function timeText(seconds: number, offsetSeconds: number): string {
  if (seconds <= 0) return 'unknown time'
  const local = seconds + offsetSeconds
  const [year, month, day] = civilFromDays(Math.floor(local / 86_400))
  const inDay = local - Math.floor(local / 86_400) * 86_400
  const clock = `${two(Math.floor(inDay / 3600))}:${two(Math.floor((inDay % 3600) / 60))}:${two(inDay % 60)}`
  return `${months[month - 1]} ${String(day).padStart(2)} ${clock} ${year}`
}

function resultText(entry: HistoryEntry, rc: number): string {
  const reason = attr(entry.xml, 'exit-reason') ?? ''
  return `${exitWords(rc)}${reason === '' ? '' : `: ${reason}`}`
}

function when({ cluster }: Reading, entry: HistoryEntry): string {
  const { offsetSeconds, localOffsetSeconds = offsetSeconds } = cluster.now
  return timeText(entry.changedAt, localOffsetSeconds)
}

/** An operation that ended otherwise than expected. */
export function unexpectedText(reading: Reading, entry: HistoryEntry, rc: number): string {
  const { resource, node } = reading
  const what = isProbe(entry) ? 'probe' : entry.task
  const where = `${what} of ${resource.id} on ${node.uname} at ${when(reading, entry)}`
  return `Unexpected result (${resultText(entry, rc)}) was recorded for ${where} | rc=${rc} id=${entry.id}`
}

/** A failure that on-fail has ignored. */
export function pretendedText(reading: Reading, entry: HistoryEntry, rc: number): string {
  const { resource, node } = reading
  const what = `${entry.task} (${resultText(entry, rc)}) of ${resource.id} on ${node.uname}`
  return `Pretending failed ${what} at ${when(reading, entry)} succeeded | rc=${rc} id=${entry.id}`
}

/** An operation that was cancelled, which no history should have. */
export function cancelledText(reading: Reading, entry: HistoryEntry): string {
  const { resource, node } = reading
  const what = `${entry.task} of ${resource.id} on ${node.uname} at ${when(reading, entry)}`
  return `Resource history contains cancellation '${entry.id}' (${what})`
}

function expiryFigures(entry: HistoryEntry, rc: number): string {
  return `actual=${rc} expected=${entry.targetRc} magic=${attr(entry.xml, 'transition-magic') ?? '(null)'}`
}

/** A failure that has expired. */
export function expiredText({ node }: Reading, entry: HistoryEntry, rc: number): string {
  return `Ignoring expired ${entry.key} failure on ${node.uname} | ${expiryFigures(entry, rc)}`
}

/** A recurring operation that is started anew, since its failure has expired. */
export function rescheduledText({ node }: Reading, entry: HistoryEntry, rc: number): string {
  return `Rescheduling ${entry.key} after failure expired on ${node.uname} | ${expiryFigures(entry, rc)}`
}

/** A failure after which a resource may not run on the node any more, or anywhere. */
export function preventedText(
  reading: Reading,
  entry: HistoryEntry,
  rc: number,
  name: string,
  isFatal: boolean,
): string {
  const [where, gap] = isFatal
    ? ['anywhere because of fatal failure', ' ']
    : [`on ${reading.node.uname} because of hard failure`, '']
  return `Preventing ${name} from restarting ${where} (${resultText(entry, rc)})${gap}| rc=${rc} id=${entry.id}`
}

/** A stop that failed where the node cannot be fenced. */
export function unrecoverableText(reading: Reading, entry: HistoryEntry, rc: number): string {
  const { resource, node } = reading
  const why = `${task.stop} on ${node.uname} failed (${resultText(entry, rc)}) at ${when(reading, entry)}`
  return `No further recovery can be attempted for ${resource.id} because ${why} | rc=${rc} id=${entry.id}`
}
