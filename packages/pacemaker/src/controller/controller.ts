import { BoundedQueue, invariant } from '@quorate/base'
import { attr, child, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { beginRound, countBallot, isWon } from '../election/election.ts'
import { activeResources } from '../executor/local-resources.ts'
import type { Instant } from '../instant.ts'
import { nodesIn, phaseOf } from '../join/join.ts'
import { ballotMessage, crmPayload, readBallot } from '../messages/crm-message.ts'
import { infinity } from '../transition/graph.ts'
import { type CibEvent, cibEvents } from './cib-events.ts'
import { readOptions } from './cluster-options.ts'
import { type Action, type Input, leads, mayAct, nextRow, type Phase } from './fsm.ts'
import {
  confirmJoin,
  filterRequest,
  finalize,
  finishJoin,
  offerToAll,
  offerToOne,
  requestJoin,
  synced,
  takeAnswer,
  takeOver,
} from './joining.ts'
import { leaveWhenQuiet, runLocal, stopAlone } from './local-work.ts'
import { pingAnswer, searchForDc, takeShutdownRequest, updatePeers } from './membership.ts'
import { writeNodes } from './node-states.ts'
import { log, post, reply } from './posts.ts'
import {
  activeNodes,
  type ControllerEffect,
  type ControllerEvent,
  type ControllerState,
  type ControllerTimer,
  type InputSubject,
  isActive,
  isDc,
  type ScheduleResult,
  type Step,
} from './state.ts'
import { abort, advance, runGraph, takeResult } from './transitions.ts'

/** Inputs that one event may raise before something must be wrong. */
const inputsMax = 1_000

type Queued = { readonly input: Input; readonly about: InputSubject }

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
  state.local.mayAct = mayAct.has(state.phase) && !state.isRingLost
  state.local.isShuttingDown = state.isShuttingDown
  return effects
}

function handle(step: Step, event: ControllerEvent): void {
  const { state } = step
  switch (event.kind) {
    case 'started':
      state.cib = event.cib
      state.options = readOptions(event.cib)
      post(step, { task: 'hello', to: 'crmd', from: 'crmd' }, { broadcast: true })
      writeNodes(step)
      step.raise('I_PENDING')
      return
    case 'peers':
      updatePeers(step, event.peers, event.isQuorate)
      return
    case 'message':
      takeMessage(step, event.from, event.xml)
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
    case 'timer':
      timer(step, event.timer)
      return
    case 'shutdown':
      shutdown(step)
      return
    case 'ring-lost':
      ringLost(step, event.reason)
      return
    default:
      event satisfies never
  }
}

/** One input of the machine: the row of the table, the entry rules of the new state, then the row's actions. */
function enter(step: Step, queued: Queued): void {
  const { state } = step
  const row = nextRow(state.phase, queued.input)
  if (row === undefined) {
    log(step, 'debug', `Ignoring ${queued.input} in ${state.phase}`)
    return
  }
  const from = state.phase
  if (row.to !== from) changePhase(step, from, row.to, queued.input)
  for (const action of row.run) act(step, action, queued.about)
}

const noticed: ReadonlySet<Phase> = new Set(['S_IDLE', 'S_NOT_DC'])

