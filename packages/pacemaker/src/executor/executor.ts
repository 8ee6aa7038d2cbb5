import { invariant } from '@quorate/base'
import type { FencingDevice, FencingOutcome } from '../fencer/service.ts'
import type { Instant } from '../instant.ts'
import { type AgentRun, knownStandards, type ResourceSpec } from './agent.ts'
import { deviceOutcome, fencingDevice } from './fence-device.ts'
import { lsbExitCode, type Outcome, ocf, operationStatus, outcomeOf, type ProcessEnd } from './outcome.ts'

/** An operation to carry out once, or again and again. */
export type OperationOrder = AgentRun & {
  /** Chosen by the owner; unique among all orders. */
  readonly callId: number
  /** 0: once. */
  readonly intervalMs: number
  readonly timeoutMs: number
  readonly startDelayMs: number
  /** Carried through to the result. */
  readonly transitionKey: string
}

/** What the executor is told. */
export type ExecutorEvent =
  | { readonly kind: 'execute'; readonly order: OperationOrder }
  /** Stops a recurring operation, or one that still waits. */
  | { readonly kind: 'cancel'; readonly resource: string; readonly action: string; readonly intervalMs: number }
  /** Forgets a resource: cancels what waits; what runs ends first. */
  | { readonly kind: 'forget'; readonly resource: string }
  | {
      readonly kind: 'ended'
      readonly callId: number
      readonly end: ProcessEnd
      readonly stdout: string
      readonly stderr: string
    }
  /** The fencer has answered `register`, `operate` or `unregister` of that run. */
  | { readonly kind: 'device'; readonly callId: number; readonly outcome: FencingOutcome }
  | { readonly kind: 'timer'; readonly callId: number; readonly timer: ExecutorTimer }

/**
 * `due`: start delay or interval is over; `timeout`: the run takes too long; `grace`: it did not end when asked to;
 * `abandon`: not even when it was killed.
 */
export type ExecutorTimer = 'due' | 'timeout' | 'grace' | 'abandon'

/** The result of one run. */
export type OperationResult = {
  readonly order: OperationOrder
  readonly rc: number
  readonly status: number
  readonly exitReason: string
  readonly stdout: string
  readonly stderr: string
  /** Wall clock second at which the run began; for a recurring operation, at which its result last changed. */
  readonly lastRcChangeS: number
  readonly execTimeMs: number
  readonly queueTimeMs: number
}

/** What the executor asks of the host. */
export type ExecutorEffect =
  | { readonly do: 'spawn'; readonly callId: number; readonly run: AgentRun }
  /** To the fencer of this node, which answers with `device`. */
  | { readonly do: 'register'; readonly callId: number; readonly device: FencingDevice }
  | { readonly do: 'operate'; readonly callId: number; readonly device: string; readonly timeoutMs: number }
  | { readonly do: 'unregister'; readonly callId: number; readonly device: string }
  /** To the whole process group of that run; one that has gone already, or has no process, is no error. */
  | { readonly do: 'signal'; readonly callId: number; readonly signal: 'SIGTERM' | 'SIGKILL' }
  | { readonly do: 'arm'; readonly callId: number; readonly timer: ExecutorTimer; readonly afterMs: number }
  | { readonly do: 'disarm'; readonly callId: number; readonly timer: ExecutorTimer }
  | { readonly do: 'result'; readonly result: OperationResult }
  /** Nothing of the resource is left here. */
  | { readonly do: 'forgotten'; readonly resource: string }

/** Between asking an agent to end and killing it. */
export const killGraceMs = 500
/** Between killing an agent and going on without having seen its end. */
export const abandonMs = 5_000

/** Time for the monitor of a fencing device whose operation names none. */
const deviceTimeoutMs = 20_000

/** The fencer has said nothing in time. */
const noAnswer: FencingOutcome = { execution: operationStatus.timeout, exitStatus: ocf.error, reason: undefined }

