import type { Prng } from '@quorate/base'
import type { RingNode, RingNodeConfig } from '@quorate/corosync'
import type { Machine, Process, ProcessHost } from '../machine.ts'
import { type AgentManners, type AgentWitness, AgentWorld } from './agent-world.ts'
import { LocalEvents } from './local-events.ts'
import type { NodeDisk } from './node-disk.ts'
import { PacemakerLife, pacemakerExit } from './pacemaker-life.ts'
import type { PowerSwitch } from './power-switch.ts'
import { RingLife } from './ring-life.ts'

/** What a machine of a cluster is made of. */
export type ClusterNodeOptions = {
  readonly prng: Prng
  readonly ring: RingNodeConfig
  readonly names: ReadonlyMap<number, string>
  readonly machine: () => Machine
  readonly disk: NodeDisk
  readonly storedRingSeq: number
  readonly manners: AgentManners
  readonly losesEventEach: number | undefined
  readonly power: PowerSwitch
  readonly witness: AgentWitness
  readonly nextPid: () => number
  readonly scheduled: () => void
  /** A program of the machine did something that others may await. */
  readonly stirred: () => void
  /** Told of a fault in a program. */
  readonly failed: (fault: unknown) => void
  readonly traces: boolean
}

/** Time until systemd starts a daemon again that failed, in milliseconds. */
const restartMs = 1_000
const agentTimer = 'agents'
const inboxTimer = 'corosync inbox'
const daemonTimer = 'pacemakerd '

/**
 * All that runs on a machine of a cluster while it has power: corosync, pacemakerd, and the resources and their agents.
 * Each of the two daemons can die alone; what they have started goes on. Started again as systemd would: pacemakerd after
 * a failure, both after corosync has gone, neither after an orderly end or where pacemakerd says that it must not be.
 */
export class ClusterNode implements Process {
  readonly agents: AgentWorld
  readonly disk: NodeDisk
  ring: RingLife
  pacemaker: PacemakerLife | undefined
  /** No daemon runs, and none is going to. */
  isDown = false
  readonly #host: ProcessHost
  readonly #options: ClusterNodeOptions
  readonly #agentEvents: LocalEvents
  readonly #inbox: LocalEvents
  #daemonEvents: LocalEvents | undefined
  #ringSeq: number
  #ringLives = 0
  #daemonLives = 0
  #isLeaving = false

