import { usableCib } from '@quorate/cib'
import type { XmlElement } from '@quorate/xml'
import type { ToolHost } from './tool-host.ts'

/**
 * A CIB at a schema that the tools understand, upgraded where it is older. What that does to it, and why it cannot be done,
 * is told on the error output.
 *
 * @returns undefined where it cannot be upgraded
 */
export function currentCib(cib: XmlElement, host: ToolHost): XmlElement | undefined {
  const usable = usableCib(cib)
  for (const note of usable.notes) host.err(`${note}\n`)
  if (usable.ok) return usable.cib
  host.err(`${usable.reason}\n`)
  return undefined
}