type Run = {
  readonly startedAt: Instant
  isTimedOut: boolean
  /** Class `stonith`: the fencer has the device, and its monitor is under way. */
  isRegistered: boolean
}
type Command = {
  order: OperationOrder
  queuedAt: Instant
  run: Run | undefined
  isCancelled: boolean
  /** Result that was last reported of a recurring operation. */
  reported: { readonly rc: number; readonly status: number } | undefined
  lastRcChangeS: number
}
type Lane = {
  readonly resource: ResourceSpec
  /** Ready to run, first come first served. */
  readonly ready: Command[]
  /** Waiting for a start delay or for their interval. */
  readonly waiting: Set<Command>
  running: Command | undefined
  isForgotten: boolean
}

/** One lane a resource: its operations run one at a time, those of different resources side by side. */
export type ExecutorState = {
  readonly lanes: Map<string, Lane>
  readonly commands: Map<number, Command>
  /** Resources of class `stonith` that were started here and not stopped since: all that a probe of them tells. */
  readonly devices: Set<string>
}

/** An executor that knows no resource yet. */
export function newExecutor(): ExecutorState {
  return { lanes: new Map(), commands: new Map(), devices: new Set() }
}

/** True while any process of an agent runs. */
export function isBusy(state: ExecutorState): boolean {
  for (const lane of state.lanes.values()) if (lane.running !== undefined || lane.ready.length > 0) return true
  return false
}

/** Operations that run again and again now. */
export function recurringOrders(state: ExecutorState, resource: string): readonly OperationOrder[] {
  return [...state.commands.values()]
    .filter((item) => item.order.intervalMs > 0 && item.order.resource.id === resource && !item.isCancelled)
    .map((item) => item.order)
}

/** Advances the executor by one event. */
export function stepExecutor(state: ExecutorState, event: ExecutorEvent, now: Instant): readonly ExecutorEffect[] {
  const effects: ExecutorEffect[] = []
  switch (event.kind) {
    case 'execute':
      execute(state, event.order, now, effects)
      break
    case 'cancel':
      for (const command of commandsOf(state, event.resource)) {
        const { action, intervalMs } = command.order
        if (action === event.action && intervalMs === event.intervalMs) cancel(state, command, now, effects)
      }
      break
    case 'forget':
      forget(state, event.resource, now, effects)
      break
    case 'ended':
      ended(state, event, now, effects)
      break
    case 'device':
      deviceAnswered(state, event.callId, event.outcome, now, effects)
      break
    case 'timer':
      timer(state, event.callId, event.timer, now, effects)
      break
    default:
      event satisfies never
  }
  return effects
}

function commandsOf(state: ExecutorState, resource: string): readonly Command[] {
  return [...state.commands.values()].filter((command) => command.order.resource.id === resource)
}

function laneOf(state: ExecutorState, resource: ResourceSpec): Lane {
  let lane = state.lanes.get(resource.id)
  if (lane === undefined) {
    lane = { resource, ready: [], waiting: new Set(), running: undefined, isForgotten: false }
    state.lanes.set(resource.id, lane)
  }
  return lane
}

function execute(state: ExecutorState, order: OperationOrder, now: Instant, effects: ExecutorEffect[]): void {
  invariant(!state.commands.has(order.callId), 'a call id is used once', { callId: order.callId })
  const lane = laneOf(state, order.resource)
  lane.isForgotten = false
  if (order.action === 'stop') {
    for (const command of commandsOf(state, order.resource.id)) {
      if (command.order.intervalMs > 0) cancel(state, command, now, effects)
    }
  }
  if (order.intervalMs > 0 && mergeRecurring(state, lane, order, now, effects)) return
  const command: Command = {
    order,
    queuedAt: now,
    run: undefined,
    isCancelled: false,
    reported: undefined,
    lastRcChangeS: 0,
  }
  state.commands.set(order.callId, command)
  if (order.startDelayMs > 0) {
    lane.waiting.add(command)
    effects.push({ do: 'arm', callId: order.callId, timer: 'due', afterMs: order.startDelayMs })
    return
  }
  lane.ready.push(command)
  next(state, lane, now, effects)
}

