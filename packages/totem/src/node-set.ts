import type { NodeId } from '@quorate/base'

/** Sets of nodes as ascending arrays: rings are small, and the order is that of the wire. */
export type NodeSet = readonly NodeId[]

/** Ascending, each once. */
export function nodeSet(ids: Iterable<NodeId>): NodeSet {
  return [...new Set(ids)].sort((a, b) => a - b)
}

/** Members of either. */
export function union(a: NodeSet, b: Iterable<NodeId>): NodeSet {
  return nodeSet([...a, ...b])
}

/** Members of `a` that are not in `b`. */
export function without(a: NodeSet, b: readonly NodeId[]): NodeSet {
  return a.filter((id) => !b.includes(id))
}

/** True when every member of `a` is in `b`. */
export function isSubset(a: NodeSet, b: NodeSet): boolean {
  return a.every((id) => b.includes(id))
}

/** True when both have the same members. */
export function isEqual(a: NodeSet, b: NodeSet): boolean {
  return a.length === b.length && a.every((id, at) => id === b[at])
}
