import {
  attr,
  attributePairs,
  descendants,
  element,
  idOf,
  withAttributes,
  withChildren,
  type XmlElement,
} from '@quorate/xml'

const setNames: ReadonlySet<string> = new Set([
  'cluster_property_set',
  'meta_attributes',
  'instance_attributes',
  'utilization',
])
const copyPrefix = '_cibtr-2_'

type Sets = ReadonlyMap<string, XmlElement>

/**
 * The document with every set that refers to another (`id-ref`) replaced by a copy of that one, because a rewrite may
 * treat the two differently. The ids of copies tell where they come from. References to no such set are dropped.
 */
export function withCopies(configuration: XmlElement): XmlElement {
  const sets = setsIn(configuration)
  return mapSets(configuration, (set) => {
    const reference = attr(set, 'id-ref')
    if (reference === undefined) return set
    const original = sets.get(keyOf(set.name, reference))
    return original === undefined ? undefined : copyOf(original, reference)
  })
}

/** Turns copies that are still like their originals back into references. */
export function withReferences(configuration: XmlElement, note: (line: string) => void): XmlElement {
  const sets = setsIn(configuration)
  return mapSets(configuration, (set) => {
    const id = idOf(set)
    if (!id.startsWith(copyPrefix)) return set
    const reference = id.slice(copyPrefix.length)
    const original = sets.get(keyOf(set.name, reference))
    if (original === undefined) {
      note(`DEBUG: ${set.name}: original element pointed to with @id-ref (${reference}) disappeared during upgrade`)
      return set
    }
    return isSame(set, copyOf(original, reference)) ? element(set.name, { 'id-ref': reference }) : set
  })
}

function keyOf(name: string, id: string): string {
  return `${name} ${id}`
}

function setsIn(configuration: XmlElement): Sets {
  const sets = new Map<string, XmlElement>()
  for (const node of descendants(configuration)) {
    const id = attr(node, 'id')
    if (id !== undefined && setNames.has(node.name)) sets.set(keyOf(node.name, id), node)
  }
  return sets
}

function mapSets(node: XmlElement, map: (set: XmlElement) => XmlElement | undefined): XmlElement {
  if (setNames.has(node.name)) throw new Error('a set has no sets inside')
  let isUnchanged = true
  const children: XmlElement[] = []
  for (const item of node.children) {
    const now = setNames.has(item.name) ? map(item) : mapSets(item, map)
    if (now !== item) isUnchanged = false
    if (now !== undefined) children.push(now)
  }
  return isUnchanged ? node : withChildren(node, children)
}

function copyOf(original: XmlElement, reference: string): XmlElement {
  const renamed = (node: XmlElement): XmlElement => {
    const id = attr(node, 'id')
    const now = id === undefined ? node : withAttributes(node, { id: copiedId(reference, id) })
    return withChildren(now, now.children.map(renamed))
  }
  const children = original.children.map(renamed)
  return withChildren(withAttributes(original, { id: `${copyPrefix}${reference}` }), children)
}

function copiedId(reference: string, id: string): string {
  return `_${copyPrefix}${reference}__${id}`
}

function isSame(one: XmlElement, other: XmlElement): boolean {
  return (
    one.name === other.name &&
    one.text === other.text &&
    one.attributes.length === other.attributes.length &&
    [...attributePairs(one)].every(([name, value]) => attr(other, name) === value) &&
    one.children.length === other.children.length &&
    one.children.every((item, index) => isSame(item, other.children[index] as XmlElement))
  )
}
