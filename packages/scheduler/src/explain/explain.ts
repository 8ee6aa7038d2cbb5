import { failed, ok, type Result } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'
import { canFence } from '../action/fencing.ts'
import { task } from '../action/key.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import { containerOf, forEachBelow } from '../model/tree.ts'
import { infinity, scoreText } from '../score.ts'
import { type StatusOptions, unpackStatus } from '../status.ts'
import { findNode } from '../unpack/nodes.ts'
import { actionReason, impliedReason } from './action-reason.ts'
import { type Decision, decisionOn } from './decision.ts'
import { dueFencing, fencingReason, guestReason } from './due-fencing.ts'
import { summaryText } from './explanation-text.ts'
import { failedText, generalFindings, restartText } from './general-reasons.ts'
import { obstaclesTo } from './held-up.ts'
import { isInterchangeable } from './interchangeable.ts'
import { loopsOf } from './loops.ts'
import { unknownNameText } from './nearest-name.ts'
import { isDue, isThere } from './needed-changes.ts'
import { decisiveReason, leavesOf, nowhere, ruledOutBy, worthwhile } from './no-place.ts'
import { nodeFindings } from './node-reasons.ts'
import { absentText, type Beginning, demotedText, movedText, originOf } from './origin.ts'
import { loggedProblems, nameProblems } from './problems.ts'
import { promotionFinding } from './promotion-reasons.ts'
import type {
  ConfigurationProblem,
  DueAction,
  Explanation,
  GeneralReason,
  InstanceExplanation,
  InstanceOutcome,
  NodeExplanation,
  NodeStateExplanation,
  PromotionExplanation,
  Reason,
} from './reason.ts'
import { noRemedy, promotionTried, type RemedyStep, remediesAtOnce, remediesTried } from './remedies.ts'
import { nodeNames, resourceNames, resourcesNamed } from './resources-named.ts'
import { stateReasons } from './state-changes.ts'
import { suppositionArguments } from './supposition.ts'

/** Tasks that people ask about, in the order in which they are done; the rest is bookkeeping. */
const shownTasks: readonly string[] = [
  task.demote,
  task.migrateTo,
  task.migrateFrom,
  task.stop,
  task.start,
  task.promote,
]

/**
 * Up to this many pairs of an instance and a node remedies are tried out, each with a few decisions of their own, times
 * the instances of the cluster: beyond, a whole resource is answered without, and one node still with.
 */
const triedPairsMax = 2000

/**
 * Why a resource runs where it does and not elsewhere, and what the cluster is going to do about it: the decision that
 * the scheduler takes on this CIB, told by what contributed to it.
 *
 * @param resourceId id as the status shows it; for a collective every instance is explained
 * @param nodeName restricts the answer to one node
 */
export function explain(
  cib: XmlElement,
  resourceId: string,
  nodeName: string | undefined,
  options: StatusOptions,
): Result<Explanation, string> {
  return explainFrom(decisionOn(cib, options), resourceId, nodeName)
}

/**
 * {@link explain} of a decision that is there already.
 *
 * @param pairsMax up to how many pairs remedies are tried out, see {@link triedPairsMax}; 0: not even those of one node
 */
export function explainFrom(
  decision: Decision,
  resourceId: string,
  nodeName: string | undefined,
  pairsMax = triedPairsMax,
): Result<Explanation, string> {
  const { cluster } = decision
  const resources = resourcesNamed(cluster, resourceId)
  if (resources.length === 0) return failed(unknownNameText('resource', resourceId, resourceNames(cluster)))
  const node = nodeName === undefined ? undefined : findNode(cluster, nodeName)
  if (nodeName !== undefined && node === undefined) return failed(unknownNameText('node', nodeName, nodeNames(cluster)))
  const asked = resources.flatMap(leavesOf).map((leaf) => ({
    leaf,
    nodes: node === undefined ? worthwhile(cluster, leaf) : [node],
  }))
  const pairs = asked.reduce((sum, { nodes }) => sum + nodes.length, 0)
  const isTried = pairsMax > 0 && (node !== undefined || pairs * cluster.instanceCount <= pairsMax)
  const instances = asked.map(({ leaf, nodes }) => explainInstance(decision, leaf, nodes, isTried))
  const names = idsAround(resources)
  const loops = loopsOf(decision).filter((loop) => loop.resources.some((id) => names.has(id)))
  const [only] = resources
  const id = only !== undefined && resources.length === 1 ? only.id : resourceId
  const namesake = node === undefined ? findNode(cluster, resourceId) : undefined
  const asNode = namesake === undefined ? undefined : nodeState(cluster, namesake)
  return ok({ resource: id, instances, fencing: fencingOf(cluster), loops, asNode })
}

