import fs from 'node:fs'
import path from 'node:path'
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

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
/** Longest text of a line, characters; the rest is cut. */
const lineCharsMax = 4096

/**
 * Log lines in corosync's format, to standard error and to a file. Lines to the file are gathered and written once a
 * turn of the event loop: a ring that re-forms says much at once and must not wait for the disk at each line.
 */
export class LogSink {
  readonly #settings: LogSettings
  readonly #hostName: string
  readonly #path: string | undefined
  #fd: number | undefined
  #waiting: string[] = []

  /** `file`: where `settings.file` is on this host. @throws Error where the file cannot be opened */
  constructor(settings: LogSettings, hostName: string, file: string | undefined) {
    this.#settings = settings
    this.#hostName = hostName
    this.#path = file
    this.reopen()
  }

  /** Opens the file anew, after it was rotated. */
  reopen(): void {
    if (this.#path === undefined) return
    this.flush()
    if (this.#fd !== undefined) fs.closeSync(this.#fd)
    fs.mkdirSync(path.dirname(this.#path), { recursive: true })
    this.#fd = fs.openSync(this.#path, 'a', 0o640)
  }

  write(level: LogLevel, subsystem: string, text: string): void {
    const rank = severity[level] ?? 0
    if (rank > this.#limit(subsystem)) return
    const when = this.#timestamp(new Date())
    const name = level.padEnd(7)
    const body = `[${subsystem.padEnd(6)}] ${text.slice(0, lineCharsMax)}\n`
    if (this.#settings.toStderr) process.stderr.write(`${when}${name} ${body}`)
    if (this.#fd === undefined) return
    if (this.#waiting.length === 0) setImmediate(() => this.flush())
    this.#waiting.push(`${when}[${process.pid}] ${this.#hostName} corosync ${name} ${body}`)
  }

  /** Writes what was gathered. Called at the end, too. */
  flush(): void {
    if (this.#fd === undefined || this.#waiting.length === 0) return
    const lines = this.#waiting.join('')
    this.#waiting = []
    try {
      fs.writeSync(this.#fd, lines)
    } catch {
      // A full disk takes the log; it must not take the ring.
    }
  }

  #limit(subsystem: string): number {
    const debug = this.#settings.debugOf.get(subsystem) ?? this.#settings.debug
    if (debug === 'trace') return severity['trace'] as number
    if (debug === 'on') return severity['debug'] as number
    return severity[this.#settings.filePriority] ?? (severity['info'] as number)
  }

  #timestamp(now: Date): string {
    if (this.#settings.timestamp === 'off') return ''
    const two = (value: number): string => String(value).padStart(2, '0')
    const clock = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`
    const fraction = this.#settings.timestamp === 'hires' ? `.${String(now.getMilliseconds()).padStart(3, '0')}` : ''
    return `${months[now.getMonth()]} ${two(now.getDate())} ${clock}${fraction} `
  }
}
