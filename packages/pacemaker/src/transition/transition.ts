import { invariant } from '@quorate/base'
import { type Graph, type GraphAction, infinity, type Synapse } from './graph.ts'

/** What has to happen when a graph has run: nothing, wait for a change, compute anew, stop this node. Ascending. */
export type Completion = 'done' | 'wait' | 'restart' | 'shutdown'

/** How a graph ended. `stopped`: an abort left actions out; `terminated`: actions can never run. */
export type TransitionEnd = 'complete' | 'stopped' | 'terminated'

/** Actions by what became of them. */
export type TransitionCounts = {
  readonly complete: number
  readonly pending: number
  readonly fired: number
  readonly skipped: number
  readonly incomplete: number
}

/** What can happen to a running graph. */
export type TransitionEvent =
  /** The first push, or new limits. */
  | { readonly kind: 'run' }
  /** `onFailure`: what a failure asks for, `restart` unless trying again is no use. */
  | {
      readonly kind: 'confirmed'
      readonly action: number
      readonly isFailed: boolean
      readonly onFailure?: Completion
    }
  /** The action's timer ran out without an answer. */
  | { readonly kind: 'overdue'; readonly action: number }
  /** Something makes the graph wrong: nothing below `priority` starts any more. */
  | {
      readonly kind: 'abort'
      readonly priority: number
      readonly completion: Completion
      readonly reason: string
    }
  /** A node has gone: whatever was to be done on it has failed. */
  | { readonly kind: 'node-lost'; readonly nodeUuid: string }
  /** Most actions in flight for each node, by name; nodes that are not named are not limited. */
  | { readonly kind: 'limits'; readonly jobsMax: ReadonlyMap<string, number> }

/** What a running graph asks of its owner, in this order. */
export type TransitionEffect =
  | { readonly do: 'execute'; readonly action: GraphAction }
  | { readonly do: 'arm'; readonly action: number; readonly afterMs: number }
  | { readonly do: 'disarm'; readonly action: number }
  /** No answer in time: `action` counts as failed and, where the history records it, so must the CIB. */
  | { readonly do: 'lost'; readonly action: GraphAction; readonly afterMs: number }
  | { readonly do: 'aborted'; readonly reason: string; readonly completion: Completion }
  | {
      readonly do: 'finished'
      readonly end: TransitionEnd
      readonly completion: Completion
      readonly reason: string | undefined
      readonly counts: TransitionCounts
    }

type Phase = 'idle' | 'pending' | 'done' | 'failed'
type Job = { readonly action: GraphAction; readonly synapse: number; readonly timeoutMs: number; phase: Phase }
type Firing = { readonly synapse: Synapse; isFired: boolean; isSkipped: boolean }

/** A graph on its way. Owned and changed in place by {@link stepTransition}; read by anybody. */
export type Transition = {
  readonly graph: Graph
  readonly jobs: ReadonlyMap<number, Job>
  readonly firings: readonly Firing[]
  abortPriority: number
  completion: Completion
  reason: string | undefined
  isFinished: boolean
  jobsMax: ReadonlyMap<string, number>
}

const order: readonly Completion[] = ['done', 'wait', 'restart', 'shutdown']

/** A graph that has not started. */
export function newTransition(graph: Graph): Transition {
  const jobs = new Map<number, Job>()
  graph.synapses.forEach((synapse, index) => {
    for (const action of synapse.actions) {
      invariant(!jobs.has(action.id), 'an action id occurs once in a graph', { action: action.id })
      jobs.set(action.id, { action, synapse: index, timeoutMs: deadlineMs(graph, action), phase: 'idle' })
    }
  })
  return {
    graph,
    jobs,
    firings: graph.synapses.map((synapse) => ({ synapse, isFired: false, isSkipped: false })),
    abortPriority: 0,
    completion: 'done',
    reason: undefined,
    isFinished: false,
    jobsMax: new Map(),
  }
}

/** The action of that id and whether an answer to it is still awaited. */
export function actionOf(
  transition: Transition,
  id: number,
): { readonly action: GraphAction; readonly phase: Phase } | undefined {
  return transition.jobs.get(id)
}