/** The same recurring operation ordered again takes the place of the one that is there, and runs at once. */
function mergeRecurring(
  state: ExecutorState,
  lane: Lane,
  order: OperationOrder,
  now: Instant,
  effects: ExecutorEffect[],
): boolean {
  const same = commandsOf(state, order.resource.id).find(
    (item) =>
      item.order.action === order.action &&
      item.order.intervalMs === order.intervalMs &&
      !item.isCancelled &&
      item.run === undefined,
  )
  if (same === undefined) return false
  if (lane.waiting.delete(same)) {
    effects.push({ do: 'disarm', callId: same.order.callId, timer: 'due' })
    lane.ready.push(same)
  }
  state.commands.delete(same.order.callId)
  same.order = order
  same.reported = undefined
  same.queuedAt = now
  state.commands.set(order.callId, same)
  next(state, lane, now, effects)
  return true
}

function cancel(state: ExecutorState, command: Command, now: Instant, effects: ExecutorEffect[]): void {
  if (command.isCancelled) return
  command.isCancelled = true
  if (command.run !== undefined) {
    effects.push({ do: 'signal', callId: command.order.callId, signal: 'SIGKILL' })
    effects.push({ do: 'arm', callId: command.order.callId, timer: 'abandon', afterMs: abandonMs })
    return
  }
  const lane = laneOf(state, command.order.resource)
  if (lane.waiting.delete(command)) effects.push({ do: 'disarm', callId: command.order.callId, timer: 'due' })
  const at = lane.ready.indexOf(command)
  if (at >= 0) lane.ready.splice(at, 1)
  state.commands.delete(command.order.callId)
  effects.push(cancelled(command, now))
}

function cancelled(command: Command, now: Instant): ExecutorEffect {
  const result = {
    order: command.order,
    rc: ocf.ok,
    status: operationStatus.cancelled,
    exitReason: '',
    stdout: '',
    stderr: '',
    lastRcChangeS: now.epochS,
    execTimeMs: 0,
    queueTimeMs: 0,
  }
  return { do: 'result', result }
}

function forget(state: ExecutorState, resource: string, now: Instant, effects: ExecutorEffect[]): void {
  const lane = state.lanes.get(resource)
  if (lane === undefined) {
    effects.push({ do: 'forgotten', resource })
    return
  }
  for (const command of commandsOf(state, resource)) {
    if (command.run === undefined || command.order.intervalMs > 0) cancel(state, command, now, effects)
  }
  lane.isForgotten = true
  tidy(state, lane, effects)
}

function tidy(state: ExecutorState, lane: Lane, effects: ExecutorEffect[]): void {
  if (!lane.isForgotten || lane.running !== undefined || lane.ready.length > 0) return
  state.lanes.delete(lane.resource.id)
  effects.push({ do: 'forgotten', resource: lane.resource.id })
}

/** Starts the next operation of the lane when nothing of it runs. */
function next(state: ExecutorState, lane: Lane, now: Instant, effects: ExecutorEffect[]): void {
  while (lane.running === undefined) {
    const command = lane.ready.shift()
    if (command === undefined) return
    if (!knownStandards.has(command.order.resource.standard)) {
      refuse(state, command, now, effects)
      continue
    }
    const { callId, resource, action, parameters, timeoutMs } = command.order
    command.run = { startedAt: now, isTimedOut: false, isRegistered: false }
    lane.running = command
    if (resource.standard === 'stonith') {
      runDevice(state, lane, command, now, effects)
      continue
    }
    effects.push({ do: 'spawn', callId, run: { resource, action, parameters } })
    if (timeoutMs > 0) effects.push({ do: 'arm', callId, timer: 'timeout', afterMs: timeoutMs })
  }
}

