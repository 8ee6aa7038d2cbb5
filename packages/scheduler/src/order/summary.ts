import { beginningOf, isKnownTask, task } from '../action/key.ts'
import { findNewest } from '../action/ledger.ts'
import { type Action, type ActionSums, type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'

/** What of an action the engine passes on, as bits: words of them are compared and masked all the time. */
export const actionFlag = { optional: 1, runnable: 2, pseudo: 4, printAlways: 8, migratable: 16 } as const

/** The flags of an action itself. */
export function flagsOf(action: Action): number {
  return (
    (action.optional ? actionFlag.optional : 0) |
    (action.runnable ? actionFlag.runnable : 0) |
    (action.pseudo ? actionFlag.pseudo : 0) |
    (action.printAlways ? actionFlag.printAlways : 0) |
    (action.migratable ? actionFlag.migratable : 0)
  )
}

/** The task of an instance that belongs to a task of its collective. */
export function instanceTask(action: Action, instance: Resource): string {
  let name = action.task
  if (name === task.notify || name === task.notified) {
    // What is told of is the last word but one of the key; the resource can be called like anything.
    name = action.key.split('_').at(-2) ?? name
  }
  if (!isKnownTask(name)) return 'no_action'
  return instance.variant === variant.primitive ? beginningOf(name) : name
}

/** What to take for the instances of a clone or bundle when its actions are summed up. */
export function instancesOf(resource: Resource): readonly Resource[] {
  if (resource.bundle === undefined) return resource.children
  return resource.bundle.replicas.flatMap((replica) => replica.container ?? [])
}

/**
 * What an action comes to, for a collective summed up from its members. Summing up also corrects the pseudo action: it
 * is required once something below it is.
 */
export function summary(resource: Resource, action: Action, node: ClusterNode | undefined): number {
  switch (resource.variant) {
    case variant.group:
      return groupSummary(resource, action, node)
    case variant.clone:
      return instancesSummary(resource.children, action, node)
    case variant.bundle:
      return instancesSummary(bundleParts(resource, action), action, node)
    default:
      return flagsOf(action)
  }
}

const whole = actionFlag.optional | actionFlag.runnable | actionFlag.pseudo

function groupSummary(group: Resource, action: Action, node: ClusterNode | undefined): number {
  let flags: number = whole
  const { children } = group
  for (let i = 0; i < children.length; i += 1) {
    const member = children[i] as Resource
    const name = instanceTask(action, member)
    const found = findNewest(member, name, node)
    if (found === undefined) {
      if (name !== task.stop && name !== task.demote) flags &= ~actionFlag.runnable
      continue
    }
    if (!found.optional) {
      flags &= ~actionFlag.optional
      action.optional = false
    }
    if (action.task !== name && !found.runnable) {
      flags &= ~actionFlag.runnable
      action.runnable = false
    }
  }
  return flags
}

const innerTasks: readonly string[] = [
  task.notify,
  task.notified,
  task.promote,
  task.promoted,
  task.demote,
  task.demoted,
]

function bundleParts(bundle: Resource, action: Action): readonly Resource[] {
  const inner = bundle.bundle?.inner
  if (inner !== undefined && (innerTasks.includes(action.task) || !isKnownTask(action.task))) return inner.children
  return instancesOf(bundle)
}

function instancesSummary(instances: readonly Resource[], action: Action, node: ClusterNode | undefined): number {
  let flags: number = whole
  let anyRunnable = false
  const sample = instances[0]
  const name = sample === undefined ? action.task : instanceTask(action, sample)
  for (let i = 0; i < instances.length; i += 1) {
    const instance = instances[i] as Resource
    const found = findNewest(instance, name, instance.children.length > 0 ? undefined : node)
    if (found === undefined) continue
    const own = summary(instance, found, node)
    if ((own & actionFlag.optional) === 0) {
      flags &= ~actionFlag.optional
      action.optional = false
    }
    if ((own & actionFlag.runnable) !== 0) anyRunnable = true
  }
  if (!anyRunnable) {
    flags &= ~actionFlag.runnable
    if (node === undefined) action.runnable = false
  }
  return flags
}

/** What an action comes to for something that happens on a node. */
export function flagsTowards(cluster: Cluster, action: Action, node: ClusterNode | undefined): number {
  const { resource } = action
  if (resource === undefined || resource.variant === variant.primitive) return flagsOf(action)
  const flags = summed(cluster, resource, action, undefined)
  if (node === undefined || resource.variant !== variant.clone) return flags
  const there = summed(cluster, resource, action, node)
  return (flags & actionFlag.runnable) !== 0 ? there | actionFlag.runnable : there
}

/**
 * {@link summary}, and what it came to before as long as no flag has changed since: every instance of a clone asks for
 * that of the clone, and the clone for every instance again.
 */
function summed(cluster: Cluster, resource: Resource, action: Action, node: ClusterNode | undefined): number {
  const { byNode } = sumsOf(cluster, action)
  const known = byNode.get(node)
  if (known !== undefined) return known
  const flags = summary(resource, action, node)
  byNode.set(node, flags)
  return flags
}

function sumsOf(cluster: Cluster, action: Action): ActionSums {
  const { sums } = action
  if (sums?.flagChanges === cluster.flagChanges) return sums
  const made: ActionSums = { flagChanges: cluster.flagChanges, byNode: new Map(), instancesOn: new Set() }
  action.sums = made
  return made
}

/** Sums up what the instances of a collective do for an action of it; again only once a flag has changed. */
export function sumInstances(cluster: Cluster, action: Action, node: ClusterNode | undefined): void {
  const { instancesOn } = sumsOf(cluster, action)
  if (action.resource === undefined || instancesOn.has(node)) return
  for (const instance of instancesOf(action.resource)) {
    const own = findNewest(instance, action.task, node)
    if (own !== undefined) summary(instance, own, node)
  }
  instancesOn.add(node)
}
