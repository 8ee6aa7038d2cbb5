import { attr, child, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { countBallot, isWon } from '../election/election.ts'
import { phaseOf } from '../join/join.ts'
import { ballotMessage, crmPayload, readBallot } from '../messages/crm-message.ts'
import { leads } from './fsm.ts'
import { isOfferOfDc, isRepeated, repeatOffer } from './joining.ts'
import { takeLoad } from './load.ts'
import { runLocal } from './local-work.ts'
import { pingAnswer, searchForDc, takeShutdownRequest } from './membership.ts'
import { log, reply } from './posts.ts'
import { activeNodes, isActive, isDc, type Step } from './state.ts'
import { takeResult } from './transitions.ts'

/** A message of another controller, of this one, or of a client of this node. */
export function takeMessage(step: Step, from: string, xml: XmlElement): void {
  const { state } = step
  const task = attr(xml, 'crm_task') ?? ''
  const self = state.config.uname
  const isForDc = attr(xml, 'crm_sys_to') === 'dc'
  if (attr(xml, 'crm_sys_from') === 'dc' && from !== self && isDc(state) && leads.has(state.phase)) {
    log(step, 'warning', `Another DC detected: ${from} (op=${task})`)
    step.raise('I_ELECTION')
    return
  }
  if (isForDc && !isDc(state) && task !== 'req_shutdown') return
  switch (task) {
    case 'vote':
    case 'no-vote':
      takeBallot(step, from, xml)
      return
    case 'join_announce':
      if (!isActive(state, from)) return
      // Our offer may have come before it could answer.
      if (state.phase === 'S_INTEGRATION' && phaseOf(state.join, from) === 'welcomed') repeatOffer(step, from)
      else step.raise('I_NODE_JOIN', { from })
      return
    case 'join_offer':
      if (isOfferOfDc(step, from, xml)) step.raise('I_JOIN_OFFER', { from, xml })
      else log(step, 'warning', `Discarding join offer from ${from}, which is not the DC`)
      return
    case 'join_request':
      if (!isRepeated(step, from, xml)) step.raise('I_JOIN_REQUEST', { from, xml })
      return
    case 'join_ack_nack':
    case 'join_confirm':
      step.raise('I_JOIN_RESULT', { from, xml })
      return
    case 'req_shutdown':
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

/** A message of a user who is not allowed what it asks for: an order about a resource has an answer, others have none. */
export function takeDenied(step: Step, from: string, xml: XmlElement): void {
  const task = attr(xml, 'crm_task') ?? ''
  log(step, 'warning', `User ${attr(xml, 'crm_user')} on ${from} is not allowed to ask for ${task}`)
  if (task === 'lrm_delete' || task === 'lrm_fail') takeLocalOrder(step, from, task, xml, true)
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
      else if (state.phase !== 'S_STARTING') {
        // Whom this node followed so far has not been elected yet: it must not keep it from following the winner.
        state.dc = undefined
        step.raise('I_PENDING')
      }
      return
    }
    default:
      verdict satisfies never
  }
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
  const to = attr(xml, 'crm_sys_to')
  if (to === 'tengine' && isDc(step.state)) takeDirectResults(step, payload)
  // An answer that has lost its way must not be taken for an order: it would be answered, and so on.
  if (to !== 'lrmd') return
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

function takeLocalOrder(step: Step, from: string, task: string, xml: XmlElement, isDenied = false): void {
  const op = crmPayload(xml)
  if (op === undefined) return
  const node = from === step.state.config.uname ? undefined : from
  const requester = { node, system: attr(xml, 'crm_sys_from') ?? 'crmd' }
  if (!isDenied) log(step, 'notice', `Carrying out ${task} for ${requester.system} on ${from}`)
  runLocal(step, { kind: 'order', task, op, requester, isDenied })
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
