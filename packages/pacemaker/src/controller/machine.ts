import { beginRound } from '../election/election.ts'
import { activeResources } from '../executor/local-resources.ts'
import { nodesIn } from '../join/join.ts'
import { ballotMessage } from '../messages/crm-message.ts'
import { infinity } from '../transition/graph.ts'
import { recordEarlierFencings } from './fencing.ts'
import { type Action, type Input, nextRow, type Phase } from './fsm.ts'
import {
  confirmJoin,
  describeCluster,
  filterRequest,
  finalize,
  finishJoin,
  offerToAll,
  offerToOne,
  requestJoin,
  takeAnswer,
  takeOver,
} from './joining.ts'
import { runLocal } from './local-work.ts'
import { searchForDc } from './membership.ts'
import { log, post } from './posts.ts'
import { type ControllerTimer, type InputSubject, isDc, outsiders, type Step } from './state.ts'
import { advance, runGraph } from './transitions.ts'

/** An input of the machine, and what it is about. */
export type Queued = { readonly input: Input; readonly about: InputSubject }

const noticed: ReadonlySet<Phase> = new Set(['S_IDLE', 'S_NOT_DC'])

/** One input of the machine: the row of the table, the entry rules of the new state, then the row's actions. */
export function enter(step: Step, queued: Queued): void {
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
      state.fencing.unrecorded.clear()
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
  if (outsiders(state).length > 0) step.raise('I_NODE_JOIN')
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
      // What its actions came to during the election was told to nobody who leads: it would be waited for in vain.
      if (!isDc(state)) dropGraph(step)
      recordEarlierFencings(step)
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
      // Who was asked to stop before it led has asked nobody yet who could see to it, and would be given work meanwhile.
      if (state.isShuttingDown) requestShutdown(step)
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
  dropGraph(step)
  state.scheduleToken = undefined
  state.wantsSchedule = false
  state.sync = undefined
  if (isDc(state)) state.dc = undefined
  step.effects.push({ do: 'primary', isPrimary: false })
  if (state.phase === 'S_RELEASE_DC') step.raise('I_RELEASE_SUCCESS')
}

/** Nobody waits for the actions of the graph any more; what is still under way is told by the histories of its nodes. */
function dropGraph(step: Step): void {
  const { state } = step
  if (state.transition?.isFinished === false) {
    for (const id of state.transition.jobs.keys()) step.effects.push({ do: 'disarm', timer: `action:${id}` })
  }
  state.transition = undefined
}

/** Answers to our own changes that take longer than this will not come: the scheduler must not wait for them for ever. */
const openCallsMs = 10_000

/**
 * Asks the scheduler, as soon as all our own changes have come back: it must see what we have just written. Nodes that have
 * not been let in yet come first: what they run is not in the CIB, and would be started a second time.
 */
export function schedule(step: Step): void {
  const { state } = step
  state.scheduleToken = undefined
  if (outsiders(state).length > 0) {
    step.raise('I_NODE_JOIN')
    return
  }
  if (state.isQuorumNew) return
  describeCluster(step)
  if (state.openCalls.size > 0) {
    if (!state.wantsSchedule) step.effects.push({ do: 'arm', timer: 'open-calls', afterMs: openCallsMs })
    state.wantsSchedule = true
    return
  }
  step.effects.push({ do: 'disarm', timer: 'open-calls' })
  state.wantsSchedule = false
  state.lastTag += 1
  state.scheduleToken = state.lastTag
  step.effects.push({ do: 'schedule', token: state.scheduleToken })
}

function requestShutdown(step: Step): void {
  post(step, { task: 'req_shutdown', to: 'crmd', from: 'crmd' }, { broadcast: true })
  // Nobody leads: this node must do it itself before it can be let go.
  if (step.state.phase === 'S_PENDING' && step.state.dc === undefined) step.raise('I_DC_TIMEOUT')
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
