import type { XmlElement } from '@quorate/xml'
import { task } from '../action/key.ts'
import type { Cluster, Resource } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import type { StatusOptions } from '../status.ts'
import { failCount } from '../unpack/fail-count.ts'
import { type Decision, decisionOn } from './decision.ts'
import { fencingOf, nodeState, outcomeOf, problemsOf } from './explain.ts'
import { failedText } from './failure-reason.ts'
import { clusterFindings } from './general-reasons.ts'
import { isInterchangeable } from './interchangeable.ts'
import { isSpare, leavesOf } from './no-place.ts'
import type { Explanation, InstanceOutcome, NodeStateExplanation } from './reason.ts'
import { isToBeStopped } from './state-changes.ts'

/**
 * How a resource is not as it should be, the worst first: it is `down` and stays so; it `waits` to be started or promoted and
 * cannot be; it runs and is to stop (`stopping`), for good; it is `left` alone, whatever is wrong with it; something is `due`
 * that brings it to where it should be; it runs where it should and has `failed` before.
 */
export const troubles = ['down', 'stopping', 'waits', 'left', 'due', 'failed'] as const
export type Trouble = (typeof troubles)[number]

/** A resource, or an instance of one, that is not as it should be. */
export type TroubledResource = InstanceOutcome & {
  readonly trouble: Trouble
  /** Failures that its nodes remember, in words. */
  readonly failures: readonly string[]
}

/** All in a cluster that is not as it should be. */
export type Overview = {
  /** In one sentence. */
  readonly summary: string
  /** What holds for the whole cluster: quorum, maintenance, options that stop everything. */
  readonly cluster: readonly { readonly text: string; readonly remedy: string | undefined }[]
  /** Nodes that are not simply online. */
  readonly nodes: readonly NodeStateExplanation[]
  /** The worst first. */
  readonly resources: readonly TroubledResource[]
  /** How many instances there are that should run, those included; of clones those for which there is a node. */
  readonly resourceCount: number
  /** Ids of what is stopped since somebody wants it so: `target-role=Stopped`. */
  readonly disabled: readonly string[]
  readonly fencing: Explanation['fencing']
  /** How many things are wrong with the configuration. */
  readonly problemCount: number
}

/** All in a cluster that is not as it should be, each with why. */
export function overview(cib: XmlElement, options: StatusOptions): Overview {
  const decision = decisionOn(cib, options)
  const { cluster } = decision
  const leaves = cluster.resources.flatMap(leavesOf)
  const disabled = leaves.filter((leaf) => isToBeStopped(leaf) && isIdle(leaf) && !leaf.orphan)
  const wanted = leaves.filter(
    (leaf) => !disabled.includes(leaf) && !isSpare(decision, leaf) && !(leaf.orphan && isIdle(leaf)),
  )
  const resources = wanted
    .flatMap((leaf) => troubled(decision, leaf))
    .sort((a, b) => troubles.indexOf(a.trouble) - troubles.indexOf(b.trouble))
  const nodes = cluster.nodes
    .map((node) => nodeState(cluster, node))
    .filter(({ isOnline, reasons, fencing }) => !isOnline || reasons.length > 0 || fencing !== undefined)
  const found = {
    cluster: clusterFindings(cluster).map(({ reason: { text, remedy } }) => ({ text, remedy })),
    nodes,
    resources,
    resourceCount: wanted.length,
    disabled: disabled.map(({ id }) => id),
    fencing: fencingOf(cluster),
    problemCount: problemsOf(decision).length,
  }
  return { summary: summaryOf(found), ...found }
}

function isIdle({ runningOn }: Resource): boolean {
  return runningOn.length === 0
}

function troubled(decision: Decision, leaf: Resource): readonly TroubledResource[] {
  const outcome = outcomeOf(decision, leaf)
  const failures = failuresOf(decision.cluster, leaf)
  const trouble = troubleOf(leaf, outcome, failures)
  return trouble === undefined ? [] : [{ trouble, failures, ...outcome }]
}

function failuresOf(cluster: Cluster, leaf: Resource): readonly string[] {
  // Instances of a clone share what is remembered of failures: each tells that of its own node.
  const nodes = isInterchangeable(leaf) ? leaf.runningOn : cluster.nodes
  return nodes.flatMap((node) => {
    const { count } = failCount(cluster, leaf, node, { effective: true })
    return count > 0 ? [`it ${failedText(count, node)}`] : []
  })
}

function troubleOf(
  leaf: Resource,
  { general, actions, nextRole }: InstanceOutcome,
  failures: readonly string[],
): Trouble | undefined {
  if (leaf.assigned === undefined || nextRole === roleText(role.stopped)) {
    const stops = actions.some(({ task: name }) => name === task.stop)
    return isIdle(leaf) ? 'down' : stops ? 'stopping' : 'left'
  }
  if (actions.some(({ isRunnable }) => !isRunnable)) return 'waits'
  if (actions.length > 0) return 'due'
  const isLeft = leaf.blocked || !leaf.managed || general.some(({ isObstacle }) => isObstacle)
  if (isIdle(leaf) || isLeft) return 'left'
  return failures.length > 0 ? 'failed' : undefined
}

function summaryOf({ resources, resourceCount, fencing, nodes }: Omit<Overview, 'summary'>): string {
  const wrong = resources.filter(({ trouble }) => trouble !== 'failed').length
  const parts = fencing.length === 0 ? [] : [`to be fenced: ${fencing.map(({ node }) => node).join(', ')}`]
  const odd = nodes.length - fencing.length
  if (odd > 0) parts.push(`${odd} node${odd === 1 ? '' : 's'} not simply online`)
  const well = resourceCount === 0 ? 'nothing is to run' : 'everything is where it should be'
  parts.push(wrong > 0 ? `not as they should be: ${wrong} of ${resourceCount} resources` : well)
  return parts.join('; ')
}
