import { failed, ok, type Result } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'
import { canFence } from '../action/fencing.ts'
import { task } from '../action/key.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import { findResource, forEachLeaf, isGuest } from '../model/tree.ts'
import { schedule } from '../schedule.ts'
import { infinity, scoreText } from '../score.ts'
import { isDisabled, type StatusOptions } from '../status.ts'
import { findNode } from '../unpack/nodes.ts'
import { nodeReasons, stateReasons } from './node-reasons.ts'
import { promotionReasons } from './promotion-reasons.ts'
import type {
  DueAction,
  Explanation,
  InstanceExplanation,
  NodeExplanation,
  NodeStateExplanation,
  Reason,
} from './reason.ts'

/** Tasks that people ask about; the rest is bookkeeping. */
const shownTasks: ReadonlySet<string> = new Set([
  task.start,
  task.stop,
  task.promote,
  task.demote,
  task.migrateTo,
  task.migrateFrom,
])

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
  const { status: cluster } = schedule(cib, options)
  const resource = findResource(cluster, resourceId)
  if (resource === undefined) return failed(`there is no resource '${resourceId}'`)
  const node = nodeName === undefined ? undefined : findNode(cluster, nodeName)
  if (nodeName !== undefined && node === undefined) return failed(`there is no node '${nodeName}'`)
  const nodes = node === undefined ? undefined : [node]
  const instances: InstanceExplanation[] = []
  forEachLeaf(resource, (leaf) => instances.push(explainInstance(cluster, leaf, nodes ?? worthwhile(cluster, leaf))))
  return ok({ resource: resource.id, instances, fencing: fencingOf(cluster) })
}

/** Nodes that a person would ask about: guests that cannot run the resource are none. */
function worthwhile(cluster: Cluster, leaf: Resource): readonly ClusterNode[] {
  return cluster.nodes.filter((node) => !isGuest(node) || leaf.allowed.has(node))
}

/** Why a node stands as it does, and whether it is to be fenced. */
export function explainNodeState(
  cib: XmlElement,
  nodeName: string,
  options: StatusOptions,
): Result<NodeStateExplanation, string> {
  const { status: cluster } = schedule(cib, options)
  const node = findNode(cluster, nodeName)
  if (node === undefined) return failed(`there is no node '${nodeName}'`)
  const leaves: Resource[] = []
  for (const resource of cluster.resources) forEachLeaf(resource, (leaf) => leaves.push(leaf))
  const action = cluster.actions.find((item) => item.task === task.fence && item.node === node)
  const isFenced = node.unclean || node.requiresReset || action?.optional === false
  return ok({
    node: node.uname,
    reasons: stateReasons(node),
    fencing: isFenced ? { reason: action?.reason, isPossible: canFence(cluster, node) } : undefined,
    running: leaves.filter((leaf) => leaf.runningOn.includes(node)).map(({ id }) => id),
    next: leaves.filter((leaf) => leaf.assigned === node && leaf.nextRole > role.stopped).map(({ id }) => id),
  })
}

function fencingOf(cluster: Cluster): Explanation['fencing'] {
  return cluster.actions
    .filter((action) => action.task === task.fence && !action.optional && action.node !== undefined)
    .map((action) => ({ node: action.node?.uname ?? '', reason: action.reason }))
}

function explainInstance(cluster: Cluster, leaf: Resource, nodes: readonly ClusterNode[]): InstanceExplanation {
  return {
    id: leaf.id,
    role: roleText(leaf.role),
    nextRole: roleText(leaf.nextRole),
    runningOn: leaf.runningOn.map((node) => node.uname),
    assigned: leaf.assigned?.uname,
    general: generalReasons(cluster, leaf),
    nodes: nodes.map((node) => explainNode(cluster, leaf, node)),
    actions: leaf.actions
      .filter((action) => !action.optional && shownTasks.has(action.task))
      .map(
        (action): DueAction => ({
          task: action.task,
          node: action.node?.uname,
          reason: action.reason,
          isRunnable: action.runnable,
          remedy: action.runnable ? undefined : actionRemedy(cluster, leaf, action),
        }),
      ),
  }
}

