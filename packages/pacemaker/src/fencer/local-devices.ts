import type { FenceMetadata } from './agent-metadata.ts'
import type { Device, DeviceCommand } from './device.ts'
import { actionTimeoutMs, actionTries, agentInput, fencingDelayMs } from './device-settings.ts'
import { DeviceTable } from './device-table.ts'
import { isInStaticList, listedTargets, ruledOut, type Wanted } from './eligibility.ts'
import { execution, failure, isSuccess, success } from './outcome.ts'
import type { FenceAgentEnd, FencerRoom } from './room.ts'
import type { FencingOutcome } from './service.ts'

/** How long the output of `list` counts. */
const listAgainMs = 60_000
/** Pause between two tries of an agent. */
const retryPauseMs = 1_000
/** Part of a command's time after which its agent is not tried again. */
const retryShare = 0.7
/** Commands that wait for one device at most. */
const deviceQueueMax = 1_000
/** Characters of an agent's words that are kept as a reason. */
const reasonCharactersMax = 256

/** A command with the device that carries it out. */
type Run = {
  readonly command: DeviceCommand
  readonly device: Device
  readonly startedMs: number
  tries: number
}

/** The devices of this node and what is done with them: who can fence whom, and one agent at a time for each device. */
export class LocalDevices {
  readonly table: DeviceTable
  readonly #room: FencerRoom
  readonly #runs = new Map<number, Run>()
  #lastRun = 0

  constructor(room: FencerRoom) {
    this.#room = room
    this.table = new DeviceTable(room)
  }

  /** Finds the devices that can do something; `found` is told once, with those of higher priority first. */
  search(wanted: Wanted, timeoutMs: number, found: (devices: readonly Device[]) => void): void {
    this.table.whenLearned(() => {
      const all = this.table.all()
      const fit: Device[] = []
      let left = all.length
      const next = (device: Device, why: string | undefined): void => {
        if (why === undefined) fit.push(device)
        const { target } = wanted
        if (target !== undefined) {
          const text = why === undefined ? 'is eligible' : 'is not eligible'
          const place = `${device.id} ${text} to fence (${wanted.action}) ${target}`
          this.#room.log('info', why === undefined ? place : `${place}: ${why}`)
        }
        left -= 1
        if (left === 0) found(fit.sort((a, b) => b.settings.priority - a.settings.priority))
      }
      if (left === 0) {
        found([])
        return
      }
      for (const device of all) this.#check(device, wanted, timeoutMs, (why) => next(device, why))
    })
  }

  /** Tells why a device does not fit, or that it does (undefined); once. */
  #check(device: Device, wanted: Wanted, timeoutMs: number, tell: (why: string | undefined) => void): void {
    const { target } = wanted
    if (target === undefined) {
      tell(undefined)
      return
    }
    const why = ruledOut(device, this.#room, wanted)
    if (why !== undefined) {
      tell(why)
      return
    }
    switch (device.hostCheck) {
      case 'none':
        tell(undefined)
        return
      case 'static-list':
        tell(isInStaticList(device, target) ? undefined : 'not in the static list')
        return
      case 'dynamic-list':
        this.#checkList(device, target, timeoutMs, tell, wanted)
        return
      case 'status':
        this.#checkStatus(device, target, timeoutMs, tell)
        return
      default:
        device.hostCheck satisfies never
    }
  }

