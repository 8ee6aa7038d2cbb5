import { invariant, type NodeId } from '@quorate/base'
import type { RingMember } from '@quorate/totem'

/** Frames that the socket of a sleeping process keeps. */
const socketFramesMax = 200
const resumeTimer = 'machine resumes'

/** A process on a machine, from its start to its end. It is called with one thing at a time. */
export type Process = {
  /** Begins with the ring sequence that the disk holds. */
  start(storedRingSeq: number): void
  frame(bytes: Uint8Array): void
  /** A timer that the process armed ran out. */
  timer(name: string): void
  /** Asked to end in good order; calls {@link ProcessHost.end} when it has. */
  leave(): void
  /** Its part in the ring, to be read by whoever watches. */
  readonly member: Readonly<RingMember>
}

/** What a machine offers to its process. Dead processes are not heard. */
export type ProcessHost = {
  readonly self: NodeId
  readonly nodes: readonly NodeId[]
  /** Which life of the node this is, from 1. */
  readonly boot: number
  nowMs(): number
  send(to: NodeId, bytes: Uint8Array): void
  sendAll(bytes: Uint8Array): void
  /** (Re)starts a timer. */
  arm(name: string, afterMs: number): void
  disarm(name: string): void
  /** Puts the ring sequence on the disk. */
  persist(ringSeq: number): void
  /** Drops the frames that came while the process slept. */
  drain(): void
  /** The process is over. */
  end(): void
  trace(line: string): void
}

/** Makes the process of a machine's next boot. */
export type MakeProcess = (host: ProcessHost) => Process

/** What a machine needs of the world around it. */
export type MachineWorld = {
  nowMs(): number
  readonly nodes: readonly NodeId[]
  readonly makeProcess: MakeProcess
  send(from: NodeId, to: NodeId, bytes: Uint8Array): void
  /** Calls {@link Machine.wake} for this timer at a time. */
  planWake(node: NodeId, boot: number, timer: string, atMs: number): void
  /** A process is gone: crashed, or left. */
  ended(node: NodeId, boot: number): void
  trace(node: NodeId, line: string): void
}

type Timer = { deadlineMs: number | undefined; plannedAtMs: number | undefined }

/** One machine: a disk that outlives its processes, and at most one process. */
export class Machine {
  readonly id: NodeId
  readonly #world: MachineWorld
  /** What the disk keeps. */
  storedRingSeq = 0
  boot = 0
  #process: Process | undefined
  #timers = new Map<string, Timer>()
  #asleepUntilMs = 0
  #socket: Uint8Array[] = []
  #missedWakes: string[] = []

  constructor(id: NodeId, world: MachineWorld) {
    this.id = id
    this.#world = world
  }

  get running(): boolean {
    return this.#process !== undefined
  }

  get asleep(): boolean {
    return this.#asleepUntilMs > this.#world.nowMs()
  }

  /** The ring member of the process that runs. */
  get member(): Readonly<RingMember> | undefined {
    return this.#process?.member
  }

  /** Boots: a new process finds what the last one stored. */
  start(): void {
    invariant(!this.running, 'a machine boots when it is down', { node: this.id })
    this.boot += 1
    this.#world.trace(this.id, `boot ${this.boot}, ring sequence on disk ${this.storedRingSeq}`)
    const made = this.#world.makeProcess(this.#host())
    this.#process = made
    made.start(this.storedRingSeq)
  }

  /** The process is gone at once; the disk stays. */
  crash(): void {
    if (!this.running) return
    this.#world.trace(this.id, 'ends')
    this.#process = undefined
    this.#timers = new Map()
    this.#socket = []
    this.#missedWakes = []
    this.#asleepUntilMs = 0
    this.#world.ended(this.id, this.boot)
  }

  /** Asks the process to end in good order. */
  leave(): void {
    if (this.asleep) return
    this.#world.trace(this.id, 'asked to leave')
    this.#process?.leave()
  }

  /** The process does not run for a while; its socket fills. */
  sleep(ms: number): void {
    if (!this.running || this.asleep) return
    this.#world.trace(this.id, `sleeps for ${ms.toFixed(0)} ms`)
    this.#asleepUntilMs = this.#world.nowMs() + ms
    this.#world.planWake(this.id, this.boot, resumeTimer, this.#asleepUntilMs)
  }

  /** A frame arrived. */
  receive(bytes: Uint8Array): void {
    if (!this.asleep) this.#process?.frame(bytes)
    else if (this.running && this.#socket.length < socketFramesMax) this.#socket.push(bytes)
  }

  /** A planned time has come. */
  wake(boot: number, name: string): void {
    if (boot !== this.boot || !this.running) return
    if (name === resumeTimer) return this.#resume()
    const timer = this.#timers.get(name)
    if (timer === undefined) return
    timer.plannedAtMs = undefined
    if (timer.deadlineMs === undefined) return
    if (timer.deadlineMs > this.#world.nowMs()) {
      timer.plannedAtMs = timer.deadlineMs
      return this.#world.planWake(this.id, this.boot, name, timer.deadlineMs)
    }
    if (this.asleep) {
      this.#missedWakes.push(name)
      return
    }
    timer.deadlineMs = undefined
    this.#process?.timer(name)
  }

  /** Timers that ran out meanwhile come first, as in an event loop; then what the socket holds. */
  #resume(): void {
    if (this.asleep) return
    const missed = this.#missedWakes
    this.#missedWakes = []
    for (const name of missed) this.wake(this.boot, name)
    for (let bytes = this.#socket.shift(); bytes !== undefined; bytes = this.#socket.shift())
      this.#process?.frame(bytes)
  }

  #arm(name: string, afterMs: number): void {
    const deadlineMs = this.#world.nowMs() + afterMs
    let timer = this.#timers.get(name)
    if (timer === undefined) {
      timer = { deadlineMs: undefined, plannedAtMs: undefined }
      this.#timers.set(name, timer)
    }
    timer.deadlineMs = deadlineMs
    if (timer.plannedAtMs !== undefined && timer.plannedAtMs <= deadlineMs) return
    timer.plannedAtMs = deadlineMs
    this.#world.planWake(this.id, this.boot, name, deadlineMs)
  }

  #host(): ProcessHost {
    const { boot, id } = this
    const world = this.#world
    const alive = (): boolean => this.boot === boot && this.running
    return {
      self: id,
      nodes: world.nodes,
      boot,
      nowMs: () => world.nowMs(),
      send: (to, bytes) => {
        if (alive()) world.send(id, to, bytes)
      },
      sendAll: (bytes) => {
        if (alive()) for (const to of world.nodes) if (to !== id) world.send(id, to, bytes)
      },
      arm: (name, afterMs) => {
        if (alive()) this.#arm(name, afterMs)
      },
      disarm: (name) => {
        const timer = this.#timers.get(name)
        if (alive() && timer !== undefined) timer.deadlineMs = undefined
      },
      persist: (ringSeq) => {
        if (alive()) this.storedRingSeq = ringSeq
      },
      drain: () => {
        this.#socket = []
      },
      end: () => {
        if (alive()) this.crash()
      },
      trace: (line) => world.trace(id, line),
    }
  }
}
