import type { LogLine, Remark } from '@quorate/scheduler'

/** How often -V has to be given for a line to be shown. */
const verbosityOf: Readonly<Record<LogLine['kind'], number>> = {
  crit: 1,
  error: 1,
  warning: 2,
  notice: 3,
  info: 4,
  score: 5,
}

/**
 * What the scheduler said, as tools show it for so many -V (behaviour/pacemaker-tools.md 11), and faults of what was
 * asked for in between.
 */
export function logLines(remarks: readonly Remark[], verbosity: number): string {
  return remarks
    .map((remark) => {
      if (typeof remark === 'string') return `${remark}\n`
      const { kind, text, source } = remark
      if (verbosity < verbosityOf[kind]) return ''
      return `(${source ?? 'scheduler'}) \t${kind === 'score' ? 'debug' : kind}: ${text}\n`
    })
    .join('')
}
