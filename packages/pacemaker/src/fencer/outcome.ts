import type { FencingOutcome } from './service.ts'

/** Execution statuses that the fencer itself gives (behaviour/pacemaker-daemons.md 7). */
export const execution = {
  pending: -1,
  complete: 0,
  cancelled: 1,
  timedOut: 2,
  notSupported: 3,
  error: 4,
  notInstalled: 7,
  notConnected: 8,
  invalid: 9,
  noDevice: 10,
  noSecrets: 11,
} as const

/** Exit statuses that stand in for an agent's, or that agents use. */
export const exitStatus = {
  ok: 0,
  error: 1,
  invalidParameter: 2,
  insufficientPrivileges: 4,
  protocol: 76,
  /** An operation of a fencer that is no more. */
  unknown: 110,
} as const

/** The one outcome that says that it was done. */
export const success: FencingOutcome = { execution: execution.complete, exitStatus: exitStatus.ok, reason: undefined }

/** An outcome that is no success, with what stands for the agent's exit status. */
export function failure(status: number, reason: string | undefined, exit: number = exitStatus.error): FencingOutcome {
  return { execution: status, exitStatus: exit, reason }
}

/** True for the one outcome that is a success. */
export function isSuccess(outcome: FencingOutcome): boolean {
  return outcome.execution === execution.complete && outcome.exitStatus === exitStatus.ok
}

/** An agent's own verdict other than success: what a device said no to. */
const genericCode = -201
const noData = -61

/** The old code (`st_rc`) that goes with an outcome: 0, or negative. `isAgent`: in the answer of who ran the agent. */
export function legacyCode(outcome: FencingOutcome, isAgent = false): number {
  switch (outcome.execution) {
    case execution.complete:
      if (outcome.exitStatus === exitStatus.ok) return 0
      return isAgent ? genericCode : noData
    case execution.pending:
      return -115
    case execution.cancelled:
      return -125
    case execution.timedOut:
      return -62
    case execution.notSupported:
      return -95
    case execution.notInstalled:
      return -2
    case execution.notConnected:
      return -107
    case execution.noDevice:
      return -19
    case execution.noSecrets:
      return -126
    case execution.invalid:
      return invalidCodes[outcome.exitStatus] ?? -22
    default:
      return noData
  }
}

/** EPROTO and EACCES: what was invalid about the request. */
const invalidCodes: Readonly<Record<number, number>> = {
  [exitStatus.protocol]: -71,
  [exitStatus.insufficientPrivileges]: -13,
}
