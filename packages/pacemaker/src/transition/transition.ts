import { IndexHeap, invariant } from '@quorate/base'
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
type Firing = {
  readonly synapse: Synapse
  /** Inputs that are not done yet. */
  unmet: number
  isFired: boolean
  isSkipped: boolean
}

/** A graph on its way. Owned and changed in place by {@link stepTransition}; read by anybody. */
export type Transition = {
  readonly graph: Graph
  readonly jobs: ReadonlyMap<number, Job>
  readonly firings: readonly Firing[]
  /** Firings that wait for an action, by its id. */
  readonly dependents: ReadonlyMap<number, readonly number[]>
  /** Firings whose inputs are done and that have not fired, by the node that does their work. */
  readonly ready: Map<string, IndexHeap>
  /** Actions in flight: all, and by the node that does the work. */
  readonly load: Load
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
  const dependents = new Map<number, number[]>()
  const firings = graph.synapses.map((synapse, index) => {
    const inputs = new Set(synapse.inputs.filter((id) => jobs.has(id)))
    for (const id of inputs) {
      const known = dependents.get(id)
      if (known === undefined) dependents.set(id, [index])
      else known.push(index)
    }
    return { synapse, unmet: inputs.size, isFired: false, isSkipped: false }
  })
  const transition: Transition = {
    graph,
    jobs,
    firings,
    dependents,
    ready: new Map(),
    load: { pending: 0, byNode: new Map() },
    abortPriority: 0,
    completion: 'done',
    reason: undefined,
    isFinished: false,
    jobsMax: new Map(),
  }
  firings.forEach((firing, index) => {
    if (firing.unmet === 0) becomeReady(transition, index)
  })
  return transition
}

/** The action of that id and whether an answer to it is still awaited. */
export function actionOf(
  transition: Transition,
  id: number,
): { readonly action: GraphAction; readonly phase: Phase } | undefined {
  return transition.jobs.get(id)
}

/**
 * What a graph has to do with the loss of a node. `fencing`: it is having the node fenced, which has not happened before the
 * fencer says so; `expected`: it was fenced, or told to go; undefined: it should have stayed.
 */
export function expectsDown(transition: Transition, nodeUuid: string): 'fencing' | 'expected' | undefined {
  let found: 'expected' | undefined
  for (const job of transition.jobs.values()) {
    if (!job.action.downed.includes(nodeUuid)) continue
    if (job.action.task === 'stonith' && job.phase === 'pending') return 'fencing'
    if (job.phase === 'done' || (job.phase === 'pending' && job.action.task !== 'stonith')) found = 'expected'
  }
  return found
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
  settle(transition, job, counts ? 'failed' : 'done')
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
  settle(transition, job, 'failed')
  effects.push({ do: 'lost', action: job.action, afterMs: job.timeoutMs })
  abort(transition, infinity, 'restart', 'Action lost', effects)
}

