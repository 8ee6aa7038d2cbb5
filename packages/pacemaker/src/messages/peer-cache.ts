import { compareNodeNames, type NodeId } from '@quorate/base'
import type { Peer, PeerGroup } from './peer-messenger.ts'

type Entry = {
  nodeId: NodeId
  name: string | undefined
  isMember: boolean
  /** Processes of the node in each group, by pid. */
  readonly processes: Record<PeerGroup, Set<number>>
}

/** Nodes remembered at most: far above corosync's 384, so that a misbehaving peer cannot fill the memory. */
export const peersMax = 4096

/**
 * Every node that this one has heard of, by id and by name: the two belong together, and the newest claim wins (a node
 * that returns under another id, or an id that gets another name).
 */
export class PeerCache {
  readonly #byId = new Map<number, Entry>()
  readonly #idByName = new Map<string, number>()

  /** All of them, sorted by name; those without a name last, by id. */
  all(): readonly Peer[] {
    return [...this.#byId.values()].map(view).sort(comparePeers)
  }

  byId(id: number): Peer | undefined {
    const entry = this.#byId.get(id)
    return entry && view(entry)
  }

  /** Names are compared without case, as the real cluster does. */
  byName(name: string): Peer | undefined {
    const id = this.#idByName.get(name.toLowerCase())
    return id === undefined ? undefined : this.byId(id)
  }

  /** Learns a node's name. Answers whether that was news. */
  learn(nodeId: NodeId, name: string): boolean {
    const entry = this.#entry(nodeId)
    if (entry === undefined || entry.name === name || name === '') return false
    const key = name.toLowerCase()
    const previous = this.#idByName.get(key)
    if (previous !== undefined && previous !== nodeId) {
      const other = this.#byId.get(previous)
      if (other !== undefined) other.name = undefined
    }
    if (entry.name !== undefined) this.#idByName.delete(entry.name.toLowerCase())
    entry.name = name
    this.#idByName.set(key, nodeId)
    return true
  }

  /** Takes corosync's membership. Answers the nodes whose membership changed. */
  setMembers(members: readonly NodeId[]): readonly Peer[] {
    const now = new Set<number>(members)
    for (const id of members) this.#entry(id)
    const changed: Peer[] = []
    for (const entry of this.#byId.values()) {
      if (entry.isMember === now.has(entry.nodeId)) continue
      entry.isMember = !entry.isMember
      changed.push(view(entry))
    }
    return changed.sort(comparePeers)
  }

  /** A process came to or left a group. Answers the node when that changed whether it takes part in the group. */
  setProcess(group: PeerGroup, nodeId: NodeId, pid: number, isThere: boolean): Peer | undefined {
    const entry = this.#entry(nodeId)
    if (entry === undefined) return undefined
    const pids = entry.processes[group]
    const before = pids.size > 0
    if (isThere) pids.add(pid)
    else pids.delete(pid)
    return before === pids.size > 0 ? undefined : view(entry)
  }

  /** Forgets nodes with that id or name; members stay. Answers those forgotten. */
  purge(who: { readonly nodeId?: number | undefined; readonly name?: string | undefined }): readonly Peer[] {
    const gone: Peer[] = []
    const named = who.name === undefined ? undefined : this.#idByName.get(who.name.toLowerCase())
    for (const id of new Set([who.nodeId, named])) {
      const entry = id === undefined ? undefined : this.#byId.get(id)
      if (entry === undefined || entry.isMember) continue
      this.#byId.delete(entry.nodeId)
      if (entry.name !== undefined) this.#idByName.delete(entry.name.toLowerCase())
      gone.push(view(entry))
    }
    return gone.sort(comparePeers)
  }

  #entry(nodeId: NodeId): Entry | undefined {
    const known = this.#byId.get(nodeId)
    if (known !== undefined || this.#byId.size >= peersMax) return known
    const made: Entry = {
      nodeId,
      name: undefined,
      isMember: false,
      processes: { cib: new Set(), crmd: new Set(), attrd: new Set(), 'stonith-ng': new Set() },
    }
    this.#byId.set(nodeId, made)
    return made
  }
}

function view(entry: Entry): Peer {
  return {
    nodeId: entry.nodeId,
    name: entry.name,
    isMember: entry.isMember,
    hasController: entry.processes.crmd.size > 0,
    hasCib: entry.processes.cib.size > 0,
    hasAttrd: entry.processes.attrd.size > 0,
    hasFencer: entry.processes['stonith-ng'].size > 0,
  }
}

function comparePeers(a: Peer, b: Peer): number {
  if (a.name === undefined || b.name === undefined) {
    if (a.name === b.name) return a.nodeId - b.nodeId
    return a.name === undefined ? 1 : -1
  }
  return compareNodeNames(a.name, b.name)
}
