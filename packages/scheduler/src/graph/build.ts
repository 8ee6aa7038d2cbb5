import { element, type XmlElement } from '@quorate/xml'
import { notificationsOf } from '../action/collective.ts'
import { task } from '../action/key.ts'
import { newAction } from '../action/ledger.ts'
import { notifyAround } from '../action/notify-round.ts'
import { type Action, type Cluster, type Edge, type Resource, variant } from '../model/model.ts'
import { summary } from '../order/summary.ts'
import { parseInteger } from '../scalar.ts'
import { actionXml, changedMaintenance } from './action-xml.ts'
import { isGraphAction, isGraphInput } from './worthy.ts'

/** Draws the graph of everything that is to be done. */
export function buildGraph(cluster: Cluster, transitionId = 0): XmlElement {
  const synapses: XmlElement[] = []
  addEverything(cluster, synapses)
  return element('transition_graph', rootAttributes(cluster, transitionId), synapses)
}

/** Settles what belongs into the graph, as {@link buildGraph} does, without drawing it. */
export function markGraph(cluster: Cluster): void {
  addEverything(cluster, undefined)
}

/** Where synapses are drawn; undefined where they are not. */
type Drawing = XmlElement[] | undefined

function addEverything(cluster: Cluster, synapses: Drawing): void {
  for (const resource of cluster.resources) addResource(cluster, resource, synapses)
  if (changedMaintenance(cluster).length > 0) {
    const action = newAction(cluster, task.maintenanceNodes, task.maintenanceNodes, undefined, undefined, true)
    action.pseudo = true
    action.printAlways = true
  }
  for (let i = cluster.actions.length - 1; i >= 0; i -= 1) {
    const action = cluster.actions[i] as Action
    if (action.task === task.stop) warnOfStuckShutdown(cluster, action)
    addAction(cluster, action, synapses)
  }
}

/** Says which stop that cannot be done keeps a node from being shut down. */
function warnOfStuckShutdown(cluster: Cluster, { resource, node, key, optional, runnable }: Action): void {
  if (resource === undefined || node === undefined || !node.shutdown || node.maintenance) return
  if (optional || runnable || (!cluster.quorate && cluster.settings.noQuorumPolicy !== 'ignore')) return
  const state = `${resource.managed ? ' blocked' : ' unmanaged'}${resource.failed ? ' failed' : ''}`
  const text = `Cannot shut down ${node.uname} because of ${resource.id}:${state} (${key})`
  cluster.log.push({ kind: 'crit', source: 'pcmk__create_graph', text, isAboutStatus: true })
}

function rootAttributes(cluster: Cluster, transitionId: number): Record<string, string | undefined> {
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
    'recheck-by': cluster.recheckBy === undefined ? undefined : String(cluster.recheckBy),
  }
}

function addOwnActions(cluster: Cluster, resource: Resource, synapses: Drawing): void {
  for (let i = resource.actions.length - 1; i >= 0; i -= 1) addAction(cluster, resource.actions[i] as Action, synapses)
}

function addResource(cluster: Cluster, resource: Resource, synapses: Drawing): void {
  if (resource.variant === variant.bundle) {
    const { bundle } = resource
    if (bundle?.inner !== undefined) addResource(cluster, bundle.inner, synapses)
    for (const { ip, container, connection } of bundle?.replicas ?? []) {
      for (const part of [ip, container, connection]) if (part !== undefined) addResource(cluster, part, synapses)
    }
    return
  }
  if (resource.variant === variant.clone) {
    prepareClone(cluster, resource)
    for (const instance of resource.children) addResource(cluster, instance, synapses)
    addOwnActions(cluster, resource, synapses)
    return
  }
  addOwnActions(cluster, resource, synapses)
  for (const member of resource.children) addResource(cluster, member, synapses)
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

/** Sorts the inputs of an action by number, and makes one of those from the same action. */
function mergeInputs(action: Action): void {
  if (action.inputsMerged) return
  action.inputsMerged = true
  const sorted = [...action.before].reverse().sort((a, b) => a.first.id - b.first.id)
  const merged: Edge[] = []
  for (const edge of sorted) {
    const last = merged[merged.length - 1]
    if (last?.first === edge.first) last.flags |= edge.flags
    else merged.push(edge)
  }
  action.before = merged
}

function addAction(cluster: Cluster, action: Action, synapses: Drawing): void {
  mergeInputs(action)
  if (action.dumped || !isGraphAction(action)) return
  action.dumped = true
  const inputs: XmlElement[] = []
  const full = synapses === undefined ? undefined : actionXml(cluster, action, true)
  for (const edge of action.before) {
    if (!isGraphInput(cluster, action, edge)) continue
    edge.dumped = true
    if (full !== undefined) inputs.push(element('trigger', {}, [actionXml(cluster, edge.first, false)]))
  }
  if (synapses === undefined || full === undefined) return
  const priority = Math.max(action.resource?.priority ?? 0, action.priority)
  synapses.push(
    element('synapse', { id: String(synapses.length), priority: priority > 0 ? String(priority) : undefined }, [
      element('action_set', {}, [full]),
      element('inputs', {}, inputs),
    ]),
  )
}
