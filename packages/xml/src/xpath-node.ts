import type { XmlPath } from './change.ts'
import type { XmlElement } from './element.ts'

/**
 * A place in a document while an expression is evaluated: trees have no way up, so a place remembers how it was
 * reached. Each place is one object, so sets of nodes are sets of objects.
 */
export class XPathNode {
  readonly kind: 'document' | 'element' | 'attribute' | 'text'
  readonly element: XmlElement
  readonly parent: XPathNode | undefined
  readonly index: number
  readonly attribute: { readonly name: string; readonly value: string } | undefined
  #children: (XPathNode | undefined)[] | undefined
  #attributes: readonly XPathNode[] | undefined
  #text: XPathNode | undefined

  constructor(
    kind: XPathNode['kind'],
    element: XmlElement,
    parent: XPathNode | undefined,
    index: number,
    attribute?: { readonly name: string; readonly value: string },
  ) {
    this.kind = kind
    this.element = element
    this.parent = parent
    this.index = index
    this.attribute = attribute
  }

  /** Number of child elements and comments. */
  get childCount(): number {
    if (this.kind === 'document') return 1
    return this.kind === 'element' ? this.element.children.length : 0
  }

  /** Child element or comment at a position below {@link childCount}. */
  childAt(index: number): XPathNode {
    this.#children ??= []
    const known = this.#children[index]
    if (known !== undefined) return known
    const element = this.kind === 'document' ? this.element : (this.element.children[index] as XmlElement)
    const made = new XPathNode('element', element, this, index)
    this.#children[index] = made
    return made
  }

  /** Attributes as nodes, in document order. */
  attributes(): readonly XPathNode[] {
    if (this.#attributes !== undefined || this.kind !== 'element') return this.#attributes ?? []
    const flat = this.element.attributes
    const out: XPathNode[] = []
    for (let i = 0; i < flat.length; i += 2) {
      out.push(
        new XPathNode('attribute', this.element, this, i, { name: flat[i] as string, value: flat[i + 1] as string }),
      )
    }
    this.#attributes = out
    return out
  }

  /** The node's character data as a node, where it has any. */
  text(): XPathNode | undefined {
    if (this.kind !== 'element' || this.element.text === '') return undefined
    this.#text ??= new XPathNode('text', this.element, this, 0)
    return this.#text
  }

  /** Where it stands below the root element; of attributes and text: where their element does. */
  path(): XmlPath {
    const out: number[] = []
    let node: XPathNode | undefined = this.kind === 'element' || this.kind === 'document' ? this : this.parent
    for (; node?.parent !== undefined && node.parent.kind !== 'document'; node = node.parent) out.push(node.index)
    return out.reverse()
  }
}

/** The document node above a root element. */
export function documentOf(root: XmlElement): XPathNode {
  return new XPathNode('document', root, undefined, 0)
}
