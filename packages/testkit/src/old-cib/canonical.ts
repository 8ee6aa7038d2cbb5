import { attributePairs, isComment, type XmlElement } from '@quorate/xml'

/** A document as lines in which the order of attributes does not matter: what two programs have to agree on. */
export function canonicalLines(root: XmlElement): readonly string[] {
  const lines: string[] = []
  const walk = (node: XmlElement, indent: string): void => {
    if (isComment(node)) {
      lines.push(`${indent}#${node.text}`)
      return
    }
    const attributes = [...attributePairs(node)].map(([name, value]) => `${name}=${JSON.stringify(value)}`).sort()
    lines.push(`${indent}${[node.name, ...attributes].join(' ')}`)
    for (const item of node.children) walk(item, `${indent}  `)
  }
  walk(root, '')
  return lines
}
