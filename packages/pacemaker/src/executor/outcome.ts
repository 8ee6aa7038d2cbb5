/** Exit codes of OCF agents (OCF Resource Agent API 1.1), and Pacemaker's own behind them. */
export const ocf = {
  ok: 0,
  error: 1,
  invalidParameter: 2,
  unimplemented: 3,
  insufficientPrivileges: 4,
  notInstalled: 5,
  notConfigured: 6,
  notRunning: 7,
  runningPromoted: 8,
  failedPromoted: 9,
  degraded: 190,
  degradedPromoted: 191,
  /** Not finished yet. */
  pending: 193,
} as const

/** What became of an attempt, apart from the agent's exit code (`op-status`). */
export const operationStatus = {
  pending: -1,
  done: 0,
  cancelled: 1,
  timeout: 2,
  notSupported: 3,
  error: 4,
  hardError: 5,
  fatalError: 6,
  notInstalled: 7,
  notConnected: 8,
  invalid: 9,
} as const

/** How the process of an agent ended. */
export type ProcessEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  /** It could not be started; `reason` is the system's code, e.g. ENOENT. */
  | { readonly kind: 'not-started'; readonly reason: string }

/** Result of one run as the history records it. */
export type Outcome = {
  readonly rc: number
  readonly status: number
  /** Empty, or a sentence for people. */
  readonly exitReason: string
}

/** Bytes of an agent's standard output, and of its standard error, that are kept; the rest is read and dropped. */
export const outputBytesMax = 64 * 1024
/** Characters of an exit reason that are kept. */
export const exitReasonCharactersMax = 1024
/** How a line begins by which an agent says why it failed. */
export const exitReasonPrefix = 'ocf-exit-reason:'

/** The last exit reason that an agent wrote to its standard error, or the empty text. */
export function exitReasonOf(stderr: string): string {
  const lines = stderr.split('\n')
  for (let i = lines.length - 1; i >= 0; i -= 1) {
    const line = lines[i] as string
    if (!line.startsWith(exitReasonPrefix)) continue
    return writable(line.slice(exitReasonPrefix.length).slice(0, exitReasonCharactersMax))
  }
  return ''
}

const beyondAscii = /[^\p{ASCII}]/u
const lookalikes: Readonly<Record<string, string>> = { '<': '\u2039', '&': '+', '"': "'" }

/**
 * The text as any node can hand it on: C nodes leave `< & "` as they are behind a character beyond ASCII, lose the rest of
 * the record with it, and never agree with the others on the digest of their CIB again.
 */
export function writable(text: string): string {
  if (!beyondAscii.test(text)) return text
  return text.replace(/[<&"]/g, (found) => lookalikes[found] as string)
}

/** Signals as strsignal(3) names them; the exit reasons of C nodes carry these words. */
const signalNames: Readonly<Record<string, string>> = {
  SIGHUP: 'Hangup',
  SIGINT: 'Interrupt',
  SIGQUIT: 'Quit',
  SIGILL: 'Illegal instruction',
  SIGABRT: 'Aborted',
  SIGBUS: 'Bus error',
  SIGFPE: 'Floating point exception',
  SIGKILL: 'Killed',
  SIGSEGV: 'Segmentation fault',
  SIGPIPE: 'Broken pipe',
  SIGALRM: 'Alarm clock',
  SIGTERM: 'Terminated',
}

/** What an init script's exit code means in OCF's terms (behaviour/pacemaker-daemons.md 3.7). */
export function lsbExitCode(action: string, code: number): number {
  if (action !== 'monitor') return code >= 0 && code <= ocf.notRunning ? code : ocf.error
  switch (code) {
    case 0:
      return ocf.ok
    case 1:
    case 2:
    case 3:
      return ocf.notRunning
    case 150:
      return ocf.notInstalled
    case 151:
      return ocf.insufficientPrivileges
    default:
      return ocf.error
  }
}

/** Translates the end of an agent's process; `timeoutMs` is set when the time ran out first. */
export function outcomeOf(end: ProcessEnd, stderr: string, timeoutMs: number | undefined): Outcome {
  if (timeoutMs !== undefined) {
    const span = formatSpan(timeoutMs)
    return {
      rc: ocf.error,
      status: operationStatus.timeout,
      exitReason: `Resource agent did not complete within ${span}`,
    }
  }
  switch (end.kind) {
    case 'exit': {
      const rc = end.code
      return { rc, status: operationStatus.done, exitReason: exitReasonOf(stderr) }
    }
    case 'signal': {
      const name = signalNames[end.signal] ?? end.signal
      return {
        rc: ocf.error,
        status: operationStatus.error,
        exitReason: `Resource agent interrupted by ${name} signal`,
      }
    }
    case 'not-started':
      return notStarted(end.reason)
    default:
      return end satisfies never
  }
}

function notStarted(reason: string): Outcome {
  if (reason === 'ENOENT' || reason === 'ENOTDIR') {
    return { rc: ocf.notInstalled, status: operationStatus.notInstalled, exitReason: 'No such file or directory' }
  }
  if (reason === 'EACCES' || reason === 'EPERM') {
    return { rc: ocf.insufficientPrivileges, status: operationStatus.error, exitReason: 'Permission denied' }
  }
  return { rc: ocf.error, status: operationStatus.error, exitReason: `Could not start resource agent: ${reason}` }
}

/** A span as Pacemaker prints it: `20s`, `1m30s`, `500ms`. */
export function formatSpan(ms: number): string {
  if (ms < 1000) return `${ms}ms`
  const units = [
    [Math.trunc(ms / 3_600_000), 'h'],
    [Math.trunc((ms % 3_600_000) / 60_000), 'm'],
  ] as const
  const seconds = (ms % 60_000) / 1000
  const head = units.flatMap(([count, unit]) => (count > 0 ? [`${count}${unit}`] : [])).join('')
  return seconds > 0 || head === '' ? `${head}${seconds}s` : head
}

/** True when the outcome is not what was asked for. */
export function isFailure(outcome: { readonly rc: number; readonly status: number }, targetRc: number): boolean {
  return outcome.status !== operationStatus.done || sameMeaning(outcome.rc) !== sameMeaning(targetRc)
}

/** The degraded codes mean success for everything that decides. */
function sameMeaning(rc: number): number {
  if (rc === ocf.degraded) return ocf.ok
  return rc === ocf.degradedPromoted ? ocf.runningPromoted : rc
}
