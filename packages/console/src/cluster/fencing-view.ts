import type { FencingEvent } from '../api/snapshot.ts'
import { secondsText } from './moment-text.ts'

/** What a fencer remembers of an operation, as far as it is shown. */
export type RememberedFencing = {
  readonly target: string | undefined
  readonly action: string | undefined
  readonly executioner: string | undefined
  readonly origin: string | undefined
  readonly client: string | undefined
  readonly state: 'pending' | 'done' | 'failed'
  readonly completedSeconds: number
  readonly completedNanoseconds: number
}

/** A fencer's memory as the contract has it, what is under way first, then newest first. */
export function fencingViews(records: readonly RememberedFencing[]): readonly FencingEvent[] {
  const seen = new Map<string, number>()
  return [...records]
    .sort((a, b) => order(b) - order(a) || b.completedNanoseconds - a.completedNanoseconds)
    .map((record) => {
      const isPending = record.state === 'pending'
      const name = [
        record.target,
        record.action,
        record.client,
        record.origin,
        isPending ? '' : record.completedSeconds,
      ]
      const base = name.map((part) => part ?? '').join(' ')
      const count = (seen.get(base) ?? 0) + 1
      seen.set(base, count)
      return {
        id: count === 1 ? base : `${base} ${count}`,
        target: record.target ?? '?',
        action: record.action ?? '?',
        state: record.state === 'done' ? 'success' : record.state,
        delegate: record.executioner ?? null,
        client: record.client ?? null,
        origin: record.origin ?? null,
        at: isPending ? null : secondsText(record.completedSeconds),
      }
    })
}

function order({ state, completedSeconds }: RememberedFencing): number {
  return state === 'pending' ? Number.MAX_SAFE_INTEGER : completedSeconds
}
