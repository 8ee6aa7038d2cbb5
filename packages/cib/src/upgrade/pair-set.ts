import { attr, isComment, withAttributes, withChildren, type XmlElement } from '@quorate/xml'

/** A child of a set with the comments right before it, which go where it goes. */
export type SetItem = { readonly node: XmlElement; readonly comments: readonly XmlElement[] }

/** Prefix of ids that an upgrade makes. */
export const madePrefix = '_2TO3_'

/** What a set has: its pairs and rules, in their order. Comments after the last belong to nothing. */
export function itemsOf(set: XmlElement): readonly SetItem[] {
  const items: SetItem[] = []
  let comments: XmlElement[] = []
  for (const node of set.children) {
    if (isComment(node)) comments.push(node)
    else {
      items.push({ node, comments })
      comments = []
    }
  }
  return items
}

/** The set of an option or an operation with other items. Comments before a rule are lost there, as in the C upgrade. */
export function withItems(set: XmlElement, items: readonly SetItem[]): XmlElement {
  return withChildren(
    set,
    items.flatMap((item) => (item.node.name === 'rule' ? item.node : nodesOf([item]))),
  )
}

/** Items as children. */
export function nodesOf(items: readonly SetItem[]): XmlElement[] {
  return items.flatMap(({ node, comments }) => [...comments, node])
}

/** Whether a set applies under a condition only. */
export function hasRule(set: XmlElement): boolean {
  return set.children.some(({ name }) => name === 'rule')
}

/** Whether a set has any name and value. */
export function hasPairs(set: XmlElement): boolean {
  return set.children.some(({ name }) => name === 'nvpair')
}

/** Name of a pair; undefined for rules. */
export function pairName({ node }: SetItem): string | undefined {
  return node.name === 'nvpair' ? attr(node, 'name') : undefined
}

/** The item under another name, and with another value where one is given and it has one. */
export function renamed(item: SetItem, name: string, value?: string): SetItem {
  const changes = value === undefined || attr(item.node, 'value') === undefined ? { name } : { name, value }
  return writtenAnew({ ...item, node: withAttributes(item.node, changes) })
}

/** The item as one that an upgrade writes anew: without the comments that it had inside. */
export function writtenAnew(item: SetItem): SetItem {
  return item.node.children.length === 0 ? item : { ...item, node: withChildren(item.node, []) }
}

/** Whether an element is a set as resources and operations have them, utilization apart. */
export function isResourceSet(node: XmlElement): boolean {
  return node.name === 'meta_attributes' || node.name === 'instance_attributes'
}

/** Whether an upgrade leaves a set of a resource or an operation out, because nothing in it says anything. */
export function isVoid(set: XmlElement): boolean {
  return !hasPairs(set) && (set.children.length === 0 || hasRule(set))
}
