import { failed, ok, type Result } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'
import { canFence } from '../action/fencing.ts'
import { task } from '../action/key.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import { containerOf, forEachBelow } from '../model/tree.ts'
import type { StatusOptions } from '../status.ts'
import { findNode } from '../unpack/nodes.ts'
import { actionReason } from './action-reason.ts'
import { type Decision, decisionOn } from './decision.ts'
import { dueFencing, fencingReason } from './due-fencing.ts'
import { summaryText } from './explanation-text.ts'
import { generalFindings, restartText } from './general-reasons.ts'
import { obstaclesTo } from './held-up.ts'
import { loopsOf } from './loops.ts'
import { decisiveReason, isInterchangeable, leavesOf, nowhere, ruledOutBy, worthwhile } from './no-place.ts'
import { nodeFindings } from './node-reasons.ts'
import { demotedText, movedText, originOf } from './origin.ts'
import { loggedProblems } from './problems.ts'
import { promotionFinding } from './promotion-reasons.ts'
import type {
  ConfigurationProblem,
  DueAction,
  Explanation,
  GeneralReason,
  InstanceExplanation,
  NodeExplanation,
  NodeStateExplanation,
  PromotionExplanation,
  Reason,
} from './reason.ts'
import { isDue, isThere, promotionTried, remediesAtOnce, remediesTried } from './remedies.ts'
import { resourcesNamed } from './resources-named.ts'
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
  if (resources.length === 0) return failed(`there is no resource '${resourceId}'`)
  const node = nodeName === undefined ? undefined : findNode(cluster, nodeName)
  if (nodeName !== undefined && node === undefined) return failed(`there is no node '${nodeName}'`)
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

/** Everything that is wrong with a configuration as far as the scheduler can tell, loops of constraints included. */
export function configurationProblems(cib: XmlElement, options: StatusOptions): readonly ConfigurationProblem[] {
  const decision = decisionOn(cib, options)
  const loops = loopsOf(decision).map(({ text }): ConfigurationProblem => ({ kind: 'loop', text }))
  return [...loggedProblems(decision.cluster), ...loops]
}

/** Why a node stands as it does, and whether it is to be fenced. */
export function explainNodeState(
  cib: XmlElement,
  nodeName: string,
  options: StatusOptions,
): Result<NodeStateExplanation, string> {
  const { cluster } = decisionOn(cib, options)
  const node = findNode(cluster, nodeName)
  return node === undefined ? failed(`there is no node '${nodeName}'`) : ok(nodeState(cluster, node))
}

