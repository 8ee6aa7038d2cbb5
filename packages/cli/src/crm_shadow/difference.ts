import { type Change, changesBetween, versionOf, versionText } from '@quorate/cib'
import { attr, writeXml, type XmlElement } from '@quorate/xml'

/** How two CIBs differ, for people: `++` added, `--` removed, `+` attributes, `+~` moved. Empty where they do not. */
export function differenceText(before: XmlElement, after: XmlElement): string {
  const changes = changesBetween(before, after)
  if (changes.length === 0) return ''
  const head = [`Diff: --- ${versionText(versionOf(before))} 2`, `Diff: +++ ${versionText(versionOf(after))} (null)`]
  return [...head, ...changes.flatMap(linesOf)].map((line) => `${line}\n`).join('')
}

function linesOf(change: Change): readonly string[] {
  switch (change.operation) {
    case 'delete':
      return [`-- ${change.path}${change.position === undefined ? '' : ` (${change.position})`}`]
    case 'create':
      return [`++ ${change.path}:  ${writeXml(change.node)}`]
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
