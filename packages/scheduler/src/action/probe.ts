import { actionSide, addOrder, orderProbe, taskOf } from '../constraint/internal-order.ts'
import { compareInstanceNumbers } from '../model/instances.ts'
import { type Action, type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { discovery } from '../model/node-table.ts'
import { role } from '../model/role.ts'
import { anyBelow, containerOf, isGuest, isRemote, isRemoteOnly, singleLocation, top } from '../model/tree.ts'
import { edgeFlag } from '../order/flags.ts'
import { isTrue, sameText } from '../scalar.ts'
import { requestAction } from './create.ts'
import { fenceNode } from './fencing.ts'
import { keyOf, task } from './key.ts'
import { findNewest, findOldest, newAction, setMeta } from './ledger.ts'
import { connectionState } from './remote-state.ts'
import { unfenceBefore } from './unfence.ts'

/** Finds out, where it is not known, what runs on which node. */
export function probeResources(cluster: Cluster): void {
  if (!cluster.settings.startupProbes) return
  for (const node of cluster.nodes) {
    if (!node.online) {
      if (isRemoteOnly(node) && node.connection !== undefined && connectionState(node) === 'failed') {
        fenceNode(cluster, node, 'the connection is unrecoverable')
      }
      continue
    }
    if (node.unclean || !node.discoveryEnabled) continue
    const complete = node.attributes.get('probe_complete')
    if (complete !== undefined && !isTrue(complete)) {
      const key = `probe_again-${node.uname}`
      const again =
        findOldest(cluster.clusterActionsByKey, key, node) ??
        newAction(cluster, key, task.probeAgain, undefined, node, false)
      again.optional = false
      setMeta(again, 'op_no_wait', 'true')
      continue
    }
    const { resources } = cluster
    for (let i = 0; i < resources.length; i += 1) probe(cluster, resources[i] as Resource, node)
  }
}

/** Probes a resource on a node, if there is something to find out. Answers whether anything is probed. */
function probe(cluster: Cluster, resource: Resource, node: ClusterNode): boolean {
  switch (resource.variant) {
    case variant.group: {
      // A group left without members is probed itself, as if it were what it groups.
      if (resource.children.length === 0) return probePrimitive(cluster, resource, node)
      // What a guest is inside of is refused before its members are looked at; they know nothing of the guest.
      if (isGuest(node) && containsGuest(resource)) return false
      let any = false
      for (const member of resource.children) any = probe(cluster, member, node) || any
      return any
    }
    case variant.clone:
      return probeClone(cluster, resource, node)
    case variant.bundle:
      return probeBundle(cluster, resource, node)
    default:
      return probePrimitive(cluster, resource, node)
  }
}

function probeClone(cluster: Cluster, clone: Resource, node: ClusterNode): boolean {
  clone.children.sort(compareInstanceNumbers)
  if (clone.exclusiveDiscover && clone.allowed.has(node) && clone.allowed.mode(node) !== discovery.exclusive) {
    clone.allowed.remove(node)
    return false
  }
  if (clone.unique) {
    let any = false
    for (const instance of clone.children) any = probe(cluster, instance, node) || any
    return any
  }
  const known = clone.children.find((instance) => anyBelow(instance, (item) => item.knownOn.has(node.index)))
  const assigned = known ?? clone.children.find((instance) => singleLocation(instance, 'next') === node)
  const chosen = assigned ?? clone.children[0]
  return chosen !== undefined && probe(cluster, chosen, node)
}

function probeBundle(cluster: Cluster, bundle: Resource, node: ClusterNode): boolean {
  const traits = bundle.bundle
  let any = false
  for (const replica of traits?.replicas ?? []) {
    const { ip, instance, container, connection } = replica
    if (ip !== undefined) any = probe(cluster, ip, node) || any
    if (instance !== undefined && node === replica.node) any = probe(cluster, instance, node) || any
    if (container === undefined) continue
    const probed = probe(cluster, container, node)
    any = probed || any
    if (probed && traits?.replicasPerHost === 1) {
      for (const other of traits.replicas) {
        if (other === replica || other.container === undefined) continue
        addOrder(
          cluster,
          { resource: container, key: keyOf(container, task.monitor) },
          taskOf(other.container, task.start),
          edgeFlag.optional | edgeFlag.sameNode,
        )
      }
    }
    if (connection === undefined || !probe(cluster, connection, node)) continue
    any = true
    const found = findOldest(connection.actionsByKey, keyOf(connection, task.monitor), node)
    if (found !== undefined) addOrder(cluster, taskOf(container, task.start), actionSide(found), edgeFlag.probe)
  }
  return any
}

function containsGuest(resource: Resource): boolean {
  return resource.fillers.some((filler) => filler.isConnection)
}

function mayProbe(cluster: Cluster, resource: Resource, node: ClusterNode): boolean {
  if (isRemote(node)) {
    if (resource.isFenceDevice) return false
    if (isGuest(node) && containsGuest(resource)) return false
    if (resource.isConnection) return false
  }
  if (resource.container !== undefined && !resource.isConnection) return false
  if (resource.orphan || resource.knownOn.has(node.index)) return false
  if (resource.exclusiveDiscover || top(resource).exclusiveDiscover) {
    if (!resource.allowed.has(node) || resource.allowed.mode(node) !== discovery.exclusive) return false
  }
  const mode = resource.allowed.has(node) ? resource.allowed.mode(node) : node.entryMode
  if (mode === discovery.never) return false
  return !isGuest(node) || guestIsUp(cluster, resource, node)
}

/** A guest that is not up cannot be asked; what is to start there waits for what becomes of its container. */
function guestIsUp(cluster: Cluster, resource: Resource, node: ClusterNode): boolean {
  const container = containerOf(node)
  if (container === undefined) return true
  const topmost = top(resource)
  if (container.role === role.stopped) {
    if (container.assigned !== undefined && !container.knownOn.has(container.assigned.index)) {
      addOrder(
        cluster,
        { resource: container, key: keyOf(container, task.monitor) },
        taskOf(topmost, task.start),
        edgeFlag.optional,
      )
    }
    return false
  }
  const moves =
    container.assigned !== undefined &&
    container.runningOn.length > 0 &&
    !container.runningOn.some(({ uname }) => sameText(uname, container.assigned?.uname))
  if (node.requiresReset || node.unclean || container.failed || container.nextRole === role.stopped || moves) {
    addOrder(cluster, taskOf(container, task.stop), taskOf(topmost, task.start), edgeFlag.optional)
    return false
  }
  return true
}

function probePrimitive(cluster: Cluster, resource: Resource, node: ClusterNode): boolean {
  if (!mayProbe(cluster, resource, node)) return false
  const made: Action = requestAction(cluster, resource, { task: task.monitor, node, optional: false })
  made.optional = false
  unfenceBefore(cluster, resource, made, node, edgeFlag.optional)
  const runsHere = resource.runningOn.includes(node)
  if (!runsHere) made.targetRc = '7'
  else if (resource.role === role.promoted) made.targetRc = '8'
  const clone = top(resource)
  const target = clone.variant === variant.clone && !(cluster.unfencing && resource.isFenceDevice) ? clone : resource
  let flags: number = edgeFlag.optional
  if (!made.runnable && resource.runningOn.length === 0) flags |= edgeFlag.runnableLeft
  orderProbe(cluster, made, target, flags)
  // What is to be reloaded is settled before anything is probed.
  if (findNewest(target, task.reload) !== undefined) {
    addOrder(cluster, actionSide(made), taskOf(target, task.reload), edgeFlag.optional)
  }
  return true
}
