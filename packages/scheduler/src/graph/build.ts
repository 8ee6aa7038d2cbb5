import { element, type XmlElement } from '@quorate/xml'
import { notificationsOf } from '../action/collective.ts'
import { task } from '../action/key.ts'
import { newAction } from '../action/ledger.ts'
import { notifyAround } from '../action/notify-round.ts'
import { type Action, type Cluster, type Edge, type Resource, variant } from '../model/model.ts'
import { summary } from '../order/summary.ts'
import { parseInteger } from '../scalar.ts'
import { sortShort } from '../short-sort.ts'
import { ActionForms, changedMaintenance, elementName } from './action-form.ts'
import { isGraphAction, isGraphInput } from './worthy.ts'

/** Settles what belongs into the graph. Answers it in the order of the graph's synapses. */
export function graphActions(cluster: Cluster): readonly Action[] {
  cluster.graphRecheckBy = cluster.recheckBy
  const found: Action[] = []
  for (const resource of cluster.resources) addResource(cluster, resource, found)
  if (changedMaintenance(cluster).length > 0) {
    const action = newAction(cluster, task.maintenanceNodes, task.maintenanceNodes, undefined, undefined, true)
    action.pseudo = true
    action.printAlways = true
  }
  for (let i = cluster.actions.length - 1; i >= 0; i -= 1) {
    const action = cluster.actions[i] as Action
    if (action.task === task.stop) warnOfStuckShutdown(cluster, action)
    addAction(cluster, action, found)
  }
  return found
}

/** The graph of actions that {@link graphActions} found, as elements. */
export function graphXml(cluster: Cluster, actions: readonly Action[], transitionId = 0): XmlElement {
  const forms = new ActionForms(cluster)
  const synapses = actions.map((action, i) => {
    const inputs: XmlElement[] = []
    for (const { first, dumped } of action.before) {
      if (dumped) inputs.push(element('trigger', {}, [actionXml(forms, first)]))
    }
    const attributes = { id: String(i), priority: priorityOf(action) }
    return element('synapse', attributes, [
      element('action_set', {}, [fullActionXml(forms, action)]),
      element('inputs', {}, inputs),
    ])
  })
  return element('transition_graph', rootAttributes(cluster, transitionId), synapses)
}

function actionXml(forms: ActionForms, action: Action): XmlElement {
  return { name: elementName(action), attributes: forms.tag(action), children: [], text: '' }
}

function fullActionXml(forms: ActionForms, action: Action): XmlElement {
  const children: XmlElement[] = []
  const resource = forms.resource(action)
  if (resource !== undefined) children.push(resource)
  const { flat, nameAt, idAt, children: numbered } = forms.attributes(action)
  const attributes = flat.slice()
  const { node } = action
  if (node !== undefined && nameAt >= 0) attributes[nameAt] = node.uname
  if (node !== undefined && idAt >= 0) attributes[idAt] = node.id
  children.push({ name: 'attributes', attributes, children: numbered, text: '' }, ...forms.rest(action))
  return { name: elementName(action), attributes: [...forms.tag(action), ...forms.more(action)], children, text: '' }
}

/** Priority of a synapse as text; undefined for those without any. */
export function priorityOf(action: Action): string | undefined {
  const priority = Math.max(action.resource?.priority ?? 0, action.priority)
  return priority > 0 ? String(priority) : undefined
}

/** Says which stop that cannot be done keeps a node from being shut down. */
function warnOfStuckShutdown(cluster: Cluster, { resource, node, key, optional, runnable }: Action): void {
  if (resource === undefined || node === undefined || !node.shutdown || node.maintenance) return
  if (optional || runnable || (!cluster.quorate && cluster.settings.noQuorumPolicy !== 'ignore')) return
  const state = `${resource.managed ? ' blocked' : ' unmanaged'}${resource.failed ? ' failed' : ''}`
  const text = `Cannot shut down ${node.uname} because of ${resource.id}:${state} (${key})`
  cluster.log.push({ kind: 'crit', source: 'pcmk__create_graph', text, isAboutStatus: true })
}