function loseNode(transition: Transition, nodeUuid: string, effects: TransitionEffect[]): void {
  for (const job of transition.jobs.values()) {
    if (job.action.kind === 'pseudo' || job.action.task === 'stonith' || job.action.nodeUuid !== nodeUuid) continue
    if (job.phase === 'done' || job.phase === 'failed') continue
    if (job.phase === 'pending') effects.push({ do: 'disarm', action: job.action.id })
    settle(transition, job, 'failed')
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

/** An action has come to its end: it is no load any more, and what waits for it may be ready. */
function settle(transition: Transition, job: Job, phase: 'done' | 'failed'): void {
  if (job.phase === 'pending') addLoad(transition.load, job.action, -1)
  job.phase = phase
  for (const index of transition.dependents.get(job.action.id) ?? []) {
    const firing = transition.firings[index] as Firing
    // Behind a failure only what has to happen whatever it takes goes on.
    if (phase === 'failed' && firing.synapse.priority < infinity) continue
    firing.unmet -= 1
    if (firing.unmet === 0) becomeReady(transition, index)
  }
}

/** Queue of firings whose work no node does: milestones, fencing, cluster actions. */
const nobody = ''

function becomeReady(transition: Transition, index: number): void {
  const [action] = transition.firings[index]?.synapse.actions ?? []
  const worker = (action === undefined ? undefined : workerOf(action)) ?? nobody
  let heap = transition.ready.get(worker)
  if (heap === undefined) {
    heap = new IndexHeap()
    transition.ready.set(worker, heap)
  }
  heap.add(index)
}

/** Fires whatever is ready, also what milestones make ready, and ends the graph when nothing moves any more. */
function advance(transition: Transition, effects: TransitionEffect[]): void {
  let fired = 0
  for (let index = nextReady(transition); index !== undefined; index = nextReady(transition)) {
    const firing = transition.firings[index] as Firing
    if (firing.isFired) continue
    if (isHeldBack(transition, firing.synapse)) {
      firing.isSkipped = true
      continue
    }
    firing.isFired = true
    fired += 1
    for (const action of firing.synapse.actions) start(transition, action, effects)
  }
  if (transition.load.pending > 0) return
  const counts = count(transition, fired)
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

/** Takes the first firing, in the order of the graph, that is ready and for which its node has room. */
function nextReady(transition: Transition): number | undefined {
  const { batchLimit } = transition.graph
  if (batchLimit > 0 && transition.load.pending >= batchLimit) return undefined
  let best: { readonly heap: IndexHeap; readonly index: number } | undefined
  for (const [worker, heap] of transition.ready) {
    const index = heap.smallest
    if (index === undefined || (best !== undefined && best.index < index)) continue
    if (hasRoom(transition, worker) || isHeldBack(transition, (transition.firings[index] as Firing).synapse)) {
      best = { heap, index }
    }
  }
  return best?.heap.take()
}

function hasRoom(transition: Transition, worker: string): boolean {
  const most = worker === nobody ? undefined : transition.jobsMax.get(worker)
  return most === undefined || (transition.load.byNode.get(worker) ?? 0) < Math.max(1, most)
}

type Load = { pending: number; readonly byNode: Map<string, number> }

function addLoad(load: Load, action: GraphAction, by: 1 | -1): void {
  load.pending += by
  const node = workerOf(action)
  if (node !== undefined) load.byNode.set(node, (load.byNode.get(node) ?? 0) + by)
}

/** The node whose controller does the work; fencing and cluster actions are not counted on anybody. */
function workerOf(action: GraphAction): string | undefined {
  return action.kind === 'rsc' ? (action.router ?? action.node) : undefined
}

/** Starts one action; a milestone is done by being reached. */
function start(transition: Transition, action: GraphAction, effects: TransitionEffect[]): void {
  const job = transition.jobs.get(action.id)
  invariant(job !== undefined, 'a synapse holds known actions', { action: action.id })
  if (job.phase !== 'idle') return
  if (action.kind === 'pseudo') {
    settle(transition, job, 'done')
    return
  }
  job.phase = 'pending'
  addLoad(transition.load, action, 1)
  // BEFORE the order: what carries it out may confirm it at once, and the timer must be there to be taken away.
  if (job.timeoutMs > 0) effects.push({ do: 'arm', action: action.id, afterMs: job.timeoutMs })
  effects.push({ do: 'execute', action })
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

/**
 * Fencing may go through many devices, each with a time of its own, and the fencer always ends it. So many times the
 * cluster's `stonith-timeout` later its answer must have been lost.
 */
const stonithTimeoutsMax = 20

function deadlineMs(graph: Graph, action: GraphAction): number {
  if (action.kind === 'crm' && action.task === 'stonith') {
    return graph.stonithTimeoutMs * stonithTimeoutsMax + action.timeoutMs + graph.clusterDelayMs
  }
  return action.timeoutMs + graph.clusterDelayMs
}
