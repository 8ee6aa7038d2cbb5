import os from 'node:os'
import { LogFile, logTime } from '@quorate/qb'
import type { LogLevel } from '../controller/state.ts'

/** Parts of the daemon, under the names that the C programs log as. */
export type LogPart =
  | 'pacemakerd'
  | 'pacemaker-based'
  | 'pacemaker-controld'
  | 'pacemaker-execd'
  | 'pacemaker-fenced'
  | 'pacemaker-attrd'
  | 'pacemaker-schedulerd'

const severity: Readonly<Record<LogLevel, number>> = { crit: 2, error: 3, warning: 4, notice: 5, info: 6, debug: 7 }
/** Characters of a line; the rest is cut. */
const lineCharactersMax = 4096

/** Where log lines go. */
export type LogTarget = {
  /** The detail log; undefined: none. */
  readonly file: string | undefined
  readonly toStderr: boolean
  readonly isDebug: boolean
}

/** What the environment says about logging (behaviour/pacemaker-daemons.md 6.5). `usual` is the detail log's usual place. */
export function logTarget(environment: NodeJS.ProcessEnv, usual: string, inRoot: (file: string) => string): LogTarget {
  const configured = environment['PCMK_logfile']
  const file = configured === 'none' || configured === '/dev/null' ? undefined : inRoot(configured ?? usual)
  return {
    file,
    toStderr: isTrue(environment['PCMK_stderr']),
    isDebug: isTrue(environment['PCMK_debug']),
  }
}

function isTrue(text: string | undefined): boolean {
  return text === '1' || text === 'yes' || text === 'true'
}

/**
 * Log lines in Pacemaker's format: `Mon DD HH:MM:SS.mmm host part [pid] level: text`. Warnings and worse also go to
 * standard error when there is no file for them.
 */
export class DaemonLog {
  readonly #target: LogTarget
  readonly #host: string
  #file: LogFile | undefined

  /** Without a file that can be opened, lines go to standard error instead. */
  constructor(target: LogTarget) {
    this.#target = target
    this.#host = os.hostname()
    if (target.file === undefined) return
    try {
      this.#file = new LogFile(target.file, 0o660)
    } catch (error) {
      process.stderr.write(`Could not open ${target.file}: ${error instanceof Error ? error.message : String(error)}\n`)
    }
  }

  write(part: LogPart, level: LogLevel, text: string): void {
    if (level === 'debug' && !this.#target.isDebug) return
    const line = `${logTime(new Date(), true)} ${this.#host} ${part.padEnd(19)} [${process.pid}] ${level}: ${text.slice(0, lineCharactersMax)}`
    const isLost = this.#file === undefined && severity[level] <= severity.warning
    if (this.#target.toStderr || isLost) process.stderr.write(`${line}\n`)
    this.#file?.append(line)
  }

  /** A writer for one part. */
  of(part: LogPart): (level: LogLevel, text: string) => void {
    return (level, text) => this.write(part, level, text)
  }

  close(): void {
    this.#file?.close()
    this.#file = undefined
  }
}