  #checkList(
    device: Device,
    target: string,
    timeoutMs: number,
    tell: (why: string | undefined) => void,
    wanted: Wanted,
  ): void {
    const verdict = (): void => {
      const { targets } = device
      const names = [device.aliasOf(target).toLowerCase(), target.toLowerCase()]
      const isListed = targets !== undefined && names.some((name) => targets.has(name))
      tell(isListed ? undefined : 'not in the dynamic list')
    }
    if (device.listedAtMs !== undefined && this.#room.now.monoMs - device.listedAtMs < listAgainMs) {
      verdict()
      return
    }
    const listed = (outcome: FencingOutcome, output: string): void => {
      if (isSuccess(outcome)) {
        device.targets = listedTargets(output)
        device.listedAtMs = this.#room.now.monoMs
      } else if (device.targets === undefined && device.settings.hostCheck === undefined) {
        device.listFails = true
        this.#room.log(
          'warning',
          `Device ${device.id} cannot list its targets (${wordsOf(outcome)}): asking for status`,
        )
        if (device.supports('status')) {
          this.#check(device, wanted, timeoutMs, tell)
          return
        }
      }
      verdict()
    }
    this.submit({ ...this.#internal(device, 'list', undefined, timeoutMs), done: listed })
  }

  #checkStatus(device: Device, target: string, timeoutMs: number, tell: (why: string | undefined) => void): void {
    const seen = (outcome: FencingOutcome): void => {
      const isKnown = outcome.execution === execution.complete && (outcome.exitStatus === 0 || outcome.exitStatus === 2)
      tell(isKnown ? undefined : `status: ${wordsOf(outcome)}`)
    }
    this.submit({ ...this.#internal(device, 'status', target, timeoutMs), done: seen })
  }

  #internal(
    device: Device,
    action: string,
    target: string | undefined,
    timeoutMs: number,
  ): Omit<DeviceCommand, 'done'> {
    const ms = actionTimeoutMs(device.parameters, action) ?? timeoutMs
    return { device: device.id, action, target, timeoutMs: ms, notBeforeMs: undefined, owner: 'fencer' }
  }

  /** Fences with one device. `delayS`: asked for; -1 leaves out the device's own as well. */
  fence(
    device: Device,
    how: {
      readonly action: string
      readonly target: string
      readonly timeoutMs: number
      readonly delayS: number
      readonly owner: string
    },
    done: (outcome: FencingOutcome, output: string) => void,
  ): void {
    const { target, owner } = how
    // An agent that knows no reboot is told to switch off: the node comes back when somebody switches it on.
    const action = how.action === 'reboot' && !device.supports('reboot') ? 'off' : how.action
    if (action !== how.action) {
      this.#room.log('notice', `Agent ${device.agent} does not know 'reboot': ${device.id} does 'off' instead`)
    }
    const isDelayed = how.delayS >= 0 && (action === 'off' || action === 'reboot')
    const own = isDelayed ? fencingDelayMs(device.settings, target, this.#room.now.chance) : 0
    const delayMs = own + Math.max(0, how.delayS) * 1000
    if (delayMs > 0) this.#room.log('notice', `Delaying '${action}' of ${target} using ${device.id} for ${delayMs} ms`)
    const notBeforeMs = delayMs > 0 ? this.#room.now.monoMs + delayMs : undefined
    const timeoutMs = actionTimeoutMs(device.parameters, action) ?? how.timeoutMs
    this.submit({ device: device.id, action, target, timeoutMs, notBeforeMs, owner, done })
  }

  /** Queues a command. */
  submit(command: DeviceCommand): void {
    const device = this.table.get(command.device)
    if (device === undefined) {
      command.done(failure(execution.noDevice, `'${command.device}' not found`), '')
      return
    }
    if (device.queue.length >= deviceQueueMax) {
      command.done(failure(execution.error, `more than ${deviceQueueMax} commands wait for ${device.id}`), '')
      return
    }
    device.queue.push(command)
    this.#pump(device.id)
  }

  /** An agent has ended. */
  ended(number: number, end: FenceAgentEnd): void {
    const run = this.#runs.get(number)
    if (run === undefined) return
    this.#runs.delete(number)
    const { command, device } = run
    const outcome = outcomeOf(end, command.timeoutMs)
    const output = end.kind === 'exit' ? end.stdout : ''
    const words = end.kind === 'exit' ? end.stderr.trim() : ''
    if (words !== '') {
      const shown = maskSecrets(words.slice(0, reasonCharactersMax), device.parameters)
      this.#room.log('warning', `${device.agent} (${command.action}, ${device.id}) says: ${shown}`)
    }
    if (!isSuccess(outcome) && this.#mayRetry(run, end)) {
      this.#room.after(`retry ${number}`, retryPauseMs, () => this.#start(run))
      return
    }
    device.running -= 1
    if (isSuccess(outcome) && ['monitor', 'list', 'status'].includes(command.action)) device.isVerified = true
    this.#finish(run, outcome, output)
    this.#pump(device.id)
  }

  learned(agent: string, metadata: FenceMetadata | undefined): void {
    this.table.learned(agent, metadata)
  }

  /** A status that is not 0 is an answer too, and no reason to ask again. */
  #mayRetry(run: Run, end: FenceAgentEnd): boolean {
    const { command, device } = run
    if (end.kind === 'timeout' || end.kind === 'not-started') return false
    if (command.action === 'status' && end.kind === 'exit') return false
    if (run.tries >= actionTries(device.parameters, command.action)) return false
    return this.#room.now.monoMs - run.startedMs < retryShare * command.timeoutMs
  }

  #finish({ command, device }: Run, outcome: FencingOutcome, output: string): void {
    const alike = isSuccess(outcome) ? device.queue.filter((other) => isAlike(command, other)) : []
    for (const other of alike) device.queue.splice(device.queue.indexOf(other), 1)
    command.done(outcome, output)
    for (const other of alike) {
      this.#room.log(
        'notice',
        `'${other.action}' of ${other.target ?? device.id} using ${device.id} was just done: merged`,
      )
      other.done(success, output)
    }
  }

  /** Starts what can be started with a device. */
  #pump(id: string): void {
    const device = this.table.get(id)
    if (device === undefined) return
    const now = this.#room.now.monoMs
    while (device.running < device.settings.actionLimit) {
      const at = device.queue.findIndex((command) => command.notBeforeMs === undefined || command.notBeforeMs <= now)
      if (at === -1) break
      const [command] = device.queue.splice(at, 1) as [DeviceCommand]
      device.running += 1
      this.#start({ command, device, startedMs: now, tries: 0 })
    }
    const waits = device.queue.flatMap((command) =>
      (command.notBeforeMs ?? 0) > now ? [command.notBeforeMs as number] : [],
    )
    if (waits.length > 0) this.#room.after(`delay ${id}`, Math.min(...waits) - now, () => this.#pump(id))
  }

  #start(run: Run): void {
    const { command, device } = run
    const leftMs = command.timeoutMs - (this.#room.now.monoMs - run.startedMs)
    this.#lastRun += 1
    run.tries += 1
    const number = this.#lastRun
    this.#runs.set(number, run)
    if ([...device.parameters.values()].includes(secretsValue)) {
      this.#noSecrets(number)
      return
    }
    const nodeId = command.target === undefined ? undefined : this.#room.nodeIdOf(command.target)
    const what = { action: command.action, target: command.target, nodeId }
    const input = agentInput(device.parameters, device.metadata, what)
    this.#room.emit({ kind: 'run', run: number, agent: device.agent, input, timeoutMs: Math.max(1, leftMs) })
  }

  /** Parameters that are kept outside of the CIB are never read here. */
  #noSecrets(number: number): void {
    const run = this.#runs.get(number) as Run
    this.#runs.delete(number)
    run.device.running -= 1
    const reason = 'Parameters kept by cibsecret are not supported'
    this.#finish(run, failure(execution.noSecrets, reason), '')
  }
}

