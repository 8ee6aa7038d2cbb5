/** A part of a page: an element with what is inside, or a text. */
export type HtmlNode = HtmlElement | string
export type HtmlElement = {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly HtmlNode[]
}

/** Elements that stand in a line of text. */
const inline: ReadonlySet<string> = new Set(['span'])
/** Elements without an end. */
const empty: ReadonlySet<string> = new Set(['meta', 'link'])
/** Elements whose text is not escaped. */
const raw: ReadonlySet<string> = new Set(['style'])

/** An element. */
export function html(
  name: string,
  children: readonly HtmlNode[] = [],
  attributes: Readonly<Record<string, string>> = {},
): HtmlElement {
  return { name, attributes, children }
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** What is beyond ASCII is written as its number. */
function escaped(text: string, pattern: RegExp): string {
  return text
    .replace(pattern, (found) => entities[found] as string)
    .replace(/[\u0080-\u{10ffff}]/gu, (found) => `&#x${found.codePointAt(0)?.toString(16).toUpperCase()};`)
}

/** Writes a tree as the pages of the C tools are laid out: an element a line, but for what stands alone in another or in a line of text. */
export function writeHtml(of: HtmlElement): string {
  const attributes = Object.entries(of.attributes)
    .map(([name, value]) => ` ${name}="${escaped(value, /[&<>"]/g)}"`)
    .join('')
  const head = `<${of.name}${attributes}>`
  if (empty.has(of.name)) return head
  const isBlock = !inline.has(of.name)
  const [first] = of.children
  const isSpread = isBlock && first !== undefined && typeof first !== 'string' && of.children.length > 1
  const inner = of.children.map((child, place) => {
    if (typeof child === 'string') return raw.has(of.name) ? child : escaped(child, /[&<>]/g)
    const next = of.children[place + 1]
    const isBroken = !inline.has(child.name) && next !== undefined && typeof next !== 'string'
    return `${writeHtml(child)}${isBroken ? '\n' : ''}`
  })
  return `${head}${isSpread ? '\n' : ''}${inner.join('')}${isSpread ? '\n' : ''}</${of.name}>`
}