function nodeState(cluster: Cluster, node: ClusterNode): NodeStateExplanation {
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
    reasons: isAwaited ? [awaitedReason(node, connection), ...stateReasons(node)] : stateReasons(node),
    fencing: isFenced
      ? {
          reason: action === undefined ? undefined : fencingReason(cluster, action),
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
  return { kind: 'node-state', constraint: undefined, score: undefined, text, remedy: undefined, because: [] }
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

function fencingOf(cluster: Cluster): Explanation['fencing'] {
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
  const general = generalFindings(decision, leaf).map(({ reason }) => reason)
  const actions = leaf.actions
    // A start without a node, or of what goes nowhere, stands for one that there is no place for.
    .filter((action) => isDue(leaf, action) && action.node !== undefined && shownTasks.includes(action.task))
    .filter((action) => leaf.assigned !== undefined || action.task !== task.start)
    // What cannot be migrated is stopped and started, and a start that is none stands for the end of a migration.
    .filter(({ task: name, runnable, pseudo }) => (isMigration(name) ? runnable : !(pseudo && name === task.start)))
    .sort((a, b) => shownTasks.indexOf(a.task) - shownTasks.indexOf(b.task))
    .map((action) => dueAction(decision, action))
  const outcome = {
    role: roleText(leaf.role),
    nextRole: roleText(leaf.nextRole),
    runningOn: leaf.runningOn.map((node) => node.uname),
    assigned: leaf.assigned?.uname,
    mainReason: mainReason(decision, leaf, general, actions),
    actions,
  }
  return {
    id: leaf.id,
    summary: summaryText(outcome),
    ...outcome,
    isInterchangeable: isInterchangeable(leaf),
    general,
    promotion: promotionOf(decision, leaf, isTried),
    nodes: nodes.map((node) => explainNode(decision, leaf, node, isTried)),
  }
}

/** Why it does not just stay as it is. */
function mainReason(
  decision: Decision,
  leaf: Resource,
  general: readonly GeneralReason[],
  actions: readonly DueAction[],
): string | undefined {
  const { assigned, runningOn } = leaf
  const held = general.find(({ isObstacle }) => isObstacle)?.text
  if (assigned === undefined || leaf.nextRole <= role.stopped) {
    const why = held ?? nowhere(decision, leaf)
    const begun = held === undefined ? beginning(decision, leaf, runningOn[0], why) : ''
    return `${why}${begun}${stuckStopText(actions, why)}`
  }
  const isHeld = actions.every(({ isRunnable }) => !isRunnable)
  if ((leaf.blocked || (!leaf.managed && isHeld)) && held !== undefined) return held
  const wait = waitText(actions, held)
  if (wait !== undefined) return wait
  const due = dueText(actions, held)
  if (runningOn.length === 0) return due ?? (isHeld ? held : undefined)
  const left = leaf.partialTarget === assigned ? leaf.partialSource : runningOn[0]
  if (left === undefined || left === assigned || (leaf.partialTarget === undefined && runningOn.includes(assigned))) {
    if (actions.length === 0) return held
    return due ?? demotedText(decision, leaf) ?? (isHeld ? held : restartText(decision, leaf))
  }
  const ruledOut = ruledOutBy(decision, leaf, left)
  if (ruledOut !== undefined) return `${ruledOut}${beginning(decision, leaf, left, ruledOut)}`
  const hasMore = (decision.trace.score(leaf, assigned) ?? 0) > (decision.trace.score(leaf, left) ?? 0)
  const moved = movedText(decision, leaf, left)
  return hasMore ? moved : (due ?? moved)
}

/** Where it begins that a resource cannot be where others are not: on its node, or on one of which is told why. */
function beginning(decision: Decision, leaf: Resource, left: ClusterNode | undefined, why: string): string {
  for (const node of left === undefined ? worthwhile(decision.cluster, leaf) : [left]) {
    const text = decisiveReason(decision, leaf, node)?.text
    const origin = text !== undefined && why.includes(text) ? originOf(decision, leaf, node) : undefined
    if (origin !== undefined) return `; that begins with ${origin}`
  }
  return ''
}

/** What keeps it from being stopped, where that is something else than why it is to stop. */
function stuckStopText(actions: readonly DueAction[], why: string): string {
  const stuck = actions.find(({ task: name, isRunnable }) => name === task.stop && !isRunnable)
  const [wait] = stuck?.waitsFor ?? []
  if (wait === undefined || (wait.because !== undefined && why.includes(wait.because))) return ''
  return `; ${wait.isOwn ? 'what keeps it from being stopped:' : 'its stop waits for'} ${wait.text}`
}

/** What keeps it from being started or promoted where it is to be. */
function waitText(actions: readonly DueAction[], held: string | undefined): string | undefined {
  const stuck = actions.find(
    ({ task: name, isRunnable }) => !isRunnable && (name === task.start || name === task.promote),
  )
  const [wait] = stuck?.waitsFor ?? []
  if (wait === undefined) return undefined
  if (wait.isOwn) return held ?? wait.text
  const ids = wait.way.filter(({ kind }) => kind !== 'group').flatMap(({ constraints }) => constraints)
  return `it waits for ${wait.text}${ids.length === 0 ? '' : ` (by ${[...new Set(ids)].join(', ')})`}`
}

/** Why the first is done of what is due; that there is no quorum is told with what follows from it. */
function dueText(actions: readonly DueAction[], held: string | undefined): string | undefined {
  const first = actions.find(({ why }) => why !== undefined)
  return /^(no quorum|quorum freeze)$/.test(first?.reason ?? '') ? (held ?? first?.why) : first?.why
}

function promotionOf(decision: Decision, leaf: Resource, isTried: boolean): PromotionExplanation | undefined {
  const found = promotionFinding(decision, leaf)?.explanation
  if (found === undefined || found.isPromoted || !isTried || leaf.assigned === undefined) return found
  const { texts, suppose } = promotionTried(decision, leaf, leaf.assigned)
  const whatIf = suppose === undefined ? undefined : suppositionArguments(suppose)
  return { ...found, remedies: texts, isTried, suppose, whatIf }
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
    why: because?.why,
    follows: because?.follows,
    isRunnable: action.runnable,
    waitsFor: obstacles.map(({ wait }) => wait),
    remedies: [...new Set(changes.map(({ about, text }) => (about === undefined ? text : `${about}: ${text}`)))],
  }
}

function explainNode(decision: Decision, leaf: Resource, node: ClusterNode, isTried: boolean): NodeExplanation {
  const isChosen = leaf.assigned === node
  // What is held up where it is to go needs something changed as well.
  const isSettled = isChosen && isThere(leaf, node)
  const remedies = isSettled
    ? { texts: [], suppose: undefined, isPossible: true }
    : (isTried ? remediesTried : remediesAtOnce)(decision, leaf, node)
  return {
    node: node.uname,
    score: decision.trace.score(leaf, node),
    isChosen,
    isRunningNow: leaf.runningOn.includes(node),
    reasons: nodeFindings(decision, leaf, node).reasons,
    remedies: remedies.texts,
    isTried: isTried && !isSettled && remedies.isPossible,
    suppose: remedies.suppose,
    whatIf: remedies.suppose === undefined ? undefined : suppositionArguments(remedies.suppose),
  }
}