function changePhase(step: Step, from: Phase, to: Phase, input: Input): void {
  const { state } = step
  const isNotice = noticed.has(to) || noticed.has(from) || from === 'S_ELECTION' || from === 'S_STARTING'
  log(
    step,
    to === 'S_RECOVERY' ? 'warning' : isNotice ? 'notice' : 'info',
    `State transition ${from} -> ${to} | input=${input}`,
  )
  state.phase = to
  const timers: readonly (readonly [ControllerTimer, boolean])[] = [
    ['election', to === 'S_ELECTION'],
    ['integration', to === 'S_INTEGRATION'],
    ['finalization', to === 'S_FINALIZE_JOIN'],
    ['dc', to === 'S_PENDING'],
    ['recheck', to === 'S_IDLE'],
  ]
  for (const [name, stays] of timers) if (!stays) step.effects.push({ do: 'disarm', timer: name })
  const { options } = state
  switch (to) {
    case 'S_PENDING':
      state.dc = undefined
      state.search = undefined
      step.effects.push({ do: 'primary', isPrimary: false })
      return
    case 'S_ELECTION':
      state.dc = undefined
      return
    case 'S_INTEGRATION':
      step.effects.push({ do: 'arm', timer: 'integration', afterMs: options.integrationTimeoutMs })
      return
    case 'S_FINALIZE_JOIN':
      step.effects.push({ do: 'arm', timer: 'finalization', afterMs: options.finalizationTimeoutMs })
      for (const uname of nodesIn(state.join, 'welcomed')) {
        log(step, 'warning', `join-${state.join.id}: ${uname} did not respond to our offer`)
      }
      return
    case 'S_NOT_DC':
      if (state.isShuttingDown) requestShutdown(step)
      return
    case 'S_IDLE':
      entersIdle(step)
      return
    default:
      return
  }
}

function entersIdle(step: Step): void {
  const { state } = step
  if (state.isShuttingDown) requestShutdown(step)
  const recheckByS = state.transition?.graph.recheckByS
  const untilMs = recheckByS === undefined ? undefined : Math.max(500, (recheckByS - step.now.epochS) * 1000)
  const interval = state.options.recheckIntervalMs > 0 ? state.options.recheckIntervalMs : undefined
  const afterMs = Math.min(untilMs ?? Number.POSITIVE_INFINITY, interval ?? Number.POSITIVE_INFINITY)
  if (Number.isFinite(afterMs)) step.effects.push({ do: 'arm', timer: 'recheck', afterMs })
  const outside = activeNodes(state).find((uname) => phaseOf(state.join, uname) === 'none')
  if (outside !== undefined) step.raise('I_NODE_JOIN', { from: outside })
}

function act(step: Step, action: Action, about: InputSubject): void {
  const { state } = step
  switch (action) {
    case 'announce':
      announce(step)
      return
    case 'vote':
      vote(step)
      return
    case 'release':
      release(step)
      return
    case 'take-over':
      takeOver(step)
      return
    case 'offer-all':
      offerToAll(step)
      return
    case 'offer-one':
      offerToOne(step, about)
      return
    case 'request-join':
      requestJoin(step, about)
      return
    case 'filter-request':
      filterRequest(step, about)
      return
    case 'finalize':
      finalize(step)
      return
    case 'take-answer':
      takeAnswer(step, about)
      return
    case 'confirm-join':
      confirmJoin(step, about)
      return
    case 'halt':
      if (state.transition?.isFinished === false) {
        advance(step, { kind: 'abort', priority: infinity, completion: 'restart', reason: 'Node join' })
      }
      return
    case 'final':
      finishJoin(step)
      return
    case 'schedule':
      schedule(step)
      return
    case 'run-graph':
      if (about.xml !== undefined) runGraph(step, { ok: true, graph: about.xml, inputFile: about.from })
      return
    case 'request-shutdown':
      requestShutdown(step)
      return
    case 'exit':
      exit(step)
      return
    default:
      action satisfies never
  }
}

function announce(step: Step): void {
  step.effects.push({ do: 'arm', timer: 'dc', afterMs: step.state.options.dcDeadtimeMs })
  post(step, { task: 'join_announce', to: 'dc', from: 'crmd' }, { broadcast: true })
  searchForDc(step)
}

function vote(step: Step): void {
  const { state, cpu } = step
  state.election = beginRound(state.election)
  state.references += 1
  const { uuid, featureSet } = state.config
  const ballot = { kind: 'vote', owner: uuid, round: state.election.round, ...cpu, version: featureSet } as const
  const xml = ballotMessage(ballot, `vote-crmd-${step.now.epochS}-${state.references}`)
  step.effects.push({ do: 'post', xml, broadcast: true })
  step.effects.push({ do: 'arm', timer: 'election', afterMs: state.options.electionTimeoutMs })
}

