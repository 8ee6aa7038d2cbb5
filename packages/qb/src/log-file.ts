import fs from 'node:fs'
import path from 'node:path'

/** Bytes of lines that wait for the disk; beyond it they are dropped and counted. */
export const logBytesWaitingMax = 4 * 1024 * 1024
/** Characters of one line; the rest is cut. */
export const logLineCharsMax = 4096
/** When lines are held back for a slow disk, how soon to try again, in milliseconds. */
const retryMs = 100

/**
 * A log that never makes its writer wait: lines are gathered and written once a turn of the event loop, in one call,
 * and what is left is written when the process exits, by whatever way but SIGKILL. A full disk takes the log and not
 * the daemon: lines that found no room are counted, and the count is a line of the log as soon as one fits.
 */
export class LogFile {
  readonly #file: string
  readonly #mode: number
  readonly #onExit = (): void => this.flush()
  #fd: number
  #waiting: string[] = []
  #charsWaiting = 0
  #lost = 0
  #turn: NodeJS.Immediate | undefined
  #retry: NodeJS.Timeout | undefined

  /** Opens or makes the file and its folder. @throws Error of node:fs */
  constructor(file: string, mode = 0o640) {
    this.#file = file
    this.#mode = mode
    this.#fd = this.#open()
    process.on('exit', this.#onExit)
  }

  /** Lines dropped and not yet told of. */
  get lost(): number {
    return this.#lost
  }

  /** Adds a line, without its newline. Newlines in it become spaces: a line of the log is one line. */
  append(line: string): void {
    const text = line.length > logLineCharsMax ? line.slice(0, logLineCharsMax) : line
    if (this.#charsWaiting + text.length > logBytesWaitingMax) {
      this.#lost += 1
      return
    }
    this.#waiting.push(text.includes('\n') ? text.replaceAll('\n', ' ') : text)
    this.#charsWaiting += text.length
    this.#turn ??= setImmediate(() => this.flush())
  }

  /** Writes what waits, now. */
  flush(): void {
    if (this.#turn !== undefined) clearImmediate(this.#turn)
    this.#turn = undefined
    if (this.#waiting.length === 0) return
    if (this.#lost > 0) this.#waiting.push(`${this.#lost} lines were lost: no room for the log`)
    try {
      fs.writeSync(this.#fd, `${this.#waiting.join('\n')}\n`)
      this.#waiting = []
      this.#charsWaiting = 0
      this.#lost = 0
    } catch {
      if (this.#lost > 0) this.#waiting.pop()
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined
        this.flush()
      }, retryMs).unref()
    }
  }

  /** Opens the file anew, after it was moved away. @throws Error of node:fs, and goes on with the old one */
  reopen(): void {
    this.flush()
    const opened = this.#open()
    fs.closeSync(this.#fd)
    this.#fd = opened
  }

  /** Writes what waits and closes; the log takes no lines after this. */
  close(): void {
    this.flush()
    clearTimeout(this.#retry)
    process.off('exit', this.#onExit)
    fs.closeSync(this.#fd)
  }

  #open(): number {
    fs.mkdirSync(path.dirname(this.#file), { recursive: true })
    return fs.openSync(this.#file, 'a', this.#mode)
  }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Time of a log line as corosync and Pacemaker write it: `Nov 24 15:00:01`, with `.123` where asked, local time. */
export function logTime(at: Date, withMilliseconds: boolean): string {
  const two = (value: number): string => (value < 10 ? `0${value}` : String(value))
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  const fraction = withMilliseconds ? `.${String(at.getMilliseconds()).padStart(3, '0')}` : ''
  return `${months[at.getMonth()]} ${two(at.getDate())} ${clock}${fraction}`
}
