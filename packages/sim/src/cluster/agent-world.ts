import type { Prng } from '@quorate/base'
import type { AgentEnd, AgentProcess, AgentRun, Agents } from '@quorate/pacemaker'
import type { LocalEvents } from './local-events.ts'

/** How the agents of a seed behave. Rates are parts of a thousand runs. */
export type AgentManners = {
  readonly quickMaxMs: number
  readonly slowRate: number
  readonly slowMaxMs: number
  readonly failRate: number
  /** They do not end before they are killed. */
  readonly hangRate: number
  /**
   * Whether a probe may fail where nothing runs. The scheduler takes the resource for failed there, and a partition without
   * quorum recovers what has failed in it with `no-quorum-policy=freeze` (2.1.5 too, asked about seed 1182), whatever runs
   * elsewhere: nothing but the agent could have told it.
   */
  readonly idleProbesFail: boolean
}

/** Agents that do what they should, at once. */
export const goodManners: AgentManners = {
  quickMaxMs: 60,
  slowRate: 0,
  slowMaxMs: 0,
  failRate: 0,
  hangRate: 0,
  idleProbesFail: true,
}

/** Exit codes of OCF agents. */
const ocf = { ok: 0, error: 1, notRunning: 7, runningPromoted: 8 }

/** What a resource is doing on a machine. */
export type ActiveResource = { isPromoted: boolean }

/** Told of every resource that begins or ends to be active. */
export type AgentWitness = {
  changed(resource: string, what: 'active' | 'promoted' | 'demoted' | 'gone'): void
}

type Running = {
  readonly cancel: () => void
  readonly end: (what: AgentEnd) => void
  isOver: boolean
  ignoresTerm: boolean
}

/**
 * The resources of one machine and the programs that start and stop them. They live on while the daemon that ran them
 * dies, and end with the machine's power.
 */
export class AgentWorld {
  readonly active = new Map<string, ActiveResource>()
  manners: AgentManners
  readonly #prng: Prng
  readonly #events: LocalEvents
  readonly #witness: AgentWitness

  /** `events`: the machine's, not the daemon's. */
  constructor(prng: Prng, events: LocalEvents, manners: AgentManners, witness: AgentWitness) {
    this.#prng = prng
    this.#events = events
    this.manners = manners
    this.#witness = witness
  }

  /** A resource ends without anybody having asked for it. */
  die(resource: string): void {
    if (this.active.delete(resource)) this.#witness.changed(resource, 'gone')
  }

  /** What a daemon runs agents with; `events` are its own: what it is told dies with it. */
  agentsFor(events: LocalEvents): Agents {
    return {
      start: (run, ended) => this.#start(run, (what) => void events.after(toldMs, () => ended(what))),
      learn: async () => undefined,
      load: () => 0,
    }
  }

  #start(run: AgentRun, ended: (what: AgentEnd) => void): AgentProcess {
    const prng = this.#prng
    const { manners } = this
    const isSlow = prng.below(1000) < manners.slowRate
    const isHung = prng.below(1000) < manners.hangRate
    const fails = prng.below(1000) < manners.failRate
    const takesMs = 1 + (prng.below(1000) / 1000) * (isSlow ? manners.slowMaxMs : manners.quickMaxMs)
    const actsMs = (prng.below(1000) / 1000) * takesMs
    // What fails or hangs has done its work or not.
    const acts = !(fails || isHung) || prng.chance(1, 3)
    const isProbe = run.action === 'monitor' && Number(run.parameters.get('CRM_meta_interval') ?? 0) === 0
    const isTrue = isProbe && !this.active.has(run.resource.id) && !manners.idleProbesFail
    let code = ocf.ok
    const calls: (() => void)[] = []
    const running: Running = {
      cancel: () => {
        for (const call of calls) call()
      },
      end: (what) => {
        if (running.isOver) return
        running.isOver = true
        running.cancel()
        ended(what)
      },
      isOver: false,
      ignoresTerm: isHung && prng.chance(1, 2),
    }
    if (acts || isTrue) {
      calls.push(
        this.#events.after(actsMs, () => {
          code = this.#act(run)
        }),
      )
    }
    if (!isHung || isTrue) {
      calls.push(
        this.#events.after(takesMs, () =>
          running.end({ end: { kind: 'exit', code: fails && !isTrue ? ocf.error : code }, stdout: '', stderr: '' }),
        ),
      )
    }
    return {
      signal: (signal) => {
        if (signal === 'SIGTERM' && running.ignoresTerm) return
        void this.#events.after(1, () => running.end({ end: { kind: 'signal', signal }, stdout: '', stderr: '' }))
      },
    }
  }

  /** What an agent does; answers how it ends. */
  #act({ resource: { id }, action }: AgentRun): number {
    const known = this.active.get(id)
    switch (action) {
      case 'start':
        if (known === undefined) {
          this.active.set(id, { isPromoted: false })
          this.#witness.changed(id, 'active')
        }
        return ocf.ok
      case 'stop':
        this.die(id)
        return ocf.ok
      case 'promote':
        if (known === undefined) return ocf.error
        if (!known.isPromoted) {
          known.isPromoted = true
          this.#witness.changed(id, 'promoted')
        }
        return ocf.ok
      case 'demote':
        if (known === undefined) return ocf.notRunning
        if (known.isPromoted) {
          known.isPromoted = false
          this.#witness.changed(id, 'demoted')
        }
        return ocf.ok
      case 'monitor':
        if (known === undefined) return ocf.notRunning
        return known.isPromoted ? ocf.runningPromoted : ocf.ok
      default:
        return ocf.ok
    }
  }
}

/** Time until a daemon notices the end of a process, in milliseconds. */
const toldMs = 0.2