function release(step: Step): void {
  const { state } = step
  if (isDc(state)) log(step, 'notice', 'Giving up the DC role')
  if (state.transition?.isFinished === false) {
    for (const id of state.transition.jobs.keys()) step.effects.push({ do: 'disarm', timer: `action:${id}` })
  }
  state.transition = undefined
  state.scheduleToken = undefined
  state.wantsSchedule = false
  state.syncTag = undefined
  if (isDc(state)) state.dc = undefined
  step.effects.push({ do: 'primary', isPrimary: false })
  if (state.phase === 'S_RELEASE_DC') step.raise('I_RELEASE_SUCCESS')
}

/** Asks the scheduler, as soon as all our own changes have come back: it must see what we have just written. */
function schedule(step: Step): void {
  const { state } = step
  state.scheduleToken = undefined
  if (state.openCalls.size > 0) {
    state.wantsSchedule = true
    return
  }
  state.wantsSchedule = false
  state.lastTag += 1
  state.scheduleToken = state.lastTag
  step.effects.push({ do: 'schedule', token: state.scheduleToken })
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
  if (tag === state.syncTag) synced(step, rc)
  else if (rc !== 0) log(step, 'debug', `CIB call ${tag} answered ${rc}`)
  if (state.wantsSchedule && state.openCalls.size === 0 && state.phase === 'S_POLICY_ENGINE') schedule(step)
  leaveWhenQuiet(step)
}

function cibChanged(step: Step, before: XmlElement, after: XmlElement): void {
  const { state } = step
  state.cib = after
  if (child(before, 'configuration') !== child(after, 'configuration')) state.options = readOptions(after)
  if (!isDc(state)) return
  for (const event of cibEvents(before, after)) cibEvent(step, event)
}

function cibEvent(step: Step, event: CibEvent): void {
  const { state } = step
  const isDowned = (uuid: string) =>
    [...state.peers.values()].some((peer) => peer.uuid === uuid && (!peer.hasController || peer.expected === 'down'))
  switch (event.kind) {
    case 'configuration':
      abort(step, infinity, 'restart', 'Configuration change')
      return
    case 'tickets':
      abort(step, infinity, 'restart', 'Ticket attribute change')
      return
    case 'attributes':
      if (!event.isDeleted || !isDowned(event.nodeUuid)) abort(step, infinity, 'restart', 'Transient attribute change')
      return
    case 'operation':
      takeResult(step, event)
      return
    case 'operation-removed':
      operationRemoved(step, event.op)
      return
    case 'history-removed':
      if (!isDowned(event.nodeUuid)) abort(step, infinity, 'restart', 'Resource state removal')
      return
    case 'lock-cleared':
      abort(step, infinity, 'restart', 'Shutdown lock cleared')
      return
    case 'node-removed':
      if (!isDowned(event.nodeUuid)) abort(step, infinity, 'restart', 'Node state removal')
      return
    default:
      event satisfies never
  }
}

/** A history entry is gone: a cancel of ours has done its work, or somebody cleaned up. */
function operationRemoved(step: Step, op: XmlElement): void {
  const { state } = step
  const { transition } = state
  if (transition?.isFinished === false) {
    const key = attr(op, 'operation_key')
    const node = attr(op, 'on_node')
    for (const job of transition.jobs.values()) {
      if (job.action.task !== 'cancel' || job.phase !== 'pending') continue
      if (job.action.key !== key || (node !== undefined && job.action.node !== node)) continue
      advance(step, { kind: 'confirmed', action: job.action.id, isFailed: false })
      return
    }
  }
  abort(step, infinity, 'restart', 'Resource operation removal')
}