/** Actions in flight. */
export function pendingActions(transition: Transition): readonly GraphAction[] {
  return [...transition.jobs.values()].filter((job) => job.phase === 'pending').map((job) => job.action)
}

/** True when an action that has started takes that node down, so that its loss was to be expected. */
export function expectsDown(transition: Transition, nodeUuid: string): boolean {
  for (const job of transition.jobs.values()) {
    if (job.phase !== 'idle' && job.action.downed.includes(nodeUuid)) return true
  }
  return false
}

/** Advances a graph by one event. Time enters only through `overdue`, which the timers of `arm` bring. */
export function stepTransition(transition: Transition, event: TransitionEvent): readonly TransitionEffect[] {
  if (transition.isFinished) return []
  const effects: TransitionEffect[] = []
  switch (event.kind) {
    case 'run':
      break
    case 'confirmed':
      confirm(transition, event.action, event.isFailed, event.onFailure ?? 'restart', effects)
      break
    case 'overdue':
      overdue(transition, event.action, effects)
      break
    case 'abort':
      abort(transition, event.priority, event.completion, event.reason, effects)
      break
    case 'node-lost':
      loseNode(transition, event.nodeUuid, effects)
      break
    case 'limits':
      transition.jobsMax = event.jobsMax
      break
    default:
      event satisfies never
  }
  advance(transition, effects)
  return effects
}

function confirm(
  transition: Transition,
  id: number,
  isFailed: boolean,
  onFailure: Completion,
  effects: TransitionEffect[],
): void {
  const job = transition.jobs.get(id)
  if (job === undefined || job.phase === 'done' || job.phase === 'failed') return
  if (job.phase === 'pending') effects.push({ do: 'disarm', action: id })
  const counts = isFailed && !job.action.ignoresFailure
  job.phase = counts ? 'failed' : 'done'
  const firing = transition.firings[job.synapse]
  if (firing !== undefined) firing.isFired = true
  if (counts) abort(transition, priorityAfterFailure(firing), onFailure, 'Event failed', effects)
}

/** A failure leaves only what matters more than what failed. */
function priorityAfterFailure(firing: Firing | undefined): number {
  return (firing?.synapse.priority ?? 0) + 1
}

function overdue(transition: Transition, id: number, effects: TransitionEffect[]): void {
  const job = transition.jobs.get(id)
  if (job === undefined || job.phase !== 'pending') return
  job.phase = 'failed'
  effects.push({ do: 'lost', action: job.action, afterMs: job.timeoutMs })
  abort(transition, infinity, 'restart', 'Action lost', effects)
}

function loseNode(transition: Transition, nodeUuid: string, effects: TransitionEffect[]): void {
  for (const job of transition.jobs.values()) {
    if (job.action.kind === 'pseudo' || job.action.task === 'stonith' || job.action.nodeUuid !== nodeUuid) continue
    if (job.phase === 'done' || job.phase === 'failed') continue
    if (job.phase === 'pending') effects.push({ do: 'disarm', action: job.action.id })
    job.phase = 'failed'
    const firing = transition.firings[job.synapse]
    if (firing !== undefined) firing.isFired = true
  }
}

function abort(
  transition: Transition,
  priority: number,
  completion: Completion,
  reason: string,
  effects: TransitionEffect[],
): void {
  const isNews = priority > transition.abortPriority || order.indexOf(completion) > order.indexOf(transition.completion)
  if (priority > transition.abortPriority) transition.abortPriority = priority
  if (order.indexOf(completion) > order.indexOf(transition.completion)) {
    transition.completion = completion
    transition.reason = reason
  }
  if (isNews) effects.push({ do: 'aborted', reason, completion: transition.completion })
}

/** Fires whatever is ready, again and again as milestones come true, and ends the graph when nothing moves any more. */
function advance(transition: Transition, effects: TransitionEffect[]): void {
  let fired = 0
  for (let more = true; more; ) {
    const now = firePass(transition, effects)
    fired += now.total
    more = now.milestones > 0
  }
  const counts = count(transition, fired)
  if (counts.pending > 0) return
  transition.isFinished = true
  const isStopped = counts.skipped > 0
  const isTerminated = !isStopped && counts.incomplete > 0 && transition.abortPriority <= 0
  effects.push({
    do: 'finished',
    end: isTerminated ? 'terminated' : isStopped || counts.incomplete > 0 ? 'stopped' : 'complete',
    completion: transition.completion,
    reason: transition.reason,
    counts,
  })
}

