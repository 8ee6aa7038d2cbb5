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
  return text === '' ? text : text.replace(/[&<>]/g, (found) => entities[found] as string)
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
 */
export function formatXml(root: XmlElement, depth = 0): string {
  const indents: string[] = []
  for (let i = 0; i < depth; i += 1) indents.push('  '.repeat(i))
  return pretty(root, depth, indents)
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

function pretty(node: XmlElement, depth: number, indents: string[]): string {
  indents[depth] ??= '  '.repeat(depth)
  const indent = indents[depth]
  if (isComment(node)) return `${indent}<!--${node.text}-->\n`
  const tag = indent + tagOf(node, undefined)
  if (node.children.length === 0) {
    return node.text === '' ? `${tag}/>\n` : `${tag}>${escapeText(node.text)}</${node.name}>\n`
  }
  let out = `${tag}>${escapeText(node.text)}\n`
  for (const child of node.children) out += pretty(child, depth + 1, indents)
  return `${out}${indent}</${node.name}>\n`
}
