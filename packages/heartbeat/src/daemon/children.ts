import { type ChildProcess, spawn } from 'node:child_process'
import type { ChildConf } from '../conf/ha-cf.ts'
import { accountOf } from './accounts.ts'

/** Exit code by which a program says that it wants to be left alone. */
const exitStay = 100
/** Pause before a program is started again, ms. */
const againMs = 1000
/** Ends in a row, each sooner than {@link livedMs} after the start, at which a program is given up. */
const hastyEndsMax = 10
const livedMs = 30_000
/** Programs that did not end so long after SIGTERM get SIGKILL, ms. */
const killMs = 30_000

type Child = { readonly conf: ChildConf; process: ChildProcess | undefined; startedAt: number; hastyEnds: number }

/** Programs that the daemon keeps running (`respawn`, `failfast`). */
export class Children {
  readonly #children: Child[]
  readonly #environment: NodeJS.ProcessEnv
  readonly #log: (level: 'info' | 'warning' | 'error', text: string) => void
  readonly #onFailFast: (text: string) => void
  readonly #timers = new Set<NodeJS.Timeout>()
  #isStopping = false
  #onAllGone: (() => void) | undefined

  constructor(
    confs: readonly ChildConf[],
    environment: NodeJS.ProcessEnv,
    log: (level: 'info' | 'warning' | 'error', text: string) => void,
    onFailFast: (text: string) => void,
  ) {
    this.#children = confs.map((conf) => ({ conf, process: undefined, startedAt: 0, hastyEnds: 0 }))
    this.#environment = environment
    this.#log = log
    this.#onFailFast = onFailFast
  }

  start(): void {
    for (const child of this.#children) this.#start(child)
  }

  /** Ends all, the last first, and resolves when none is left. */
  stop(): Promise<void> {
    this.#isStopping = true
    for (const timer of this.#timers) clearTimeout(timer)
    const running = this.#children.filter(({ process }) => process !== undefined).reverse()
    for (const { process } of running) process?.kill('SIGTERM')
    if (running.length === 0) return Promise.resolve()
    return new Promise((resolve) => {
      const late = setTimeout(() => {
        for (const { process } of running) process?.kill('SIGKILL')
      }, killMs)
      this.#onAllGone = () => {
        clearTimeout(late)
        resolve()
      }
    })
  }

  #start(child: Child): void {
    const { user, command } = child.conf
    const [program = '', ...rest] = command
    const account = accountOf(user)
    if (account === undefined) return this.#log('error', `"${program}" is not started: there is no user ${user}`)
    this.#log('info', `Starting child client "${command.join(' ')}" (${account.uid},${account.gid})`)
    child.startedAt = performance.now()
    const started = spawn(program, rest, {
      uid: account.uid,
      gid: account.gid,
      env: this.#environment,
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    child.process = started
    let isOver = false
    const over = (code: number | null, why: string): void => {
      if (isOver) return
      isOver = true
      this.#ended(child, code, why)
    }
    started.once('error', (error) => over(null, error.message))
    started.once('exit', (code, signal) => over(code, code === null ? `signal ${signal}` : `return code ${code}`))
  }

  #ended(child: Child, code: number | null, why: string): void {
    child.process = undefined
    const name = child.conf.command.join(' ')
    if (this.#isStopping) {
      if (this.#children.every(({ process }) => process === undefined)) this.#onAllGone?.()
      return
    }
    if (child.conf.isFailFast) return this.#onFailFast(`"${name}" ended with ${why}`)
    if (code === exitStay) return this.#log('info', `"${name}" ended and wants to stay so`)
    this.#log('warning', `Managed ${name} process exited with ${why}.`)
    child.hastyEnds = performance.now() - child.startedAt < livedMs ? child.hastyEnds + 1 : 0
    if (child.hastyEnds >= hastyEndsMax) return this.#log('error', `Client ${name} "respawning too fast"`)
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#start(child)
    }, againMs)
    this.#timers.add(timer)
  }
}
