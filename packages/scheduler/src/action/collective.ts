import { compareInstanceNumbers } from '../model/instances.ts'
import { type Action, type Cluster, type Resource, variant } from '../model/model.ts'
import { forEachLeaf } from '../model/tree.ts'
import { edgeFlag as f } from '../order/flags.ts'
import { isTrue } from '../scalar.ts'
import { infinity } from '../score.ts'
import { requestPseudo } from './create.ts'
import { task } from './key.ts'
import { addEdge } from './ledger.ts'
import { createNotification, type Notification } from './notification.ts'
import { createPrimitive } from './primitive.ts'

const framesOf = new WeakMap<Resource, Map<string, Notification>>()

/** The notifications that frame a clone's tasks. */
export function notificationsOf(clone: Resource): ReadonlyMap<string, Notification> {
  return framesOf.get(clone) ?? new Map()
}

function frame(
  cluster: Cluster,
  clone: Resource,
  taskName: string,
  action: Action,
  complete: Action,
): Notification | undefined {
  const known = framesOf.get(clone) ?? new Map<string, Notification>()
  framesOf.set(clone, known)
  const before = known.get(taskName)
  if (before !== undefined) return before
  const made = createNotification(cluster, clone, taskName, action, complete)
  if (made !== undefined) known.set(taskName, made)
  return made
}

/** Makes the actions of a resource of any kind. */
export function createActions(cluster: Cluster, resource: Resource): void {
  switch (resource.variant) {
    case variant.group:
      return createGroup(cluster, resource)
    case variant.clone:
      return createClone(cluster, resource)
    case variant.bundle:
      return createBundle(cluster, resource)
    default:
      return createPrimitive(cluster, resource)
  }
}

function createGroup(cluster: Cluster, group: Resource): void {
  for (const member of group.children) createActions(cluster, member)
  for (const name of [task.start, task.running, task.stop, task.stopped])
    requestPseudo(cluster, group, name, true, true)
  if (!isTrue(group.meta.get('promotable'))) return
  for (const name of [task.demote, task.demoted, task.promote, task.promoted])
    requestPseudo(cluster, group, name, true, true)
}

type Activity = { starting: boolean; stopping: boolean; active: boolean; blocksMigration: boolean }

/** Adds to what a collective does what one of its instances does. */
function observe(instance: Resource, into: Activity): void {
  let [starting, stopping] = [false, false]
  forEachLeaf(instance, (leaf) => {
    // Wherever that is: also on a node that is known to be gone.
    if (leaf.runningOn.length > 0) into.active = true
    for (let i = leaf.actions.length - 1; i >= 0 && !(starting && stopping); i -= 1) {
      const action = leaf.actions[i] as Action
      if (action.optional || (!action.pseudo && !action.runnable)) continue
      if (action.task === task.stop) stopping = true
      else if (action.task === task.start && action.runnable) starting = true
    }
  })
  if (starting) into.starting = true
  if (stopping) into.stopping = true
  if (starting && stopping) into.blocksMigration = true
}

function createPseudoPairs(
  cluster: Cluster,
  resource: Resource,
  instances: readonly Resource[],
  withFrames: boolean,
): void {
  const activity: Activity = { starting: false, stopping: false, active: false, blocksMigration: false }
  for (const instance of instances) {
    createActions(cluster, instance)
    observe(instance, activity)
  }
  const start = requestPseudo(cluster, resource, task.start, !activity.starting, true)
  const running = requestPseudo(cluster, resource, task.running, !activity.starting, false)
  running.priority = infinity
  running.runnable = activity.active || activity.starting
  const started = withFrames ? frame(cluster, resource, task.start, start, running) : undefined
  const stop = requestPseudo(cluster, resource, task.stop, !activity.stopping, true)
  const stopped = requestPseudo(cluster, resource, task.stopped, !activity.stopping, true)
  stopped.priority = infinity
  if (!activity.blocksMigration) stop.migratable = true
  const halted = withFrames ? frame(cluster, resource, task.stop, stop, stopped) : undefined
  addEdge(halted?.postDone, started?.pre, f.optional)
}

/** Instances of ordered clones start one after the other and stop the other way round. */
function chain(instances: readonly Resource[]): void {
  let lastStart: Action | undefined
  let lastStop: Action | undefined
  for (const instance of instances) {
    const starts = required(instance, task.start)
    const stops = required(instance, task.stop)
    if (stops.length === 1) {
      addEdge(stops[0], lastStop, f.optional)
      lastStop = stops[0]
    }
    if (starts.length === 1) {
      addEdge(lastStart, starts[0], f.optional)
      lastStart = starts[0]
    }
  }
}

function required(instance: Resource, taskName: string): readonly Action[] {
  const list = instance.actionsByKey.get(`${instance.id}_${taskName}_0`) ?? []
  return list.filter((action) => !action.optional)
}

function createClone(cluster: Cluster, clone: Resource): void {
  createPseudoPairs(cluster, clone, clone.children, true)
  if (clone.clone?.ordered === true) {
    clone.children.sort(compareInstanceNumbers)
    chain(clone.children)
  }
  if (clone.promotable) createPromotable(cluster, clone)
}

function createPromotable(cluster: Cluster, clone: Resource): void {
  let [promoting, demoting] = [false, false]
  for (const instance of clone.children) {
    createActions(cluster, instance)
    forEachLeaf(instance, (leaf) => {
      for (const action of leaf.actions) {
        if (action.optional) continue
        if (action.task === task.promote) promoting = true
        else if (action.task === task.demote) demoting = true
      }
    })
  }
  const promote = requestPseudo(cluster, clone, task.promote, !promoting, true)
  const promoted = requestPseudo(cluster, clone, task.promoted, !promoting, true)
  promoted.priority = infinity
  const promotion = frame(cluster, clone, task.promote, promote, promoted)
  const demote = requestPseudo(cluster, clone, task.demote, !demoting, true)
  const demoted = requestPseudo(cluster, clone, task.demoted, !demoting, true)
  demoted.priority = infinity
  const demotion = frame(cluster, clone, task.demote, demote, demoted)
  const frames = notificationsOf(clone)
  if (promotion !== undefined) {
    const [stop, start] = [frames.get(task.stop), frames.get(task.start)]
    addEdge(stop?.postDone, promotion.pre, f.optional)
    addEdge(start?.postDone, promotion.pre, f.optional)
    addEdge(demotion?.postDone, promotion.pre, f.optional)
    addEdge(demotion?.postDone, start?.pre, f.optional)
    addEdge(demotion?.postDone, stop?.pre, f.optional)
  }
  for (const instance of clone.children) instance.priority = clone.priority
}

function createBundle(cluster: Cluster, bundle: Resource): void {
  const containers: Resource[] = []
  for (const { ip, container, connection } of bundle.bundle?.replicas ?? []) {
    if (ip !== undefined) createActions(cluster, ip)
    if (container !== undefined) {
      createActions(cluster, container)
      containers.push(container)
    }
    if (connection !== undefined) createActions(cluster, connection)
  }
  createPseudoPairs(cluster, bundle, containers, false)
  const inner = bundle.bundle?.inner
  if (inner === undefined) return
  createActions(cluster, inner)
  if (!inner.promotable) return
  for (const name of [task.promote, task.promoted, task.demote, task.demoted]) {
    const action = requestPseudo(cluster, bundle, name, true, true)
    if (name === task.promoted || name === task.demoted) action.priority = infinity
  }
}
