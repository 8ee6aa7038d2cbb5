import { element, type XmlElement } from '@quorate/xml'
import { connectionAddress } from '../action/digest.ts'
import { task } from '../action/key.ts'
import { GlibOrder } from '../model/hash-order.ts'
import { type Action, type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { containerOf, currentNode } from '../model/tree.ts'
import { sortedNames } from '../short-sort.ts'
import { parametersOf } from '../unpack/resource.ts'

/** Version of the set of features that graphs and histories are written for. */
export const featureSet = '3.16.1'

const nodeField = 'CRM_meta_on_node'
const nodeIdField = 'CRM_meta_on_node_uuid'

/** The `attributes` element of an action, with gaps where the name and the id of its node belong. */
export type AttributesForm = {
  /** Attributes in pairs. */
  readonly flat: readonly string[]
  /** Where in them the name and the id of the node belong, in this order; -1 for neither. */
  readonly nameAt: number
  readonly idAt: number
  readonly children: readonly XmlElement[]
  /** True where nothing else depends on the action than what {@link fits} compares. */
  readonly isShared: boolean
  readonly resource: Resource | undefined
  readonly parameters: ReadonlyMap<string, string> | undefined
  readonly targetRc: string | undefined
}

function parametersFor(cluster: Cluster, { resource, node }: Action): ReadonlyMap<string, string> | undefined {
  const hasAny = resource !== undefined && (node !== undefined || resource.variant === variant.primitive)
  return hasAny ? parametersOf(cluster, resource, node) : undefined
}

/** True for actions whose element names their node. */
export function isOnNode({ node, pseudo, task: name }: Action): boolean {
  return node !== undefined && (!pseudo || name === task.fence)
}

function isShareable(action: Action): boolean {
  return (
    action.resource !== undefined &&
    action.ownMeta === undefined &&
    action.extra.size === 0 &&
    hostFor(action) === undefined
  )
}

/** True where a form that was made for another action with the same meta-attributes is that of an action. */
export function fits(cluster: Cluster, form: AttributesForm, action: Action): boolean {
  return (
    form.resource === action.resource &&
    form.targetRc === action.targetRc &&
    form.nameAt >= 0 === isOnNode(action) &&
    isShareable(action) &&
    form.parameters === parametersFor(cluster, action)
  )
}

/** Meta-attributes that an action has as a matter of course; these take the place of configured ones. */
const ownMeta = ['op_target_rc', 'on_node', 'on_node_uuid'] as const

function ownMetaOf(action: Action, name: string): string | undefined {
  if (name === 'op_target_rc') return action.targetRc
  if (name !== 'on_node' && name !== 'on_node_uuid') return undefined
  const node = isOnNode(action) ? action.node : undefined
  return name === 'on_node' ? node?.uname : node?.id
}

function tellMeta(action: Action, add: (name: string, value: string) => void): void {
  const { meta } = action
  meta.forEach((value, name) => void addMetaField(add, name, ownMetaOf(action, name) ?? value))
  for (const name of ownMeta) {
    const value = meta.has(name) ? undefined : ownMetaOf(action, name)
    if (value !== undefined) addMetaField(add, name, value)
  }
}

/** Everything that the executor of an action is told. */
export function attributesForm(cluster: Cluster, action: Action): AttributesForm {
  const found = new Map<string, string>()
  found.set('crm_feature_set', featureSet)
  /** What tells the node was to be told again, by another name or in another place. */
  let isNodeTwice = false
  const add = (field: string, value: string): void => {
    if (!found.has(field)) found.set(field, value)
    else if (field === nodeField || field === nodeIdField) isNodeTwice = true
  }
  action.extra.forEach((value, name) => void add(name, value))
  const { resource, node } = action
  const parameters = parametersFor(cluster, action)
  if (resource !== undefined && parameters !== undefined) {
    parameters.forEach((value, name) => {
      if (!beginsWithDigit(name)) add(name, value)
    })
    const address = connectionAddress(cluster, resource)
    // A node can be called like what stands for no value, and there is none then.
    if (address === '#default') found.delete('addr')
    else if (address !== undefined) found.set('addr', address)
  }
  tellMeta(action, add)
  if (resource !== undefined) {
    for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) addLevel(found, at)
    addHost(found, action, resource)
  } else if (action.task === task.fence && node !== undefined) {
    for (const [name, value] of node.attributes) addMetaField(add, name, value)
  }
  const names = sortedNames(found)
  const isShared = isShareable(action) && !isNodeTwice
  const gapOf = (name: string): number => (isShared && isOnNode(action) ? 2 * names.indexOf(name) + 1 : -1)
  const flat: string[] = []
  for (let i = 0; i < names.length; i += 1) flat.push(names[i] as string, found.get(names[i] as string) ?? '')
  return {
    flat,
    nameAt: gapOf(nodeField),
    idAt: gapOf(nodeIdField),
    children: parameters === undefined ? [] : numberedParameters(parameters),
    isShared,
    resource,
    parameters,
    targetRc: action.targetRc,
  }
}