  constructor(host: ProcessHost, options: ClusterNodeOptions) {
    this.#host = host
    this.#options = options
    this.disk = options.disk
    this.#ringSeq = options.storedRingSeq
    this.#agentEvents = new LocalEvents(host, agentTimer)
    this.#inbox = new LocalEvents(host, inboxTimer)
    this.agents = new AgentWorld(options.prng, this.#agentEvents, options.manners, options.witness)
    this.ring = this.#newRing()
  }

  get name(): string {
    return this.#options.names.get(this.#host.self) ?? ''
  }

  get member(): RingNode['member'] {
    return this.ring.node.member
  }

  get self(): ProcessHost['self'] {
    return this.#host.self
  }

  start(_storedRingSeq: number): void {
    this.ring.start(this.#ringSeq)
  }

  frame(bytes: Uint8Array): void {
    if (!this.ring.isOver) this.ring.frame(bytes)
  }

  timer(name: string): void {
    if (this.ring.timer(name)) return
    this.#options.stirred()
    if (name === agentTimer) this.#agentEvents.happen()
    else if (name === inboxTimer) this.#inbox.happen()
    else if (name === `${daemonTimer}${this.#daemonLives}`) this.#daemonEvents?.happen()
  }

  /** `systemctl stop`: Pacemaker first, then corosync. The machine keeps its power. */
  leave(): void {
    if (this.isDown || this.#isLeaving) return
    this.#isLeaving = true
    this.#host.trace('is asked to stop its daemons')
    if (this.pacemaker?.isAlive) this.pacemaker.shutdown()
    else this.ring.leave()
  }

  /** `systemctl start`, where nothing runs. */
  startDaemons(): void {
    if (!this.isDown) return
    this.isDown = false
    this.#isLeaving = false
    this.#restartRing()
  }

  /** pacemakerd is killed. */
  killPacemaker(): void {
    if (this.pacemaker?.isAlive !== true) return
    this.#host.trace('pacemakerd is killed')
    this.pacemaker.kill()
    this.#pacemakerEnded(1)
  }

  /** corosync is killed. */
  killRing(): void {
    if (this.ring.isOver || this.isDown) return
    this.#host.trace('corosync is killed')
    this.ring.kill()
    this.#ringEnded()
  }

  /** pacemakerd does not run for a while: it is stopped by a signal, swapped out, or busy. */
  stallPacemaker(ms: number): void {
    this.#host.trace(`pacemakerd stalls for ${ms.toFixed(0)} ms`)
    this.#daemonEvents?.hold(ms)
  }

  #newRing(): RingLife {
    this.#ringLives += 1
    const { ring: config, prng, names, losesEventEach } = this.#options
    const life = this.#ringLives
    return new RingLife(this.#host, {
      config,
      prng,
      life,
      inbox: this.#inbox,
      names,
      losesEventEach,
      ready: () => this.#startPacemaker(),
      stopped: () => this.#ringEnded(),
      persisted: (ringSeq) => {
        this.#ringSeq = ringSeq
      },
    })
  }

  #restartRing(): void {
    if (!this.ring.isOver) return
    this.ring = this.#newRing()
    this.ring.start(this.#ringSeq)
  }

  #startPacemaker(): void {
    if (this.#isLeaving) return this.ring.leave()
    if (this.pacemaker?.isAlive === true || !this.ring.isReady || this.isDown) return
    this.#daemonLives += 1
    const { names, prng, power, machine, nextPid, scheduled, failed, traces } = this.#options
    const events = new LocalEvents(this.#host, `${daemonTimer}${this.#daemonLives}`)
    this.#daemonEvents = events
    const pid = nextPid()
    this.pacemaker = new PacemakerLife({
      self: this.#host.self,
      name: this.name,
      pid,
      names,
      prng,
      nowMs: () => this.#host.nowMs(),
      events,
      ring: this.ring.doors(events, pid),
      disk: this.disk.filesFor(events, prng),
      agents: this.agents.agentsFor(events),
      fenceAgents: power.agentsFor(machine(), events),
      trace: traces ? (line) => this.#host.trace(line) : undefined,
      scheduled,
      failed,
      ended: (exitCode) => this.#pacemakerEnded(exitCode),
    })
    this.#host.trace(`pacemakerd starts as ${pid}`)
    events.after(1, () => this.pacemaker?.start())
  }

  #pacemakerEnded(exitCode: number): void {
    this.#host.trace(`pacemakerd has ended with exit code ${exitCode}`)
    const events = this.#daemonEvents
    this.#daemonEvents = undefined
    if (events !== undefined) this.ring.closeAll(events)
    if (this.#isLeaving || exitCode === 0) {
      this.#isLeaving = true
      if (this.ring.isOver) this.isDown = true
      else this.ring.leave()
    } else if (exitCode === pacemakerExit.fatal) {
      if (this.ring.isOver) this.isDown = true
      else {
        this.#isLeaving = true
        this.ring.leave()
      }
    } else {
      this.#agentEvents.after(restartMs, () => {
        if (this.ring.isOver) this.#restartRing()
        else this.#startPacemaker()
      })
    }
  }

  #ringEnded(): void {
    this.#host.trace('corosync has ended')
    if (this.#isLeaving && this.pacemaker?.isAlive !== true) {
      this.isDown = true
      return
    }
    // pacemakerd has lost its ring and ends too; whoever starts it again starts corosync.
    if (this.pacemaker?.isAlive !== true && !this.#isLeaving) {
      this.#agentEvents.after(restartMs, () => this.#restartRing())
    }
  }
}
