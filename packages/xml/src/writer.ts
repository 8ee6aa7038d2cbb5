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
 * As there, all this stops at the first character beyond ASCII; only `& < "`, without which the text would no longer be
 * XML, are escaped to the end (a C node writes a document there that nobody can read).
 */
export function escapeValue(value: string): string {
  if (plain.test(value)) return value
  let out = ''
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i)
    if (code >= 0x80) return out + value.slice(i).replace(markup, (found) => entities[found] as string)
    const char = value[i] as string
    const entity = entities[char]
    if (entity !== undefined) out += entity
    else if (code < 0x20 || code > 0x7e) out += `\\${code.toString(8).padStart(3, '0')}`
    else out += char
  }
  return out
}

/** Character data: only what would end it is escaped. */
function escapeText(text: string): string {
  return text.replace(/[&<>]/g, (found) => entities[found] as string)
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
  const out: string[] = []
  write(root, out, options.withoutAttributes, -1)
  return out.join('')
}

/**
 * The document with an element on each line, two spaces a level, and a line end after the last: the format of cib.xml
 * and of what cibadmin prints. No declaration.
 *
 * @param depth level at which the root stands
 */
export function formatXml(root: XmlElement, depth = 0): string {
  const out: string[] = []
  write(root, out, undefined, depth)
  return out.join('')
}

function write(node: XmlElement, out: string[], without: ReadonlySet<string> | undefined, depth: number): void {
  const pretty = depth >= 0
  const indent = pretty ? '  '.repeat(depth) : ''
  const newline = pretty ? '\n' : ''
  if (isComment(node)) {
    out.push(`${indent}<!--${node.text}-->${newline}`)
    return
  }
  let tag = `${indent}<${node.name}`
  const flat = node.attributes
  for (let i = 0; i < flat.length; i += 2) {
    if (without?.has(flat[i] as string)) continue
    tag += ` ${flat[i]}="${escapeValue(flat[i + 1] as string)}"`
  }
  if (node.children.length === 0 && node.text === '') {
    out.push(`${tag}/>${newline}`)
    return
  }
  if (node.children.length === 0) {
    out.push(`${tag}>${escapeText(node.text)}</${node.name}>${newline}`)
    return
  }
  out.push(`${tag}>${escapeText(node.text)}${newline}`)
  for (const child of node.children) write(child, out, without, pretty ? depth + 1 : -1)
  out.push(`${indent}</${node.name}>${newline}`)
}