function takeMessage(step: Step, from: string, xml: XmlElement): void {
  const { state } = step
  const task = attr(xml, 'crm_task') ?? ''
  const self = state.config.uname
  const isForDc = attr(xml, 'crm_sys_to') === 'dc'
  if (attr(xml, 'crm_sys_from') === 'dc' && from !== self && isDc(state) && leads.has(state.phase)) {
    log(step, 'warning', `Another DC detected: ${from} (op=${task})`)
    step.raise('I_ELECTION')
    return
  }
  if (isForDc && !isDc(state) && task !== 'shutdown_req') return
  switch (task) {
    case 'vote':
    case 'no-vote':
      takeBallot(step, from, xml)
      return
    case 'join_announce':
      if (isActive(state, from)) step.raise('I_NODE_JOIN', { from })
      return
    case 'join_offer':
      step.raise('I_JOIN_OFFER', { from, xml })
      return
    case 'join_request':
      step.raise('I_JOIN_REQUEST', { from, xml })
      return
    case 'join_ack_nack':
    case 'join_confirm':
      step.raise('I_JOIN_RESULT', { from, xml })
      return
    case 'shutdown_req':
      takeShutdownRequest(step, from)
      return
    case 'do_shutdown':
      ordered(step, from)
      return
    case 'throttle':
      takeLoad(step, from, xml)
      return
    case 'ping':
      takePing(step, from, xml)
      return
    case 'lrm_invoke':
      takeInvocation(step, from, xml)
      return
    case 'lrm_delete':
    case 'lrm_fail':
    case 'lrm_refresh':
    case 'reprobe':
      takeLocalOrder(step, from, task, xml)
      return
    default:
      return
  }
}

function takeBallot(step: Step, from: string, xml: XmlElement): void {
  const { state, cpu } = step
  const ballot = readBallot(xml, from)
  if (ballot === undefined) return
  const { uname, uuid, featureSet } = state.config
  const self = { uname, uuid, version: featureSet, mayWin: state.phase !== 'S_STARTING' }
  const active = activeNodes(state)
  const counted = countBallot(
    state.election,
    ballot,
    self,
    cpu,
    (who) => isActive(state, who),
    active.length,
    step.now.monoMs,
  )
  state.election = counted.state
  const { verdict } = counted
  switch (verdict.kind) {
    case 'ignored':
      return
    case 'recorded':
      if (state.phase === 'S_ELECTION' && isWon(state.election, active)) step.raise('I_ELECTION_DC')
      return
    case 'beaten':
      if (verdict.isStorm) log(step, 'warning', `Election storm: ${active.length} peers keep voting`)
      step.raise('I_ELECTION')
      return
    case 'lost': {
      log(step, 'info', `Election round (owner node ID ${ballot.owner}) lost: vote from ${from} (${verdict.reason})`)
      state.references += 1
      const no = ballotMessage(
        { ...ballot, kind: 'no-vote', version: featureSet },
        `no-vote-crmd-${step.now.epochS}-${state.references}`,
        from,
      )
      step.effects.push({ do: 'post', xml: no })
      if (isDc(state)) step.raise('I_RELEASE_DC')
      else if (state.phase !== 'S_STARTING') step.raise('I_PENDING')
      return
    }
    default:
      verdict satisfies never
  }
}

function takeLoad(step: Step, from: string, xml: XmlElement): void {
  const peer = step.state.peers.get(from)
  if (peer === undefined) return
  const number = (name: string) => Number.parseInt(attr(xml, name) ?? '', 10)
  const mode = number('crm-limit-mode')
  const most = number('crm-limit-max')
  step.state.peers.set(from, {
    ...peer,
    loadMode: Number.isNaN(mode) ? peer.loadMode : mode,
    jobsMax: Number.isNaN(most) ? peer.jobsMax : most,
  })
}

function takePing(step: Step, from: string, xml: XmlElement): void {
  const { state } = step
  if (attr(xml, 'subt') === 'response') {
    const answer = crmPayload(xml)
    const phase = answer === undefined ? undefined : attr(answer, 'crmd_state')
    if (state.search !== undefined && phase !== undefined) {
      state.search.set(from, phase)
      searchForDc(step)
    }
    return
  }
  const subsystem = attr(xml, 'crm_sys_to') ?? 'crmd'
  reply(step, xml, from, subsystem, pingAnswer(subsystem, state.phase))
}

