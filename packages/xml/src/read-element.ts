import type { XmlElement } from './node.ts'
import type { Outline } from './outline.ts'
import type { Shape } from './shape.ts'

/** Attributes up to this place are looked for in the text by themselves; for one behind it all are read. */
const soughtMax = 4

const none: readonly never[] = []

/**
 * An element as it was read: its attributes and children stay in the outline until they are asked for. Not to be copied
 * with `{ ...of }`, which would leave them behind.
 */
export class ReadElement implements XmlElement {
  readonly name: string
  readonly #outline: Outline
  readonly #node: number
  #children: readonly XmlElement[] | undefined
  #flat: readonly string[] | undefined

  constructor(outline: Outline, node: number) {
    this.name = outline.nameOf(node)
    this.#outline = outline
    this.#node = node
  }

  get text(): string {
    return ''
  }

  get attributes(): readonly string[] {
    this.#flat ??= this.#outline.flat(this.#node, false)
    return this.#flat
  }

  get children(): readonly XmlElement[] {
    this.#children ??= childrenOf(this.#outline, this.#node, lazily)
    return this.#children
  }

  /** Value of one attribute, the others untouched where that is less work. */
  value(name: string): string | undefined {
    if (this.#flat !== undefined) return valueIn(this.#flat, name)
    const shape = this.#outline.shapeOf(this.#node)
    if (shape === undefined) return valueIn(this.attributes, name)
    const place = shape.placeOf(name)
    if (place === undefined) return undefined
    if (place >= soughtMax) return this.attributes[2 * place + 1]
    return shape.value(this.#outline.textOf(this.#node), this.#outline.startOf(this.#node), place)
  }

  /** The shape of its tag; undefined where its attributes are not in the text as they are. */
  get shape(): Shape | undefined {
    return this.#outline.shapeOf(this.#node)
  }

  /** Value of the attribute at a place of its shape, the others untouched. */
  valueAt(place: number): string {
    if (this.#flat !== undefined) return this.#flat[2 * place + 1] ?? ''
    return this.shape?.value(this.#outline.textOf(this.#node), this.#outline.startOf(this.#node), place) ?? ''
  }

  /** Whether it has any children. */
  hasChildren(): boolean {
    return this.#outline.after(this.#node) > this.#node + 1
  }

  /** Whether anything below it has one of these names. */
  hasBelow(names: ReadonlySet<string>): boolean {
    const end = this.#outline.after(this.#node)
    for (let node = this.#node + 1; node < end; node += 1) if (names.has(this.#outline.nameOf(node))) return true
    return false
  }

  /** The text of the tag that it begins with; undefined where its attributes are not in the text as they are. */
  tagText(): string | undefined {
    const shape = this.#outline.shapeOf(this.#node)
    if (shape === undefined) return undefined
    const text = this.#outline.textOf(this.#node)
    const start = this.#outline.startOf(this.#node)
    const end = shape.endOf(text, start)
    return end < 0 ? undefined : text.slice(start, end).trimEnd()
  }

  /** Whether it begins with a tag ({@link tagText}). */
  beginsWith(tag: string): boolean {
    return this.#outline.textOf(this.#node).startsWith(tag, this.#outline.startOf(this.#node))
  }

  /** The outline that it is in, and its only child there; undefined where it has none or several. */
  onlyChild(): { readonly outline: Outline; readonly node: number } | undefined {
    const node = this.#node + 1
    const end = this.#outline.after(this.#node)
    return node < end && this.#outline.after(node) === end ? { outline: this.#outline, node } : undefined
  }
}

/** How a node of an outline becomes one of a tree. */
type MakeNode = (outline: Outline, node: number) => XmlElement

/** Makes elements whose attributes and children are read when somebody asks for them. */
export const lazily: MakeNode = (outline, node) =>
  outline.isComment(node) ? commentOf(outline, node) : new ReadElement(outline, node)

/** Makes elements with everything in them. */
export const wholly: MakeNode = (outline, node) =>
  outline.isComment(node)
    ? commentOf(outline, node)
    : {
        name: outline.nameOf(node),
        attributes: outline.flat(node, true),
        children: childrenOf(outline, node, wholly),
        text: '',
      }

function childrenOf(outline: Outline, of: number, make: MakeNode): readonly XmlElement[] {
  const end = outline.after(of)
  if (of + 1 === end) return none
  const children: XmlElement[] = []
  for (let node = of + 1; node < end; node = outline.after(node)) children.push(make(outline, node))
  return children
}

/**
 * Name under which a comment stands among the children. Comments are kept, because they count in digests, in positions
 * of patches and in what tools print; no element can have this name.
 */
export const commentName = '#comment'

function commentOf(outline: Outline, node: number): XmlElement {
  return { name: commentName, attributes: none, children: none, text: outline.commentText(node) }
}

function valueIn(flat: readonly string[], name: string): string | undefined {
  for (let i = 0; i < flat.length; i += 2) if (flat[i] === name) return flat[i + 1]
  return undefined
}
