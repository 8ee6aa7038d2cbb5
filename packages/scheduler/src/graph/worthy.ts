import { task } from '../action/key.ts'
import { statusError, statusWarning } from '../model/log.ts'
import { type Action, type Cluster, type Edge, variant } from '../model/model.ts'
import { isGuest } from '../model/tree.ts'
import { edgeFlag as f } from '../order/flags.ts'

/**
 * Whether an action belongs into the graph.
 *
 * @param cluster where it is told that an action is left out although it should not have come about, if anywhere
 */
export function isGraphAction(action: Action, cluster?: Cluster): boolean {
  if (!action.runnable || (action.optional && !action.printAlways)) return false
  const { resource, node } = action
  if (resource !== undefined && !resource.managed && action.task !== task.monitor) {
    const interval = action.meta.get('interval')
    if (interval === undefined || interval === '0') return false
  }
  if (action.pseudo || action.task === task.fence || action.task === task.shutdown) return true
  if (node === undefined) return false
  if (action.onDc) return true
  if (isGuest(node) && !node.requiresReset) return true
  if (!node.online) return false
  if (node.unclean && cluster !== undefined) {
    const text = `Skipping action ${action.key} (${action.id}) because it was scheduled for unclean node (bug?)`
    statusError(cluster, 'should_add_action_to_graph', text)
  }
  return !node.unclean
}

/** Whether an edge is an input of its action in the graph. Finding out can settle that it never will be. */
export function isGraphInput(cluster: Cluster, action: Action, edge: Edge): boolean {
  if (edge.dumped) return true
  const { first, flags } = edge
  if (flags === f.none) return false
  if (!first.runnable) {
    if ((flags & ~(f.impliesFirstPrinted | f.impliesThenPrinted | f.optional)) === 0) return false
    if ((flags & (f.oneOrMore | f.impliesFirstMigratable)) !== 0) return false
  }
  if ((flags & f.notMigratable) !== 0 && first.migratable) return false
  if (flags === f.optional && first.migratable && first.key.endsWith('_stop_0')) return false
  if (flags === f.load) return isLoadInput(action, edge)
  if (flags === f.antiColocation) return !isOtherNode(action, first, edge)
  const { resource } = first
  if (resource !== undefined && resource !== action.resource && resource.failed && !resource.managed) {
    if (first.key.endsWith('_stop_0') && action.resource?.variant === variant.clone) {
      const text = `Ignoring requirement that ${first.key} complete before ${action.key}: unmanaged failed resources cannot prevent clone shutdown`
      statusWarning(cluster, 'should_add_input_to_graph', text)
      return false
    }
  }
  return !(first.optional && !first.printAlways && !first.dumped && !isGraphAction(first, cluster))
}

function isLoadInput(action: Action, edge: Edge): boolean {
  const { first } = edge
  const at = action.task === task.migrateTo ? action.resource?.assigned : action.node
  if (first.node !== undefined && at === first.node && !first.optional) return true
  edge.flags = f.none
  return false
}

function isOtherNode(action: Action, first: Action, edge: Edge): boolean {
  const differ = action.node !== undefined && first.node !== undefined && action.node !== first.node
  if (!differ && !first.optional) return false
  edge.flags = f.none
  return true
}
