import { attr, element, withAttributes, type XmlElement } from '@quorate/xml'
import { callOptions } from '../cib-manager/service.ts'
import { nodeHistory } from '../executor/history.ts'
import { isFailure, ocf, operationStatus } from '../executor/outcome.ts'
import { type GraphAction, infinity, unpackGraph } from '../transition/graph.ts'
import {
  actionOf,
  type Completion,
  newTransition,
  stepTransition,
  type TransitionEffect,
  type TransitionEvent,
} from '../transition/transition.ts'
import { formatTransitionKey, formatTransitionMagic, parseTransitionMagic } from '../transition/transition-key.ts'
import { requestFencing } from './fencing-request.ts'
import { finalize } from './joining.ts'
import { jobsAllowed } from './load.ts'
import { runLocal } from './local-work.ts'
import { callCib, log, post } from './posts.ts'
import { isActive, type ScheduleResult, type Step } from './state.ts'

/** Starts what the scheduler has computed. */
export function runGraph(step: Step, result: ScheduleResult): void {
  const { state } = step
  if (!result.ok) {
    log(step, 'error', `Could not compute a transition: ${result.reason}`)
    step.raise('I_TE_SUCCESS')
    return
  }
  const graph = unpackGraph(withAttributes(result.graph, { transition_id: String(state.graphCount) }))
  if (!graph.ok) {
    log(step, 'error', `Could not read the transition graph: ${graph.error}`)
    step.raise('I_TE_SUCCESS')
    return
  }
  state.graphCount += 1
  state.inputFile = result.inputFile
  state.transition = newTransition(graph.value)
  const { id, synapses } = graph.value
  const source = result.inputFile === undefined ? '' : ` derived from ${result.inputFile}`
  log(step, 'info', `Processing graph ${id} with ${synapses.length} synapses${source}`)
  advance(step, { kind: 'limits', jobsMax: jobLimits(step) })
}

/** Agents that may run at a time on each node, by how busy the nodes say they are. */
function jobLimits(step: Step): ReadonlyMap<string, number> {
  const limits = new Map<string, number>()
  for (const peer of step.state.peers.values()) {
    limits.set(peer.uname, jobsAllowed(peer.loadMode, peer.jobsMax ?? step.state.config.processors * 2))
  }
  return limits
}

/** Tells the running graph something and does what it asks for. */
export function advance(step: Step, event: TransitionEvent): void {
  const { transition } = step.state
  if (transition === undefined) return
  for (const effect of stepTransition(transition, event)) perform(step, effect)
}

function perform(step: Step, effect: TransitionEffect): void {
  const { state } = step
  switch (effect.do) {
    case 'execute':
      execute(step, effect.action)
      return
    case 'arm':
      step.effects.push({ do: 'arm', timer: `action:${effect.action}`, afterMs: effect.afterMs })
      return
    case 'disarm':
      step.effects.push({ do: 'disarm', timer: `action:${effect.action}` })
      return
    case 'lost':
      recordLost(step, effect.action, effect.afterMs)
      return
    case 'aborted':
      log(step, 'notice', `Transition ${state.transition?.graph.id} aborted: ${effect.reason}`)
      return
    case 'finished':
      finished(step, effect)
      return
    default:
      effect satisfies never
  }
}

function finished(step: Step, effect: Extract<TransitionEffect, { readonly do: 'finished' }>): void {
  const { state } = step
  const { complete, pending, fired, skipped, incomplete } = effect.counts
  const ends = { complete: 'Complete', stopped: 'Stopped', terminated: 'Terminated' } as const
  const counts = `Complete=${complete}, Pending=${pending}, Fired=${fired}, Skipped=${skipped}, Incomplete=${incomplete}`
  log(
    step,
    effect.end === 'terminated' ? 'warning' : 'notice',
    `Transition ${state.transition?.graph.id} (${counts}, Source=${state.inputFile ?? 'none'}): ${ends[effect.end]}`,
  )
  if (state.phase === 'S_FINALIZE_JOIN') finalize(step)
  if (state.phase !== 'S_TRANSITION_ENGINE') return
  switch (effect.completion) {
    case 'restart':
      recalculate(step)
      return
    case 'shutdown':
      state.isStopping = true
      step.raise('I_STOP')
      return
    case 'wait':
    case 'done':
      step.raise('I_TE_SUCCESS')
      return
    default:
      effect.completion satisfies never
  }
}

function recalculate(step: Step): void {
  const delay = step.state.options.transitionDelayMs
  if (delay > 0) step.effects.push({ do: 'arm', timer: 'transition-delay', afterMs: delay })
  else step.raise('I_PE_CALC')
}

