import { attr, childrenNamed, descendants, element, type XmlElement } from '@quorate/xml'
import type { FencingOutcome } from '../fencer/service.ts'
import { outcomeAttributes, readOutcome, stonithOptions } from './stonith-message.ts'

/** States of a fencing operation on the wire. */
export const operationStates = { querying: 0, executing: 1, done: 2, duplicate: 3, failed: 4 } as const

/** Entries of a list that are read at most. */
const historyEntriesMax = 2_000

/** One operation of the past, or under way, as fencers tell each other. */
export type HistoryEntry = {
  readonly id: string | undefined
  readonly target: string
  readonly action: string
  readonly origin: string
  readonly delegate: string | undefined
  readonly clientName: string | undefined
  /** When it ended, wall clock: seconds since 1970, and nanoseconds beside them. 0: not yet. */
  readonly endedS: number
  readonly endedNs: number
  readonly state: number
  readonly outcome: FencingOutcome | undefined
}

/** One entry of a list; clients do not get the operation's id. */
function historyEntry(entry: HistoryEntry): XmlElement {
  return element('st_execute', {
    st_remote_op: entry.id,
    st_target: entry.target,
    st_device_action: entry.action,
    st_origin: entry.origin,
    st_delegate: entry.delegate,
    st_clientname: entry.clientName,
    st_date: String(entry.endedS),
    st_date_nsec: String(entry.endedNs),
    st_state: String(entry.state),
    ...(entry.outcome === undefined ? {} : outcomeAttributes(entry.outcome)),
  })
}

/** A list of entries. `isDifferential`: what the asker did not have. */
export function historyList(entries: readonly HistoryEntry[], isDifferential = false): XmlElement {
  return element('st_history', isDifferential ? { st_differential: 'true' } : {}, entries.map(historyEntry))
}

/**
 * Tells all fencers what this one remembers (`list`), or asks them to forget what has ended: all of it, or what `target`
 * had.
 */
export function historyBroadcast(
  what: { readonly list: XmlElement | undefined } | { readonly cleanup: string | undefined },
): XmlElement {
  const isCleanup = 'cleanup' in what
  const options = stonithOptions.discardReply | (isCleanup ? stonithOptions.cleanup : stonithOptions.broadcast)
  const data = element(
    'stonith_send_broadcast_history',
    isCleanup ? { st_target: what.cleanup } : {},
    isCleanup || what.list === undefined ? [] : [what.list],
  )
  return element(
    'stonith_command',
    { t: 'stonith-ng', subt: 'broadcast', st_op: 'st_fence_history', st_callopt: String(options) },
    [element('st_calldata', {}, [data])],
  )
}

/** Reads a list somewhere in a message; entries without id, target, action, origin or a known state are left out. */
export function readHistory(xml: XmlElement): {
  readonly entries: readonly HistoryEntry[]
  readonly isDifferential: boolean
} {
  for (const list of descendants(xml)) {
    if (list.name !== 'st_history') continue
    const entries = childrenNamed(list, 'st_execute').slice(0, historyEntriesMax).flatMap(readEntry)
    return { entries, isDifferential: attr(list, 'st_differential') === 'true' }
  }
  return { entries: [], isDifferential: false }
}

function readEntry(xml: XmlElement): readonly HistoryEntry[] {
  const id = attr(xml, 'st_remote_op')
  const target = attr(xml, 'st_target')
  const action = attr(xml, 'st_device_action')
  const origin = attr(xml, 'st_origin')
  const state = natural(attr(xml, 'st_state'))
  if (id === undefined || target === undefined || action === undefined || origin === undefined) return []
  if (state === undefined || state > operationStates.failed) return []
  return [
    {
      id,
      target,
      action,
      origin,
      delegate: attr(xml, 'st_delegate'),
      clientName: attr(xml, 'st_clientname'),
      endedS: natural(attr(xml, 'st_date')) ?? 0,
      endedNs: natural(attr(xml, 'st_date_nsec')) ?? 0,
      state,
      outcome: readOutcome(xml),
    },
  ]
}

function natural(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined
}