function firePass(transition: Transition, effects: TransitionEffect[]): { total: number; milestones: number } {
  let total = 0
  let milestones = 0
  const load = loadNow(transition)
  for (const firing of transition.firings) {
    if (firing.isFired || !isReady(transition, firing.synapse)) continue
    if (isHeldBack(transition, firing.synapse)) {
      firing.isSkipped = true
      continue
    }
    if (transition.graph.batchLimit > 0 && load.pending >= transition.graph.batchLimit) break
    if (!hasRoom(transition, firing.synapse, load)) continue
    firing.isFired = true
    total += 1
    for (const action of firing.synapse.actions) if (start(transition, action, load, effects)) milestones += 1
  }
  return { total, milestones }
}

type Load = { pending: number; readonly byNode: Map<string, number> }

function loadNow(transition: Transition): Load {
  const load: Load = { pending: 0, byNode: new Map() }
  for (const job of transition.jobs.values()) if (job.phase === 'pending') addLoad(load, job.action)
  return load
}

function addLoad(load: Load, action: GraphAction): void {
  load.pending += 1
  const node = workerOf(action)
  if (node !== undefined) load.byNode.set(node, (load.byNode.get(node) ?? 0) + 1)
}

/** The node whose controller does the work; fencing and cluster actions are not counted on anybody. */
function workerOf(action: GraphAction): string | undefined {
  return action.kind === 'rsc' ? (action.router ?? action.node) : undefined
}

function hasRoom(transition: Transition, synapse: Synapse, load: Load): boolean {
  return synapse.actions.every((action) => {
    const node = workerOf(action)
    const most = node === undefined ? undefined : transition.jobsMax.get(node)
    return node === undefined || most === undefined || (load.byNode.get(node) ?? 0) < Math.max(1, most)
  })
}

/** Starts one action; true when it was a milestone, done by being reached. */
function start(transition: Transition, action: GraphAction, load: Load, effects: TransitionEffect[]): boolean {
  const job = transition.jobs.get(action.id)
  invariant(job !== undefined, 'a synapse holds known actions', { action: action.id })
  if (job.phase !== 'idle') return false
  if (action.kind === 'pseudo') {
    job.phase = 'done'
    return true
  }
  job.phase = 'pending'
  addLoad(load, action)
  // BEFORE the order: what carries it out may confirm it at once, and the timer must be there to be taken away.
  if (job.timeoutMs > 0) effects.push({ do: 'arm', action: action.id, afterMs: job.timeoutMs })
  effects.push({ do: 'execute', action })
  return false
}

function isReady(transition: Transition, synapse: Synapse): boolean {
  return synapse.inputs.every((id) => {
    const job = transition.jobs.get(id)
    if (job === undefined) return true
    return job.phase === 'done' || (job.phase === 'failed' && synapse.priority >= infinity)
  })
}

function isHeldBack(transition: Transition, synapse: Synapse): boolean {
  if (synapse.priority >= transition.abortPriority) return false
  return synapse.actions.some((action) => action.kind !== 'pseudo')
}

function count(transition: Transition, fired: number): TransitionCounts {
  const counts = { complete: 0, pending: 0, fired, skipped: 0, incomplete: 0 }
  for (const firing of transition.firings) {
    const phases = firing.synapse.actions.map((action) => transition.jobs.get(action.id)?.phase)
    if (phases.includes('pending')) counts.pending += 1
    else if (firing.isFired) counts.complete += 1
    else if (firing.isSkipped) counts.skipped += 1
    else counts.incomplete += 1
  }
  return counts
}

function deadlineMs(graph: Graph, action: GraphAction): number {
  if (action.kind === 'crm' && action.task === 'stonith') return graph.stonithTimeoutMs + graph.clusterDelayMs
  return action.timeoutMs + graph.clusterDelayMs
}
