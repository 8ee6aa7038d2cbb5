import type { LogLine } from '@quorate/scheduler'

/** How often -V has to be given for a line to be shown. */
const verbosityOf: Readonly<Record<LogLine['kind'], number>> = {
  crit: 1,
  error: 1,
  warning: 2,
  notice: 3,
  info: 4,
  score: 5,
}

/** What the scheduler said, as tools show it for so many -V (behaviour/pacemaker-tools.md 11). */
export function logLines(log: readonly LogLine[], verbosity: number): string {
  return log
    .filter(({ kind }) => verbosity >= verbosityOf[kind])
    .map(({ kind, text, source }) => `(${source ?? 'scheduler'}) \t${kind === 'score' ? 'debug' : kind}: ${text}\n`)
    .join('')
}
