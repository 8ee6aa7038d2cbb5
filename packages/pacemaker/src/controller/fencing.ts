import { attr, child, childrenNamed, element } from '@quorate/xml'
import { callOptions } from '../cib-manager/service.ts'
import type { FencingEvent, FencingOutcome } from '../fencer/service.ts'
import { withoutNode } from '../join/join.ts'
import { infinity } from '../transition/graph.ts'
import type { Completion } from '../transition/transition.ts'
import type { OpenFencing } from './fencing-book.ts'
import { checkComplete, checkIntegrated } from './joining.ts'
import { cutOff } from './local-work.ts'
import { nodeState } from './node-states.ts'
import { callCib, log } from './posts.ts'
import { isDc, type Step } from './state.ts'
import { abort, advance } from './transitions.ts'

/** Between the start of this node and asking the other fencers for what they remember. */
export const historyAfterStartMs = 30_000
/** The same after another node has come. */
export const historyAfterPeerMs = 5_000

/** Execution status of a fencing that no device is there for. */
const noFenceDevice = 10
/** Exit code of a node on which nothing is to be started again without an administrator. */
export const exitFatal = 100
/** How clients of the fencer that are controllers name themselves, with their process behind a dot. */
const controllerName = 'pacemaker-controld'

/** Only a plain success means that the target does not run any more. */
export function isFenced(outcome: FencingOutcome): boolean {
  return outcome.execution === 0 && outcome.exitStatus === 0
}

/** The fencer has answered a request of this controller. */
export function fencingAnswered(step: Step, tag: number, outcome: FencingOutcome): void {
  const { state } = step
  const fencing = state.fencing.open.get(tag)
  if (fencing === undefined) return
  state.fencing.open.delete(tag)
  // Whoever leads now hears of it from its own fencer, as this node does.
  if (!isDc(state)) return
  if (isFenced(outcome)) {
    succeeded(step, fencing)
    return
  }
  const onFailure = afterFailure(step, fencing.target, countFailure(step, fencing.target), outcome)
  const what = onFailure === 'wait' ? 'aborting transition and giving up for now' : 'aborting transition'
  log(step, 'warning', `Fence operation for ${fencing.target} failed: ${reasonOf(outcome)} (${what})`)
  endAction(step, fencing, onFailure)
}

function reasonOf({ execution, exitStatus, reason }: FencingOutcome): string {
  if (reason !== undefined) return reason
  return execution === 0 ? 'Agent returned error' : `execution status ${execution}, exit status ${exitStatus}`
}

function succeeded(step: Step, fencing: OpenFencing): void {
  const { state } = step
  const { target, uuid, action } = fencing
  log(step, 'info', `Fencing (${action}) of ${target} succeeded`)
  state.fencing.failures.delete(target)
  if (action === 'on') recordUnfenced(step, fencing)
  else recordFenced(step, target, uuid)
  endAction(step, fencing, undefined)
  checkJoin(step)
}

/** `onFailure` undefined: it went well. */
function endAction(step: Step, fencing: OpenFencing, onFailure: Completion | undefined): void {
  const { transition } = step.state
  if (transition === fencing.transition && !transition.isFinished) {
    if (onFailure !== undefined) {
      advance(step, { kind: 'abort', priority: infinity, completion: onFailure, reason: 'Stonith failed' })
    }
    const isFailed = onFailure !== undefined
    advance(step, { kind: 'confirmed', action: fencing.actionId, isFailed, onFailure: onFailure ?? 'restart' })
    return
  }
  // The graph has not waited for it: what became of the node is for the next one to see.
  if (onFailure === undefined) abort(step, infinity, 'restart', 'Late fencing result')
}

/** What is to happen after a failed attempt: the next one, or waiting for something to change. */
function afterFailure(step: Step, target: string, failures: number, outcome: FencingOutcome): Completion {
  if (outcome.execution === noFenceDevice) {
    log(
      step,
      'warning',
      `No devices found in cluster to fence ${target}, giving up: what ran there is not recovered until it is back or has been fenced`,
    )
    return 'wait'
  }
  if (failures < step.state.options.stonithMaxAttempts) return 'restart'
  log(step, 'warning', `Too many failures (${failures}) to fence ${target}, giving up`)
  return 'wait'
}

function countFailure(step: Step, target: string): number {
  const { failures } = step.state.fencing
  const count = (failures.get(target) ?? 0) + 1
  failures.set(target, count)
  return count
}

/** A fencing operation of the cluster has ended (behaviour/pacemaker-daemons.md 2.11). */
export function fencingEnded(step: Step, event: FencingEvent): void {
  const { state } = step
  const { target, action, outcome } = event
  const isDone = isFenced(outcome)
  logEnd(step, event)
  step.effects.push({ do: 'alert', event: { kind: 'fencing', event } })
  if (isDone && action !== 'on' && target === state.config.uname) {
    wasFenced(step, event)
    return
  }
  // The DC's own requests are counted and written down as they are answered.
  if (isOwnRequest(step, event)) return
  if (!isDone) {
    if (!isDc(state)) countFailure(step, target)
    return
  }
  state.fencing.failures.delete(target)
  if (action === 'on') return
  if (isDc(state)) {
    log(step, 'info', `External fencing operation from ${event.client} fenced ${target}`)
    recordFenced(step, target, undefined)
    abort(step, infinity, 'restart', 'External Fencing Operation')
    checkJoin(step)
    return
  }
  if (state.dc !== undefined && state.dc !== target) return
  log(step, 'notice', `${target} was fenced while nobody leads the cluster: the next DC records it`)
  if (event.executioner === state.config.uname) recordFenced(step, target, undefined)
  state.fencing.unrecorded.add(target)
}

