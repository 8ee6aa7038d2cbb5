import { cibFaultsIn, schemaFaultsMax } from '@quorate/cib'
import type { XmlElement } from '@quorate/xml'

/** Lines of elements in the file that they were read from. */
export type Lines = ReadonlyMap<XmlElement, number>

/** Whether a CIB conforms to the schema that it claims. What is wrong is told to `report`, a line each. */
export function isValidCib(cib: XmlElement, report?: (message: string) => void): boolean {
  const faults = cibFaultsIn(cib, report === undefined ? 1 : schemaFaultsMax)
  for (const { path, reason } of faults) report?.(`${path}: ${reason}`)
  return faults.length === 0
}

/** In what a CIB from a file does not conform to its schema: `FILE:LINE: PATH: what was expected`, a line each. */
export function invalidLines(cib: XmlElement, file: string, lines: Lines): readonly string[] {
  return cibFaultsIn(cib).map(({ path, reason, element }) => `${file}:${lines.get(element) ?? 1}: ${path}: ${reason}`)
}