/** Configured ids of resources, of what they are part of, and of their parts. */
function idsAround(resources: readonly Resource[]): ReadonlySet<string> {
  const found = new Set<string>()
  for (const resource of resources) {
    for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) found.add(at.xmlId)
    forEachBelow(resource, (item) => found.add(item.xmlId))
  }
  return found
}

/** That neither a resource nor a node is called so, and what there is. */
export function unknownText(cib: XmlElement, name: string, options: StatusOptions): string {
  const cluster = unpackStatus(cib, options)
  return unknownNameText('resource or node', name, [...resourceNames(cluster), ...nodeNames(cluster)])
}

/** Everything that is wrong with a configuration as far as the scheduler can tell, loops of constraints included. */
export function configurationProblems(cib: XmlElement, options: StatusOptions): readonly ConfigurationProblem[] {
  return problemsOf(decisionOn(cib, options))
}

/** {@link configurationProblems} of a decision that is there already. */
export function problemsOf(decision: Decision): readonly ConfigurationProblem[] {
  const loops = loopsOf(decision).map(({ text }): ConfigurationProblem => ({ kind: 'loop', text }))
  return [...loggedProblems(decision.cluster), ...nameProblems(decision.cluster), ...loops]
}

/** Why a node stands as it does, and whether it is to be fenced. */
export function explainNodeState(
  cib: XmlElement,
  nodeName: string,
  options: StatusOptions,
): Result<NodeStateExplanation, string> {
  const { cluster } = decisionOn(cib, options)
  const node = findNode(cluster, nodeName)
  return node === undefined
    ? failed(unknownNameText('node', nodeName, nodeNames(cluster)))
    : ok(nodeState(cluster, node))
}

export function nodeState(cluster: Cluster, node: ClusterNode): NodeStateExplanation {
  const leaves = cluster.resources.flatMap(leavesOf)
  const due = dueFencing(cluster).find((item) => item.node === node)
  const action = due ?? cluster.actions.find((item) => item.task === task.fence && item.node === node)
  const isFenced = node.unclean || node.requiresReset || due !== undefined
  const isPossible = canFence(cluster, node)
  // A remote node counts as usable as soon as its connection is to run.
  const { connection } = node
  const isAwaited = node.online && connection !== undefined && connection.runningOn.length === 0
  return {
    node: node.uname,
    isOnline: node.online && !isAwaited,
    reasons: isAwaited
      ? [awaitedReason(node, connection), ...stateReasons(cluster, node)]
      : stateReasons(cluster, node),
    fencing: isFenced
      ? {
          reason: action === undefined ? guestText(cluster, node) : fencingReason(cluster, action),
          isPossible,
          remedy: isPossible ? undefined : fencingNeeds(cluster, node),
        }
      : undefined,
    running: leaves.filter((leaf) => leaf.runningOn.includes(node)).map(({ id }) => id),
    next: leaves.filter((leaf) => leaf.assigned === node && leaf.nextRole > role.stopped).map(({ id }) => id),
  }
}

function awaitedReason({ uname }: ClusterNode, { id, assigned }: Resource): Reason {
  const text = `${uname} is not up yet: its connection ${id} is to be started on ${assigned?.uname ?? 'no node'}`
  return {
    kind: 'node-state',
    constraint: undefined,
    score: undefined,
    text,
    remedy: undefined,
    settings: [],
    because: [],
  }
}

/** Why a guest should be fenced where nothing fences it: what is known of it, or of where its container was. */
function guestText(cluster: Cluster, node: ClusterNode): string | undefined {
  const container = containerOf(node)
  const host = container?.runningOn.find(({ unclean }) => unclean)
  const lost = host === undefined ? undefined : `its container ${container?.id} was on ${host.uname}, which is unclean`
  return guestReason(cluster, node) ?? lost
}

