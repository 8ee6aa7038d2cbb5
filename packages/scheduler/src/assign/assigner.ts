import type { Cluster, ClusterNode, Colocation, Resource } from '../model/model.ts'
import type { NodeTable } from '../model/node-table.ts'

/** How a merge of another resource's preferences behaves. */
export type MergeOptions = {
  /** Give up where no node would be left. */
  readonly active?: boolean
  /** Preferences may not make a good node bad. */
  readonly nonnegative?: boolean
  /** Follow the resources that this one follows, instead of those that follow it. */
  readonly thisWith?: boolean
}

/**
 * The assignment of resources to nodes while it goes on. Kinds of resources call each other through it: a primitive
 * assigns the group that it is colocated with, which assigns its members, and so on.
 */
export type Assigner = {
  readonly cluster: Cluster
  /** Assigns a resource, and first what it depends on; answers the node (of a collective: what stands for it). */
  assign(resource: Resource, prefer: ClusterNode | undefined): ClusterNode | undefined
  /** Applies a colocation to the scores (or the priority) of the dependent. */
  applyColocation(dependent: Resource, primary: Resource, colocation: Colocation): void
  /** Adds preferences of a resource to a table; answers the table, the same or another. */
  merge(
    resource: Resource,
    table: NodeTable,
    attribute: string | undefined,
    factor: number,
    options: MergeOptions,
  ): NodeTable
}
