import type { XmlElement } from '@quorate/xml'

/**
 * A line of a status display, and what stands beneath it. Displays are made of these, so that crm_mon, crm_simulate and
 * crm_resource say the same in their own layouts.
 */
export type StatusItem = {
  /** Printed before the text with a colon, where labels are printed: `Online: [ n1 n2 ]`. */
  readonly label?: string
  readonly text: string
  /** What stands beneath. An item that has any, even none of them, is a heading. */
  readonly items?: readonly StatusItem[]
  /** How it looks on a page: the class of its text. */
  readonly look?: string
  /** What a page has in the place of the text, part by part. */
  readonly parts?: readonly { readonly text: string; readonly look?: string }[]
  /** The same for programs, where they are told more than the text. */
  readonly data?: XmlElement
  /** A heading that does not end in a colon. */
  readonly isBare?: boolean
}

/** Layout of people: a bullet a line, two more blanks a level, headings end in a colon. */
export function fancyLines(items: readonly StatusItem[], depth: number): readonly string[] {
  const out: string[] = []
  for (const item of items) {
    const label = item.label === undefined ? '' : `${item.label}: `
    const colon = item.items === undefined || item.isBare === true ? '' : ':'
    // A list without a title only stands deeper.
    if (item.text !== '' || item.items === undefined) {
      out.push(`${'  '.repeat(depth)}* ${label}${item.text}${colon}`)
    }
    if (item.items !== undefined) out.push(...fancyLines(item.items, depth + 1))
  }
  return out
}

/** Layout of scores: bare texts, neither headings nor labels. */
export function plainLines(items: readonly StatusItem[]): readonly string[] {
  return items.flatMap((item) => (item.items === undefined ? [item.text] : plainLines(item.items)))
}

/** Names in brackets: `[ a b ]`. */
export function bracketed(names: readonly string[]): string {
  return `[ ${names.filter((name) => name !== '').join(' ')} ]`
}

/** Parts in brackets behind a text: ` (a, b)`; nothing where there are none. */
export function parenthesised(parts: readonly string[]): string {
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
