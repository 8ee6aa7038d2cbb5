const exits: Readonly<Record<number, string>> = {
  0: 'ok',
  1: 'error',
  2: 'invalid parameter',
  3: 'unimplemented feature',
  4: 'insufficient privileges',
  5: 'not installed',
  6: 'not configured',
  7: 'not running',
  8: 'promoted',
  9: 'promoted (failed)',
  190: 'OCF_DEGRADED',
  191: 'promoted (degraded)',
}

const statuses: Readonly<Record<number, string>> = {
  [-1]: 'pending',
  0: 'complete',
  1: 'Cancelled',
  2: 'Timed Out',
  3: 'NOT SUPPORTED',
  4: 'Error',
  5: 'Hard error',
  6: 'Fatal error',
  7: 'Not installed',
  8: 'Internal communication failure',
  9: 'Cannot execute now',
  10: 'No fence device',
  11: 'CIB secrets unavailable',
}

/** An agent's exit code in words. */
export function exitWords(code: number): string {
  return exits[code] ?? 'unknown'
}

/** The outcome of an attempt to run an agent, in words. */
export function operationWords(status: number): string {
  return statuses[status] ?? 'UNKNOWN!'
}
