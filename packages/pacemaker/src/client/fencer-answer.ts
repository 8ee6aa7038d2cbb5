import { faultText } from '@quorate/cib'
import { attr, child, childrenNamed, type XmlElement } from '@quorate/xml'
import type { FencingOutcome } from '../fencer/service.ts'

/** Execution statuses of {@link FencingOutcome} that a client tells apart. */
export const fencingExecution = {
  pending: -1,
  done: 0,
  cancelled: 1,
  timeout: 2,
  notSupported: 3,
  error: 4,
  notInstalled: 7,
  notConnected: 8,
  noDevice: 10,
  noSecrets: 11,
} as const

/** Where a fencing operation is. A state that is none of the known ones counts as `pending`: the target may run. */
export type FencingState = 'pending' | 'done' | 'failed'

/** One fencing operation as a fencer remembers it (behaviour/pacemaker-daemons.md 4.7). */
export type FencingRecord = {
  readonly target: string | undefined
  /** `reboot`, `off` or `on`. */
  readonly action: string | undefined
  /** The node that did it, or `a human`; undefined where nobody did. */
  readonly executioner: string | undefined
  /** The node whose fencer ran the operation, and the client that asked there. */
  readonly origin: string | undefined
  readonly client: string | undefined
  readonly state: FencingState
  /** The state's number on the wire: 0 asking, 1 under way, 2 done, 3 the same as another, 4 failed. */
  readonly stateNumber: number
  /** Its end, seconds since 1970; of no meaning while it is pending. */
  readonly completedSeconds: number
  /** Past {@link completedSeconds}. */
  readonly completedNanoseconds: number
  /** Why it failed, a sentence. */
  readonly reason: string | undefined
}

/** What the error numbers say that fencers of older versions answer with instead of an outcome. */
const legacyOutcomes: Readonly<Record<number, FencingOutcome>> = {
  0: { execution: fencingExecution.done, exitStatus: 0, reason: undefined },
  [-19]: { execution: fencingExecution.noDevice, exitStatus: 1, reason: undefined },
  [-62]: { execution: fencingExecution.timeout, exitStatus: 1, reason: undefined },
  [-95]: { execution: fencingExecution.notSupported, exitStatus: 1, reason: undefined },
  [-107]: { execution: fencingExecution.notConnected, exitStatus: 1, reason: undefined },
  [-110]: { execution: fencingExecution.timeout, exitStatus: 1, reason: undefined },
  [-125]: { execution: fencingExecution.cancelled, exitStatus: 1, reason: undefined },
  [-126]: { execution: fencingExecution.noSecrets, exitStatus: 1, reason: undefined },
}

/** How an answer of the fencer says that something ended. What cannot be read is a failure. */
export function fencingOutcome(answer: XmlElement): FencingOutcome {
  const execution = integer(attr(answer, 'op-status'))
  if (execution !== undefined) {
    return {
      execution,
      exitStatus: integer(attr(answer, 'rc-code')) ?? 1,
      reason: attr(answer, 'exit-reason'),
    }
  }
  const legacy = integer(attr(answer, 'st_rc'))
  if (legacy === undefined) return failure('Fencer reply contained neither a full result nor a legacy return code')
  return legacyOutcomes[legacy] ?? failure(faultText(legacy))
}

function failure(reason: string): FencingOutcome {
  return { execution: fencingExecution.error, exitStatus: 1, reason }
}

/** Whether something was done: only then may a fenced target be taken for being down. */
export function isDone(outcome: FencingOutcome): boolean {
  return outcome.execution === fencingExecution.done && outcome.exitStatus === 0
}

/** The operations of an answer to a question for the history, in the order of the answer. */
export function fencingRecords(answer: XmlElement): readonly FencingRecord[] {
  const data = child(answer, 'st_calldata')
  const history = data && child(data, 'st_history')
  return history === undefined ? [] : childrenNamed(history, 'st_execute').map(fencingRecord)
}

const stateDone = 2
const stateFailed = 4

function fencingRecord(entry: XmlElement): FencingRecord {
  const stateNumber = integer(attr(entry, 'st_state')) ?? 0
  return {
    target: attr(entry, 'st_target'),
    action: attr(entry, 'st_device_action'),
    executioner: attr(entry, 'st_delegate'),
    origin: attr(entry, 'st_origin'),
    client: attr(entry, 'st_clientname'),
    state: stateNumber === stateDone ? 'done' : stateNumber === stateFailed ? 'failed' : 'pending',
    stateNumber,
    completedSeconds: integer(attr(entry, 'st_date')) ?? 0,
    completedNanoseconds: integer(attr(entry, 'st_date_nsec')) ?? 0,
    reason: attr(entry, 'exit-reason'),
  }
}

/** Ids of the devices of an answer to a query, in the order of the answer. */
export function deviceIds(answer: XmlElement): readonly string[] {
  const data = child(answer, 'st_calldata')
  // The element around them is named after a function of the C program.
  const found = data?.children.flatMap((item) => childrenNamed(item, 'st_device_id')) ?? []
  return found.flatMap((item) => attr(item, 'id') ?? [])
}

function integer(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined
}
