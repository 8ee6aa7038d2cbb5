import { withChildren, type XmlElement } from '@quorate/xml'

/** A document in which the element at a path of child positions is replaced; none in its place takes it away. */
export function replaceAt(of: XmlElement, path: readonly number[], by: readonly XmlElement[]): XmlElement {
  const [at, ...rest] = path
  if (at === undefined) return by[0] ?? of
  const next = of.children[at]
  if (next === undefined) return of
  const inner = rest.length === 0 ? by : [replaceAt(next, rest, by)]
  return withChildren(of, [...of.children.slice(0, at), ...inner, ...of.children.slice(at + 1)])
}

/** The element at a path of child positions, if there is one. */
export function elementAt(of: XmlElement, path: readonly number[]): XmlElement | undefined {
  return path.reduce<XmlElement | undefined>((now, at) => now?.children[at], of)
}