/** What is missing for a node to be fenced. */
function fencingNeeds({ settings, fenceDeviceExists, quorate }: Cluster, node: ClusterNode): string {
  const container = containerOf(node)
  if (container !== undefined) {
    const hosts = container.runningOn.filter((host) => !host.online).map(({ uname }) => uname)
    return `${container.id} has to be recovered: ${hosts.join(', ')} has to be fenced or to come online`
  }
  const needs = [
    ...(settings.fencingEnabled ? [] : ['stonith-enabled=true']),
    ...(fenceDeviceExists ? [] : ['a fence device']),
    ...(quorate || settings.noQuorumPolicy === 'ignore' || node.online ? [] : ['quorum']),
  ]
  return `missing: ${needs.join(', ')}`
}

export function fencingOf(cluster: Cluster): Explanation['fencing'] {
  return dueFencing(cluster).map((action) => ({
    node: action.node?.uname ?? '',
    reason: fencingReason(cluster, action),
  }))
}

function explainInstance(
  decision: Decision,
  leaf: Resource,
  nodes: readonly ClusterNode[],
  isTried: boolean,
): InstanceExplanation {
  return {
    ...outcomeOf(decision, leaf),
    promotion: promotionOf(decision, leaf, isTried),
    nodes: nodes.map((node) => explainNode(decision, leaf, node, isTried)),
  }
}

/** How an instance stands, what is to become of it, and why: without the nodes. */
export function outcomeOf(decision: Decision, leaf: Resource): InstanceOutcome {
  const general = generalFindings(decision, leaf).map(({ reason }) => reason)
  const actions = leaf.actions
    // A start without a node, or of what goes nowhere, stands for one that there is no place for.
    .filter((action) => isDue(leaf, action) && action.node !== undefined && shownTasks.includes(action.task))
    .filter((action) => leaf.assigned !== undefined || action.task !== task.start)
    // What cannot be migrated is stopped and started, and a start that is none stands for the end of a migration.
    .filter(({ task: name, runnable, pseudo }) => (isMigration(name) ? runnable : !(pseudo && name === task.start)))
    .sort((a, b) => shownTasks.indexOf(a.task) - shownTasks.indexOf(b.task))
    .map((action) => dueAction(decision, action))
  const main = mainReason(decision, leaf, general, actions)
  const outcome = {
    role: roleText(leaf.role),
    nextRole: roleText(leaf.nextRole),
    isStarting: leaf.startPending && leaf.pendingTask === task.start,
    runningOn: leaf.runningOn.map((node) => node.uname),
    assigned: leaf.assigned?.uname,
    mainReason: main?.text,
    actions,
  }
  return {
    id: leaf.id,
    summary: summaryText(outcome),
    ...outcome,
    isInterchangeable: isInterchangeable(leaf),
    general,
    begins: main?.begins,
  }
}

/** Why an instance does not just stay as it is, and where that begins where it follows from another resource. */
type MainReason = { readonly text: string; readonly begins?: Beginning | undefined }

function withBeginning(text: string, begins: Beginning | undefined): string {
  return begins === undefined ? text : `${text}; that begins with ${begins.id}: ${begins.text}`
}

