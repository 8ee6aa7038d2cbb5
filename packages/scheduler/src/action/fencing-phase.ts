import { actionSide, addOrder } from '../constraint/internal-order.ts'
import { configWarning, notice } from '../model/log.ts'
import { type Action, type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { anyBelow, containerOf, isBundled, isGuest, top } from '../model/tree.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { fenceAction, judgeFencing } from './fencing.ts'
import { keyOf, task } from './key.ts'
import { addEdge, findLoose, findNewest, findNewestByKey, findOldest, newAction, setMeta } from './ledger.ts'
import { notifyOfFencing } from './notify-fencing.ts'

/** Under which name the tools say that a node cannot be fenced. */
const fencingSource = 'schedule_fencing_and_shutdowns'

/** Makes the actions that fence and shut down nodes. */
export function fenceAndShutDown(cluster: Cluster): void {
  const anyManaged = cluster.resources.some((resource) => anyBelow(resource, (item) => item.managed))
  if (!anyManaged) notice(cluster, fencingSource, 'No fencing will be done until there are resources to manage')
  const fences: Action[] = []
  const shutdowns: Action[] = []
  let dcDown: Action | undefined
  let isIntegrityLost = false
  for (const node of cluster.nodes) {
    if (isGuest(node)) {
      if (node.requiresReset && anyManaged && judgeFencing(cluster, node)) fenceGuest(cluster, node)
      continue
    }
    if (node.unclean && anyManaged && judgeFencing(cluster, node)) {
      const fence = fenceAction(cluster, node, { optional: false, reason: 'node is unclean' })
      configWarning(cluster, 'schedule_fencing', `Scheduling node ${node.uname} for fencing`)
      orderAgainstFence(cluster, fence, node)
      if (node.isDc) {
        dcDown = fence
        continue
      }
      if (!cluster.settings.concurrentFencing) addEdge(fences[fences.length - 1], fence, f.optional)
      fences.push(fence)
    } else if (node.online && node.shutdown && node.kind === 'member') {
      const shutdown = shutDown(cluster, node)
      if (node.isDc) dcDown = shutdown
      else shutdowns.push(shutdown)
    } else if (node.unclean) {
      configWarning(cluster, fencingSource, `Node ${node.uname} is unclean but cannot be fenced`)
      isIntegrityLost = true
    }
  }
  if (isIntegrityLost && !cluster.settings.fencingEnabled) {
    configWarning(
      cluster,
      fencingSource,
      'Resource functionality and data integrity cannot be guaranteed (configure, enable, and test fencing to correct this)',
    )
  }
  if (isIntegrityLost && cluster.settings.fencingEnabled && !cluster.quorate) {
    const until = 'quorum is attained or no-quorum-policy is set to ignore'
    notice(cluster, fencingSource, `Unclean nodes will not be fenced until ${until}`)
  }
  if (dcDown === undefined) return
  if (dcDown.task === task.shutdown) {
    for (const shutdown of [...shutdowns].reverse()) addEdge(shutdown, dcDown, f.optional)
  }
  const before = cluster.settings.concurrentFencing ? [...fences].reverse() : fences.slice(-1)
  for (const fence of before) addEdge(fence, dcDown, f.optional)
}

function shutDown(cluster: Cluster, node: ClusterNode): Action {
  const key = `do_shutdown-${node.uname}`
  const known = findOldest(cluster.clusterActionsByKey, key, node)
  const shutdown = known ?? newAction(cluster, key, task.shutdown, undefined, node, false)
  shutdown.optional = false
  for (let i = cluster.actions.length - 1; i >= 0; i -= 1) {
    const action = cluster.actions[i] as Action
    const { resource } = action
    if (action.node !== node || action.task !== task.stop || resource === undefined) continue
    if (resource.maintenance || node.maintenance || (!resource.managed && !resource.blocked)) continue
    action.optional = false
    addOrder(cluster, actionSide(action), { key: shutdown.key, action: shutdown }, f.optional | f.runnableLeft)
  }
  setMeta(shutdown, 'op_no_wait', 'true')
  return shutdown
}

function fenceGuest(cluster: Cluster, node: ClusterNode): void {
  const container = containerOf(node)
  const stop = container === undefined ? undefined : findNewest(container, task.stop)
  const start = container === undefined ? undefined : findNewest(container, task.start)
  const kind = container !== undefined && start === undefined ? 'off' : 'reboot'
  const fence = fenceAction(cluster, node, { action: kind, optional: false, reason: 'guest is unclean' })
  fence.pseudo = true
  fence.runnable = true
  if (stop !== undefined) {
    if (stop.pseudo && stop.node !== undefined) {
      const host = fenceAction(cluster, stop.node, { optional: false })
      addEdge(host, fence, f.runnableLeft | f.impliesThen)
    } else addEdge(stop, fence, f.runnableLeft | f.impliesThen)
  } else if (node.connection !== undefined) {
    addEdge(findNewestByKey(node.connection, keyOf(node.connection, task.stop)), fence, f.optional)
  }
  orderAgainstFence(cluster, fence, node)
}

/** Has everything that depends on a node's silence wait for its fencing. */
function orderAgainstFence(cluster: Cluster, fence: Action, node: ClusterNode): void {
  const walk = (resource: Resource): void => {
    // A group that none of its members was fit for stands for itself.
    if (resource.children.length > 0) for (const item of resource.children) walk(item)
    else if (resource.managed) orderResource(cluster, resource, fence, node)
  }
  for (const resource of cluster.resources) walk(resource)
}

function isKnown(resource: Resource, node: ClusterNode): boolean {
  if (resource.knownOn.has(node.index)) return true
  const { parent } = resource
  return parent !== undefined && parent.variant === variant.clone && !parent.unique && parent.knownOn.has(node.index)
}

function orderResource(cluster: Cluster, resource: Resource, fence: Action, node: ClusterNode): void {
  for (let i = resource.actions.length - 1; i >= 0; i -= 1) {
    const action = resource.actions[i] as Action
    if (action.needs === 'fencing') addEdge(fence, action, f.optional)
    else if (action.needs === 'quorum' && action.task === task.start) {
      if (resource.allowed.has(node) && !isKnown(resource, node)) addEdge(fence, action, f.optional | f.runnableLeft)
    }
  }
  const stops = findLoose(resource.actionsByKey, keyOf(resource, task.stop), node)
  const demotes = findLoose(resource.actionsByKey, keyOf(resource, task.demote), node)
  if (stops.length === 0 && demotes.length === 0) return
  const implied = resource.needsFencing || isGuest(node)
  const bundled = isBundled(resource)
  const parentStop = findNewest(top(resource), task.stop)
  for (const stop of stops) {
    stop.pseudo = true
    stop.runnable = true
    if (implied) {
      stop.impliedByFencing = true
      if (!bundled) addEdge(fence, stop, f.preserve)
      addEdge(fence, parentStop, f.preserve)
    }
    if (resource.failed) {
      const what = `Stop of failed resource ${resource.id} is implicit ${implied ? 'after' : 'because'} ${node.uname} is fenced`
      notice(cluster, 'order_stop_vs_fencing', what)
    }
    if (resource.notify) notifyOfFencing(cluster, resource, stop, fence)
  }
  for (const demote of demotes) {
    const at = demote.node
    if (at?.online && !at.unclean && !resource.failed) continue
    demote.pseudo = true
    demote.runnable = true
    if (!bundled && implied) addEdge(fence, demote, f.preserve | f.optional)
  }
}
