import { element, type XmlElement } from '@quorate/xml'
import { notifyKey, operationKey, task } from '../action/key.ts'
import { routerFor } from '../action/remote.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { findNode } from '../unpack/nodes.ts'
import { type AttributesForm, attributesForm, fits, isOnNode } from './attributes.ts'

const clusterTasks: readonly string[] = [task.fence, task.shutdown, task.clearFailCount, task.deleteHistory]

/** Kind of element that stands for an action. */
export function elementName(action: Action): string {
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

/** The attribute that tells who does an action, where that is not an executor. */
export function modePairs(action: Action): readonly string[] {
  return action.task === task.deleteHistory ? ['mode', 'cib'] : none
}

/** Attributes that tell what is done. */
export function operationPairs(action: Action): readonly string[] {
  const pairs = ['operation', action.task, 'operation_key', externalKey(action)]
  if (action.resource?.historyName !== undefined) pairs.push('internal_operation_key', action.key)
  return pairs
}

/** Attributes that tell where it is done, and by way of which node. */
export function placePairs(node: ClusterNode, router: ClusterNode | undefined): readonly string[] {
  const pairs = ['on_node', node.uname, 'on_node_uuid', node.id]
  if (router !== undefined) pairs.push('router_node', router.uname)
  return pairs
}

const none: readonly never[] = []

/** How actions look in a graph. What the actions of an operation have in common is made once. */
export class ActionForms {
  readonly #cluster: Cluster
  readonly #resources = new Map<Resource, XmlElement>()
  readonly #attributes = new Map<ReadonlyMap<string, string>, AttributesForm>()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** Attributes of the element itself, in pairs. */
  tag(action: Action): string[] {
    const { node } = action
    const place = node === undefined || !isOnNode(action) ? [] : placePairs(node, routerFor(action))
    return [...modePairs(action), 'id', String(action.id), ...operationPairs(action), ...place]
  }

  /** What the element has besides where it stands for something to be done, not for something to wait for. */
  more(action: Action): readonly string[] {
    const lock = action.pseudo ? undefined : lockOf(this.#cluster, action)
    return lock === undefined ? none : ['shutdown-lock', lock]
  }

  /** The resource that an action is done to, as it stands before its attributes. */
  resource({ resource, pseudo }: Action): XmlElement | undefined {
    if (resource === undefined || pseudo) return undefined
    let known = this.#resources.get(resource)
    if (known === undefined) {
      known = resourceXml(resource)
      this.#resources.set(resource, known)
    }
    return known
  }

  /** What the executor of an action is told; the same object for actions that only differ in their node. */
  attributes(action: Action): AttributesForm {
    const known = this.#attributes.get(action.meta)
    if (known !== undefined && fits(this.#cluster, known, action)) return known
    const made = attributesForm(this.#cluster, action)
    if (made.isShared) this.#attributes.set(action.meta, made)
    return made
  }

  /** What stands after the attributes of an action. */
  rest(action: Action): readonly XmlElement[] {
    if (action.task === task.maintenanceNodes) return [maintenanceXml(this.#cluster)]
    const { node } = action
    const downed = node !== undefined && isOnNode(action) ? downedXml(this.#cluster, action, node) : undefined
    return downed === undefined ? none : [downed]
  }
}

function lockOf(cluster: Cluster, { resource, node, task: name }: Action): string | undefined {
  if (!cluster.settings.shutdownLock || resource?.lockNode === undefined || resource.lockNode !== node) return undefined
  if (name !== task.stop && node.shutdown) return undefined
  return String(resource.lockTime)
}

function resourceXml(resource: Resource): XmlElement {
  const { xml, meta, historyName, xmlId } = resource
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
    // From the table that these are in as well: a value of #default is none there, and a meta-attribute can stand in.
    class: meta.get('class'),
    provider: meta.get('provider'),
    type: meta.get('type'),
  })
}

function downedXml(cluster: Cluster, action: Action, node: ClusterNode): XmlElement | undefined {
  const isEnd = action.task === task.shutdown || action.task === task.fence || action.task === task.stop
  if (!isEnd) return undefined
  const ids: string[] = []
  const { resource } = action
  if (action.task === task.shutdown) ids.push(node.id)
  else if (action.task === task.fence) {
    if (!['off', 'reboot', 'poweroff'].includes(action.meta.get('stonith_action') ?? '')) return undefined
    ids.push(node.id, ...guestsOn(cluster, node))
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

/**
 * Guests that are down with a node: those that its connections are named like, be they cluster nodes; none are looked for
 * where there are cluster nodes only.
 */
function guestsOn(cluster: Cluster, node: ClusterNode): string[] {
  if (!cluster.remoteNodesExist) return []
  return node.running.flatMap((item) => {
    const guest = item.isConnection && item.container !== undefined ? findNode(cluster, item.id) : undefined
    return guest === undefined ? [] : [guest.id]
  })
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
