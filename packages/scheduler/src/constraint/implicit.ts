import { fenceAction } from '../action/fencing.ts'
import { keyOf, task } from '../action/key.ts'
import { singleton } from '../action/ledger.ts'
import { type Action, type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { role } from '../model/role.ts'
import { nodesByName } from '../model/scoring.ts'
import { isPromotable } from '../model/tree.ts'
import { edgeFlag } from '../order/flags.ts'
import { sameText } from '../scalar.ts'
import { infinity } from '../score.ts'
import { addColocation } from './colocation.ts'
import { implicitBundle } from './implicit-bundle.ts'
import { implicitClone } from './implicit-clone.ts'
import { implicitGroup } from './implicit-group.ts'
import { actionSide, addOrder, orderLoads, orderOwn, orderTasks, taskOf } from './internal-order.ts'

const f = edgeFlag

/** Orders and colocations that nobody configured, for every resource in turn. */
export function implicitConstraints(cluster: Cluster): void {
  for (const resource of cluster.resources) implicitFor(cluster, resource)
}

function implicitFor(cluster: Cluster, resource: Resource): void {
  const below = (item: Resource): void => implicitFor(cluster, item)
  switch (resource.variant) {
    case variant.group:
      return implicitGroup(cluster, resource, below)
    case variant.clone:
      return implicitClone(cluster, resource, below)
    case variant.bundle:
      return implicitBundle(cluster, resource, below)
    default:
      return implicitPrimitive(cluster, resource)
  }
}

function implicitPrimitive(cluster: Cluster, resource: Resource): void {
  if (!resource.managed) return
  orderOwn(cluster, resource)
  if (isPromotable(resource) || resource.role > role.unpromoted) {
    orderTasks(cluster, resource, task.demote, resource, task.stop, f.promotedImpliesFirst)
    orderTasks(cluster, resource, task.start, resource, task.promote, f.runnableLeft)
  }
  if (cluster.unfencing && resource.needsUnfencing && !resource.isFenceDevice) unfenceBeforeStart(cluster, resource)
  if (resource.utilization.size > 0 && cluster.settings.placement !== 'default') implicitLoad(cluster, resource)
  if (resource.container !== undefined) implicitContainer(cluster, resource, resource.container)
  if (resource.isConnection || resource.isFenceDevice) {
    for (const node of nodesByName(cluster, resource.allowed)) {
      if (node.connection !== undefined) resource.allowed.set(node, -infinity)
    }
    cluster.observer?.note(cluster, resource, { kind: 'remote-node' })
  }
}

function unfenceBeforeStart(cluster: Cluster, resource: Resource): void {
  for (const node of nodesByName(cluster, resource.allowed)) {
    const unfence = fenceAction(cluster, node, { action: 'on', optional: true })
    const side = { key: unfence.key, action: unfence }
    addOrder(cluster, taskOf(resource, task.stop), side, f.optional | f.sameNode)
    addOrder(cluster, side, taskOf(resource, task.start), f.impliesThenOnNode | f.sameNode)
  }
}

function loadOf(cluster: Cluster, node: ClusterNode): Action {
  if (node.load !== undefined) return node.load
  const key = `load_stopped_${node.uname}`
  // Keys are found without regard to case.
  const known = cluster.hasEqualNames ? cluster.actions.find((item) => sameText(item.key, key)) : undefined
  const action = singleton(cluster, known?.key ?? key)
  if (action.node === undefined) {
    action.node = node
    action.optional = false
  }
  node.load = action
  return action
}

/** What takes up room on a node leaves before what needs room comes. */
function implicitLoad(cluster: Cluster, resource: Resource): void {
  for (const node of resource.runningOn) {
    addOrder(cluster, taskOf(resource, task.stop), actionSide(loadOf(cluster, node)), f.load)
  }
  resource.loads = loadsFor(cluster, resource)
  orderLoads(cluster, resource, task.start)
  // Whether it may be migrated is settled by now; what may not has no such action to wait.
  if (resource.allowMigrate) orderLoads(cluster, resource, task.migrateTo)
}

/** The same list for all that may be on the same nodes, as most of a cluster's resources may. */
function loadsFor(cluster: Cluster, resource: Resource): readonly Action[] {
  const loads: Action[] = []
  const nodes = nodesByName(cluster, resource.allowed)
  for (let i = 0; i < nodes.length; i += 1) {
    const load = loadOf(cluster, nodes[i] as ClusterNode)
    // Nodes of one name have one.
    if (!loads.includes(load)) loads.push(load)
  }
  const { lastLoads } = cluster
  const isSame = loads.length === lastLoads.length && loads.every((load, i) => load === lastLoads[i])
  if (!isSame) cluster.lastLoads = loads
  return cluster.lastLoads
}

/** The connection that stands in a container or is it, if any. */
function connectionInside(container: Resource): Resource | undefined {
  if (container.isConnection) return container
  return container.fillers.find((filler) => filler.isConnection)
}

function implicitContainer(cluster: Cluster, resource: Resource, container: Resource): void {
  let remote: Resource | undefined
  if (resource.isConnection) {
    if (!resource.nestedRemotes) {
      for (const node of nodesByName(cluster, container.allowed)) {
        if (node.connection !== undefined) container.allowed.set(node, -infinity)
      }
      cluster.observer?.note(cluster, container, { kind: 'remote-node' })
    }
    addOrder(
      cluster,
      { resource: container, key: keyOf(container, task.monitor) },
      taskOf(resource, task.stop),
      f.optional,
    )
  } else if (cluster.remoteNodesExist) remote = connectionInside(container)
  if (remote !== undefined) {
    for (const node of nodesByName(cluster, resource.allowed)) {
      if (node.connection !== remote) resource.allowed.set(node, -infinity)
    }
    cluster.observer?.note(cluster, resource, { kind: 'container' })
    return
  }
  orderTasks(cluster, container, task.start, resource, task.start, f.impliesThen | f.runnableLeft)
  orderTasks(cluster, resource, task.stop, container, task.stop, f.impliesFirst)
  addColocation(cluster, {
    id: 'resource-with-container',
    score: resource.nestedRemotes ? 10_000 : infinity,
    dependent: resource,
    primary: container,
    influence: true,
  })
}
