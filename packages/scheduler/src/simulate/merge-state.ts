import { attr, attributePairs, descendants, element, type XmlElement } from '@quorate/xml'

/** True where siblings of one name have one id, somewhere below an element. */
export function hasRepeats(state: XmlElement): boolean {
  for (const { children } of descendants(state)) {
    if (children.length < 2) continue
    const known = new Set<string>()
    for (const item of children) {
      const id = attr(item, 'id')
      if (id === undefined) continue
      const key = `${item.name} ${id}`
      if (known.has(key)) return true
      known.add(key)
    }
  }
  return false
}

/**
 * What a state is once another version of it was written over it, as the CIB does it: each element goes into the first of
 * its name and id, or only of its name where it has no id. Of repeated ones all go into the first, and the others stay.
 */
export function mergedState(state: XmlElement, update: XmlElement): XmlElement {
  const attributes = Object.fromEntries([...attributePairs(state), ...attributePairs(update)])
  const children = [...state.children]
  for (const item of update.children) {
    if (item.name === '#comment') continue
    const id = attr(item, 'id')
    const at = children.findIndex((known) => known.name === item.name && (id === undefined || attr(known, 'id') === id))
    const target = at >= 0 ? (children[at] as XmlElement) : element(item.name)
    children.splice(at >= 0 ? at : children.length, 1, mergedState(target, item))
  }
  return element(state.name, attributes, children)
}
