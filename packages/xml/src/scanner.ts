import { AttributeColumns } from './attribute-columns.ts'
import { comment, type XmlElement } from './element.ts'
import type { XmlLimits } from './limits.ts'
import { ReadElement } from './read-element.ts'

const char = { tab: 9, newline: 10, return: 13, space: 32, bang: 33, quote: 34, apostrophe: 39 } as const
const mark = { dash: 45, slash: 47, less: 60, equals: 61, more: 62, ampersand: 38, underscore: 95 } as const
/** From here on characters are no longer printable ASCII. */
const printableEnd = 127

const declaration = /^<\?xml version="1\.0"(?: encoding="[A-Za-z][A-Za-z0-9._-]*")?(?: standalone="(?:yes|no)")? ?\?>/
/** Reference to one of XML's own five entities. */
const reference = /&(?:(amp|lt|gt|quot|apos);)?/g
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const plainComment = /^[\t\n -~]*$/
const none: readonly never[] = []

/** How the elements are to be made. */
export type MakeElement = (
  name: string,
  children: readonly XmlElement[],
  columns: AttributeColumns,
  first: number,
  last: number,
) => XmlElement

/** Makes elements whose attributes are read when somebody asks for them. */
export const lazily: MakeElement = (name, children, columns, first, last) =>
  new ReadElement(name, children, columns, first, last)

/** Makes elements with everything in them. */
export const wholly: MakeElement = (name, children, columns, first, last) => ({
  name,
  attributes: first === last ? none : columns.flat(first, last),
  children,
  text: '',
})

/**
 * Reads the plain documents that Pacemaker's programs write: elements, attributes of printable ASCII and comments.
 * Knows nothing of faults: whatever it is not sure of is left to the whole reader, which then starts anew.
 *
 * @returns the root, or undefined where the document is not plain, not well formed or beyond a limit
 */
export function scanPlain(text: string, limits: XmlLimits, make: MakeElement): XmlElement | undefined {
  return new Scanner(text, limits, make).document()
}

class Scanner {
  readonly #text: string
  readonly #limits: XmlLimits
  readonly #make: MakeElement
  readonly #columns: AttributeColumns
  #at = 0
  #nodes = 0
  /** Elements that are open: their names, their attributes, and where their children begin among the finished ones. */
  readonly #names: string[] = []
  readonly #firsts: number[] = []
  readonly #lasts: number[] = []
  readonly #begins: number[] = []
  #depth = 0
  readonly #finished: XmlElement[] = []
  #finishedCount = 0
  /** The name that followed a name last time: that of the first attribute by the element's, then each by the last. */
  readonly #followers: (number | undefined)[] = []
  /** The number of the last element (from 1) in which a name was an attribute. */
  readonly #seenIn: (number | undefined)[] = []
  readonly #elementNames = new Map<string, string>()
  #lastElementName = ''

  constructor(text: string, limits: XmlLimits, make: MakeElement) {
    this.#text = text
    this.#limits = limits
    this.#make = make
    this.#columns = new AttributeColumns(text)
  }

