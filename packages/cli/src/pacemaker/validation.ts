import { cibFaultsIn } from '@quorate/cib'
import type { XmlElement } from '@quorate/xml'

/** Whether a CIB conforms to the schema that it claims. What is wrong is told to `report`, a line each. */
export function isValidCib(cib: XmlElement, report?: (message: string) => void): boolean {
  const faults = cibFaultsIn(cib)
  for (const { path, reason } of faults) report?.(`${path}: ${reason}`)
  return faults.length === 0
}
