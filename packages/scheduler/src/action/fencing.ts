import { encodeText, md5Hex } from '@quorate/base'
import { attr } from '@quorate/xml'
import { hashOrder } from '../model/hash-order.ts'
import { notice, statusWarning } from '../model/log.ts'
import { type Action, type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { containerOf, isRemoteOnly } from '../model/tree.ts'
import { parametersOf } from '../unpack/resource.ts'
import { compareVersions } from '../unpack/rule.ts'
import { isFencingParameter, parametersText, withoutInternals } from './digest-text.ts'
import { task } from './key.ts'
import { addMeta, findOldest, newAction, setMeta, setReason } from './ledger.ts'

/** Whether the cluster could fence a node now. */
export function canFence(cluster: Cluster, node: ClusterNode | undefined): boolean {
  return hasPowerToFence(cluster, node, [])
}

/** {@link canFence}, for a decision that depends on it: the log tells where quorum would be needed but for membership. */
export function judgeFencing(cluster: Cluster, node: ClusterNode | undefined): boolean {
  const member = (of: ClusterNode): void =>
    notice(cluster, 'pe_can_fence', `We can fence ${of.uname} without quorum because they're in our membership`)
  return hasPowerToFence(cluster, node, [], member)
}

/**
 * Whether the cluster could fence a node.
 *
 * @param asked guests on the way here: a guest that is said to run on itself can not be fenced
 * @param tell is told of nodes that can be fenced for their membership only
 */
function hasPowerToFence(
  cluster: Cluster,
  node: ClusterNode | undefined,
  asked: readonly ClusterNode[],
  tell?: (node: ClusterNode) => void,
): boolean {
  if (node === undefined || asked.includes(node)) return false
  const container = containerOf(node)
  if (container !== undefined) {
    const isNoHindrance = (host: ClusterNode): boolean =>
      host.online || hasPowerToFence(cluster, host, [...asked, node], tell)
    return container.runningOn.every(isNoHindrance)
  }
  if (!cluster.settings.fencingEnabled || !cluster.fenceDeviceExists) return false
  if (cluster.quorate || cluster.settings.noQuorumPolicy === 'ignore') return true
  if (!node.online) return false
  tell?.(node)
  return true
}

/** Under which name the tools say that a node has to be fenced. */
const fenceSource = 'pe_fence_node'

/** Under which name the tools say what changed about a device that unfences. */
export const unfencingSource = 'pe_fence_op'

/** Under which name the tools say what digest would have matched. */
export const digestHintSource = 'pe__compare_fencing_digest'

function warnOfFencing(cluster: Cluster, kind: 'Cluster' | 'Remote', node: ClusterNode, reason: string): void {
  const verdict = judgeFencing(cluster, node) ? 'will be fenced' : 'is unclean'
  statusWarning(cluster, fenceSource, `${kind} node ${node.uname} ${verdict}: ${reason}`)
}

/** Marks a node as one that has to be fenced, and makes the (still optional) action for it. */
export function fenceNode(cluster: Cluster, node: ClusterNode, reason: string, priorityDelay = false): void {
  const { connection } = node
  const container = containerOf(node)
  if (container !== undefined) {
    if (container.failed) return
    if (!container.managed) {
      const what = `Not fencing guest node ${node.uname} (otherwise would because ${reason})`
      notice(cluster, fenceSource, `${what}: its guest resource ${container.id} is unmanaged`)
      return
    }
    const how = `will be fenced (by recovering its guest resource ${container.id})`
    statusWarning(cluster, fenceSource, `Guest node ${node.uname} ${how}: ${reason}`)
    node.requiresReset = true
    container.failed = true
    container.stopRequired = true
  } else if (connection?.containerFiller === true && connection.orphan) {
    connection.failed = true
    connection.stopRequired = true
  } else if (isRemoteOnly(node)) {
    if (connection?.managed !== false && !node.requiresReset) {
      node.requiresReset = true
      warnOfFencing(cluster, 'Remote', node, reason)
    }
    node.unclean = true
    fenceAction(cluster, node, { optional: true, reason, priorityDelay })
  } else if (!node.unclean) {
    warnOfFencing(cluster, 'Cluster', node, reason)
    node.unclean = true
    fenceAction(cluster, node, { optional: true, reason, priorityDelay })
  }
}

export type FenceRequest = {
  /** What to do to the node; the configured default where it is missing. */
  readonly action?: string
  readonly optional: boolean
  readonly reason?: string | undefined
  readonly priorityDelay?: boolean
}

/** The action that fences (or, with `on`, unfences) a node: one for each node and kind. */
export function fenceAction(cluster: Cluster, node: ClusterNode, request: FenceRequest): Action {
  const kind = request.action ?? cluster.settings.fencingAction
  const key = `stonith-${node.uname}-${kind}`
  const known = findOldest(cluster.clusterActionsByKey, key, undefined)
  const action = known ?? newAction(cluster, key, task.fence, undefined, node, true)
  let isChanged = false
  if (known === undefined) {
    setMeta(action, 'on_node', node.uname)
    setMeta(action, 'on_node_uuid', node.id)
    setMeta(action, 'stonith_action', kind)
    if (cluster.unfencing) isChanged = unfencingDigests(cluster, action, node)
  }
  if (cluster.settings.priorityFencingDelaySeconds > 0) {
    if (request.priorityDelay === true || action.meta.has('priority-fencing-delay')) {
      setMeta(action, 'priority-fencing-delay', String(priorityDelaySeconds(cluster, node)))
    }
  }
  if ((!request.optional || isChanged) && judgeFencing(cluster, node)) {
    action.optional = false
    setReason(action, request.reason)
  } else if (request.reason !== undefined) setReason(action, request.reason)
  return action
}

/** How long to wait before fencing a node that matters more than the ones on this side. Seconds. */
function priorityDelaySeconds(cluster: Cluster, target: ClusterNode): number {
  if (target.kind !== 'member' || target.online) return 0
  const members = cluster.nodes.filter((node) => node.kind === 'member')
  const online = members.filter((node) => node.online)
  if (online.length > members.length / 2) return 0
  const priorities = members.map((node) => node.prioritySum)
  const [lowest, highest] = [Math.min(...priorities), Math.max(...priorities)]
  if (lowest === highest || target.prioritySum < highest) return 0
  return cluster.settings.priorityFencingDelaySeconds
}

/** Devices that unfence nodes, in the order in which their digests are listed. */
function unfencingDevices(cluster: Cluster): Resource[] {
  const found: Resource[] = []
  const walk = (resource: Resource): void => {
    if (resource.variant === variant.primitive) {
      if (!resource.isFenceDevice) return
      if (resource.needsUnfencing || resource.meta.get('provides')?.toLowerCase() === 'unfencing') found.push(resource)
    } else for (const item of resource.children) walk(item)
  }
  for (const resource of cluster.resources) walk(resource)
  return found.reverse()
}

const secretNames = new Set(['passwd', 'password', 'user'])

/** Notes what devices a node is unfenced by; true where one of them is not as it was. */
function unfencingDigests(cluster: Cluster, action: Action, node: ClusterNode): boolean {
  let isChanged = false
  let all = ''
  let secure = ''
  // Clusters of before kept what only fencing needs out of these digests.
  const isOld = compareVersions(attr(cluster.cib, 'crm_feature_set') ?? '', '3.16.0') < 0
  for (const device of unfencingDevices(cluster)) {
    const parameters = withoutInternals(parametersOf(cluster, device, node))
    const digest = md5Hex(encodeText(parametersText(parameters)))
    const isHidden = (name: string): boolean => secretNames.has(name) || (isOld && isFencingParameter(name))
    const openParameters = new Map([...parameters].filter(([name]) => !isHidden(name)))
    const secureDigest = md5Hex(encodeText(parametersText(openParameters)))
    const agent = device.xml.attributes[device.xml.attributes.indexOf('type') + 1] ?? ''
    all += `${device.id}:${agent}:${digest},`
    secure += `${device.id}:${agent}:${secureDigest},`
    if (!matchesStored(cluster, node, device, `${device.id}:${agent}`, digest, secureDigest)) isChanged = true
  }
  addMeta(action, 'digests-all', all)
  addMeta(action, 'digests-secure', secure)
  return isChanged
}

/** False where a node was unfenced by something else, which is told. */
function matchesStored(
  cluster: Cluster,
  node: ClusterNode,
  device: Resource,
  name: string,
  digest: string,
  secureDigest: string,
): boolean {
  const stored = node.attributes.get('#digests-all')
  if (stored === undefined) return true
  const entry = `${name}:${digest},`
  if (stored.includes(entry)) return true
  const secureStored = node.attributes.get('#digests-secure')
  if (secureStored?.includes(`${name}:${secureDigest},`) === true) {
    const text = `Only 'private' parameters to ${device.id} for unfencing ${node.uname} changed`
    cluster.log.push({ kind: 'info', source: unfencingSource, text })
    return true
  }
  const hint = `Parameters to ${device.id} for unfencing ${node.uname} changed, try '${name}:${secureDigest}'`
  cluster.log.push({ kind: 'info', source: digestHintSource, text: hint })
  // Members are called remote nodes here, too.
  const text = `Unfencing Pacemaker Remote node ${node.uname} because the definition of ${device.id} changed`
  cluster.log.push({ kind: 'notice', source: unfencingSource, text })
  return false
}

/** Whether a resource takes part in unfencing. */
export function takesPartInUnfencing(cluster: Cluster, resource: Resource): boolean {
  return (cluster.unfencing && resource.isFenceDevice) || resource.needsUnfencing
}

/** Requires the unfencing of a node, or of every usable node of a resource, because something about it changed. */
export function triggerUnfencing(
  cluster: Cluster,
  resource: Resource | undefined,
  node: ClusterNode | undefined,
  reason: string,
): void {
  if (!cluster.unfencing || (resource !== undefined && !resource.isFenceDevice)) return
  if (node?.online && !node.unclean && !node.shutdown) {
    fenceAction(cluster, node, { action: 'on', optional: false, reason })
    return
  }
  if (resource === undefined) return
  for (const candidate of hashOrder(cluster, resource.allowed)) {
    if (candidate.online && !candidate.unclean && !candidate.shutdown) {
      fenceAction(cluster, candidate, { action: 'on', optional: false, reason })
    }
  }
}

/** True where an attribute says that a node has been unfenced. */
export function wasUnfenced(node: ClusterNode): boolean {
  const value = node.attributes.get('#node-unfenced')
  return value !== undefined && value !== '0'
}