/** Attributes of the graph itself. */
export function rootAttributes(cluster: Cluster, transitionId: number): Record<string, string | undefined> {
  const { all, startFailureIsFatal } = cluster.settings
  const limit = all.get('migration-limit')
  return {
    'cluster-delay': all.get('cluster-delay'),
    'stonith-timeout': all.get('stonith-timeout'),
    'failed-stop-offset': 'INFINITY',
    'failed-start-offset': startFailureIsFatal ? 'INFINITY' : '1',
    'batch-limit': all.get('batch-limit'),
    transition_id: String(transitionId),
    'migration-limit': (parseInteger(limit) ?? 0) > 0 ? limit : undefined,
    'recheck-by': cluster.graphRecheckBy === undefined ? undefined : String(cluster.graphRecheckBy),
  }
}

function addOwnActions(cluster: Cluster, resource: Resource, found: Action[]): void {
  for (let i = resource.actions.length - 1; i >= 0; i -= 1) addAction(cluster, resource.actions[i] as Action, found)
}

function addResource(cluster: Cluster, resource: Resource, found: Action[]): void {
  if (resource.variant === variant.bundle) {
    const { bundle } = resource
    if (bundle?.inner !== undefined) addResource(cluster, bundle.inner, found)
    for (const { ip, container, connection } of bundle?.replicas ?? []) {
      for (const part of [ip, container, connection]) if (part !== undefined) addResource(cluster, part, found)
    }
    return
  }
  if (resource.variant === variant.clone) {
    prepareClone(cluster, resource)
    const said = cluster.log.length
    for (const instance of resource.children) addResource(cluster, instance, found)
    addOwnActions(cluster, resource, found)
    // The C program comes by the instances twice, which shows by what it says of actions that it leaves out.
    if (cluster.log.length > said) for (const instance of resource.children) addResource(cluster, instance, found)
    return
  }
  addOwnActions(cluster, resource, found)
  for (const member of resource.children) addResource(cluster, member, found)
}

/** Makes the notifications of a clone, after its pseudo actions were brought up to date. */
function prepareClone(cluster: Cluster, clone: Resource): void {
  for (let i = clone.actions.length - 1; i >= 0; i -= 1) summary(clone, clone.actions[i] as Action, undefined)
  const frames = notificationsOf(clone)
  for (const name of [task.start, task.stop, task.promote, task.demote]) {
    const frame = frames.get(name)
    if (frame !== undefined) notifyAround(cluster, clone, frame)
  }
}

function isRising(edges: readonly Edge[]): boolean {
  for (let i = 1; i < edges.length; i += 1) {
    if ((edges[i - 1] as Edge).first.id >= (edges[i] as Edge).first.id) return false
  }
  return true
}

/** Sorts the inputs of an action by number, and makes one of those from the same action. */
function mergeInputs(action: Action): void {
  if (action.inputsMerged) return
  action.inputsMerged = true
  if (isRising(action.before)) return
  const edges = sortShort([...action.before].reverse(), byFirst)
  let count = 0
  for (let i = 0; i < edges.length; i += 1) {
    const edge = edges[i] as Edge
    const last = edges[count - 1]
    if (last?.first === edge.first) last.flags |= edge.flags
    else {
      edges[count] = edge
      count += 1
    }
  }
  edges.length = count
  action.before = edges
}

function byFirst(a: Edge, b: Edge): number {
  return a.first.id - b.first.id
}

function addAction(cluster: Cluster, action: Action, found: Action[]): void {
  mergeInputs(action)
  if (action.dumped || !isGraphAction(action, cluster)) return
  action.dumped = true
  found.push(action)
  const { before } = action
  for (let i = 0; i < before.length; i += 1) {
    const edge = before[i] as Edge
    if (isGraphInput(cluster, action, edge)) edge.dumped = true
  }
}
