import { BoundedQueue, invariant } from '@quorate/base'
import { child, type XmlElement } from '@quorate/xml'
import type { Instant } from '../instant.ts'
import { nodesIn } from '../join/join.ts'
import { cibEvents } from './cib-events.ts'
import { cibEvent } from './cib-intake.ts'
import { readOptions } from './cluster-options.ts'
import { exitFatal, fencingAnswered, fencingEnded, historyAfterStartMs } from './fencing.ts'
import { mayAct } from './fsm.ts'
import { takeDenied, takeMessage } from './intake.ts'
import { finalize, synced } from './joining.ts'
import { tellLoad } from './load.ts'
import { cutOff, leaveWhenQuiet, repeatAfterConfirmation, runLocal, stopAlone } from './local-work.ts'
import { enter, type Queued, schedule } from './machine.ts'
import { quorumHasCome, searchForDc, updatePeers } from './membership.ts'
import { writeNodes } from './node-states.ts'
import { log, post } from './posts.ts'
import {
  type ControllerEffect,
  type ControllerEvent,
  type ControllerState,
  type ControllerTimer,
  isDc,
  type ScheduleResult,
  type Step,
} from './state.ts'
import { advance } from './transitions.ts'

/** Inputs that one event may raise before something must be wrong. */
const inputsMax = 1_000

const exitDisconnected = 102

const noCpu = { ageS: 0, ageUs: 0 }

/** Advances a controller by one event. */
export function stepController(
  state: ControllerState,
  event: ControllerEvent,
  now: Instant,
): readonly ControllerEffect[] {
  const queue = new BoundedQueue<Queued>(inputsMax)
  const effects: ControllerEffect[] = []
  const step: Step = {
    state,
    effects,
    now,
    cpu: event.kind === 'message' || event.kind === 'timer' ? event.cpu : noCpu,
    raise: (input, about = {}) => {
      invariant(queue.offer({ input, about }), 'inputs of one event are bounded', { input, phase: state.phase })
    },
  }
  handle(step, event)
  let handled = 0
  for (let next = queue.take(); next !== undefined; next = queue.take()) {
    handled += 1
    invariant(handled <= inputsMax, 'the state machine comes to rest', { input: next.input, phase: state.phase })
    enter(step, next)
  }
  state.local.mayAct = mayAct.has(state.phase) && !state.isCutOff
  state.local.isShuttingDown = state.isShuttingDown
  return effects
}

function handle(step: Step, event: ControllerEvent): void {
  const { state } = step
  switch (event.kind) {
    case 'started':
      state.cib = event.cib
      state.options = readOptions(event.cib, step.now)
      post(step, { task: 'hello', to: 'crmd', from: 'crmd' }, { broadcast: true })
      writeNodes(step)
      step.effects.push({ do: 'arm', timer: 'fencing-history', afterMs: historyAfterStartMs })
      if (lacksWatchdog(step)) step.raise('I_STOP')
      else step.raise('I_PENDING')
      return
    case 'peers':
      updatePeers(step, event.peers, event.isQuorate)
      return
    case 'message':
      if (event.isDenied === true) takeDenied(step, event.from, event.xml)
      else takeMessage(step, event.from, event.xml)
      return
    case 'cib-changed':
      cibChanged(step, event.before, event.after)
      return
    case 'cib-answered':
      cibAnswered(step, event.tag, event.rc)
      return
    case 'scheduled':
      scheduled(step, event.token, event.result)
      return
    case 'local':
      runLocal(step, event.event)
      stopAlone(step)
      return
    case 'fencing-answered':
      fencingAnswered(step, event.tag, event.outcome)
      return
    case 'fenced':
      fencingEnded(step, event.event)
      return
    case 'timer':
      timer(step, event.timer)
      return
    case 'load':
      tellLoad(step, event.average)
      return
    case 'shutdown':
      shutdown(step)
      return
    case 'ring-lost':
      cutOff(step, {
        reason: `Lost connection to the cluster: ${event.reason}`,
        exitCode: exitDisconnected,
        stopsAll: false,
      })
      return
    default:
      event satisfies never
  }
}

