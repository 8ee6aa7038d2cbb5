import { failed, ok, type Result } from '@quorate/base'
import { SaxesParser, type SaxesTagPlain } from 'saxes'
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
 * Reads a document into a tree. Knows no DTD and expands no entities but the five of XML, so that a document cannot grow
 * while being read. Character data that is only white space is dropped, CDATA counts as character data,
 * processing instructions are skipped, comments inside the root are kept (see {@link commentName}).
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
  const tree = new TreeBuilder(limits, options.lines)
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
  readonly #parser = new SaxesParser({ xmlns: false, position: true })
  readonly #names = new Map<string, string>()
  readonly #open: OpenElement[] = []
  #nodes = 0

  constructor(limits: XmlLimits, lines: ReadOptions['lines']) {
    this.#limits = limits
    this.#lines = lines
    const parser = this.#parser
    parser.on('error', (error) => this.#refuse(error.message.replace(/^\d+:\d+: /, '').replace(/\.$/, '')))
    parser.on('doctype', () => this.#refuse('document type declarations are not accepted'))
    parser.on('opentag', (tag) => this.#start(tag))
    parser.on('closetag', () => this.#end())
    parser.on('text', (data) => this.#characters(data))
    parser.on('cdata', (data) => this.#characters(data))
    parser.on('comment', (data) => this.#comment(data))
  }

  read(text: string): void {
    this.#parser.write(text).close()
  }

  #refuse(reason: string): never {
    throw new Refusal({ line: this.#parser.line, column: this.#parser.column + 1, reason })
  }

  #start(tag: SaxesTagPlain): void {
    this.#count()
    if (this.#open.length >= this.#limits.depthMax) this.#refuse(`elements nest deeper than ${this.#limits.depthMax}`)
    const made: OpenElement = { name: this.#intern(tag.name), attributes: none, children: none, text: '' }
    const flat: string[] = []
    for (const name in tag.attributes) {
      const value = tag.attributes[name] as string
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
