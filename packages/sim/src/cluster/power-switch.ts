import type { Prng } from '@quorate/base'
import type { FenceAgentEnd, FenceAgentRun, FenceAgents } from '@quorate/pacemaker'
import type { Machine } from '../machine.ts'
import type { LocalEvents } from './local-events.ts'

/** How the fencing devices of a seed behave. Rates are parts of a hundred runs. */
export type PowerManners = {
  readonly quickMaxMs: number
  readonly slowRate: number
  readonly slowMaxMs: number
  readonly failRate: number
  /** They say that they are done and have done nothing. Nobody can find that out: only a test plants it. */
  readonly lies: boolean
}

/** Devices that work. */
export const goodPower: PowerManners = { quickMaxMs: 800, slowRate: 0, slowMaxMs: 0, failRate: 0, lies: false }

/** What a power switch needs of the world. */
export type PowerSwitchWorld = {
  readonly prng: Prng
  /** Calls back later, whatever machines are alive then. */
  plan(afterMs: number, run: () => void): void
  machine(name: string): Machine | undefined
  /** How long a machine takes from power to its programs; undefined: it stays as it is until somebody comes. */
  bootMs(): number | undefined
  trace(line: string): void
}

const failed: FenceAgentEnd = { kind: 'exit', code: 1, stdout: '', stderr: '' }
const done: FenceAgentEnd = { kind: 'exit', code: 0, stdout: '', stderr: '' }

/** The device that cuts the power of machines, and the agents that speak to it. */
export class PowerSwitch {
  manners: PowerManners
  /** Times that a machine's power was cut by it. */
  cuts = 0
  readonly #world: PowerSwitchWorld

  constructor(world: PowerSwitchWorld, manners: PowerManners) {
    this.#world = world
    this.manners = manners
  }

  /** Fence agents on a machine; `events` are those of the daemon that runs them. */
  agentsFor(self: Machine, events: LocalEvents): FenceAgents {
    return {
      run: (run, ended) => this.#run(self, run, events, ended),
      // As the agents of most power switches: all actions, and the node's name as `plug`.
      learn: async () => ({ flags: 1 | 2 | 4 | 8 | 32, unfences: false, onTarget: new Set(), takesNodeId: false }),
    }
  }

  #run(self: Machine, run: FenceAgentRun, events: LocalEvents, ended: (end: FenceAgentEnd) => void): () => void {
    const { prng } = this.#world
    const { manners } = this
    const action = run.input.get('action') ?? ''
    const target = run.input.get('plug') ?? run.input.get('nodename') ?? ''
    const isSlow = prng.below(100) < manners.slowRate
    const takesMs = 5 + (prng.below(1000) / 1000) * (isSlow ? manners.slowMaxMs : manners.quickMaxMs)
    const actsMs = (prng.below(1000) / 1000) * takesMs
    const fails = prng.below(100) < manners.failRate
    const acts = !fails || prng.chance(1, 3)
    const boot = self.boot
    let isEnded = false
    const end = (how: FenceAgentEnd): void => {
      if (isEnded) return
      isEnded = true
      ended(how)
    }
    let isDispatched = !(action === 'off' || action === 'reboot' || action === 'on')
    // The agent asks the switch at some time, which cannot be called back; its machine may sleep or be gone by then.
    const ask = (): void => {
      if (!self.running || self.boot !== boot) return
      if (self.asleep) return this.#world.plan(10, ask)
      isDispatched = true
      if (acts) this.#act(action, target)
    }
    if (!isDispatched) this.#world.plan(actsMs, ask)
    const finish = (): void => {
      // It ends only after the switch has answered.
      if (!isDispatched) void events.after(10, finish)
      else if (fails) end(failed)
      else end(done)
    }
    void events.after(takesMs, finish)
    void events.after(run.timeoutMs, () => end({ kind: 'timeout' }))
    return () => void events.after(1, () => end({ kind: 'timeout' }))
  }

  #act(action: string, target: string): void {
    const machine = this.#world.machine(target)
    if (machine === undefined || this.manners.lies) return
    if (action === 'on') {
      if (!machine.running) machine.start()
      return
    }
    this.#world.trace(`--- power of ${target} is cut (${action})`)
    this.cuts += 1
    machine.crash()
    const bootMs = action === 'reboot' ? this.#world.bootMs() : undefined
    if (bootMs !== undefined) this.#world.plan(bootMs, () => void (machine.running || machine.start()))
  }
}
