import { attr, isComment, type XmlElement } from '@quorate/xml'

/** Lists shorter than this are searched faster than they are indexed. */
const indexedFrom = 24

/** How one list of children is looked through: by name, with an attribute that must have a value. */
type Lookup = 'id' | 'id-ref' | undefined

/**
 * The children of an element while changes are merged into them. What is found is always the first that fits, in document
 * order; long lists are indexed, so that merging n children takes time in proportion to n.
 */
export class ChildIndex {
  readonly #children: XmlElement[]
  /** First place of each name, of each name and id, and of each name and id-ref. */
  #places: Map<string, number> | undefined

  constructor(children: readonly XmlElement[]) {
    this.#children = [...children]
  }

  get children(): readonly XmlElement[] {
    return this.#children
  }

  at(place: number): XmlElement | undefined {
    return this.#children[place]
  }

  /** Place of the first child of that name, and where `by` is given with that value of it; -1 where there is none. */
  find(name: string, by?: Lookup, value?: string): number {
    if (this.#children.length < indexedFrom) {
      return this.#children.findIndex((item) => item.name === name && (by === undefined || attr(item, by) === value))
    }
    this.#places ??= this.#indexed()
    return this.#places.get(keyOf(name, by, value)) ?? -1
  }

  /** Place of the first comment with that text, in any case of letters. */
  findComment(comment: XmlElement): number {
    const text = comment.text.toLowerCase()
    return this.#children.findIndex((item) => isComment(item) && item.text.toLowerCase() === text)
  }

  push(item: XmlElement): void {
    this.#children.push(item)
    if (this.#places !== undefined) note(this.#places, item, this.#children.length - 1)
  }

  /** Puts another version of a child in its place. */
  set(place: number, item: XmlElement): void {
    const before = this.#children[place]
    this.#children[place] = item
    const isFoundAlike =
      before !== undefined && attr(before, 'id') === attr(item, 'id') && attr(before, 'id-ref') === attr(item, 'id-ref')
    if (!isFoundAlike) this.#places = undefined
  }

  #indexed(): Map<string, number> {
    const places = new Map<string, number>()
    this.#children.forEach((item, place) => {
      note(places, item, place)
    })
    return places
  }
}

function note(places: Map<string, number>, item: XmlElement, place: number): void {
  const keys = [
    keyOf(item.name),
    keyOf(item.name, 'id', attr(item, 'id')),
    keyOf(item.name, 'id-ref', attr(item, 'id-ref')),
  ]
  for (const key of keys) if (!places.has(key)) places.set(key, place)
}

/** No name or value of XML has a NUL in it. */
function keyOf(name: string, by?: Lookup, value?: string): string {
  return by === undefined ? name : `${name}\0${by}\0${value === undefined ? '' : `=${value}`}`
}
