import { cibFaultsIn, schemaFaultsMax } from '@quorate/cib'
import { attr, idOf, isComment, type XmlElement } from '@quorate/xml'

/** Lines of elements in the file that they were read from. */
export type Lines = ReadonlyMap<XmlElement, number>

/** Whether a CIB conforms to the schema that it claims. What is wrong is told to `report`, a line each. */
export function isValidCib(cib: XmlElement, report?: (message: string) => void): boolean {
  const faults = cibFaultsIn(cib, report === undefined ? 1 : schemaFaultsMax)
  for (const { path, reason } of faults) report?.(`${path}: ${reason}`)
  return faults.length === 0
}

/**
 * In what a CIB from a file does not conform to its schema: `FILE:LINE: PATH: what was expected`, a line each.
 *
 * @param sections elements with CDATA, which no schema allows but in the status, where other text of a file counts for nothing
 */
export function invalidLines(cib: XmlElement, file: string, lines: Lines, sections?: Elements): readonly string[] {
  const faults = cibFaultsIn(cib).map(
    ({ path, reason, element }) => `${file}:${lines.get(element) ?? 1}: ${path}: ${reason}`,
  )
  if (sections === undefined || sections.size === 0 || (attr(cib, 'validate-with') ?? 'none') === 'none') return faults
  return [...faults, ...strayTextLines(cib, file, lines, sections)]
}

/** Some elements of a document. */
export type Elements = ReadonlySet<XmlElement>

/**
 * Where a CIB has text among its elements, which no schema allows but in the status: `FILE:LINE: <element>: …`, a line each.
 *
 * @param among elements that are looked at; left out: all
 */
export function strayTextLines(cib: XmlElement, file: string, lines: Lines, among?: Elements): readonly string[] {
  const found: string[] = []
  const pending = [cib]
  for (let item = pending.pop(); item !== undefined; item = pending.pop()) {
    if (isComment(item) || item.name === 'status') continue
    const text = among === undefined || among.has(item) ? item.text.trim().slice(0, strayTextMax) : ''
    const name = `<${item.name}${idOf(item) === '' ? '' : ` id="${idOf(item)}"`}>`
    if (text !== '') found.push(`${file}:${lines.get(item) ?? 1}: ${name}: expected elements only, got text '${text}'`)
    for (let i = item.children.length - 1; i >= 0; i -= 1) pending.push(item.children[i] as XmlElement)
  }
  return found
}

/** So much of a text is shown. */
const strayTextMax = 40