function scheduled(step: Step, token: number, result: ScheduleResult): void {
  const { state } = step
  if (token !== state.scheduleToken) {
    log(step, 'info', 'Ignoring the answer to an obsolete scheduler request')
    return
  }
  state.scheduleToken = undefined
  if (result.ok) step.raise('I_PE_SUCCESS', { xml: result.graph, from: result.inputFile })
  else {
    log(step, 'error', `The scheduler failed: ${result.reason}`)
    step.raise('I_PE_SUCCESS', { xml: { name: 'transition_graph', attributes: [], children: [], text: '' } })
  }
}

function cibAnswered(step: Step, tag: number, rc: number): void {
  const { state } = step
  state.openCalls.delete(tag)
  if (tag === state.sync?.tag) synced(step, rc)
  else if (rc !== 0) log(step, 'debug', `CIB call ${tag} answered ${rc}`)
  if (state.phase === 'S_FINALIZE_JOIN' && nodesIn(state.join, 'integrated').length > 0) finalize(step)
  if (state.wantsSchedule && state.openCalls.size === 0 && state.phase === 'S_POLICY_ENGINE') schedule(step)
  leaveWhenQuiet(step)
}

function cibChanged(step: Step, before: XmlElement, after: XmlElement): void {
  const { state } = step
  state.cib = after
  if (child(before, 'configuration') !== child(after, 'configuration')) {
    state.options = readOptions(after, step.now)
    if (!state.isShuttingDown && lacksWatchdog(step)) shutdown(step)
  }
  repeatAfterConfirmation(step, before, after)
  if (!isDc(state)) return
  for (const event of cibEvents(before, after)) cibEvent(step, event)
}

function timer(step: Step, name: ControllerTimer): void {
  const { state } = step
  switch (name) {
    case 'dc':
      step.raise('I_DC_TIMEOUT')
      return
    case 'election':
      if (state.phase === 'S_ELECTION') step.raise('I_ELECTION_DC')
      return
    case 'integration':
      step.raise('I_INTEGRATED')
      return
    case 'finalization':
      step.raise('I_ELECTION')
      return
    case 'recheck':
    case 'transition-delay':
      step.raise('I_PE_CALC')
      return
    case 'quorum-gain':
      quorumHasCome(step)
      return
    case 'escalation':
      log(step, 'error', 'The cluster did not let this node go in time: stopping anyway')
      step.raise('I_STOP')
      return
    case 'open-calls':
      log(step, 'warning', `No answer to ${state.openCalls.size} changes of the CIB; going on without them`)
      state.openCalls.clear()
      if (state.wantsSchedule && state.phase === 'S_POLICY_ENGINE') schedule(step)
      return
    case 'search':
      searchForDc(step)
      return
    case 'fencing-history':
      step.effects.push({ do: 'synchronize-fencing' })
      return
    default:
      advance(step, { kind: 'overdue', action: Number(name.slice('action:'.length)) })
  }
}

/**
 * Others would take this node for dead a time after they lost it, trusting a watchdog that it does not have. It must not
 * run anything then; a real node without SBD ends at once, and leaves what it runs.
 */
function lacksWatchdog(step: Step): boolean {
  const { watchdogTimeout } = step.state.options
  if (watchdogTimeout === undefined) return false
  step.state.exitCode = exitFatal
  log(
    step,
    'crit',
    `Shutting down: stonith-watchdog-timeout configured (${watchdogTimeout}) but SBD not active: watchdogs are not supported`,
  )
  return true
}

function shutdown(step: Step): void {
  const { state } = step
  if (state.isShuttingDown) {
    log(step, 'warning', 'Asked to stop again: stopping without waiting for the cluster')
    step.raise('I_ERROR')
    return
  }
  state.isShuttingDown = true
  log(step, 'notice', 'Shutting down: asking the cluster to move resources away')
  step.effects.push({ do: 'arm', timer: 'escalation', afterMs: state.options.shutdownEscalationMs })
  step.raise('I_SHUTDOWN')
}
