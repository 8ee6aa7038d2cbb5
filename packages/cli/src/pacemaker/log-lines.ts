import { type LogLine, type OnUnreadable, type Remark, unfencingSource } from '@quorate/scheduler'
import type { ToolHost } from './tool-host.ts'
import type { Options } from './tool-options.ts'

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
      const { kind, text, source, isAlwaysTold } = remark
      if (isAlwaysTold !== true && verbosity < verbosityOf[kind]) return ''
      return `(${source ?? 'scheduler'}) \t${kind === 'score' ? 'debug' : kind}: ${text}\n`
    })
    .join('')
}

/** What tools print of a cluster before their own text, at any verbosity: changes of devices that unfence nodes. */
export function unfencingLines(log: readonly LogLine[]): string {
  return log
    .filter(({ source }) => source === unfencingSource)
    .map(({ kind, text }) => `${kind === 'notice' ? 'notice: ' : ''}${text}\n`)
    .join('')
}

/** Tells why a text that was asked about is no date or duration, for so many -V. */
export function unreadableTeller(host: ToolHost, options: Options): OnUnreadable {
  const verbosity = options.count('verbose')
  return (source, text) => host.err(logLines([{ kind: 'error', source, text }], verbosity))
}

/** Says of a tool that it ends, for so many -V, and passes its exit code on. */
export function exiting(name: string, code: number, host: ToolHost, options: Options): number {
  const text = `Exiting ${name} | with status ${code}`
  host.err(logLines([{ kind: 'info', source: 'crm_exit', text }], options.count('verbose')))
  return code
}