function takeInvocation(step: Step, from: string, xml: XmlElement): void {
  const payload = crmPayload(xml)
  if (payload === undefined) return
  if (attr(xml, 'crm_sys_to') === 'tengine') {
    if (isDc(step.state)) takeDirectResults(step, payload)
    return
  }
  const system = attr(xml, 'crm_sys_from') ?? 'tengine'
  runLocal(step, { kind: 'order', task: 'lrm_invoke', op: payload, requester: { node: from, system } })
}

/** A result that no history records (notifications, cancels, refusals) comes as the piece of history it would be. */
function takeDirectResults(step: Step, state: XmlElement): void {
  const resources = child(state, 'lrm')
  const list = resources === undefined ? undefined : child(resources, 'lrm_resources')
  for (const resource of list === undefined ? [] : childrenNamed(list, 'lrm_resource')) {
    for (const op of childrenNamed(resource, 'lrm_rsc_op')) {
      takeResult(step, { nodeUuid: idOf(state), uname: attr(state, 'uname') ?? '', resource: idOf(resource), op })
    }
  }
}

function takeLocalOrder(step: Step, from: string, task: string, xml: XmlElement): void {
  const op = crmPayload(xml)
  if (op === undefined) return
  const node = from === step.state.config.uname ? undefined : from
  const requester = { node, system: attr(xml, 'crm_sys_from') ?? 'crmd' }
  log(step, 'notice', `Carrying out ${task} for ${requester.system} on ${from}`)
  runLocal(step, { kind: 'order', task, op, requester })
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
      if (state.isQuorate) abort(step, infinity, 'restart', 'Quorum gained')
      return
    case 'escalation':
      log(step, 'error', 'The cluster did not let this node go in time: stopping anyway')
      step.raise('I_STOP')
      return
    case 'stop-limit':
      return
    default:
      advance(step, { kind: 'overdue', action: Number(name.slice('action:'.length)) })
  }
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

function requestShutdown(step: Step): void {
  post(step, { task: 'shutdown_req', to: 'dc', from: 'crmd' }, { broadcast: true })
  // Nobody leads: this node must do it itself before it can be let go.
  if (step.state.phase === 'S_PENDING' && step.state.dc === undefined) step.raise('I_DC_TIMEOUT')
}

/** The DC's graph has come to the point where this node may go. */
function ordered(step: Step, from: string): void {
  const { state } = step
  if (!state.isShuttingDown) {
    log(step, 'error', `${from} tells this node to stop although it has not asked to`)
    state.exitCode = from === state.dc ? 100 : 1
  }
  state.isStopping = true
  step.raise('I_STOP')
}

function exit(step: Step): void {
  const { state } = step
  if (state.phase === 'S_RECOVERY' || state.phase === 'S_TERMINATE') {
    const left = activeResources(state.local)
    if (left.length > 0)
      log(step, 'crit', `Ending in ${state.phase} with resources still running here: ${left.join(', ')}`)
    step.effects.push({ do: 'exit', code: state.exitCode === 0 ? 1 : state.exitCode })
    return
  }
  runLocal(step, { kind: 'wind-down' })
}

const exitDisconnected = 102

function ringLost(step: Step, reason: string): void {
  const { state } = step
  if (state.isRingLost) return
  log(step, 'crit', `Lost connection to the cluster: ${reason}`)
  state.isRingLost = true
  state.exitCode = exitDisconnected
  state.transition = undefined
  state.openCalls.clear()
  const active = activeResources(state.local)
  const policy = state.options.noQuorumPolicy
  if (policy === 'ignore' || policy === 'freeze') {
    if (active.length > 0) {
      log(step, 'crit', `no-quorum-policy=${policy}: left running here, unattended from now on: ${active.join(', ')}`)
    }
    step.effects.push({ do: 'exit', code: state.exitCode })
    return
  }
  state.stopsAwaited = true
  stopAlone(step)
}
