import { attr, idOf, type XmlElement } from '@quorate/xml'
import { task } from '../action/key.ts'
import { configError } from '../model/log.ts'
import type { Cluster } from '../model/model.ts'
import { parseInteger, sameText } from '../scalar.ts'

/** What an agent's exit status means. */
export const exitCode = {
  ok: 0,
  unknownError: 1,
  invalidParameter: 2,
  unimplemented: 3,
  insufficientPrivileges: 4,
  notInstalled: 5,
  notConfigured: 6,
  notRunning: 7,
  promoted: 8,
  failedPromoted: 9,
  degraded: 190,
  degradedPromoted: 191,
  pending: 193,
} as const

/** How far an operation got. */
export const status = {
  pending: -1,
  done: 0,
  cancelled: 1,
  timeout: 2,
  notSupported: 3,
  error: 4,
  errorHard: 5,
  errorFatal: 6,
  notInstalled: 7,
  notConnected: 8,
  invalid: 9,
  noFenceDevice: 10,
  noSecrets: 11,
} as const

/** One operation of the history, with the numbers that are asked for often. */
export type HistoryEntry = {
  readonly xml: XmlElement
  readonly id: string
  readonly key: string
  readonly task: string
  readonly intervalMs: number
  /** -1 for pending operations. */
  readonly callId: number
  readonly rc: number
  readonly targetRc: number
  readonly status: number
  /** Seconds since 1970; -1 where it is not known. */
  readonly changedAt: number
  /** Parsed once expired failures were rescheduled: the restart digest to compare with. */
  restartDigest: string | undefined
}

/** A number in a result: -1, which is none, where there is something else in its place. */
function resultNumber(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = parseInteger(text)
  return value === undefined || value !== (value | 0) ? -1 : value
}

/** An interval in milliseconds: 0, which is none, for what 32 bits do not hold. */
function recordedInterval(text: string | undefined): number {
  const value = parseInteger(text) ?? 0
  return value === value >>> 0 ? value : 0
}

/** The number of an operation among those of its node; -1 for one that is not done, and past 32 bits. */
export function callIdOf(xml: XmlElement): number {
  return resultNumber(attr(xml, 'call-id')) ?? -1
}

/** Reads an entry of the history. */
export function historyEntry(xml: XmlElement): HistoryEntry {
  const key = attr(xml, 'operation_key')
  const transition = /^[^:]*:[^:]*:(-?\d+):/.exec(attr(xml, 'transition-key') ?? '')
  return {
    xml,
    id: idOf(xml),
    key: key ?? idOf(xml),
    task: attr(xml, 'operation') ?? '',
    intervalMs: recordedInterval(attr(xml, 'interval')),
    callId: callIdOf(xml),
    rc: resultNumber(attr(xml, 'rc-code')) ?? 0,
    targetRc: transition === null ? -1 : Number(transition[1]),
    status: resultNumber(attr(xml, 'op-status')) ?? -99,
    changedAt: parseInteger(attr(xml, 'last-rc-change')) ?? -1,
    restartDigest: attr(xml, 'op-restart-digest'),
  }
}

/** True for the operation that finds out whether a resource is active. */
export function isProbe(entry: HistoryEntry): boolean {
  return entry.task === task.monitor && entry.intervalMs === 0
}

/** True for a probe that failed because the agent cannot tell: what is not installed does not run. */
export function isMaskableFailure(entry: HistoryEntry): boolean {
  if (!isProbe(entry)) return false
  return (
    entry.rc === exitCode.notInstalled || entry.rc === exitCode.invalidParameter || entry.status === status.notInstalled
  )
}

/**
 * Which of two operations came first: negative when `a` did. Not transitive, so the way of sorting matters.
 *
 * @param sameNode what to take where the entries do not say on which node they were
 */
export function compareEntries(a: HistoryEntry, b: HistoryEntry, sameNode: boolean): number {
  const [nodeA, nodeB] = [attr(a.xml, 'on_node'), attr(b.xml, 'on_node')]
  const same = nodeA !== undefined && nodeB !== undefined ? sameText(nodeA, nodeB) : sameNode
  if (same && a.id === b.id) return 0
  if (a.callId === -1 && b.callId === -1) return 0
  if (same && a.callId >= 0 && a.callId < b.callId) return -1
  if (same && b.callId >= 0 && a.callId > b.callId) return 1
  if (a.callId >= 0 && b.callId >= 0) {
    if (a.changedAt >= 0 && a.changedAt < b.changedAt) return -1
    return b.changedAt >= 0 && a.changedAt > b.changedAt ? 1 : 0
  }
  return comparePending(a, b)
}

function comparePending(a: HistoryEntry, b: HistoryEntry): number {
  const [left, right] = [parseMagic(a.xml), parseMagic(b.xml)]
  if (left === undefined || right === undefined) return 0
  if (left.uuid !== right.uuid || left.transition === right.transition) {
    return b.callId === -1 ? -1 : a.callId === -1 ? 1 : 0
  }
  const [x, y] = [left.transition, right.transition]
  if ((x >= 0 && x < y) || y === -1) return -1
  return (y >= 0 && x > y) || x === -1 ? 1 : 0
}

function parseMagic(xml: XmlElement): { readonly transition: number; readonly uuid: string } | undefined {
  const match = /^-?\d+:-?\d+;-?\d+:(-?\d+):-?\d+:(.+)$/.exec(attr(xml, 'transition-magic') ?? '')
  return match === null ? undefined : { transition: Number(match[1]), uuid: match[2] as string }
}

/**
 * The history of a resource on a node in the order in which it came about. Entries that share an id are told of as often
 * as they are compared.
 */
export function inOrder(cluster: Cluster, entries: readonly HistoryEntry[]): readonly HistoryEntry[] {
  if (entries.length < 2) return entries
  return mergeSort([...entries].reverse(), (a, b) => {
    const order = compareEntries(a, b, true)
    if (order === 0 && a.id === b.id && sameText(attr(a.xml, 'on_node') ?? '', attr(b.xml, 'on_node') ?? '')) {
      configError(cluster, 'pe__is_newer_op', `Duplicate lrm_rsc_op entries named ${a.id}`)
    }
    return order
  })
}

/** Stable merge sort: halves, first the shorter one, left before right while not greater. The shape is part of the result. */
export function mergeSort<T>(list: readonly T[], compare: (a: T, b: T) => number): T[] {
  const sorted = list.slice()
  if (sorted.length > 1) sortInto(sorted, list.slice(), 0, sorted.length, compare)
  return sorted
}

/** Sorts a part of a list. The other list has the same items there before, and is written to. */
function sortInto<T>(into: T[], from: T[], start: number, end: number, compare: (a: T, b: T) => number): void {
  if (end - start < 2) return
  const middle = start + Math.floor((end - start) / 2)
  sortInto(from, into, start, middle, compare)
  sortInto(from, into, middle, end, compare)
  let left = start
  let right = middle
  for (let at = start; at < end; at += 1) {
    const isLeft = left < middle && (right >= end || compare(from[left] as T, from[right] as T) <= 0)
    if (isLeft) {
      into[at] = from[left] as T
      left += 1
    } else {
      into[at] = from[right] as T
      right += 1
    }
  }
}
