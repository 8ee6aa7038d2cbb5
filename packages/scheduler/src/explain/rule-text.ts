import { attr, attributePairs, type XmlElement } from '@quorate/xml'

/** A rule in short, with the words of its elements: `#uname eq n1 and (date gt 2030-01-01)`. */
export function ruleText(rule: XmlElement): string {
  const word = attr(rule, 'boolean-op')?.toLowerCase() === 'or' ? 'or' : 'and'
  return rule.children.flatMap((part) => expressionText(part) ?? []).join(` ${word} `)
}

/** True where the time decides whether a rule holds. */
export function dependsOnTime(rule: XmlElement): boolean {
  return rule.children.some((part) => part.name === 'date_expression' || (part.name === 'rule' && dependsOnTime(part)))
}

function expressionText(part: XmlElement): string | undefined {
  switch (part.name) {
    case 'rule':
      return ruleText(part) === '' ? undefined : `(${ruleText(part)})`
    case 'expression': {
      const [name, operation] = [attr(part, 'attribute') ?? '', attr(part, 'operation') ?? '']
      if (operation === 'defined' || operation === 'not_defined') return `${operation} ${name}`
      return `${name} ${operation} ${attr(part, 'value') ?? ''}`.trim()
    }
    case 'date_expression':
      return dateText(part)
    case 'rsc_expression':
    case 'op_expression':
      return `${part.name} ${valuesText(part)}`
    default:
      return undefined
  }
}

function dateText(part: XmlElement): string {
  const [start, end] = [attr(part, 'start'), attr(part, 'end')]
  const operation = attr(part, 'operation') ?? 'in_range'
  if (operation === 'gt') return `date gt ${start ?? ''}`
  if (operation === 'lt') return `date lt ${end ?? ''}`
  const specs = part.children.map((item) => (item.name === operation ? '' : `${item.name} `) + valuesText(item))
  const range = [start, end].some((at) => at !== undefined) ? [`from ${start ?? 'ever'} to ${end ?? 'ever'}`] : []
  return `date ${operation} ${[...range, ...specs].join(', ')}`.trim()
}

function valuesText(of: XmlElement): string {
  return [...attributePairs(of)]
    .filter(([name]) => name !== 'id')
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}
