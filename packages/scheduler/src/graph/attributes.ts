import { element, type XmlElement } from '@quorate/xml'
import { connectionAddress } from '../action/digest.ts'
import { task } from '../action/key.ts'
import { GlibOrder } from '../assign/hash-order.ts'
import { type Action, type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { currentNode } from '../model/tree.ts'
import { parametersOf } from '../unpack/resource.ts'

/** Version of the set of features that graphs and histories are written for. */
export const featureSet = '3.16.1'

/** The `attributes` element of an action: everything that its executor is told. */
export function actionAttributes(cluster: Cluster, action: Action): XmlElement {
  const found = new Map<string, string>([['crm_feature_set', featureSet]])
  const add = (name: string, value: string): void => {
    if (!found.has(name)) found.set(name, value)
  }
  for (const [name, value] of action.extra) add(name, value)
  const { resource, node } = action
  const numbered: XmlElement[] = []
  if (resource !== undefined && (node !== undefined || resource.variant === variant.primitive)) {
    const parameters = parametersOf(cluster, resource, node)
    for (const [name, value] of parameters) if (!beginsWithDigit(name)) add(name, value)
    const address = connectionAddress(cluster, resource)
    if (address !== undefined) found.set('addr', address)
    numbered.push(...numberedParameters(parameters))
  }
  for (const [name, value] of action.meta) addMetaField(add, name, value)
  if (resource !== undefined) {
    for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) addLevel(found, at)
    addHost(found, action, resource)
  } else if (action.task === task.fence && node !== undefined) {
    for (const [name, value] of node.attributes) addMetaField(add, name, value)
  }
  const attributes: string[] = []
  for (const name of [...found.keys()].sort()) attributes.push(name, found.get(name) ?? '')
  return { name: 'attributes', attributes, children: numbered, text: '' }
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
  const container = action.node?.connection?.container
  if (container === undefined) return undefined
  const name = action.task === task.notify ? (action.meta.get('notify_operation') ?? '') : action.task
  const leaving: readonly string[] = [task.stop, task.stopped, task.demote, task.demoted]
  const staying: readonly string[] = [task.start, task.running, task.monitor, task.promote, task.promoted]
  if (leaving.includes(name)) return currentNode(container)
  return staying.includes(name) ? container.assigned : undefined
}