  document(): XmlElement | undefined {
    const text = this.#text
    this.#at = declaration.exec(text)?.[0].length ?? 0
    for (;;) {
      this.#skipBlanks()
      if (text.charCodeAt(this.#at) !== mark.less) return undefined
      const next = text.charCodeAt(this.#at + 1)
      if (next === char.bang) {
        if (this.#depth === 0 || !this.#comment()) return undefined
      } else if (next === mark.slash) {
        if (!this.#close()) return undefined
      } else if (!this.#open()) return undefined
      if (this.#depth === 0) break
    }
    this.#skipBlanks()
    return this.#at === text.length ? this.#finished[0] : undefined
  }

  #skipBlanks(): void {
    const text = this.#text
    let at = this.#at
    for (;;) {
      const c = text.charCodeAt(at)
      if (c !== char.newline && c !== char.space && c !== char.tab && c !== char.return) break
      at += 1
    }
    this.#at = at
  }

  #comment(): boolean {
    const text = this.#text
    if (!text.startsWith('<!--', this.#at)) return false
    const end = text.indexOf('--', this.#at + 4)
    if (end < 0 || text.charCodeAt(end + 2) !== mark.more) return false
    const content = text.slice(this.#at + 4, end)
    if (!plainComment.test(content) || !this.#counted()) return false
    this.#push(comment(content))
    this.#at = end + 3
    return true
  }

  #counted(): boolean {
    this.#nodes += 1
    return this.#nodes <= this.#limits.nodesMax
  }

  #push(node: XmlElement): void {
    this.#finished[this.#finishedCount] = node
    this.#finishedCount += 1
  }

  /** Reads the tag that begins an element, and ends the element where the tag does. */
  #open(): boolean {
    const name = this.#elementName(this.#at + 1)
    if (name === '' || !this.#counted() || this.#depth >= this.#limits.depthMax) return false
    const first = this.#columns.length
    let before = this.#columns.numberOf(name)
    for (;;) {
      const from = this.#at
      this.#skipBlanks()
      const c = this.#text.charCodeAt(this.#at)
      if (c === mark.more || c === mark.slash) break
      if (from === this.#at) return false
      before = this.#attribute(before)
      if (before < 0 || this.#columns.length - first > this.#limits.attributesMax) return false
    }
    this.#names[this.#depth] = name
    this.#firsts[this.#depth] = first
    this.#lasts[this.#depth] = this.#columns.length
    this.#begins[this.#depth] = this.#finishedCount
    this.#depth += 1
    this.#at += 1
    if (this.#text.charCodeAt(this.#at - 1) === mark.more) return true
    if (this.#text.charCodeAt(this.#at) !== mark.more) return false
    this.#at += 1
    this.#end()
    return true
  }

  #close(): boolean {
    const name = this.#depth === 0 ? '' : (this.#names[this.#depth - 1] ?? '')
    const at = this.#at + 2
    if (name === '' || !this.#text.startsWith(name, at)) return false
    this.#at = at + name.length
    this.#skipBlanks()
    if (this.#text.charCodeAt(this.#at) !== mark.more) return false
    this.#at += 1
    this.#end()
    return true
  }

  /** Makes the innermost open element of what has been read of it. */
  #end(): void {
    this.#depth -= 1
    const depth = this.#depth
    const begin = this.#begins[depth] ?? 0
    const children = begin === this.#finishedCount ? none : this.#finished.slice(begin, this.#finishedCount)
    this.#finishedCount = begin
    const [name, first, last] = [this.#names[depth] ?? '', this.#firsts[depth] ?? 0, this.#lasts[depth] ?? 0]
    this.#push(this.#make(name, children, this.#columns, first, last))
  }

  /** Reads the name of an element; empty where none stands there. */
  #elementName(at: number): string {
    const end = this.#nameEnd(at)
    this.#at = end
    if (this.#text.startsWith(this.#lastElementName, at) && this.#lastElementName.length === end - at)
      return this.#lastElementName
    const name = this.#text.slice(at, end)
    const known = this.#elementNames.get(name)
    if (known === undefined) this.#elementNames.set(name, name)
    this.#lastElementName = known ?? name
    return this.#lastElementName
  }

  /** Where the name ends that begins at a place; the place itself where none does. */
  #nameEnd(from: number): number {
    let at = from
    while (isNameCharacter(this.#text.charCodeAt(at), at === from)) at += 1
    return at
  }

  /** Reads an attribute. Answers the number of its name, or -1 where it is not plain. */
  #attribute(before: number): number {
    const start = this.#at
    const name = this.#attributeName(before)
    if (name < 0 || this.#seenIn[name] === this.#nodes) return -1
    this.#seenIn[name] = this.#nodes
    this.#followers[before] = name
    const at = start + this.#columns.nameOf(name).length
    const quote = this.#text.charCodeAt(at + 1)
    if (this.#text.charCodeAt(at) !== mark.equals || (quote !== char.quote && quote !== char.apostrophe)) return -1
    return this.#value(name, at + 2, quote) ? name : -1
  }

  #attributeName(before: number): number {
    const start = this.#at
    const guess = this.#followers[before]
    if (guess !== undefined) {
      const name = this.#columns.nameOf(guess)
      if (this.#text.startsWith(name, start) && this.#text.charCodeAt(start + name.length) === mark.equals) return guess
    }
    const end = this.#nameEnd(start)
    return end === start ? -1 : this.#columns.numberOf(this.#text.slice(start, end))
  }

  #value(name: number, start: number, quote: number): boolean {
    const text = this.#text
    let at = start
    let isEscaped = false
    for (;;) {
      const c = text.charCodeAt(at)
      if (c === quote) break
      if (c === mark.ampersand) isEscaped = true
      else if (!(c >= char.space && c < printableEnd) || c === mark.less) return false
      at += 1
    }
    if (at - start > this.#limits.valueCharactersMax) return false
    const decoded = isEscaped ? decode(text.slice(start, at)) : undefined
    if (isEscaped && decoded === undefined) return false
    this.#columns.add(name, start, at, decoded)
    this.#at = at + 1
    return true
  }
}

/** A value with its references replaced; undefined where one is to anything but the five entities. */
function decode(raw: string): string | undefined {
  let isPlain = true
  const value = raw.replace(reference, (_, name: string | undefined) => {
    if (name === undefined) isPlain = false
    return entities[name ?? ''] ?? ''
  })
  return isPlain ? value : undefined
}

function isNameCharacter(c: number, isFirst: boolean): boolean {
  if ((c >= 97 && c <= 122) || (c >= 65 && c <= 90) || c === mark.underscore) return true
  return !isFirst && ((c >= 48 && c <= 57) || c === mark.dash || c === 46)
}
