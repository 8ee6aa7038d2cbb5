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

/** A wish to have a resource assigned before going on; the answer is where it went. */
export type AssignRequest = { readonly resource: Resource; readonly prefer: ClusterNode | undefined }

/**
 * Work that asks for other resources to be assigned on its way. Done on a stack of its own, so that chains of
 * colocations may be as long as they like.
 */
export type AssignWork<T> = Generator<AssignRequest, T, ClusterNode | undefined>

/**
 * The assignment of resources to nodes while it goes on. Kinds of resources call each other through it.
 */
export type Assigner = {
  readonly cluster: Cluster
  /**
   * Of a bundle that was asked for while it was being assigned: how many resources were settled then, and how many times
   * in a row it has been as many.
   */
  readonly bundleAsks: Map<Resource, { readonly settled: number; readonly idle: number }>
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
