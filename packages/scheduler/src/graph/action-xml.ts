import { attr, element, type XmlElement } from '@quorate/xml'
import { notifyKey, operationKey, task } from '../action/key.ts'
import { routerFor } from '../action/remote.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { actionAttributes } from './attributes.ts'

const clusterTasks: readonly string[] = [task.fence, task.shutdown, task.clearFailCount, task.deleteHistory]

/** Kind of element that stands for an action. */
function elementName(action: Action): string {
  if (action.task === task.fence) return action.pseudo ? 'pseudo_event' : 'crm_event'
  if (clusterTasks.includes(action.task)) return 'crm_event'
  return action.pseudo ? 'pseudo_event' : 'rsc_op'
}

/** Name of the operation as agents and histories know it; the internal one differs for renamed instances. */
export function externalKey(action: Action): string {
  const name = action.resource?.historyName
  if (name === undefined) return action.key
  if (action.task === task.notify) {
    return notifyKey(name, action.meta.get('notify_type') ?? '', action.meta.get('notify_operation') ?? '')
  }
  const intervalMs = Number(action.meta.get('interval') ?? '0')
  return operationKey(name, action.cancelTask ?? action.task, intervalMs)
}

/** The element that an action is in the graph, as an input in its short form. */
export function actionXml(cluster: Cluster, action: Action, full: boolean): XmlElement {
  const { node, resource } = action
  const withNode = node !== undefined && (!action.pseudo || action.task === task.fence)
  const renamed = resource?.historyName !== undefined
  if (withNode) {
    action.meta.set('on_node', node.uname)
    action.meta.set('on_node_uuid', node.id)
  }
  const attributes = {
    mode: action.task === task.deleteHistory ? 'cib' : undefined,
    id: String(action.id),
    operation: action.task,
    operation_key: externalKey(action),
    internal_operation_key: renamed ? action.key : undefined,
    on_node: withNode ? node.uname : undefined,
    on_node_uuid: withNode ? node.id : undefined,
    router_node: withNode ? routerFor(action)?.uname : undefined,
    'shutdown-lock': full && !action.pseudo ? lockOf(cluster, action) : undefined,
  }
  const name = elementName(action)
  if (!full) return element(name, attributes)
  const children: XmlElement[] = []
  if (resource !== undefined && !action.pseudo) children.push(resourceXml(resource))
  children.push(actionAttributes(cluster, action))
  const downed = withNode ? downedXml(action, node) : undefined
  if (downed !== undefined) children.push(downed)
  if (action.task === task.maintenanceNodes) children.push(maintenanceXml(cluster))
  return element(name, attributes, children)
}

function lockOf(cluster: Cluster, { resource, node, task: name }: Action): string | undefined {
  if (!cluster.settings.shutdownLock || resource?.lockNode === undefined || resource.lockNode !== node) return undefined
  if (name !== task.stop && node.shutdown) return undefined
  return String(resource.lockTime)
}

function resourceXml(resource: Resource): XmlElement {
  const { xml, historyName, xmlId } = resource
  let id = resource.id
  let longId: string | undefined
  if (resource.orphan && historyName !== undefined) {
    id = historyName
    longId = resource.id
  } else if (!resource.unique) {
    id = xmlId
    longId = historyName !== undefined && historyName !== xmlId ? historyName : resource.id
  }
  return element(xml.name, {
    id,
    'long-id': longId,
    class: attr(xml, 'class'),
    provider: attr(xml, 'provider'),
    type: attr(xml, 'type'),
  })
}

function downedXml(action: Action, node: ClusterNode): XmlElement | undefined {
  const ids: string[] = []
  const { resource } = action
  if (action.task === task.shutdown) ids.push(node.id)
  else if (action.task === task.fence) {
    if (!['off', 'reboot', 'poweroff'].includes(action.meta.get('stonith_action') ?? '')) return undefined
    ids.push(node.id, ...guestsOn(node))
  } else if (resource?.isConnection === true && action.task === task.stop) {
    const migrates = action.before.some(({ first }) => first.resource === resource && first.task === task.migrateFrom)
    if (!migrates) ids.push(resource.id)
  }
  if (ids.length === 0) return undefined
  return element(
    'downed',
    {},
    ids.map((id) => element('node', { id })),
  )
}

function guestsOn(node: ClusterNode): string[] {
  return node.running.filter((item) => item.isConnection && item.container !== undefined).map((item) => item.id)
}

/** Remote nodes whose state of maintenance is not the recorded one. */
export function changedMaintenance(cluster: Cluster): ClusterNode[] {
  return cluster.nodes.filter((node) => node.kind === 'remote' && node.maintenance !== node.remoteMaintenance)
}

function maintenanceXml(cluster: Cluster): XmlElement {
  return element(
    'maintenance',
    {},
    changedMaintenance(cluster).map((node) =>
      element('node', { id: node.id, node_in_maintenance: node.maintenance ? '1' : '0' }),
    ),
  )
}
