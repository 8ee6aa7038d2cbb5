import type { XmlLimits } from './limits.ts'
import type { Outline } from './outline.ts'
import { noteFollower, type Shape } from './shape.ts'

const char = { tab: 9, newline: 10, return: 13, space: 32, bang: 33 } as const
const mark = { slash: 47, less: 60, more: 62 } as const

const declaration = /^<\?xml version="1\.0"(?: encoding="[A-Za-z][A-Za-z0-9._-]*")?(?: standalone="(?:yes|no)")? ?\?>/
/** Reference to one of XML's own five entities. */
const reference = /&(?:(amp|lt|gt|quot|apos);)?/g
const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const plainComment = /^[\t\n -~]*$/

/** The pieces of a start tag that no shape fits: its name, an attribute with what is before it, its end. */
const tagName = /<([A-Za-z_][A-Za-z0-9._-]*)/y
const attribute = /([\t\n\r ]+)([A-Za-z_][A-Za-z0-9._-]*)=(?:"([ !#-;=-~]*)"|'([ -&(-;=-~]*)')/y
const tagEnd = /([\t\n\r ]*)(\/?)>/y

/**
 * Reads the plain documents that Pacemaker's programs write: elements, attributes of printable ASCII and comments.
 * Knows nothing of faults: whatever it is not sure of is left to the whole reader, which then starts anew. A piece that
 * ends inside of a tag or a comment is such a thing.
 *
 * @param outline an empty one; has the nodes afterwards, the root first, and the pieces that were read
 * @returns false where the document is not plain, not well formed or beyond a limit
 */
export function scanPlain(pieces: Iterator<string>, limits: XmlLimits, outline: Outline): boolean {
  return new Scanner(pieces, limits, outline).document()
}

class Scanner {
  readonly #pieces: Iterator<string>
  readonly #limits: XmlLimits
  readonly #outline: Outline
  #charactersLeft: number
  /** The piece that is being read, and the place in it. */
  #text = ''
  #at = 0
  /** Elements that are open: their numbers in the outline, and what may come after them. */
  readonly #nodes: number[] = []
  readonly #afterEnds: Shape[][] = []
  #depth = 0
  /** Shapes that came last time after what was read last. */
  #followers: Shape[] = []

  constructor(pieces: Iterator<string>, limits: XmlLimits, outline: Outline) {
    this.#pieces = pieces
    this.#limits = limits
    this.#outline = outline
    this.#charactersLeft = limits.charactersMax
  }

  document(): boolean {
    if (!this.#nextPiece()) return false
    this.#at = declaration.exec(this.#text)?.[0].length ?? 0
    this.#skipBlanks()
    do {
      if (this.#at === this.#text.length && !this.#nextPiece()) return false
      if (this.#text.charCodeAt(this.#at) !== mark.less) return false
      const next = this.#text.charCodeAt(this.#at + 1)
      if (next === mark.slash) {
        if (!this.#close()) return false
      } else if (next === char.bang) {
        if (this.#depth === 0 || !this.#comment()) return false
      } else if (!this.#open()) return false
      if (this.#outline.length > this.#limits.nodesMax) return false
    } while (this.#depth > 0)
    return this.#at === this.#text.length && !this.#nextPiece()
  }

  #nextPiece(): boolean {
    const { value, done } = this.#pieces.next()
    if (done === true) return false
    this.#outline.addPiece(value)
    this.#charactersLeft -= value.length
    this.#text = value
    this.#at = 0
    return this.#charactersLeft >= 0
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
    if (!plainComment.test(text.slice(this.#at + 4, end))) return false
    this.#outline.addComment(this.#at)
    this.#at = end + 3
    this.#skipBlanks()
    return true
  }

  /** Reads the tag that begins an element, and ends the element where the tag does. */
  #open(): boolean {
    if (this.#depth >= this.#limits.depthMax) return false
    const followers = this.#followers
    const start = this.#at
    for (let i = 0; i < followers.length; i += 1) {
      const shape = followers[i] as Shape
      const end = shape.endOf(this.#text, start)
      if (end < 0) continue
      // A tag that is longer than a value may be is taken apart, and its values measured.
      if (end - start > this.#limits.valueCharactersMax) break
      if (i > 0) noteFollower(followers, shape)
      this.#at = end
      this.#opened(this.#outline.add(shape, start), shape)
      return true
    }
    return this.#openUnknown()
  }

  #opened(node: number, shape: Shape): void {
    this.#followers = shape.afterTag
    if (shape.isEmpty) return
    this.#nodes[this.#depth] = node
    this.#afterEnds[this.#depth] = shape.afterEnd
    this.#depth += 1
  }

  /** Reads a tag that is like none before, or not the one that was expected. */
  #openUnknown(): boolean {
    const start = this.#at
    const name = this.#next(tagName)?.[1]
    if (name === undefined) return false
    const names: string[] = []
    const flat: string[] = []
    let isOdd = false
    for (let found = this.#next(attribute); found !== null; found = this.#next(attribute)) {
      const [, before, called = '', quoted, apostrophed] = found
      const raw = quoted ?? apostrophed ?? ''
      const value = raw.includes('&') ? decode(raw) : raw
      if (value === undefined || names.includes(called) || raw.length > this.#limits.valueCharactersMax) return false
      if (before !== ' ' || quoted === undefined || raw.includes('&')) isOdd = true
      if (names.push(called) > this.#limits.attributesMax) return false
      flat.push(called, value)
    }
    const end = this.#next(tagEnd)
    if (end === null) return false
    // Namespaces are for the whole reader.
    if (names.includes('xmlns')) return false
    const shape = this.#outline.shape(name, names, end[2] === '/')
    if (isOdd || end[1] !== '') this.#opened(this.#outline.addOdd({ name, attributes: flat }, start), shape)
    else {
      shape.counted()
      noteFollower(this.#followers, shape)
      this.#opened(this.#outline.add(shape, start), shape)
    }
    this.#skipBlanks()
    return true
  }

  /** The next piece of the text, where it is one of that kind. */
  #next(piece: RegExp): RegExpExecArray | null {
    piece.lastIndex = this.#at
    const found = piece.exec(this.#text)
    if (found !== null) this.#at = piece.lastIndex
    return found
  }

  #close(): boolean {
    if (this.#depth === 0) return false
    const node = this.#nodes[this.#depth - 1] as number
    const name = this.#outline.nameOf(node)
    if (!this.#text.startsWith(name, this.#at + 2)) return false
    this.#at += 2 + name.length
    this.#skipBlanks()
    if (this.#text.charCodeAt(this.#at) !== mark.more) return false
    this.#at += 1
    this.#skipBlanks()
    this.#depth -= 1
    this.#outline.end(node)
    this.#followers = this.#afterEnds[this.#depth] as Shape[]
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