/** Something has made the current plan wrong (behaviour/pacemaker-daemons.md 2.10, Abort). */
export function abort(step: Step, priority: number, completion: Completion, reason: string): void {
  const { state } = step
  if (state.phase === 'S_POLICY_ENGINE') {
    // Not asked yet: what is asked then will contain this change.
    if (state.scheduleToken === undefined) return
    state.scheduleToken = undefined
    log(step, 'info', `Scheduling anew: ${reason}`)
    step.raise('I_PE_CALC')
    return
  }
  if (state.transition?.isFinished === false) {
    advance(step, { kind: 'abort', priority, completion, reason })
    return
  }
  if (completion !== 'restart' || state.phase !== 'S_IDLE') return
  log(step, 'info', `Transition ${state.transition?.graph.id ?? 'none'} aborted: ${reason}`)
  recalculate(step)
}

function keyOf(step: Step, action: GraphAction): string {
  const attributes = action.xml.children.find((item) => item.name === 'attributes')
  const text = attributes === undefined ? undefined : attr(attributes, 'CRM_meta_op_target_rc')
  return formatTransitionKey({
    action: action.id,
    transition: step.state.transition?.graph.id ?? -1,
    targetRc: Number.parseInt(text ?? '0', 10) || 0,
    dcUuid: step.state.config.transitionUuid,
  })
}

function execute(step: Step, action: GraphAction): void {
  if (action.kind === 'crm') {
    clusterAction(step, action)
    return
  }
  const { state } = step
  const worker = action.router ?? action.node
  const key = keyOf(step, action)
  const isLocal = worker === state.config.uname
  const where = `${isLocal ? 'locally ' : ''}on ${action.node}`
  log(step, 'notice', `Initiating ${action.task} operation ${action.key} ${where}`)
  const op: XmlElement = {
    ...withAttributes(action.xml, { 'transition-key': key }),
    children: action.xml.children.filter((item) => item.name !== 'downed' && item.name !== 'maintenance'),
  }
  if (isLocal) {
    const requester = { node: undefined, system: 'tengine' }
    runLocal(step, { kind: 'order', task: 'lrm_invoke', op, requester })
    return
  }
  if (worker === undefined || !isActive(state, worker)) {
    log(step, 'error', `Cannot reach ${worker ?? 'an unnamed node'} for ${action.key}`)
    advance(step, { kind: 'confirmed', action: action.id, isFailed: true })
    return
  }
  post(step, { task: 'lrm_invoke', to: 'lrmd', from: 'tengine', host: worker, payload: op }, { toLrmd: true })
}

function clusterAction(step: Step, action: GraphAction): void {
  const { state } = step
  const confirm = (isFailed: boolean) => advance(step, { kind: 'confirmed', action: action.id, isFailed })
  switch (action.task) {
    case 'stonith':
      if (requestFencing(step, action)) return
      log(step, 'error', `The graph asks for fencing without saying whom or how (action ${action.id})`)
      advance(step, { kind: 'confirmed', action: action.id, isFailed: true, onFailure: 'wait' })
      return
    case 'do_shutdown':
      if (action.node === state.config.uname) {
        advance(step, { kind: 'abort', priority: 0, completion: 'shutdown', reason: 'Local shutdown' })
        confirm(false)
        return
      }
      sendEvent(step, action)
      confirm(false)
      return
    case 'clear_failcount':
      if (action.resource !== undefined && action.node !== undefined) {
        step.effects.push({ do: 'clear-failures', resource: action.resource, node: action.node })
      }
      confirm(false)
      return
    case 'lrm_delete':
      callCib(step, {
        op: 'cib_delete',
        section: `//node_state[@uname='${action.node}']/lrm/lrm_resources/lrm_resource[@id='${action.resource}']`,
        options: callOptions.xpath | callOptions.quorumOverride,
      })
      confirm(false)
      return
    default:
      sendEvent(step, action)
      if (action.isUnattended) confirm(false)
  }
}

function sendEvent(step: Step, action: GraphAction): void {
  const { state } = step
  const host = action.router ?? action.node
  const { node } = action
  if (action.task === 'do_shutdown' && node !== undefined) {
    const peer = state.peers.get(node)
    if (peer !== undefined) state.peers.set(node, { ...peer, expected: 'down' })
  }
  const payload = withAttributes(action.xml, { 'transition-key': keyOf(step, action) })
  log(step, 'notice', `Requesting ${action.task} on ${host ?? 'all nodes'}`)
  post(step, { task: action.task, to: 'crmd', from: 'tengine', host, payload })
}

const unrecorded: ReadonlySet<string> = new Set(['notify', 'cancel', 'delete', 'meta-data'])