/** An operation of a resource of class `stonith` (behaviour/pacemaker-daemons.md 3.7). */
function runDevice(state: ExecutorState, lane: Lane, command: Command, now: Instant, effects: ExecutorEffect[]): void {
  const { callId, resource, action, intervalMs } = command.order
  const end = (rc: number): void =>
    conclude(state, lane, command, { rc, status: operationStatus.done, exitReason: '' }, now, effects)
  switch (action) {
    case 'start':
      effects.push({ do: 'register', callId, device: fencingDevice(command.order) })
      return
    case 'stop':
      effects.push({ do: 'unregister', callId, device: resource.id })
      return
    case 'monitor':
      // A probe asks nobody: what this executor has not started may be the fencer's own, from the CIB.
      if (intervalMs === 0) end(state.devices.has(resource.id) ? ocf.ok : ocf.notRunning)
      else operate(command, now, effects)
      return
    default:
      end(ocf.unimplemented)
  }
}

/** The fencer watches the time; it is waited for a little longer, so that a lost answer does not block the resource. */
function operate(command: Command, now: Instant, effects: ExecutorEffect[]): void {
  const { callId, resource, timeoutMs } = command.order
  if (command.run === undefined) return
  const wholeMs = timeoutMs > 0 ? timeoutMs : deviceTimeoutMs
  const leftMs = Math.max(1, Math.round(wholeMs - (now.monoMs - command.run.startedAt.monoMs)))
  effects.push({ do: 'operate', callId, device: resource.id, timeoutMs: leftMs })
  effects.push({ do: 'arm', callId, timer: 'abandon', afterMs: leftMs + abandonMs })
}

function deviceAnswered(
  state: ExecutorState,
  callId: number,
  answer: FencingOutcome,
  now: Instant,
  effects: ExecutorEffect[],
): void {
  const command = state.commands.get(callId)
  if (command?.run === undefined) return
  const { action, resource, timeoutMs, intervalMs } = command.order
  const outcome = deviceOutcome(action, answer, timeoutMs)
  const isDone = outcome.rc === ocf.ok && outcome.status === operationStatus.done
  if (action === 'start' && !command.run.isRegistered && isDone && !command.isCancelled) {
    command.run.isRegistered = true
    operate(command, now, effects)
    return
  }
  if (command.run.isRegistered || intervalMs > 0) effects.push({ do: 'disarm', callId, timer: 'abandon' })
  if (action === 'start' && isDone && command.run.isRegistered) state.devices.add(resource.id)
  if (action === 'stop' && isDone) state.devices.delete(resource.id)
  conclude(state, laneOf(state, resource), command, outcome, now, effects)
}

function refuse(state: ExecutorState, command: Command, now: Instant, effects: ExecutorEffect[]): void {
  state.commands.delete(command.order.callId)
  const { standard } = command.order.resource
  const result = {
    order: command.order,
    rc: ocf.notInstalled,
    status: operationStatus.notInstalled,
    exitReason: `Resources of class '${standard}' are not supported by this executor (only ${[...knownStandards].join(' and ')} are)`,
    stdout: '',
    stderr: '',
    lastRcChangeS: now.epochS,
    execTimeMs: 0,
    queueTimeMs: 0,
  }
  effects.push({ do: 'result', result })
}