function isOwnRequest(step: Step, event: FencingEvent): boolean {
  const [name] = event.client.split('.')
  return isDc(step.state) && event.origin === step.state.config.uname && name === controllerName
}

function logEnd(step: Step, { target, action, executioner, client, origin, outcome }: FencingEvent): void {
  const isDone = isFenced(outcome)
  const by = executioner ?? (isDone ? 'the cluster' : '<anyone>')
  const [verb, what] = action === 'on' ? ['unfenced', ''] : ['terminated', ` (${action})`]
  const result = isDone ? 'OK' : `Error${outcome.reason === undefined ? '' : ` (${outcome.reason})`}`
  log(
    step,
    isDone ? 'notice' : 'warning',
    `Peer ${target} was${isDone ? '' : ' not'} ${verb}${what} by ${by} on behalf of ${client}@${origin}: ${result}`,
  )
}

/**
 * This node counts as dead, and what it runs may be started elsewhere at any moment: it stops everything and stays
 * stopped. Panicking is refused by name, because nothing here can take the machine down without its watchdog.
 */
function wasFenced(step: Step, event: FencingEvent): void {
  const { state } = step
  const by = `${event.executioner ?? 'the cluster'} for ${event.client}@${event.origin}`
  if (state.options.fenceReaction === 'panic') {
    log(step, 'crit', 'fence-reaction=panic cannot be done by this daemon: stopping instead')
  }
  cutOff(step, { reason: `this node was fenced (${event.action}) by ${by}`, exitCode: exitFatal, stopsAll: true })
}

/** Nodes that were fenced before this node led are written down, unless they are back. */
export function recordEarlierFencings(step: Step): void {
  const { unrecorded } = step.state.fencing
  for (const target of unrecorded) recordFenced(step, target, undefined)
  unrecorded.clear()
}

/** A node has come into the ring: what it ran before it went is its own to tell. */
export function fencedNodeIsBack(step: Step, uname: string): void {
  step.state.fencing.unrecorded.delete(uname)
}

/** Writes that nothing runs on a node any more, so that it can run elsewhere. */
function recordFenced(step: Step, target: string, knownUuid: string | undefined): void {
  const { state } = step
  const uuid = knownUuid ?? state.peers.get(target)?.uuid ?? configuredUuid(step, target)
  if (uuid === undefined) {
    log(step, 'error', `${target} was fenced, but no node of that name is known: nothing is recorded`)
    return
  }
  const origin = 'send_stonith_update'
  const peer = state.peers.get(target)
  // If it is seen nevertheless, it has to join again and tell its history before anything is planned.
  state.join = withoutNode(state.join, target)
  let written = element('node_state', {
    id: uuid,
    uname: target,
    in_ccm: 'false',
    crmd: 'offline',
    join: 'down',
    expected: 'down',
    'crm-debug-origin': origin,
  })
  if (peer !== undefined) {
    const down = { ...peer, expected: 'down', isFenced: true }
    state.peers.set(target, down)
    // Nobody else says of a node that was never seen that it is not in the ring.
    written = nodeState(step, down, { origin, withJoin: true, withMembership: !peer.wasSeen })
  }
  callCib(step, {
    op: 'cib_modify',
    section: 'status',
    data: element('status', {}, [written]),
    options: callOptions.scopeLocal | callOptions.quorumOverride | callOptions.canCreate,
  })
  callCib(step, {
    op: 'cib_delete',
    section: `//node_state[@uname='${target}']/*`,
    options: callOptions.xpath | callOptions.multiple | callOptions.scopeLocal | callOptions.quorumOverride,
  })
}

/** A node that was fenced does not answer: nobody in the join waits for it. */
function checkJoin(step: Step): void {
  checkIntegrated(step)
  checkComplete(step)
}

function configuredUuid(step: Step, uname: string): string | undefined {
  const { cib } = step.state
  const configuration = cib === undefined ? undefined : child(cib, 'configuration')
  const nodes = configuration === undefined ? undefined : child(configuration, 'nodes')
  const node =
    nodes === undefined ? undefined : childrenNamed(nodes, 'node').find((item) => attr(item, 'uname') === uname)
  return node === undefined ? undefined : attr(node, 'id')
}

/** Devices that a node needs have been unfenced for it, and with which parameters. */
function recordUnfenced(step: Step, { target, digests }: OpenFencing): void {
  step.effects.push({
    do: 'attributes',
    updates: [
      { name: '#node-unfenced', value: String(step.now.epochS), node: target },
      { name: '#digests-all', value: digests.all, node: target },
      { name: '#digests-secure', value: digests.secure, node: target },
    ],
  })
}
