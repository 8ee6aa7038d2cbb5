import { failed, ok, type Result } from '@quorate/base'
import { SaxesParser, type SaxesTagPlain } from 'saxes'
import { type Doctype, readDoctype, tokensOf } from './doctype.ts'
import { comment, type XmlElement } from './element.ts'
import { type XmlLimits, xmlLimits } from './limits.ts'
import { Outline } from './outline.ts'
import { lazily, wholly } from './read-element.ts'
import { scanPlain } from './scanner.ts'
import type { XmlError } from './xml-error.ts'

/** How to read. */
export type ReadOptions = {
  readonly limits?: Partial<XmlLimits>
  /** Told the line, from 1, on which each element's tag ends: for messages about documents that people wrote. */
  readonly lines?: { set(element: XmlElement, line: number): unknown }
  /** Told the elements that have a CDATA section with more than white space in it. */
  readonly sections?: { add(element: XmlElement): unknown }
  /**
   * Whether elements and values may stay in the text until they are asked for: much less work and memory for a program that reads a
   * part of a document and ends. Such elements are not to be copied with `{ ...of }` (see {@link settled}).
   */
  readonly isLazy?: boolean
}

/** Values up to this length are shared between elements: a CIB repeats a few thousand short texts a million times. */
const internedCharactersMax = 24
const none: readonly never[] = []
const blank = /^[ \t\r\n]*$/

/**
 * Reads a document into a tree. Expands no entities but the five of XML and reads nothing from elsewhere, so that a document
 * cannot grow while being read; a document type declaration is taken as long as nothing refers to its entities.
 * Character data that is only white space is dropped, CDATA counts as character data, processing instructions are skipped,
 * comments inside the root are kept (see {@link commentName}). Names keep their prefixes; declarations of namespaces are
 * dropped but for that of a default one, which is an attribute that no schema has.
 *
 * @param document its text, whole or in pieces, as from a file that is read bit by bit: of pieces that end where a tag
 * begins (all but the last) no other copy is made
 * @returns the root, or the first fault with its place; never throws for any text
 */
export function parseXml(document: string | Iterable<string>, options: ReadOptions = {}): Result<XmlElement, XmlError> {
  const limits = { ...xmlLimits, ...options.limits }
  const pieces = (typeof document === 'string' ? [document] : document)[Symbol.iterator]()
  const outline = new Outline()
  if (options.lines === undefined && scanPlain(pieces, limits, outline)) {
    return ok((options.isLazy ? lazily : wholly)(outline, 0))
  }
  const text = wholeText(outline.pieces, pieces, limits.charactersMax)
  if (typeof text === 'number') {
    return failed({ line: 1, column: 1, reason: `document of ${text} characters, limit ${limits.charactersMax}` })
  }
  const tree = new TreeBuilder(limits, options)
  try {
    tree.read(text)
  } catch (fault) {
    if (fault instanceof Refusal) return failed(fault.error)
    throw fault
  }
  const root = tree.root
  return root === undefined ? failed({ line: 1, column: 1, reason: 'document has no element' }) : ok(root)
}

/** Pieces that were read and those that are still to come, as one; or how many characters they have, if too many. */
function wholeText(read: readonly string[], rest: Iterator<string>, charactersMax: number): string | number {
  const pieces = [...read]
  let characters = read.reduce((sum, piece) => sum + piece.length, 0)
  for (let next = rest.next(); next.done !== true; next = rest.next()) {
    characters += next.value.length
    if (characters <= charactersMax) pieces.push(next.value)
  }
  return characters > charactersMax ? characters : pieces.join('')
}

class Refusal extends Error {
  readonly error: XmlError
  constructor(error: XmlError) {
    super(error.reason)
    this.error = error
  }
}

/** An element that is still being read. Becomes an {@link XmlElement} as it is. */
type OpenElement = {
  name: string
  attributes: readonly string[]
  children: XmlElement[] | readonly never[]
  text: string
}

class TreeBuilder {
  root: XmlElement | undefined
  readonly #limits: XmlLimits
  readonly #lines: ReadOptions['lines']
  readonly #sections: ReadOptions['sections']
  readonly #parser = new SaxesParser({ xmlns: false, position: true })
  readonly #names = new Map<string, string>()
  readonly #open: OpenElement[] = []
  #nodes = 0
  #tokens: Doctype['tokens'] = new Map()