function numberedParameters(parameters: ReadonlyMap<string, string>): XmlElement[] {
  const names = [...parameters.keys()]
  if (!names.some(beginsWithDigit)) return []
  const order = new GlibOrder()
  for (const name of names) order.add(name)
  return order
    .keys()
    .filter(beginsWithDigit)
    .map((name) => element('param', { name, value: parameters.get(name) ?? '' }))
}

function beginsWithDigit(name: string): boolean {
  const first = name.charCodeAt(0)
  return first >= 48 && first <= 57
}

/** Names of which the field is remembered; a configuration can have any number. */
const metaFieldsMax = 1024
const metaFields = new Map<string, string>()

/** The name under which an agent is told a meta-attribute; empty where it is not. */
function metaField(name: string): string {
  const known = metaFields.get(name)
  if (known !== undefined) return known
  const field = /[#:]/.test(name) ? '' : `CRM_meta_${name.replaceAll('-', '_')}`
  if (metaFields.size < metaFieldsMax) metaFields.set(name, field)
  return field
}

function addMetaField(add: (name: string, value: string) => void, name: string, value: string): void {
  const field = metaField(name)
  if (field !== '') add(field, value)
}

function addLevel(into: Map<string, string>, resource: Resource): void {
  const { meta, clone } = resource
  const set = (name: string, value: string | number | boolean | undefined): void => {
    if (value !== undefined) into.set(name, String(value))
  }
  if (resource.variant === variant.primitive) {
    set('CRM_meta_clone', resource.instanceNumber)
    set('CRM_meta_remote_node', meta.get('remote-node'))
    for (let at: Resource | undefined = resource; at !== undefined; at = at.parent)
      set('CRM_meta_container', at.container?.id)
    set('pcmk_external_ip', meta.get('external-ip'))
  }
  if (clone === undefined) return
  set('CRM_meta_globally_unique', resource.unique)
  set('CRM_meta_notify', resource.notify)
  set('CRM_meta_clone_max', clone.max)
  set('CRM_meta_clone_node_max', clone.nodeMax)
  if (!resource.promotable) return
  set('CRM_meta_promoted_max', clone.promotedMax)
  set('CRM_meta_promoted_node_max', clone.promotedNodeMax)
  set('CRM_meta_master_max', clone.promotedMax)
  set('CRM_meta_master_node_max', clone.promotedNodeMax)
}

function addHost(into: Map<string, string>, action: Action, resource: Resource): void {
  const host = hostFor(action)
  if (host === undefined) return
  const target = resource.meta.get('container-attribute-target')
  if (target !== undefined) into.set('CRM_meta_container_attribute_target', target)
  into.set('CRM_meta_physical_host', host.uname)
}

/** Where the container of a guest node is or will be, for an action on that node. */
function hostFor(action: Action): ClusterNode | undefined {
  const container = containerOf(action.node)
  if (container === undefined) return undefined
  const name = action.task === task.notify ? (action.meta.get('notify_operation') ?? '') : action.task
  const leaving: readonly string[] = [task.stop, task.stopped, task.demote, task.demoted]
  const staying: readonly string[] = [task.start, task.running, task.monitor, task.promote, task.promoted]
  if (leaving.includes(name)) return currentNode(container)
  return staying.includes(name) ? container.assigned : undefined
}