/** What keeps an action from being done, as something to do. */
function actionRemedy(cluster: Cluster, leaf: Resource, { node, reason, task: name }: Action): string | undefined {
  const other = /^unrunnable (\S+) \w+$/.exec(reason ?? '')?.[1]
  if (other !== undefined && other !== leaf.id) return `see what keeps ${other}: quorate explain ${other}`
  if (reason === 'no quorum' || reason === 'quorum freeze')
    return 'this partition needs quorum, or another no-quorum-policy'
  if (node !== undefined && (!node.online || node.unclean)) {
    return canFence(cluster, node) ? `${node.uname} is fenced first` : `${node.uname} has to come back or be fenced`
  }
  if (leaf.blocked) return `crm_resource --cleanup --resource ${leaf.id}, once what failed is mended`
  if (!leaf.managed) return `${leaf.id} has to be managed again`
  const stuck = leaf.actions.find((item) => !item.runnable && !item.optional && item.task === task.stop)
  return stuck !== undefined && stuck.task !== name ? `its stop on ${stuck.node?.uname ?? '?'} comes first` : undefined
}

function explainNode(cluster: Cluster, leaf: Resource, node: ClusterNode): NodeExplanation {
  const reasons = nodeReasons(cluster, leaf, node)
  const isChosen = leaf.assigned === node
  return {
    node: node.uname,
    score: leaf.allowed.get(node),
    isChosen,
    isRunningNow: leaf.runningOn.includes(node),
    reasons,
    remedies: isChosen ? [] : remedies(leaf, node, reasons),
  }
}

/** What has to change for a node to be chosen: all that rules it out, or more score than the chosen node has. */
function remedies(leaf: Resource, node: ClusterNode, reasons: readonly Reason[]): readonly string[] {
  const found = reasons
    .filter((reason) => reason.score === undefined || reason.score <= -infinity)
    .flatMap((reason) => reason.remedy ?? [])
  if (found.length > 0) return [...new Set(found)]
  const { assigned } = leaf
  if (assigned === undefined) return []
  const mine = leaf.allowed.get(node) ?? 0
  const theirs = leaf.allowed.get(assigned) ?? 0
  if (mine < theirs) {
    const lack = theirs >= infinity ? 'INFINITY' : `more than ${scoreText(theirs - mine)}`
    return [
      `${lack} more score for ${node.uname}: it has ${scoreText(mine)}, ${assigned.uname} has ${scoreText(theirs)}`,
    ]
  }
  return [`any score more for ${node.uname}: both have ${scoreText(mine)}, and ${tieBreak(leaf, assigned)}`]
}

function tieBreak(leaf: Resource, assigned: ClusterNode): string {
  if (leaf.runningOn.includes(assigned)) return `it runs on ${assigned.uname} already`
  return `${assigned.uname} came first by number of resources and order of nodes`
}

/** What bears on the resource whatever the node. */
function generalReasons(cluster: Cluster, leaf: Resource): readonly string[] {
  const found: string[] = []
  const { settings } = cluster
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    if (isDisabled(at)) found.push(`${at.id} has target-role=${at.meta.get('target-role') ?? ''}`)
  }
  if (leaf.orphan) found.push('it is not in the configuration any more')
  if (!leaf.managed) {
    found.push(
      settings.fencingEnabled && !cluster.fenceDeviceExists
        ? 'stonith-enabled is true and there is no fence device: nothing is managed until one is configured'
        : 'it is not managed: the cluster leaves it as it is',
    )
  }
  if (leaf.blocked) found.push('it is blocked after a failure that must not be recovered without a person')
  if (settings.maintenanceMode) found.push('maintenance-mode is true')
  if (settings.stopAllResources) found.push('stop-all-resources is true')
  if (!cluster.quorate && settings.noQuorumPolicy !== 'ignore') {
    found.push(`this partition has no quorum and no-quorum-policy is ${settings.noQuorumPolicy}`)
  }
  found.push(...promotionReasons(leaf))
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    for (const { id, ticket, lossPolicy } of at.tickets) {
      if (!ticket.granted) found.push(`ticket ${ticket.id} is not granted (${id}, loss-policy=${lossPolicy})`)
      else if (ticket.standby) found.push(`ticket ${ticket.id} is on standby (${id})`)
    }
  }
  if (settings.placement !== 'default') {
    found.push(`placement-strategy is ${settings.placement}: capacities of nodes decide as well`)
  }
  if (leaf.failed) found.push('its last operation failed: it is recovered')
  if (leaf.runningOn.length > 1) found.push(`it runs on ${leaf.runningOn.length} nodes, which must not be`)
  if (leaf.nextRole === role.stopped && leaf.assigned !== undefined) found.push('it is to be stopped')
  return found
}
