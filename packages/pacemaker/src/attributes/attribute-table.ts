import { compareNodeNames, type MonoMs } from '@quorate/base'
import type { AttrdChange, SyncedValue } from '../messages/attrd-message.ts'

/** Attributes at most: a client that makes up names cannot fill the memory. */
export const attributesMax = 100_000
/** Longest dampening, in milliseconds: a day. */
export const dampeningMsMax = 86_400_000

/** Value of an attribute on one node. */
export type NodeValue = {
  readonly node: string
  nodeId: number | undefined
  isRemote: boolean
  value: string | undefined
  /** The CIB may hold a value, so that unsetting it has to be written. */
  mayBeStored: boolean
  /** Number of the message of the group that changed it last, other than by telling what a peer knows; 0: none. */
  changedBy: number
}

/** One attribute, on all nodes. */
export type Attribute = {
  readonly name: string
  readonly set: string | undefined
  readonly user: string | undefined
  readonly isPrivate: boolean
  dampeningMs: number
  readonly values: Map<string, NodeValue>
  isChanged: boolean
  /** When the dampening ends, or a failed write is tried again. */
  dueMs: MonoMs | undefined
  /** The write that is under way: its number, and the nodes whose values it removes. */
  writing: { readonly token: number; readonly unset: ReadonlySet<NodeValue> } | undefined
  isForced: boolean
}

/** All attributes of all nodes. Held in memory alone: the CIB has a copy, peers have another. */
export class AttributeTable {
  readonly #byName = new Map<string, Attribute>()

  get(name: string): Attribute | undefined {
    return this.#byName.get(name)
  }

  all(): readonly Attribute[] {
    return [...this.#byName.values()]
  }

  /** The attribute, made if there is none. Undefined when there are too many. */
  ensure(change: AttrdChange, name: string): Attribute | undefined {
    const known = this.#byName.get(name)
    if (known !== undefined) return known
    if (this.#byName.size >= attributesMax) return undefined
    const made: Attribute = {
      name,
      set: change.set,
      user: change.user,
      isPrivate: change.isPrivate,
      dampeningMs: dampeningMs(change.dampening) ?? 0,
      values: new Map(),
      isChanged: false,
      dueMs: undefined,
      writing: undefined,
      isForced: false,
    }
    this.#byName.set(name, made)
    return made
  }

  /** Forgets every value of a node. */
  removeNode(node: string): void {
    for (const attribute of this.#byName.values()) attribute.values.delete(node.toLowerCase())
  }

  /** Values for a sync, in the order in which the attributes came to be, nodes by name. */
  synced(isWanted: (attribute: Attribute, value: NodeValue) => boolean): readonly SyncedValue[] {
    return this.all().flatMap((attribute) =>
      sortedValues(attribute)
        .filter((value) => isWanted(attribute, value))
        .map((value) => ({
          name: attribute.name,
          set: attribute.set,
          user: attribute.user,
          host: value.node,
          hostId: value.nodeId,
          value: value.value,
          dampeningS: Math.floor(attribute.dampeningMs / 1000),
          isPrivate: attribute.isPrivate,
          isRemote: value.isRemote,
        })),
    )
  }
}

/** Value of an attribute on a node, made if there is none. Node names are compared without case. */
export function valueOn(attribute: Attribute, node: string): NodeValue {
  const key = node.toLowerCase()
  const known = attribute.values.get(key)
  if (known !== undefined) return known
  const made: NodeValue = {
    node,
    nodeId: undefined,
    isRemote: false,
    value: undefined,
    mayBeStored: false,
    changedBy: 0,
  }
  attribute.values.set(key, made)
  return made
}

/** Values of an attribute, by name of node. */
export function sortedValues(attribute: Attribute): readonly NodeValue[] {
  return [...attribute.values.values()].sort((a, b) => compareNodeNames(a.node, b.node))
}

/**
 * A dampening in milliseconds: a number of seconds, or one with a unit (`ms`, `us`, `s`, `m`, `h`) in any case. What
 * follows a decimal point does not count.
 *
 * @returns undefined where there is none or it is not understood
 */
export function dampeningMs(text: string | undefined): number | undefined {
  const parts = /^\s*(\d{1,12})(?:\.\d*)?\s*(ms|msec|us|usec|s|sec|m|min|h|hr)?\s*$/i.exec(text ?? '')
  if (parts === null) return undefined
  const unit = { m: 60_000, h: 3_600_000, s: 1000 }
  const name = parts[2]?.toLowerCase() ?? 's'
  const factor = name.startsWith('ms') ? 1 : name.startsWith('us') ? 0.001 : (unit[name[0] as 'm' | 'h' | 's'] ?? 1000)
  return Math.min(dampeningMsMax, Math.floor(Number(parts[1]) * factor))
}