/** Why it does not just stay as it is. */
function mainReason(
  decision: Decision,
  leaf: Resource,
  general: readonly GeneralReason[],
  actions: readonly DueAction[],
): MainReason | undefined {
  const { assigned, runningOn } = leaf
  const held = general.find(({ isObstacle }) => isObstacle)?.text
  const plain = (text: string | undefined): MainReason | undefined => (text === undefined ? undefined : { text })
  if (assigned === undefined || leaf.nextRole <= role.stopped) {
    const why = held ?? nowhere(decision, leaf)
    const begins = held === undefined ? beginning(decision, leaf, runningOn[0], why) : undefined
    return { text: `${withBeginning(why, begins)}${stuckStopText(actions, why)}`, begins }
  }
  const isHeld = actions.every(({ isRunnable }) => !isRunnable)
  if ((leaf.blocked || (!leaf.managed && isHeld)) && held !== undefined) return plain(held)
  const wait = waitReason(actions, held, leaf)
  if (wait !== undefined) return wait
  const due = dueText(actions, held)
  const promoted = promotedText(decision, leaf, actions)
  const implied = actions.find(({ reason, why }) => reason === undefined && why !== undefined)?.why
  if (runningOn.length === 0) {
    const isStopped = actions.some(({ task: name }) => name === task.stop)
    const restart = isStopped ? restartText(decision, leaf) : undefined
    return plain(due ?? (isHeld ? held : undefined) ?? promoted ?? restart ?? implied)
  }
  const left = leaf.partialTarget === assigned ? leaf.partialSource : runningOn[0]
  if (left === undefined || left === assigned || (leaf.partialTarget === undefined && runningOn.includes(assigned))) {
    if (actions.length === 0) return plain(held)
    const demoted = demotedText(decision, leaf)
    return plain(due ?? demoted ?? (isHeld ? held : undefined) ?? restartText(decision, leaf) ?? promoted ?? implied)
  }
  const ruledOut = ruledOutBy(decision, leaf, left)
  const failed = failedText(decision, leaf)
  if (ruledOut === undefined && failed !== undefined) {
    // What failed has to be stopped; that it does not stay where it was is another matter.
    const moved = movedText(decision, leaf, left)
    return plain(moved === undefined ? failed : `${failed}; it goes elsewhere since ${moved}`)
  }
  if (ruledOut !== undefined) {
    const begins = beginning(decision, leaf, left, ruledOut)
    return { text: withBeginning(ruledOut, begins), begins }
  }
  const hasMore = (decision.trace.score(leaf, assigned) ?? 0) > (decision.trace.score(leaf, left) ?? 0)
  const moved = movedText(decision, leaf, left)
  return plain(hasMore ? moved : (due ?? moved))
}

/** Where it begins that a resource cannot be where others are not: on its node, or on one of which is told why. */
function beginning(
  decision: Decision,
  leaf: Resource,
  left: ClusterNode | undefined,
  why: string,
): Beginning | undefined {
  for (const node of left === undefined ? worthwhile(decision.cluster, leaf) : [left]) {
    const text = decisiveReason(decision, leaf, node)?.text
    const origin = text !== undefined && why.includes(text) ? originOf(decision, leaf, node) : undefined
    if (origin !== undefined) return origin
  }
  return undefined
}

/** Why one that is not promoted yet is to be, where nothing else is done to it. */
function promotedText(decision: Decision, leaf: Resource, actions: readonly DueAction[]): string | undefined {
  if (!actions.some(({ task: name }) => name === task.promote)) return undefined
  const found = promotionFinding(decision, leaf)?.explanation
  return found === undefined ? undefined : `its promotion score on ${found.node} is ${scoreText(found.score)}`
}

/** What keeps it from being stopped, where that is something else than why it is to stop. */
function stuckStopText(actions: readonly DueAction[], why: string): string {
  const stuck = actions.find(({ task: name, isRunnable }) => name === task.stop && !isRunnable)
  const [wait] = stuck?.waitsFor ?? []
  if (wait === undefined || (wait.because !== undefined && why.includes(wait.because))) return ''
  return `; ${wait.isOwn ? 'what keeps it from being stopped:' : 'its stop waits for'} ${wait.text}`
}

/** What keeps it from being started or promoted where it is to be. */
function waitReason(actions: readonly DueAction[], held: string | undefined, leaf: Resource): MainReason | undefined {
  const stuck = actions.find(
    ({ task: name, isRunnable }) => !isRunnable && (name === task.start || name === task.promote),
  )
  const [wait] = stuck?.waitsFor ?? []
  if (wait === undefined) return undefined
  if (wait.isOwn) return { text: held ?? wait.text }
  const ids = wait.way.filter(({ kind }) => kind !== 'group').flatMap(({ constraints }) => constraints)
  const text = `it waits for ${wait.text}${ids.length === 0 ? '' : ` (by ${[...new Set(ids)].join(', ')})`}`
  const { resource, because } = wait
  const isOther = resource !== undefined && resource !== leaf.id
  return { text, begins: isOther ? { id: resource, text: because ?? wait.text } : undefined }
}

