import type { XmlElement } from './node.ts'
import type { Outline } from './outline.ts'
import { ReadElement } from './read-element.ts'
import type { Shape } from './shape.ts'

/**
 * What an element looks like: its name, and an expression for the whole value of each attribute that it has to have.
 * Other attributes are anything. Made once and asked of many elements: of those that are read lazily it looks at the
 * text as a whole, so that an element that is like most becomes no object.
 */
export class ElementPattern {
  readonly #name: string
  readonly #wanted: ReadonlyMap<string, { readonly source: string; readonly whole: RegExp }>
  readonly #byShape = new WeakMap<Shape, RegExp>()

  /** @param values sources of regular expressions that match no quote */
  constructor(name: string, values: Readonly<Record<string, string>>) {
    this.#name = name
    this.#wanted = new Map(
      Object.entries(values).map(([attribute, source]) => [
        attribute,
        { source: `(?:${source})`, whole: new RegExp(`^(?:${source})$`) },
      ]),
    )
  }

  /** Whether an element has a single child (comments count as such), and that fits. */
  fitsOnlyChildOf(parent: XmlElement): boolean {
    if (!(parent instanceof ReadElement)) {
      const [child, ...more] = parent.children
      return child !== undefined && more.length === 0 && this.#fits(child)
    }
    const only = parent.onlyChild()
    if (only === undefined) return false
    return this.#fitsInText(only.outline, only.node) ?? this.#fits(parent.children[0] as XmlElement)
  }

  #fits(node: XmlElement): boolean {
    if (node.name !== this.#name) return false
    let missing = this.#wanted.size
    for (let i = 0; i < node.attributes.length; i += 2) {
      const wanted = this.#wanted.get(node.attributes[i] as string)
      if (wanted === undefined) continue
      if (!wanted.whole.test(node.attributes[i + 1] as string)) return false
      missing -= 1
    }
    return missing === 0
  }

  /** Undefined for a node whose attributes are not in the text as they are. */
  #fitsInText(outline: Outline, node: number): boolean | undefined {
    const shape = outline.shapeOf(node)
    if (shape === undefined) return undefined
    if (shape.name !== this.#name) return false
    let pattern = this.#byShape.get(shape)
    if (pattern === undefined) {
      for (const name of this.#wanted.keys()) if (shape.placeOf(name) === undefined) return false
      pattern = shape.pattern((name) => this.#wanted.get(name)?.source ?? '[^"]*')
      this.#byShape.set(shape, pattern)
    }
    pattern.lastIndex = outline.startOf(node)
    return pattern.test(outline.textOf(node))
  }
}
