import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { role } from '../model/role.ts'
import { nodesByName } from '../model/scoring.ts'
import { containerOf, currentNode, forEachLeaf } from '../model/tree.ts'
import { task } from './key.ts'

type Entry = { readonly resource: Resource; readonly node: ClusterNode | undefined }

/** Who does what in a transition, as agents are told. */
export type NotifyLists = {
  readonly inactive: Entry[]
  readonly active: Entry[]
  readonly unpromoted: Entry[]
  readonly promoted: Entry[]
  readonly start: Entry[]
  readonly stop: Entry[]
  readonly promote: Entry[]
  readonly demote: Entry[]
}

/** Collects what the instances of a clone are and do. */
export function collectLists(clone: Resource): NotifyLists {
  const lists: NotifyLists = {
    inactive: [],
    active: [],
    unpromoted: [],
    promoted: [],
    start: [],
    stop: [],
    promote: [],
    demote: [],
  }
  forEachLeaf(clone, (leaf) => {
    const entry = { resource: leaf, node: leaf.runningOn[0] }
    if (leaf.role === role.stopped) lists.inactive.push(entry)
    else if (leaf.role === role.started) lists.active.push(entry)
    else if (leaf.role === role.unpromoted) {
      lists.unpromoted.push(entry)
      lists.active.push(entry)
    } else if (leaf.role === role.promoted) {
      lists.promoted.push(entry)
      lists.active.push(entry)
    }
    for (const action of leaf.actions) collectAction(lists, leaf, action)
  })
  return lists
}

function collectAction(lists: NotifyLists, resource: Resource, action: Action): void {
  const { node } = action
  if (action.optional || node === undefined) return
  if (!action.runnable && !(action.task === task.stop && node.unclean)) return
  const entry = { resource, node }
  if (action.task === task.start) lists.start.push(entry)
  else if (action.task === task.stop) lists.stop.push(entry)
  else if (action.task === task.promote) lists.promote.push(entry)
  else if (action.task === task.demote) lists.demote.push(entry)
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function names(list: readonly Entry[], needNodes: boolean): { readonly resources: string; readonly nodes: string } {
  const sorted = [...list].sort(
    (a, b) => compareBytes(a.resource.id, b.resource.id) || compareBytes(a.node?.id ?? '', b.node?.id ?? ''),
  )
  const resources: string[] = []
  const nodes: string[] = []
  let last: string | undefined
  for (const { resource, node } of sorted) {
    if ((needNodes && node === undefined) || resource.id === last) continue
    last = resource.id
    resources.push(resource.id)
    if (node !== undefined) nodes.push(node.uname)
  }
  return { resources: resources.join(' ') || ' ', nodes: nodes.join(' ') || ' ' }
}

/** The meta-attributes by which agents are told. */
export function notifyKeys(cluster: Cluster, clone: Resource, lists: NotifyLists): Map<string, string> {
  const keys = new Map<string, string>()
  const tell = (list: readonly Entry[], ...prefixes: string[]): void => {
    const { resources, nodes } = names(list, true)
    for (const prefix of prefixes) {
      keys.set(`notify_${prefix}_resource`, resources)
      keys.set(`notify_${prefix}_uname`, nodes)
    }
  }
  tell(lists.stop, 'stop')
  tell(lists.start, 'start')
  tell(lists.demote, 'demote')
  tell(lists.promote, 'promote')
  tell(lists.active, 'active')
  tell(lists.unpromoted, 'unpromoted', 'slave')
  tell(lists.promoted, 'promoted', 'master')
  keys.set('notify_inactive_resource', names(lists.inactive, false).resources)
  // A guest can be without a name, and is then told of nowhere.
  const list = (nodes: readonly string[]): string => nodes.filter((name) => name !== '').join(' ') || ' '
  keys.set('notify_available_uname', list(nodesByName(cluster, clone.allowed).map((node) => node.uname)))
  keys.set('notify_all_uname', list(cluster.nodes.map((node) => node.uname)))
  // Only here the case of letters counts, as with C.
  if (clone.meta.get('container-attribute-target') === 'host') {
    const hosts = cluster.nodes.map((node) => {
      const container = containerOf(node)
      return container === undefined ? node.uname : (currentNode(container)?.uname ?? node.uname)
    })
    keys.set('notify_all_hosts', list(hosts))
  }
  return keys
}
