import {
  type Change,
  type CibVersion,
  changesBetween,
  compareVersions,
  versionAttributes,
  versionOf,
  versionText,
} from '@quorate/cib'
import { attr, formatXml, withAttributes, type XmlElement } from '@quorate/xml'

/** How two CIBs differ, for people: `++` added, `--` removed, `+` attributes, `+~` moved. Empty where they do not. */
export function differenceText(before: XmlElement, after: XmlElement): string {
  // Documents that are not about the same thing do not differ in anything that could be told.
  if (attr(before, 'id') !== attr(after, 'id')) return ''
  const changes = changesBetween(before, after)
  if (changes.length === 0) return ''
  const [old, now] = [versionOf(before), versionNow(before, after)]
  const isSame = compareVersions(old, now) === 0
  const head = isSame
    ? [`  : Local-only Change: ${versionText(now)}`]
    : [`Diff: --- ${versionText(old)} 2`, `Diff: +++ ${versionText(now)} (null)`]
  return [...head, ...changes.flatMap(linesOf)].map((line) => `${line}\n`).join('')
}

/** Version of the new document: what it does not have is as in the old one, and what is no number less than any. */
function versionNow(before: XmlElement, after: XmlElement): CibVersion {
  const missing = versionAttributes.filter((name) => attr(after, name) === undefined)
  return versionOf(withAttributes(after, Object.fromEntries(missing.map((name) => [name, attr(before, name)]))), -1)
}

/** What was created, a line an element, beneath one another; that on top looks as if nothing were in it. */
function createdLines(path: string, node: XmlElement): readonly string[] {
  const [first = '', ...rest] = formatXml(node).trimEnd().split('\n')
  const head = `++ ${path}:  `
  const isOpen = rest.length > 0 && node.children.length > 0
  const indent = `++ ${' '.repeat(head.length - 3)}`
  return [`${head}${isOpen ? first.replace(/>$/, '/>') : first}`, ...rest.map((line) => `${indent}${line}`)]
}

function linesOf(change: Change): readonly string[] {
  switch (change.operation) {
    case 'delete':
      return [`-- ${change.path}${change.position === undefined ? '' : ` (${change.position})`}`]
    case 'create':
      return createdLines(change.path, change.node)
    case 'move':
      return [`+~ ${change.path} moved to offset ${change.position}`]
    case 'modify': {
      const set = change.attributes.filter(({ value }) => value !== undefined)
      const gone = change.attributes.filter(({ value }) => value === undefined)
      const lines: string[] = []
      const list = set.map(({ name }) => `@${name}=${attr(change.result, name) ?? ''}`)
      if (list.length > 0) lines.push(`+  ${change.path}:  ${list.join(', ')}`)
      if (gone.length > 0) lines.push(`-- ${change.path}:  ${gone.map(({ name }) => `@${name}`).join(', ')}`)
      return lines
    }
    default:
      return change satisfies never
  }
}