function timer(
  state: ExecutorState,
  callId: number,
  which: ExecutorTimer,
  now: Instant,
  effects: ExecutorEffect[],
): void {
  const command = state.commands.get(callId)
  if (command === undefined) return
  const lane = laneOf(state, command.order.resource)
  switch (which) {
    case 'due':
      if (!lane.waiting.delete(command)) return
      command.queuedAt = now
      lane.ready.push(command)
      next(state, lane, now, effects)
      return
    case 'timeout':
      if (command.run === undefined) return
      command.run.isTimedOut = true
      effects.push({ do: 'signal', callId, signal: 'SIGTERM' })
      effects.push({ do: 'arm', callId, timer: 'grace', afterMs: killGraceMs })
      return
    case 'grace':
      effects.push({ do: 'signal', callId, signal: 'SIGKILL' })
      effects.push({ do: 'arm', callId, timer: 'abandon', afterMs: abandonMs })
      return
    case 'abandon':
      // A process that not even SIGKILL ends hangs in the kernel. The resource must not hang with it.
      if (command.order.resource.standard === 'stonith') {
        const { action, timeoutMs } = command.order
        conclude(state, lane, command, deviceOutcome(action, noAnswer, timeoutMs), now, effects)
        return
      }
      finish(state, lane, command, { kind: 'signal', signal: 'SIGKILL' }, '', '', now, effects)
      return
    default:
      which satisfies never
  }
}

function ended(
  state: ExecutorState,
  event: Extract<ExecutorEvent, { readonly kind: 'ended' }>,
  now: Instant,
  effects: ExecutorEffect[],
): void {
  const command = state.commands.get(event.callId)
  if (command?.run === undefined) return
  const { callId } = event
  if (command.run.isTimedOut || command.isCancelled) {
    // The agent has gone; children that it left in its group must not go on working on the resource.
    effects.push({ do: 'signal', callId, signal: 'SIGKILL' })
    effects.push({ do: 'disarm', callId, timer: 'grace' }, { do: 'disarm', callId, timer: 'abandon' })
  } else if (command.order.timeoutMs > 0) {
    effects.push({ do: 'disarm', callId, timer: 'timeout' })
  }
  finish(state, laneOf(state, command.order.resource), command, event.end, event.stdout, event.stderr, now, effects)
}

function finish(
  state: ExecutorState,
  lane: Lane,
  command: Command,
  end: ProcessEnd,
  stdout: string,
  stderr: string,
  now: Instant,
  effects: ExecutorEffect[],
): void {
  const { run, order } = command
  if (run === undefined) return
  const isScript = order.resource.standard === 'lsb' && end.kind === 'exit'
  const meant = isScript ? { ...end, code: lsbExitCode(order.action, end.code) } : end
  const outcome = outcomeOf(meant, stderr, run.isTimedOut ? order.timeoutMs : undefined)
  conclude(state, lane, command, { ...outcome, stdout, stderr }, now, effects)
}

/** A run has come to its end: it is told where it is news, and the next one of the lane begins. */
function conclude(
  state: ExecutorState,
  lane: Lane,
  command: Command,
  ended: Outcome & { readonly stdout?: string; readonly stderr?: string },
  now: Instant,
  effects: ExecutorEffect[],
): void {
  const { run, order } = command
  if (run === undefined) return
  command.run = undefined
  lane.running = undefined
  if (command.isCancelled) {
    state.commands.delete(order.callId)
    effects.push(cancelled(command, now))
  } else {
    const { rc, status, exitReason, stdout = '', stderr = '' } = ended
    if (command.reported?.rc !== rc || command.reported.status !== status) {
      command.lastRcChangeS = run.startedAt.epochS
      command.reported = { rc, status }
      const result = {
        order,
        rc,
        status,
        exitReason,
        stdout,
        stderr,
        lastRcChangeS: command.lastRcChangeS,
        execTimeMs: Math.round(now.monoMs - run.startedAt.monoMs),
        queueTimeMs: Math.round(run.startedAt.monoMs - command.queuedAt.monoMs),
      }
      effects.push({ do: 'result', result })
    }
    if (order.intervalMs > 0) {
      lane.waiting.add(command)
      effects.push({ do: 'arm', callId: order.callId, timer: 'due', afterMs: order.intervalMs })
    } else {
      state.commands.delete(order.callId)
    }
  }
  next(state, lane, now, effects)
  tidy(state, lane, effects)
}