/** Why the first is done of what is due; that there is no quorum is told with what follows from it. */
function dueText(actions: readonly DueAction[], held: string | undefined): string | undefined {
  // What has no reason of its own in logs comes with something else, and tells nothing of the rest.
  const first = actions.find(({ reason }) => reason !== undefined)
  return /^(no quorum|quorum freeze)$/.test(first?.reason ?? '') ? (held ?? first?.why) : first?.why
}

function promotionOf(decision: Decision, leaf: Resource, isTried: boolean): PromotionExplanation | undefined {
  const found = promotionFinding(decision, leaf)?.explanation
  if (found === undefined || found.isPromoted || !isTried || leaf.assigned === undefined) return found
  const { texts, suppose, shortfall, steps } = promotionTried(decision, leaf, leaf.assigned)
  return { ...found, remedies: texts, isTried, shortfall, suppose, ...stepsTold(steps) }
}

/** Steps with their arguments, and the arguments of all of them. */
function stepsTold(steps: readonly RemedyStep[]): Pick<NodeExplanation, 'steps' | 'whatIf'> {
  const told = steps.map(({ texts, suppose, effects }) => {
    return { remedies: texts, suppose, whatIf: suppositionArguments(suppose), effects }
  })
  const whatIf = told.flatMap((step, i) => (i === 0 ? step.whatIf : ['--then', ...step.whatIf]))
  return { steps: told, whatIf: told.length === 0 ? undefined : whatIf }
}

function isMigration(name: string): boolean {
  return name === task.migrateTo || name === task.migrateFrom
}

function dueAction(decision: Decision, action: Action): DueAction {
  const obstacles = action.runnable ? [] : obstaclesTo(decision, action)
  const changes = obstacles.flatMap((obstacle) => obstacle.changes)
  const because = actionReason(decision, action)
  return {
    task: action.task,
    node: action.node?.uname,
    reason: action.reason,
    why: because?.why ?? impliedReason(decision, action),
    follows: because?.follows,
    isRunnable: action.runnable,
    waitsFor: obstacles.map(({ wait }) => wait),
    remedies: [...new Set(changes.map(({ about, text }) => (about === undefined ? text : `${about}: ${text}`)))],
  }
}

/** Reasons where the first one, that a remote node is not there, tells why it is not. */
function withAbsence(decision: Decision, node: ClusterNode, reasons: readonly Reason[]): readonly Reason[] {
  const [state, ...more] = reasons
  const why = state?.kind === 'node-state' ? absentText(decision, node) : undefined
  return state === undefined || why === undefined ? reasons : [{ ...state, text: `${state.text}: ${why}` }, ...more]
}

/** The node that a resource goes to instead, where nothing but its score makes it so. */
function outdoneBy(
  decision: Decision,
  leaf: Resource,
  node: ClusterNode,
  reasons: readonly Reason[],
): NodeExplanation['outdoneBy'] {
  const { trace } = decision
  const { assigned, managed, blocked, runningOn } = leaf
  // What is left where it runs is so whatever the scores.
  if ((!managed || blocked) && runningOn.length > 0) return undefined
  const mine = trace.score(leaf, node)
  const isRuledOut = mine === undefined || mine <= -infinity || reasons.some(({ score }) => score === undefined)
  if (assigned === undefined || assigned === node || isRuledOut) return undefined
  const theirs = nodeFindings(decision, leaf, assigned).reasons
  return { node: assigned.uname, score: trace.score(leaf, assigned), reasons: theirs }
}

function explainNode(decision: Decision, leaf: Resource, node: ClusterNode, isTried: boolean): NodeExplanation {
  const isChosen = leaf.assigned === node
  // What is held up where it is to go needs something changed as well.
  const isSettled = isChosen && isThere(leaf, node)
  const remedies = isSettled ? noRemedy : (isTried ? remediesTried : remediesAtOnce)(decision, leaf, node)
  const { reasons } = nodeFindings(decision, leaf, node)
  return {
    node: node.uname,
    score: decision.trace.score(leaf, node),
    isChosen,
    isRunningNow: leaf.runningOn.includes(node),
    reasons: withAbsence(decision, node, reasons),
    outdoneBy: outdoneBy(decision, leaf, node, reasons),
    remedies: remedies.texts,
    isTried: isTried && !isSettled && remedies.isPossible,
    shortfall: remedies.shortfall,
    suppose: remedies.suppose,
    ...stepsTold(remedies.steps),
  }
}
