import type { XmlElement } from './node.ts'
import { commentName, ReadElement } from './read-element.ts'

export type { XmlElement } from './node.ts'
export { commentName } from './read-element.ts'

/** Whether the node is a comment. */
export function isComment(node: XmlElement): boolean {
  return node.name === commentName
}

/** Makes a comment. */
export function comment(text: string): XmlElement {
  return { name: commentName, attributes: none, children: none, text }
}

/** Attributes as people write them; undefined values are left out. */
export type AttributesInit = Readonly<Record<string, string | undefined>>

const none: readonly never[] = []

/** Makes an element. Attribute order is that of the object. */
export function element(
  name: string,
  attributes: AttributesInit = {},
  children: readonly XmlElement[] = none,
  text = '',
): XmlElement {
  const flat: string[] = []
  for (const key in attributes) {
    const value = attributes[key]
    if (value !== undefined) flat.push(key, value)
  }
  return { name, attributes: flat.length === 0 ? none : flat, children, text }
}

/** Value of an attribute, or undefined where the element has none of that name. */
export function attr(of: XmlElement, name: string): string | undefined {
  if (of instanceof ReadElement) return of.value(name)
  const flat = of.attributes
  for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1]
  return undefined
}

/** The `id` attribute, or the empty text. */
export function idOf(of: XmlElement): string {
  return attr(of, 'id') ?? ''
}

/** Attributes as pairs, in document order. */
export function* attributePairs(of: XmlElement): Generator<readonly [name: string, value: string]> {
  const flat = of.attributes
  for (let i = 0; i < flat.length; i += 2) yield [flat[i] as string, flat[i + 1] as string]
}

/**
 * The element with some attributes set (in place where they exist, else appended) or, where the value is undefined,
 * removed. Answers the same object when nothing changes.
 */
export function withAttributes(of: XmlElement, changes: AttributesInit): XmlElement {
  let flat: string[] | undefined
  for (const [name, value] of Object.entries(changes)) {
    const now: readonly string[] = flat ?? of.attributes
    let at = 0
    while (at < now.length && now[at] !== name) at += 2
    if (value === undefined ? at >= now.length : at < now.length && now[at + 1] === value) continue
    flat = [...now]
    if (value === undefined) flat.splice(at, 2)
    else flat.splice(at, 2, name, value)
  }
  return flat === undefined ? of : { name: of.name, attributes: flat, children: of.children, text: of.text }
}

/** The element with other children; the same object when they are the same array. */
export function withChildren(of: XmlElement, children: readonly XmlElement[]): XmlElement {
  return children === of.children ? of : { name: of.name, attributes: of.attributes, children, text: of.text }
}

/** The same tree with all attributes of all elements read: fit to be copied, kept for long, or sent elsewhere. */
export function settled(of: XmlElement): XmlElement {
  return { name: of.name, attributes: of.attributes, children: of.children.map(settled), text: of.text }
}

/** Whether an element has children; those of one that is read lazily are not made for the answer. */
export function hasChildren(of: XmlElement): boolean {
  return of instanceof ReadElement ? of.hasChildren() : of.children.length > 0
}

/** Whether anything below an element has one of these names; those that are read lazily are not made for the answer. */
export function hasBelow(of: XmlElement, names: ReadonlySet<string>): boolean {
  if (of instanceof ReadElement) return of.hasBelow(names)
  return of.children.some((item) => names.has(item.name) || hasBelow(item, names))
}

/** What the tags of many elements have in common; the same object for all of one document that are alike. */
export type TagShape = {
  /** Names of the attributes, in document order. */
  readonly names: readonly string[]
}

/** The shape of the tag that an element was read from, where that is still at hand: for {@link attrAt}. */
export function tagShape(of: XmlElement): TagShape | undefined {
  return of instanceof ReadElement ? of.shape : undefined
}

/** Value of the attribute at a place of an element's {@link tagShape}. Nothing of it is kept for the next who asks. */
export function attrAt(of: XmlElement, place: number): string {
  return of instanceof ReadElement ? of.valueAt(place) : (of.attributes[2 * place + 1] ?? '')
}

/** The tag that an element was read from, where that is still at hand: for {@link beginsWithTag}. */
export function tagText(of: XmlElement): string | undefined {
  return of instanceof ReadElement ? of.tagText() : undefined
}

/**
 * Whether an element is known to have the name and the attributes of a tag ({@link tagText}), from nothing but the text
 * that it was read from: false says nothing. For those who ask the same of many elements that are nearly all alike.
 */
export function beginsWithTag(of: XmlElement, tag: string): boolean {
  return of instanceof ReadElement && of.beginsWith(tag)
}

/** First child of that name. */
export function child(of: XmlElement, name: string): XmlElement | undefined {
  const { children } = of
  for (let i = 0; i < children.length; i += 1) {
    const item = children[i] as XmlElement
    if (item.name === name) return item
  }
  return undefined
}

/** All children of that name, in document order. */
export function childrenNamed(of: XmlElement, name: string): readonly XmlElement[] {
  return of.children.filter((item) => item.name === name)
}

/** First child of that name whose `id` is the given one. */
export function childById(of: XmlElement, name: string, id: string): XmlElement | undefined {
  for (const item of of.children) if (item.name === name && attr(item, 'id') === id) return item
  return undefined
}

/** The element itself and everything below it, in document order. */
export function* descendants(of: XmlElement): Generator<XmlElement> {
  const open: XmlElement[] = [of]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    yield next
    for (let i = next.children.length - 1; i >= 0; i -= 1) open.push(next.children[i] as XmlElement)
  }
}
