import { spawn } from 'node:child_process'
import fs from 'node:fs'
import process from 'node:process'
import { hostPath } from '@quorate/qb'
import { type AlertEffect, type AlertRun, alertEnded, newAlertQueue, sendAlerts } from '../alerts/alert-core.ts'
import type { AlertEvent } from '../alerts/alert-event.ts'
import { readAlerts } from '../alerts/alert-list.ts'
import type { WallTime } from '../alerts/timestamp.ts'
import type { CibManager } from '../cib-manager/service.ts'
import type { DaemonIds } from '../client/daemon-user.ts'
import { utcOffsetS } from './local-time.ts'

/** What the alerts of a node are sent with. */
export type AlertServiceOptions = {
  readonly cib: Pick<CibManager, 'cib'>
  /** Whom agents run as; undefined where this process is not root, and they run as it does. */
  readonly runAs: DaemonIds | undefined
  readonly log: (level: 'notice' | 'warning' | 'info', text: string) => void
}

const workFolder = '/var/lib/pacemaker/cores'
const pathOfLastResort = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/**
 * Runs the agents of alerts as the cluster's own user, each alone in a process group of its own, so long as its alert allows.
 * No shell is involved. What an agent prints is nobody's.
 */
export class AlertService {
  readonly #options: AlertServiceOptions
  readonly #queue = newAlertQueue()
  readonly #running = new Set<Promise<void>>()
  #isClosed = false

  constructor(options: AlertServiceOptions) {
    this.#options = options
  }

  /** Has agents told of an event, as the CIB has it now. */
  send(event: AlertEvent): void {
    if (this.#isClosed) return
    const at = wallTime()
    const moment = { epochSeconds: at.epochS, offsetSeconds: at.offsetS, clockSeconds: at.epochS }
    this.#perform(sendAlerts(this.#queue, readAlerts(this.#options.cib.cib, moment), event, at))
  }

  /** Waits for the agents that run: each has its time. Those that wait for others are not run any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#queue.waiting.length = 0
    await Promise.all(this.#running)
  }

  #perform(effects: readonly AlertEffect[]): void {
    for (const effect of effects) {
      if (effect.do === 'log') this.#options.log(effect.level, effect.text)
      else this.#run(effect.run)
    }
  }

  #run(run: AlertRun): void {
    const done = runAgent(run, this.#options.runAs).then((failure) => {
      this.#running.delete(done)
      if (failure !== undefined) this.#options.log('notice', `Could not send alert ${run.id}: ${failure}`)
      this.#perform(alertEnded(this.#queue))
    })
    this.#running.add(done)
  }
}

/** Runs an agent to its end. Resolves to why it has not done its work; undefined where it has. */
function runAgent(
  { path, timeoutMs, environment }: AlertRun,
  runAs: DaemonIds | undefined,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const folder = hostPath(workFolder)
    const child = spawn(path, [], {
      cwd: fs.existsSync(folder) ? folder : '/',
      env: { PATH: pathOfLastResort, ...process.env, LC_ALL: 'C', PCMK_service: 'pacemaker-execd', ...environment },
      stdio: 'ignore',
      detached: true,
      ...(runAs?.uid === undefined ? {} : { uid: runAs.uid }),
      ...(runAs?.gid === undefined ? {} : { gid: runAs.gid }),
    })
    let isTimedOut = false
    const timer = setTimeout(() => {
      isTimedOut = true
      if (child.pid !== undefined) killGroup(child.pid)
    }, timeoutMs)
    const end = (failure: string | undefined): void => {
      clearTimeout(timer)
      resolve(failure)
    }
    child.once('error', (error) => end(startFailure(path, error)))
    child.once('exit', (code, signal) => {
      if (isTimedOut) end(`Timed Out (${path} did not complete within ${timeoutMs}ms)`)
      else if (signal !== null) end(`Error (${path} was ended by ${signal})`)
      else end(code === 0 ? undefined : `Error (${path} returned ${code})`)
    })
  })
}

function startFailure(path: string, error: Error): string {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return `Not installed (${path}: No such file or directory)`
  if (code === 'EACCES') return `Error (${path}: Permission denied)`
  return `Error (${path}: ${error.message})`
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // It has ended in this very moment.
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

/** The clock's time, which is known to the millisecond. */
function wallTime(): WallTime {
  const now = new Date()
  const parts = new Intl.DateTimeFormat('en-US', { timeZoneName: 'short' }).formatToParts(now)
  return {
    epochS: Math.floor(now.getTime() / 1000),
    micros: now.getMilliseconds() * 1000,
    offsetS: utcOffsetS(now),
    zone: parts.find(({ type }) => type === 'timeZoneName')?.value ?? '',
  }
}
