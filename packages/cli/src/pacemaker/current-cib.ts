import { usableCib } from '@quorate/cib'
import { attr, type XmlElement } from '@quorate/xml'
import type { ToolHost } from './tool-host.ts'

/** What is said of a CIB that is held to no schema. */
const unvalidated =
  'Schema validation of configuration is disabled (enabling is encouraged and prevents common misconfigurations)'

/**
 * A CIB at a schema that the tools understand, upgraded where it is older. What that does to it, and why it cannot be done,
 * is told on the error output.
 *
 * @returns undefined where it cannot be upgraded
 */
export function currentCib(cib: XmlElement, host: ToolHost): XmlElement | undefined {
  if (attr(cib, 'validate-with') === 'none') host.err(`${unvalidated}\n`)
  const usable = usableCib(cib)
  for (const note of usable.notes) host.err(`${note}\n`)
  if (usable.ok) return usable.cib
  host.err(`${usable.reason}\n`)
  return undefined
}