/** What a parameter has in the CIB whose value is in a file of the node. */
const secretsValue = 'lrm://'

function isAlike(a: DeviceCommand, b: DeviceCommand): boolean {
  return a.action === b.action && a.target === b.target && a.owner !== b.owner
}

/** What the end of an agent means. Only an exit status of 0 is a success. */
function outcomeOf(end: FenceAgentEnd, timeoutMs: number): FencingOutcome {
  switch (end.kind) {
    case 'exit':
      return end.code === 0 ? success : failure(execution.complete, undefined, end.code)
    case 'signal':
      return failure(execution.error, `Fence agent was ended by ${end.signal}`)
    case 'timeout':
      return failure(execution.timedOut, `Fence agent did not complete within ${Math.ceil(timeoutMs / 1000)}s`)
    case 'not-started':
      return failure(end.isMissing ? execution.notInstalled : execution.error, `Fence agent not started: ${end.reason}`)
    default:
      return end satisfies never
  }
}

function wordsOf(outcome: FencingOutcome): string {
  return outcome.reason ?? `exit status ${outcome.exitStatus}`
}

/** An agent's words without any value that may be a secret. */
export function maskSecrets(words: string, parameters: ReadonlyMap<string, string>): string {
  let shown = words
  for (const [name, value] of parameters) {
    if (value.length > 0 && /pass|secret|key|token|credential/i.test(name)) shown = shown.split(value).join('***')
  }
  return shown
}
