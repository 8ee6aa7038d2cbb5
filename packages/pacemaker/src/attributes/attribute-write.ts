import { element, type XmlElement } from '@quorate/xml'
import { callOptions } from '../cib-manager/service.ts'
import { type Attribute, type NodeValue, sortedValues } from './attribute-table.ts'

/** A write of one attribute to the CIB: `<status>` with the values of all nodes, and the options of the call. */
export type AttributeWrite = {
  readonly data: XmlElement
  readonly options: number
  readonly isComplete: boolean
  /** Values that it removes from the CIB. */
  readonly unset: ReadonlySet<NodeValue>
}

/**
 * The CIB's form of an attribute on all nodes (behaviour/pacemaker-daemons.md 5.5). Values that are unset are marked to
 * be removed. `isComplete` is false when a value had to be left out because its node's id is not known yet.
 *
 * @param idOf id of a node by name
 * @returns undefined when there is nothing to write
 */
export function attributeWrite(
  attribute: Attribute,
  idOf: (node: string) => number | undefined,
): AttributeWrite | undefined {
  const states: XmlElement[] = []
  let isComplete = true
  const unset = new Set<NodeValue>()
  for (const value of sortedValues(attribute)) {
    if (value.value === undefined && !value.mayBeStored) continue
    const id = uuidOf(value, idOf)
    if (id === undefined) {
      isComplete = false
      continue
    }
    if (value.value === undefined) unset.add(value)
    states.push(nodeState(attribute, value, id))
  }
  if (states.length === 0) return undefined
  const options = callOptions.quorumOverride + (unset.size > 0 ? callOptions.mixedUpdate : 0)
  return { data: element('status', {}, states), options, isComplete, unset }
}

/** Id of the node that a value is of; undefined where it is not known yet. */
export function uuidOf(value: NodeValue, idOf: (node: string) => number | undefined): string | undefined {
  if (value.isRemote) return value.node
  const id = value.nodeId ?? idOf(value.node)
  return id === undefined ? undefined : String(id)
}

function nodeState(attribute: Attribute, value: NodeValue, id: string): XmlElement {
  const set = sanitised(attribute.set ?? `status-${id}`)
  const isUnset = value.value === undefined
  const pair = element('nvpair', {
    id: sanitised(`${set}-${attribute.name}`),
    name: attribute.name,
    value: value.value ?? '',
    __delete__: isUnset ? 'value' : undefined,
  })
  const attributes = element('instance_attributes', { id: set }, [pair])
  return element('node_state', { id }, [element('transient_attributes', { id }, [attributes])])
}

/**
 * The id of an entry by the names that it is made of: `:` and `#` become dots, and nothing else, as with Pacemaker 2.1.5.
 * Whoever writes the attribute next has to find it by the same id.
 */
export function sanitised(text: string): string {
  return text.replace(/[:#]/g, '.')
}
