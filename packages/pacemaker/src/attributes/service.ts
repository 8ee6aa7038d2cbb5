/** A change of one transient attribute on one node. */
export type AttributeUpdate = {
  readonly name: string
  /** Undefined unsets it; `value++` and `value+=N` count from the known value. */
  readonly value: string | undefined
  /** Node name; left out: this node. */
  readonly node?: string | undefined
  readonly isRemote?: boolean | undefined
  readonly isPrivate?: boolean | undefined
  readonly dampeningMs?: number | undefined
  /** Set of the CIB that holds it; left out: `status-NODEID`. */
  readonly set?: string | undefined
}

/** Which failures to forget: all, those of one resource, or those of one operation of it; on one node or all. */
export type ClearFailure = {
  readonly resource?: string | undefined
  readonly operation?: string | undefined
  readonly intervalMs?: number | undefined
  readonly node?: string | undefined
  readonly isRemote?: boolean | undefined
}

/** The attribute manager of this node, as the other parts of the daemon meet it. Changes are broadcast; nothing waits. */
export interface AttributeManager {
  update(changes: readonly AttributeUpdate[]): void
  clearFailure(what: ClearFailure): void
  /** Forgets all values of a node without touching the CIB. */
  removePeer(node: string): void
  /** Value on a node (this one when left out), as all nodes know it; undefined where unset. */
  value(name: string, node?: string): string | undefined
  close(): Promise<void>
}
