import { encodeText } from '@quorate/base'
import type { Cluster, ClusterNode } from './model.ts'
import { type NodeTable, sameOrder } from './node-table.ts'

const primes = [
  1, 2, 3, 7, 13, 31, 61, 127, 251, 509, 1021, 2039, 4093, 8191, 16_381, 32_749, 65_521, 131_071, 262_139,
] as const

const free = 0
const tombstone = 1

/**
 * Order in which a GLib 2.74 hash table of strings gives its keys. The C scheduler iterates such tables in a few places
 * where the order decides; to decide the same, this one has to know it.
 */
export class GlibOrder {
  #shift = 3
  #hashes: number[] = new Array<number>(8).fill(free)
  #keys: (string | undefined)[] = new Array<string | undefined>(8).fill(undefined)
  #live = 0
  #used = 0

  /** Inserts a key; one that is there stays where it is. */
  add(key: string): void {
    const hash = hashOf(key)
    const mask = this.#hashes.length - 1
    let at = this.#home(hash)
    let step = 0
    let reusable = -1
    while (this.#hashes[at] !== free) {
      if (this.#hashes[at] === hash && this.#keys[at] === key) return
      if (this.#hashes[at] === tombstone && reusable < 0) reusable = at
      step += 1
      at = (at + step) & mask
    }
    const slot = reusable >= 0 ? reusable : at
    this.#hashes[slot] = hash
    this.#keys[slot] = key
    this.#live += 1
    if (reusable >= 0) return
    this.#used += 1
    this.#resizeIfNeeded()
  }

  /** Keys in the order of iteration. */
  keys(): string[] {
    return this.#keys.filter((key): key is string => key !== undefined)
  }

  #home(hash: number): number {
    return (Math.imul(hash, 11) >>> 0) % (primes[this.#shift] ?? 1)
  }

  #resizeIfNeeded(): void {
    const size = this.#hashes.length
    if (size > this.#used + Math.floor(this.#used / 16) && !(size > this.#live * 4 && size > 8)) return
    this.#resize()
  }

  #resize(): void {
    const old = this.#hashes.length
    this.#shift = Math.max(3, 32 - Math.clz32(Math.floor(this.#live * 1.333)))
    const size = 1 << this.#shift
    while (this.#hashes.length < size) {
      this.#hashes.push(free)
      this.#keys.push(undefined)
    }
    const moved = new Array<boolean>(Math.max(old, size)).fill(false)
    for (let i = 0; i < old; i += 1) {
      if ((this.#hashes[i] ?? free) <= tombstone) {
        this.#hashes[i] = free
        continue
      }
      if (moved[i] === true) continue
      this.#relocate(i, moved, size - 1)
    }
    this.#hashes.length = size
    this.#keys.length = size
    this.#used = this.#live
  }

  /** Moves an item to its new place; what it displaces moves on in turn. */
  #relocate(from: number, moved: boolean[], mask: number): void {
    let hash = this.#hashes[from] ?? free
    let key = this.#keys[from]
    this.#hashes[from] = free
    this.#keys[from] = undefined
    for (;;) {
      let at = this.#home(hash)
      let step = 0
      while (moved[at] === true) {
        step += 1
        at = (at + step) & mask
      }
      moved[at] = true
      const [nextHash, nextKey] = [this.#hashes[at] ?? free, this.#keys[at]]
      this.#hashes[at] = hash
      this.#keys[at] = key
      if (nextHash <= tombstone) return
      hash = nextHash
      key = nextKey
    }
  }
}

function hashOf(key: string): number {
  let hash = 0
  for (const byte of encodeText(key)) hash = (Math.imul(hash, 31) + (byte > 127 ? byte - 256 : byte)) | 0
  const unsigned = hash >>> 0
  return Math.max(unsigned, 2)
}

type KnownOrder = { readonly inserted: readonly number[]; readonly nodes: readonly ClusterNode[] }

/** The last order of each cluster: nearly all tables have the same nodes, entered in the same order. */
const lastOrders = new WeakMap<Cluster, KnownOrder>()

/** Nodes of a table as a hash table by their ids would give them. */
export function hashOrder(cluster: Cluster, table: NodeTable): readonly ClusterNode[] {
  const last = lastOrders.get(cluster)
  if (last !== undefined && sameOrder(last.inserted, table.inserted)) return last.nodes
  const nodes = orderByIds(cluster, table)
  lastOrders.set(cluster, { inserted: [...table.inserted], nodes })
  return nodes
}

function orderByIds(cluster: Cluster, table: NodeTable): ClusterNode[] {
  const order = new GlibOrder()
  const byId = new Map<string, ClusterNode>()
  for (const index of table.inserted) {
    const node = cluster.nodesByIndex[index] as ClusterNode
    order.add(node.id)
    byId.set(node.id, node)
  }
  return order.keys().flatMap((id) => byId.get(id) ?? [])
}
