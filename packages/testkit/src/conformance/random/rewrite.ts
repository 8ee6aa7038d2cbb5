import { attr, type XmlElement } from '@quorate/xml'

/** Rewrites a tree from its leaves up: `change` sees each element with its children rewritten, and gives what stands there. */
export function rewrite(of: XmlElement, change: (item: XmlElement) => readonly XmlElement[]): readonly XmlElement[] {
  const children = of.children.flatMap((item) => rewrite(item, change))
  return change({ ...of, children })
}

/** Rewrites what is below an element, which itself stays. */
export function rewriteBelow(of: XmlElement, change: (item: XmlElement) => readonly XmlElement[]): XmlElement {
  return { ...of, children: of.children.flatMap((item) => rewrite(item, change)) }
}

/** Puts another element in the place of each child of that name. */
export function replaceChild(of: XmlElement, name: string, change: (item: XmlElement) => XmlElement): XmlElement {
  return { ...of, children: of.children.map((item) => (item.name === name ? change(item) : item)) }
}

/** Ids of all elements of these names at or below an element. */
export function idsOf(of: XmlElement, names: readonly string[]): readonly string[] {
  const below = of.children.flatMap((item) => idsOf(item, names))
  const id = names.includes(of.name) ? attr(of, 'id') : undefined
  return id === undefined ? below : [id, ...below]
}