  constructor(limits: XmlLimits, { lines, sections }: ReadOptions) {
    this.#limits = limits
    this.#lines = lines
    this.#sections = sections
    const parser = this.#parser
    parser.on('error', (error) => this.#refuse(error.message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')))
    parser.on('doctype', (text) => this.#declare(text))
    parser.on('opentag', (tag) => this.#start(tag))
    parser.on('closetag', () => this.#end())
    parser.on('text', (data) => this.#characters(data))
    parser.on('cdata', (data) => this.#section(data))
    parser.on('comment', (data) => this.#comment(data))
  }

  read(text: string): void {
    this.#parser.write(text).close()
  }

  #refuse(reason: string): never {
    throw new Refusal({ line: this.#parser.line, column: this.#parser.column + 1, reason })
  }

  #declare(text: string): void {
    const read = readDoctype(text)
    if (typeof read === 'string') this.#refuse(read)
    this.#tokens = read.tokens
    for (const name of read.entities) {
      const get = () => this.#refuse(`entity '&${name};' of the document type declaration is not expanded`)
      Object.defineProperty(this.#parser.ENTITIES, name, { get })
    }
  }

  #start(tag: SaxesTagPlain): void {
    this.#count()
    if (this.#open.length >= this.#limits.depthMax) this.#refuse(`elements nest deeper than ${this.#limits.depthMax}`)
    const made: OpenElement = { name: this.#intern(tag.name), attributes: none, children: none, text: '' }
    const flat: string[] = []
    if (this.#tokens.size > 0) this.#trimTokens(tag)
    for (const name in tag.attributes) {
      const value = tag.attributes[name] as string
      if (name.startsWith('xmlns') && isDropped(name, value)) continue
      if (value.length > this.#limits.valueCharactersMax) {
        this.#refuse(`value of '${name}' has ${value.length} characters, limit ${this.#limits.valueCharactersMax}`)
      }
      flat.push(this.#intern(name), value.length > internedCharactersMax ? value : this.#intern(value))
    }
    if (flat.length > 0) {
      if (flat.length > 2 * this.#limits.attributesMax) {
        this.#refuse(`element has more than ${this.#limits.attributesMax} attributes`)
      }
      made.attributes = flat
    }
    this.#append(made as XmlElement)
    this.#lines?.set(made as XmlElement, this.#parser.line)
    this.#open.push(made)
  }

  #trimTokens({ name, attributes }: SaxesTagPlain): void {
    const tokens = this.#tokens.get(name)
    if (tokens === undefined) return
    for (const attribute in attributes) {
      if (tokens.has(attribute)) attributes[attribute] = tokensOf(attributes[attribute] as string)
    }
  }

  #end(): void {
    const done = this.#open.pop()
    if (this.#open.length === 0) this.root = done as XmlElement
  }

  #append(node: XmlElement): void {
    const parent = this.#open[this.#open.length - 1]
    if (parent === undefined) return
    if (parent.children === none) parent.children = [node]
    else (parent.children as XmlElement[]).push(node)
  }

  #characters(data: string): void {
    const parent = this.#open[this.#open.length - 1]
    if (parent !== undefined && !blank.test(data)) parent.text += data
  }

  #section(data: string): void {
    const parent = this.#open[this.#open.length - 1]
    if (parent !== undefined && !blank.test(data)) this.#sections?.add(parent as XmlElement)
    this.#characters(data)
  }

  #comment(data: string): void {
    if (this.#open.length === 0) return
    this.#count()
    this.#append(comment(data))
  }

  #count(): void {
    this.#nodes += 1
    if (this.#nodes > this.#limits.nodesMax) this.#refuse(`document has more than ${this.#limits.nodesMax} nodes`)
  }

  #intern(text: string): string {
    const known = this.#names.get(text)
    if (known !== undefined) return known
    this.#names.set(text, text)
    return text
  }
}

/** Whether an attribute declares a namespace, which is nothing of the element, other than a default one for its name. */
function isDropped(name: string, value: string): boolean {
  return name === 'xmlns' ? value === '' : name.startsWith('xmlns:') && name.length > 'xmlns:'.length
}
