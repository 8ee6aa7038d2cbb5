import type { NodeId, Prng } from '@quorate/base'
import { featureSet, usableCib } from '@quorate/cib'
import { CsError, type Ring } from '@quorate/corosync'
import {
  type Agents,
  AttributeService,
  type CibDisk,
  CibService,
  ControllerShell,
  connectCluster,
  type DaemonHost,
  type FenceAgents,
  FencerService,
  type PeerMessenger,
  type ScheduleResult,
} from '@quorate/pacemaker'
import { schedule } from '@quorate/scheduler'
import type { XmlElement } from '@quorate/xml'
import type { LocalEvents } from './local-events.ts'

/** Wall clock at the beginning of every world, in seconds since 1970. */
export const epochStartS = 1_795_000_000

/** What a life of pacemakerd is made of. */
export type PacemakerLifeOptions = {
  readonly self: NodeId
  readonly name: string
  readonly pid: number
  readonly names: ReadonlyMap<number, string>
  readonly prng: Prng
  readonly nowMs: () => number
  readonly events: LocalEvents
  readonly ring: Ring
  readonly disk: CibDisk
  readonly agents: Agents
  readonly fenceAgents: FenceAgents
  readonly trace: ((line: string) => void) | undefined
  /** Told of every transition graph that the scheduler was asked for. */
  readonly scheduled: () => void
  /** Told of a fault in the program itself. */
  readonly failed: (fault: unknown) => void
  /** It has ended by itself, with this exit code. */
  readonly ended: (exitCode: number) => void
}

/** Exit codes of pacemakerd that matter here: not to be started again by itself, and having lost its ring. */
export const pacemakerExit = { fatal: 100, disconnected: 102 } as const

/**
 * pacemakerd on a machine, from its start to its end: the very parts of the real one, put together in its order. Stand-ins
 * are the scheduler's thread (the scheduler is the real one), alerts, and the servers of local clients.
 */
export class PacemakerLife {
  readonly #options: PacemakerLifeOptions
  #isAlive = true
  #isStopping = false
  messenger: PeerMessenger | undefined
  cib: CibService | undefined
  attributes: AttributeService | undefined
  fencer: FencerService | undefined
  controller: ControllerShell | undefined

  constructor(options: PacemakerLifeOptions) {
    this.#options = options
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  /** All of it is up. */
  get isRunning(): boolean {
    return this.#isAlive && !this.#isStopping && this.controller !== undefined
  }

  start(): void {
    this.#run().then(
      (exitCode) => {
        if (!this.#isAlive) return
        this.#isAlive = false
        this.#options.ended(exitCode)
      },
      (error: unknown) => {
        if (!this.#isAlive) return
        this.#isAlive = false
        this.#options.trace?.(`pacemakerd ends: ${String(error)}`)
        if (!(error instanceof CsError)) this.#options.failed(error)
        this.#options.ended(pacemakerExit.disconnected)
      },
    )
  }

  /** SIGTERM. */
  shutdown(): void {
    if (this.#isStopping) return
    this.#isStopping = true
    this.controller?.shutdown()
  }

  /** It is gone at once: nothing of it is heard any more. */
  kill(): void {
    this.#isAlive = false
  }

  async #run(): Promise<number> {
    const { ring, name, names, disk, agents, fenceAgents, self } = this.#options
    const host = this.#host()
    const log =
      (daemon: string) =>
      (level: string, text: string): void =>
        this.#options.trace?.(`${daemon} ${level}: ${text}`)
    const messenger = await connectCluster({
      ring,
      bzip2: { compress: (plain) => plain, decompress: (packed) => packed },
      log: (line) => log('pacemakerd')('warning', line),
      host,
      hostName: name,
      isAddress: () => false,
    })
    this.messenger = messenger
    const cib = await CibService.open({ messenger, host, disk: () => disk, log: log('based') })
    this.cib = cib
    const attributes = await AttributeService.open({ messenger, cib, host, alert: () => undefined, log: log('attrd') })
    this.attributes = attributes
    const fencer = await FencerService.open({ messenger, cib, host, agents: fenceAgents, log: log('fenced') })
    this.fencer = fencer
    let end: (exitCode: number) => void = () => undefined
    const ended = new Promise<number>((resolve) => {
      end = resolve
    })
    const controller = new ControllerShell({
      host,
      config: {
        uname: name,
        uuid: String(self),
        featureSet,
        dcVersion: '2.1.5-quorate',
        clusterName: 'sim',
        configuredNodes: [...names].map(([id, uname]) => ({ uuid: String(id), uname })),
        transitionUuid: host.uuid(),
        processors: 2,
      },
      messenger,
      cib,
      attributes,
      agents,
      fencer,
      rehearse: () => undefined,
      schedule: (document) => this.#schedule(document),
      alert: () => undefined,
      log: log('controld'),
      sendToClient: () => true,
      ended: end,
    })
    this.controller = controller
    await controller.start()
    if (this.#isStopping) controller.shutdown()
    const exitCode = await ended
    await fencer.close()
    await attributes.close()
    await cib.close()
    await messenger.close()
    return exitCode
  }

  /** As the scheduler's thread does it, some time later. */
  #schedule(document: XmlElement): Promise<ScheduleResult> {
    this.#options.scheduled()
    const { prng, events } = this.#options
    return new Promise((resolve) => {
      events.after(2 + (prng.below(1000) / 1000) * scheduleMsMax, () => {
        const usable = usableCib(document)
        if (!usable.ok) return resolve({ ok: false, reason: usable.reason })
        const nowSeconds = epochStartS + Math.trunc(this.#options.nowMs() / 1000)
        const { graph } = schedule(usable.cib, { nowSeconds })
        resolve({ ok: true, graph, inputFile: undefined })
      })
    })
  }

  #host(): DaemonHost {
    const { prng, events, pid, nowMs } = this.#options
    const bornMs = nowMs()
    const usPerMs = prng.between(5, 30)
    let cpu = { ageS: 0, ageUs: 0 }
    let cpuUntilMs = Number.NEGATIVE_INFINITY
    return {
      pid,
      monoMs: () => nowMs(),
      epochMs: () => epochStartS * 1000 + nowMs(),
      utcOffsetS: () => 0,
      localTime: () => 'Mon Nov 30 12:00:00 2026',
      // CPU time grows with the age of the daemon; a reading is kept for a while, as by the real one.
      cpu: () => {
        if (nowMs() > cpuUntilMs) {
          const usedUs = Math.trunc((nowMs() - bornMs) * usPerMs + 50_000)
          cpu = { ageS: Math.trunc(usedUs / 1_000_000), ageUs: usedUs % 1_000_000 }
          cpuUntilMs = nowMs() + cpuKeptMs
        }
        return cpu
      },
      // As with the real one no timer is shorter than a millisecond.
      after: (ms, run) =>
        events.after(Math.max(1, ms), () => {
          if (this.#isAlive) run()
        }),
      uuid: () => {
        const hex = (digits: number): string =>
          Array.from({ length: digits }, () => prng.below(16).toString(16)).join('')
        return `${hex(8)}-${hex(4)}-4${hex(3)}-a${hex(3)}-${hex(12)}`
      },
      chance: () => prng.below(1_000_000) / 1_000_000,
      isInGroup: () => false,
    }
  }
}

const scheduleMsMax = 60
const cpuKeptMs = 10_000
