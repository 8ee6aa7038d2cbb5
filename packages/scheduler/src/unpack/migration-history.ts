import { attr } from '@quorate/xml'
import { task } from '../action/key.ts'
import type { Cluster, ClusterNode } from '../model/model.ts'
import { role } from '../model/role.ts'
import { compareEntries, exitCode, type HistoryEntry, status } from './history-entry.ts'
import { historiesNamed } from './history-index.ts'
import { findNode } from './nodes.ts'
import type { Reading } from './reading.ts'
import { addRunning } from './running.ts'

/**
 * Questions about the raw history of one resource: what the status section has under a node's name counts, also where
 * that node is not in the configuration any more.
 */
class RawHistory {
  readonly #cluster: Cluster
  readonly #id: string

  constructor(cluster: Cluster, id: string) {
    this.#cluster = cluster
    this.#id = id
  }

  #entries(node: string | undefined): readonly HistoryEntry[] {
    if (node === undefined) return []
    return historiesNamed(this.#cluster, node, this.#id).flatMap((history) => history.entries)
  }

  /**
   * The entry of a task; where asked, with that migration peer and that result. Several of a task count as none, as the
   * C scheduler has it.
   */
  find(node: string | undefined, taskName: string, peer: string | undefined, rc?: number): HistoryEntry | undefined {
    const found = this.#entries(node).filter((entry) => {
      if (entry.task !== taskName) return false
      if (peer !== undefined && taskName === task.migrateTo && attr(entry.xml, 'migrate_target') !== peer) return false
      return !(peer !== undefined && taskName === task.migrateFrom && attr(entry.xml, 'migrate_source') !== peer)
    })
    const only = found.length === 1 ? found[0] : undefined
    if (only === undefined || rc === undefined) return only
    return only.rc === rc && only.status === status.done ? only : undefined
  }

  /** Nothing is recorded there but pending operations. */
  isUnknownOn(node: string | undefined): boolean {
    return this.#entries(node).every((entry) => entry.rc === exitCode.pending)
  }

  hasOtherAfter(node: string | undefined, than: HistoryEntry, sameNode: boolean): boolean {
    const telling: readonly string[] = [task.start, task.stop, task.migrateTo, task.migrateFrom]
    return this.#entries(node).some(
      (entry) => entry.xml !== than.xml && telling.includes(entry.task) && compareEntries(entry, than, sameNode) > 0,
    )
  }

  isNotRunningAfter(node: string | undefined, than: HistoryEntry, sameNode: boolean): boolean {
    const monitor = this.find(node, task.monitor, undefined)
    if (monitor === undefined || monitor.rc !== exitCode.notRunning || monitor.status !== status.done) return false
    return compareEntries(monitor, than, sameNode) > 0
  }

  /** Something newer than a migration is known of the resource on a node. */
  hasNewerState(
    node: string | undefined,
    to: HistoryEntry | undefined,
    from: HistoryEntry | undefined,
    target: string | undefined,
    source: string | undefined,
  ): boolean {
    let than = from ?? to
    let sameNode = false
    if (node === target && from !== undefined) {
      than = from
      sameNode = true
    } else if (node === source && to !== undefined) {
      than = to
      sameNode = true
    }
    if (than === undefined) return false
    return this.hasOtherAfter(node, than, sameNode) || this.isNotRunningAfter(node, than, sameNode)
  }
}

function peers(entry: HistoryEntry): { readonly source: string | undefined; readonly target: string | undefined } {
  return { source: attr(entry.xml, 'migrate_source'), target: attr(entry.xml, 'migrate_target') }
}

function rawHistory({ cluster, resource }: Reading): RawHistory {
  return new RawHistory(cluster, resource.id)
}

function mustStop(reading: Reading): void {
  reading.resource.failed = true
  reading.resource.stopRequired = true
  reading.resource.allowMigrate = false
}

/** A migration left its source: what became of it at the target decides where the resource is. */
export function successfulMigrateTo(reading: Reading, entry: HistoryEntry): void {
  const { cluster, resource, node } = reading
  const { source, target } = peers(entry)
  if (source !== node.uname || target === undefined) return
  const history = rawHistory(reading)
  const sourceMoved = history.hasOtherAfter(source, entry, true)
  const from = history.find(target, task.migrateFrom, source)
  if (sourceMoved && from !== undefined) return
  const targetNewer = history.hasNewerState(target, entry, from, target, source)
  if (sourceMoved && targetNewer) return
  resource.role = role.started
  const targetNode = findNode(cluster, target)
  if (from !== undefined && from.status !== status.pending) {
    if (from.status === status.done && from.rc === exitCode.ok) {
      resource.role = role.stopped
      resource.dangling.unshift(node)
    } else if (!targetNewer && targetNode?.online === true) addRunning(cluster, resource, targetNode, true)
    else mustStop(reading)
    return
  }
  if (targetNode?.online === true && history.isUnknownOn(target)) return
  if (!targetNewer && targetNode?.online === true) {
    addRunning(cluster, resource, targetNode, false)
    const sourceNode = findNode(cluster, source)
    if (sourceNode?.online === true) setPartial(reading, sourceNode, targetNode)
  } else if (!sourceMoved) mustStop(reading)
}

function setPartial({ resource }: Reading, source: ClusterNode, target: ClusterNode): void {
  resource.partialSource = source
  resource.partialTarget = target
}

/** A migration failed at its source. */
export function failedMigrateTo(reading: Reading, entry: HistoryEntry): void {
  const { cluster, resource, node } = reading
  const { source, target } = peers(entry)
  if (source !== node.uname || target === undefined) return
  resource.role = role.started
  const history = rawHistory(reading)
  const from = history.find(target, task.migrateFrom, source, exitCode.ok)
  if (!history.isUnknownOn(target) && !history.hasNewerState(target, entry, from, target, source)) {
    const targetNode = findNode(cluster, target)
    if (targetNode?.online === true) addRunning(cluster, resource, targetNode, false)
  } else if (!history.hasOtherAfter(source, entry, true)) resource.dangling.unshift(node)
}

/** A migration failed at its target. */
export function failedMigrateFrom(reading: Reading, entry: HistoryEntry): void {
  const { cluster, resource, node } = reading
  const { source, target } = peers(entry)
  if (source === undefined || target !== node.uname) return
  resource.role = role.started
  const history = rawHistory(reading)
  const to = history.find(source, task.migrateTo, target, exitCode.ok)
  if (history.isUnknownOn(source) || history.hasNewerState(source, to, entry, target, source)) return
  const sourceNode = findNode(cluster, source)
  if (sourceNode?.online === true) addRunning(cluster, resource, sourceNode, true)
}
