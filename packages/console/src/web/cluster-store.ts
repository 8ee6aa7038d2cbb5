import { useSyncExternalStore } from 'react'
import type { ClusterEvent, Node, Operation, Snapshot } from '../api/index.ts'
import { type Row, rowsOf } from './cluster-rows.ts'
import { type ClusterState, nothingKnown, received, withOperation, withOperations } from './cluster-state.ts'
import type { Connection } from './event-stream.ts'
import { Observable } from './observable.ts'
import { type ItemKey, nodeKey } from './selection.ts'

/**
 * What is known of the cluster, with its rows and nodes by key. A component that shows one of them is drawn anew when that
 * one changes, and not for the others.
 */
export class ClusterStore {
  readonly state = new Observable<ClusterState>(nothingKnown)
  readonly rows = new Observable<readonly Row[]>([])
  readonly connection = new Observable<Connection>({ state: 'connecting', heardAt: undefined })
  #items: ReadonlyMap<ItemKey, Row | Node> = new Map()
  readonly #itemListeners = new Map<ItemKey, Set<() => void>>()

  /** Takes an event of the stream in, see `received`. */
  receive(event: ClusterEvent, eventId: string): void {
    this.#become(received(this.state.value, event, eventId))
  }

  /** Takes the answer to the beginning of an operation in, which may be older than what the stream has told since. */
  noteOperation(operation: Operation): void {
    this.#become(withOperation(this.state.value, operation))
  }

  /** Takes the list of all operations in, see `withOperations`. */
  noteOperations(list: readonly Operation[], asked: ReadonlySet<string>): void {
    this.#become(withOperations(this.state.value, list, asked))
  }

  has(key: ItemKey): boolean {
    return this.#items.has(key)
  }

  row(key: ItemKey): Row | undefined {
    const item = this.#items.get(key)
    return item !== undefined && 'resource' in item ? item : undefined
  }

  node(name: string): Node | undefined {
    const item = this.#items.get(nodeKey(name))
    return item !== undefined && 'isOnline' in item ? item : undefined
  }

  readonly subscribeItem = (key: ItemKey, listener: () => void): (() => void) => {
    const listeners = this.#itemListeners.get(key) ?? new Set()
    this.#itemListeners.set(key, listeners.add(listener))
    return () => {
      listeners.delete(listener)
      if (listeners.size === 0 && this.#itemListeners.get(key) === listeners) this.#itemListeners.delete(key)
    }
  }

  #become(next: ClusterState): void {
    const before = this.state.value
    if (next === before) return
    if (next.snapshot !== undefined && next.snapshot !== before.snapshot) this.#index(next.snapshot, before.snapshot)
    this.state.set(next)
  }

  /** Rows whose resource is the same object stay the same objects. Tells those who show what is not. */
  #index(snapshot: Snapshot, before: Snapshot | undefined): void {
    const areSame =
      before !== undefined && before.resources === snapshot.resources && before.constraints === snapshot.constraints
    const rows = areSame ? this.rows.value : rowsOf(snapshot).map((row) => this.#kept(row))
    const items = new Map<ItemKey, Row | Node>(rows.map((row) => [row.key, row]))
    for (const node of snapshot.nodes) items.set(nodeKey(node.name), node)
    const old = this.#items
    this.#items = items
    this.rows.set(rows)
    for (const [key, listeners] of [...this.#itemListeners]) {
      if (old.get(key) !== items.get(key)) for (const listener of [...listeners]) listener()
    }
  }

  #kept(row: Row): Row {
    const known = this.row(row.key)
    const isSame =
      known !== undefined &&
      known.resource === row.resource &&
      known.level === row.level &&
      known.leftover?.kind === row.leftover?.kind &&
      known.leftover?.node === row.leftover?.node
    return isSame ? known : row
  }
}

/** One row as state of a component. */
export function useRow(store: ClusterStore, key: ItemKey): Row | undefined {
  return useSyncExternalStore(
    (listener) => store.subscribeItem(key, listener),
    () => store.row(key),
  )
}