function recordLost(step: Step, action: GraphAction, afterMs: number): void {
  const { state } = step
  const worker = action.router ?? action.node
  if (action.task === 'stonith') {
    log(
      step,
      'error',
      `The fencer did not tell within ${afterMs}ms what became of ${action.node}: it counts as running`,
    )
    return
  }
  log(
    step,
    'error',
    `Node ${worker} did not send ${action.task} result (via ${worker}) within ${afterMs}ms (action timeout plus cluster-delay)`,
  )
  const primitive = action.xml.children.find((item) => item.name === 'primitive')
  if (action.kind !== 'rsc' || primitive === undefined || unrecorded.has(action.task)) return
  if (action.node === undefined || action.nodeUuid === undefined) return
  const who = worker === state.config.uname ? 'Local executor' : `Controller on ${worker}`
  const key = keyOf(step, action)
  const entry = (id: string) =>
    element('lrm_rsc_op', {
      id,
      operation_key: action.key,
      operation: action.task,
      'crm-debug-origin': 'controld_record_action_event',
      crm_feature_set: state.config.featureSet,
      'transition-key': key,
      'transition-magic': formatTransitionMagic(operationStatus.timeout, ocf.error, key),
      'exit-reason': `${who} did not return result in time`,
      on_node: action.node,
      'call-id': '-1',
      'rc-code': String(ocf.error),
      'op-status': String(operationStatus.timeout),
      interval: String(action.intervalMs),
      'last-rc-change': String(step.now.epochS),
      'exec-time': '0',
      'queue-time': '0',
    })
  const id = attr(primitive, 'id') ?? ''
  const resource = element(
    'lrm_resource',
    { id, type: attr(primitive, 'type'), class: attr(primitive, 'class'), provider: attr(primitive, 'provider') },
    [entry(`${id}_last_failure_0`), ...(action.intervalMs === 0 ? [entry(`${id}_last_0`)] : [])],
  )
  callCib(step, {
    op: 'cib_modify',
    section: 'status',
    data: nodeHistory({ id: action.nodeUuid, uname: action.node }, [resource], {}),
    options: callOptions.scopeLocal | callOptions.quorumOverride | callOptions.canCreate,
  })
}

/** A result, from the history in the CIB or directly from a node. */
export type Result = {
  readonly nodeUuid: string
  readonly uname: string
  readonly resource: string
  readonly op: XmlElement
}

/** What a result means for the running graph, and for the failures that are counted. */
export function takeResult(step: Step, result: Result): void {
  const { state } = step
  const { op } = result
  if (attr(op, 'transition-key') === undefined) return
  const magic = parseTransitionMagic(attr(op, 'transition-magic'))
  if (magic === undefined) {
    abort(step, infinity, 'restart', 'Bad event')
    return
  }
  if (magic.status === operationStatus.pending) return
  const isFailed = isFailure(magic, magic.key.targetRc)
  const graph = state.transition?.graph
  const isOurs = magic.key.dcUuid === state.config.transitionUuid
  const isRecurring = (attr(op, 'interval') ?? '0') !== '0'
  const job =
    isOurs && graph !== undefined && magic.key.transition === graph.id && state.transition !== undefined
      ? actionOf(state.transition, magic.key.action)
      : undefined
  if (job !== undefined && state.transition?.isFinished === false) {
    if (job.phase === 'done' || job.phase === 'failed') {
      if (!isRecurring || !isFailed || job.phase === 'failed') return
    } else {
      if (isFailed) countFailure(step, result, magic.key.transition, job.action.ignoresFailure)
      advance(step, { kind: 'confirmed', action: magic.key.action, isFailed })
      return
    }
  }
  // What a history tells anew at a join has been counted when it happened.
  if (isFailed && attr(op, 'crm-debug-origin') !== 'build_active_RAs') {
    countFailure(step, result, magic.key.transition, false)
  }
  abort(step, infinity, 'restart', reasonOf(magic.key.transition, isOurs, isRecurring, graph?.id))
}

function reasonOf(transition: number, isOurs: boolean, isRecurring: boolean, current: number | undefined): string {
  if (transition === -1) return 'Unexpected event'
  if (!isOurs) return 'Foreign event'
  if (isRecurring) return 'Change in recurring result'
  return transition === current ? 'Inactive graph' : 'Old event'
}

function countFailure(step: Step, result: Result, transition: number, isIgnored: boolean): void {
  const { op, resource, uname } = result
  const task = attr(op, 'operation') ?? ''
  const interval = attr(op, 'interval') ?? '0'
  const counts = interval !== '0' || transition === -1 || ['start', 'stop', 'promote', 'demote'].includes(task)
  if (!counts) return
  const graph = step.state.transition?.graph
  const isFatal =
    (task === 'start' && (graph?.failedStartOffset ?? 'INFINITY') === 'INFINITY') ||
    (task === 'stop' && (graph?.failedStopOffset ?? 'INFINITY') === 'INFINITY')
  const suffix = `${resource}#${task}_${interval}`
  const updates = [{ name: `last-failure-${suffix}`, value: String(step.now.epochS), node: uname }]
  if (!isIgnored) updates.push({ name: `fail-count-${suffix}`, value: isFatal ? 'INFINITY' : 'value++', node: uname })
  log(step, 'info', `Updating failcount for ${resource} on ${uname} after failed ${task}`)
  step.effects.push({ do: 'attributes', updates })
}
