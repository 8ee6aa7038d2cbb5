import { exitCodeOf, faultText } from '@quorate/cib'
import { type FencingOutcome, fencingExecution, isDone } from '@quorate/pacemaker/client'

/** Numbers of the system's errors that outcomes are told as. */
const errno = {
  noEntry: 2,
  accessDenied: 13,
  noDevice: 19,
  noData: 61,
  timerExpired: 62,
  notSupported: 95,
  notConnected: 107,
  inProgress: 115,
  cancelled: 125,
} as const

const errors: ReadonlyMap<number, number> = new Map([
  [fencingExecution.pending, errno.inProgress],
  [fencingExecution.cancelled, errno.cancelled],
  [fencingExecution.timeout, errno.timerExpired],
  [fencingExecution.notSupported, errno.notSupported],
  [fencingExecution.notInstalled, errno.noEntry],
  [fencingExecution.notConnected, errno.notConnected],
  [fencingExecution.noDevice, errno.noDevice],
  [fencingExecution.noSecrets, errno.accessDenied],
])

/** How tools end by an outcome: their exit code, 0 for a success only, and the same in words. */
export function fencingExit(outcome: FencingOutcome): { readonly code: number; readonly text: string } {
  const error = isDone(outcome) ? 0 : (errors.get(outcome.execution) ?? errno.noData)
  return { code: exitCodeOf(-error), text: faultText(-error) }
}
