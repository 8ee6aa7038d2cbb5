import { LogFile, logTime } from '@quorate/qb'
import type { LogSettings } from '../conf/configuration.ts'
import type { LogLevel } from '../service.ts'

/** Syslog's numbers: lower is more serious. */
const severity: Readonly<Record<string, number>> = {
  emerg: 0,
  alert: 1,
  crit: 2,
  err: 3,
  error: 3,
  warning: 4,
  notice: 5,
  info: 6,
  debug: 7,
  trace: 8,
}

/** Longest text of a line, characters; the rest is cut. */
const lineCharsMax = 4096

/**
 * Log lines in corosync's format, to standard error and to a file. Lines to the file are gathered and written once a
 * turn of the event loop: a ring that re-forms says much at once and must not wait for the disk at each line.
 */
export class LogSink {
  readonly #settings: LogSettings
  readonly #hostName: string
  readonly #file: LogFile | undefined

  /** `file`: where `settings.file` is on this host. @throws Error where the file cannot be opened */
  constructor(settings: LogSettings, hostName: string, file: string | undefined) {
    this.#settings = settings
    this.#hostName = hostName
    this.#file = file === undefined ? undefined : new LogFile(file)
  }

  /** Opens the file anew, after it was rotated. */
  reopen(): void {
    this.#file?.reopen()
  }

  write(level: LogLevel, subsystem: string, text: string): void {
    const rank = severity[level] ?? 0
    if (rank > this.#limit(subsystem)) return
    const when = this.#timestamp(new Date())
    const name = level.padEnd(7)
    const body = `[${subsystem.padEnd(6)}] ${text.slice(0, lineCharsMax)}`
    if (this.#settings.toStderr) process.stderr.write(`${when}${name} ${body}\n`)
    this.#file?.append(`${when}[${process.pid}] ${this.#hostName} corosync ${name} ${body}`)
  }

  /** Writes what was gathered. Called at the end, too. */
  flush(): void {
    this.#file?.flush()
  }

  #limit(subsystem: string): number {
    const debug = this.#settings.debugOf.get(subsystem) ?? this.#settings.debug
    if (debug === 'trace') return severity['trace'] as number
    if (debug === 'on') return severity['debug'] as number
    return severity[this.#settings.filePriority] ?? (severity['info'] as number)
  }

  #timestamp(now: Date): string {
    const { timestamp } = this.#settings
    return timestamp === 'off' ? '' : `${logTime(now, timestamp === 'hires')} `
  }
}
