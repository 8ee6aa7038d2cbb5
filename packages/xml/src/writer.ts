import { encodeText } from '@quorate/base'
import { isComment, type XmlElement } from './element.ts'

const plain = /^[ !#-%(-;=?-~]*$/
const markup = /[&<"]/g
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '    ',
  '\n': '\\n',
  '\r': '\\r',
}

/**
 * An attribute value as Pacemaker writes it, byte for byte (behaviour/pacemaker-daemons.md 1.7): the five entities, a tab as four
 * spaces, line ends as backslash and letter, other control characters as backslash and three octal digits.
 * As there, all this stops at the first character beyond ASCII; only `& < "` and what XML has no place for, without which
 * the text would no longer be XML, are escaped to the end (a C node writes a document there that nobody can read).
 */
export function escapeValue(value: string): string {
  if (plain.test(value)) return value
  let out = ''
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i)
    if (code >= 0x80) return out + legal(value.slice(i)).replace(markup, (found) => entities[found] as string)
    const char = value[i] as string
    const entity = entities[char]
    if (entity !== undefined) out += entity
    else if (code < 0x20 || code > 0x7e) out += octal(code)
    else out += char
  }
  return out
}

const resultMarkup = /[&<>"\n\r\t]/g
const resultEntities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
}

/** A value as libxml2 writes it, and with it the results of tools: what the C program's own writer does not. */
function escapeResultValue(value: string): string {
  return inAscii(legal(value).replace(resultMarkup, (found) => resultEntities[found] as string))
}

/** Character data: only what would end it is escaped, and what XML has no place for. */
function escapeText(text: string): string {
  return text === '' ? text : legal(text).replace(/[&<>]/g, (found) => entities[found] as string)
}

/** The text with what ASCII has not by its number, as libxml2 writes a document that says nothing of its encoding. */
function inAscii(text: string): string {
  return text.replace(/[^\0-\x7f]/gu, (found) => `&#x${(found.codePointAt(0) ?? 0).toString(16).toUpperCase()};`)
}

function octal(code: number): string {
  return `\\${code.toString(8).padStart(3, '0')}`
}

/**
 * The text without characters that no document may have, not even as references: control characters become backslash and
 * three octal digits, the two code points that are none the sign for that. They come from what agents print, and whoever
 * sent such a document would find it refused.
 */
function legal(text: string): string {
  let out = ''
  let from = 0
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i)
    const isControl = code < 0x20 && code !== 0x09 && code !== 0x0a && code !== 0x0d
    if (!isControl && code < 0xfffe) continue
    out += text.slice(from, i) + (isControl ? octal(code) : '\ufffd')
    from = i + 1
  }
  return from === 0 ? text : out + text.slice(from)
}

/** Which attributes a writer leaves out. */
export type WriteOptions = {
  /** Attributes of these names are not written, on any element. */
  readonly withoutAttributes?: ReadonlySet<string>
}

/**
 * The document on one line without white space between elements: what travels in messages and what digests are made
 * of. No declaration, no line end.
 */
export function writeXml(root: XmlElement, options: WriteOptions = {}): string {
  return flat(root, options.withoutAttributes)
}

/**
 * The document with an element on each line, two spaces a level, and a line end after the last: the format of cib.xml
 * and of what cibadmin prints. No declaration.
 *
 * @param depth level at which the root stands
 * @param verbatim names of elements whose text is written as CDATA sections; given for results of tools only, of which
 *   attributes are written as libxml2 does
 */
export function formatXml(root: XmlElement, depth = 0, verbatim?: ReadonlySet<string>): string {
  const parts: string[] = []
  pretty(root, depth, { add: (text) => parts.push(text) }, verbatim)
  return parts.join('')
}

/** {@link formatXml} as UTF-8: for files, which a text of many megabytes would only be made for on the way. */
export function encodeXml(root: XmlElement): Uint8Array {
  const sink = new Utf8Sink()
  pretty(root, 0, sink)
  return sink.bytes()
}

/** What a document is written to, piece by piece. */
type Sink = { add(text: string): void }

/** Bytes that a document's encoding has room for at first. */
const roomAtFirst = 1 << 16

class Utf8Sink implements Sink {
  #bytes = new Uint8Array(roomAtFirst)
  #length = 0

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  add(text: string): void {
    const from = this.#length
    this.#makeRoom(text.length)
    const bytes = this.#bytes
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) return this.#addEncoded(text)
      bytes[from + i] = code
    }
    this.#length = from + text.length
  }

  #addEncoded(text: string): void {
    const encoded = encodeText(text)
    this.#makeRoom(encoded.length)
    this.#bytes.set(encoded, this.#length)
    this.#length += encoded.length
  }

  #makeRoom(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = new Uint8Array(2 * (this.#length + more))
    larger.set(this.#bytes.subarray(0, this.#length))
    this.#bytes = larger
  }
}

function tagOf(node: XmlElement, without: ReadonlySet<string> | undefined): string {
  const flat = node.attributes
  let tag = `<${node.name}`
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] as string
    if (without?.has(name) !== true) tag += ` ${name}="${escapeValue(flat[i + 1] as string)}"`
  }
  return tag
}

function flat(node: XmlElement, without: ReadonlySet<string> | undefined): string {
  if (isComment(node)) return `<!--${node.text}-->`
  const tag = tagOf(node, without)
  if (node.children.length === 0 && node.text === '') return `${tag}/>`
  let out = `${tag}>${escapeText(node.text)}`
  for (const child of node.children) out += flat(child, without)
  return `${out}</${node.name}>`
}

const indents: string[] = []

/** A text as CDATA; what would end the section is divided between two. */
function cdata(text: string): string {
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`
}

function indentOf(depth: number): string {
  const known = indents[depth]
  if (known !== undefined) return known
  for (let i = indents.length; i <= depth; i += 1) indents.push('  '.repeat(i))
  return indents[depth] ?? ''
}

function pretty(node: XmlElement, depth: number, out: Sink, verbatim?: ReadonlySet<string>): void {
  const indent = indentOf(depth)
  out.add(indent)
  if (isComment(node)) {
    out.add(`<!--${node.text}-->\n`)
    return
  }
  out.add('<')
  out.add(node.name)
  const { attributes } = node
  for (let i = 0; i < attributes.length; i += 2) {
    out.add(' ')
    out.add(attributes[i] as string)
    out.add('="')
    const value = attributes[i + 1] as string
    out.add(verbatim === undefined ? escapeValue(value) : escapeResultValue(value))
    out.add('"')
  }
  if (node.children.length === 0 && node.text === '') {
    out.add('/>\n')
    return
  }
  out.add('>')
  if (node.text !== '') {
    const isVerbatim = verbatim?.has(node.name) === true
    const escaped = isVerbatim ? cdata(node.text) : escapeText(node.text)
    out.add(verbatim === undefined || isVerbatim ? escaped : inAscii(escaped))
  }
  if (node.children.length > 0) {
    out.add('\n')
    for (const child of node.children) pretty(child, depth + 1, out, verbatim)
    out.add(indent)
  }
  out.add('</')
  out.add(node.name)
  out.add('>\n')
}
