import { type Acl, type AclAccess, type AclMarks, accessOf, aclMarks, marksBelow } from '@quorate/cib'
import { attributePairs, isComment, type XmlElement } from '@quorate/xml'

/** How what a user may do is shown: marks between the lines, namespaces, or colours of a terminal. */
export type AccessStyle = 'text' | 'namespace' | 'color'

const marks: Readonly<Record<AclAccess, string>> = { denied: '~DENIED~', readable: 'READABLE', writable: 'WRITABLE' }
const colors: Readonly<Record<AclAccess, string>> = { denied: '31', readable: '34', writable: '32' }
const plain = '\u001b[0m'
const spaces = 'http://clusterlabs.org/ns/pacemaker/access/'
/** In the order in which their namespaces are declared. */
const levels: readonly AclAccess[] = ['writable', 'readable', 'denied']

/**
 * An XML document with what a user may do with its parts, as `cibadmin --show-access` prints it. Values are shown as they
 * are, for people; with namespaces they are escaped where the text would be no XML otherwise.
 */
export function accessText(root: XmlElement, acl: Acl, style: AccessStyle): string {
  const writer = new Writer(style)
  writer.add(root, aclMarks(root, acl), undefined, '')
  return `<!-- ACLs as evaluated for user ${acl.user} -->\n${writer.text()}`
}

class Writer {
  readonly #style: AccessStyle
  readonly #parts: string[] = []
  readonly #used = new Set<AclAccess>()
  /** Place among the parts where namespaces are declared. */
  #declarations: number | undefined

  constructor(style: AccessStyle) {
    this.#style = style
  }

  text(): string {
    if (this.#style === 'namespace' && this.#declarations !== undefined) {
      const used = levels.filter((level) => this.#used.has(level))
      this.#parts[this.#declarations] = used.map((level) => ` xmlns:${prefix(level)}="${spaces}${level}"`).join('')
    }
    return this.#parts.join('')
  }

  /** Adds an element; `around` is the access to the one that it stands in, undefined for the root. */
  add(node: XmlElement, marked: AclMarks, around: AclAccess | undefined, indent: string): void {
    if (isComment(node)) {
      this.#parts.push(`${indent}<!-- ${node.text} -->\n\n`)
      return
    }
    const access = accessOf(marked.bits, around ?? 'denied')
    const isNew = access !== around
    if (isNew) this.#used.add(access)
    if (isNew && this.#style === 'text') {
      if (around !== undefined) this.#parts.push(`${indent}\n`)
      this.#parts.push(`${indent}vvv---[ ${marks[access]} ]---vvv\n`)
    }
    const [on, off] = this.#style === 'color' ? [`\u001b[${colors[access]}m`, plain] : ['', '']
    const name = isNew && this.#style === 'namespace' ? `${prefix(access)}:${node.name}` : node.name
    this.#parts.push(`${indent}${on}<${name}${this.#attributes(node)}`)
    this.#declarations ??= this.#parts.push('') - 1
    if (node.children.length === 0) {
      this.#parts.push(`/>${off}\n`)
      return
    }
    this.#parts.push('>\n')
    for (const [index, item] of node.children.entries()) {
      this.add(item, marksBelow(marked, index), access, `${indent}  `)
    }
    this.#parts.push(`${indent}${on}</${name}>${off}\n`)
  }

  #attributes(node: XmlElement): string {
    const shown = (value: string) => (this.#style === 'namespace' ? value.replace(/[<&"]/g, escaped) : value)
    return [...attributePairs(node)].map(([name, value]) => ` ${name}="${shown(value)}"`).join('')
  }
}

function prefix(access: AclAccess): string {
  return `pcmk-access-${access}`
}

function escaped(character: string): string {
  return character === '<' ? '&lt;' : character === '&' ? '&amp;' : '&quot;'
}
