import { failed, ok, type Result } from '@quorate/base'
import { attr, withAttributes, type XmlElement } from '@quorate/xml'
import { cibFaults } from './fault.ts'
import { schemaNames } from './schema-name.ts'
import { versionOf, withVersion } from './version.ts'

/** The oldest schema whose documents the scheduler understands as they are. */
export const oldestCurrentSchema = 'pacemaker-3.0'

/**
 * The CIB claiming the newest schema, up to a limit, that it conforms to (behaviour/pacemaker-daemons.md 1.10), with
 * the counters of an upgrade. From {@link oldestCurrentSchema} on no schema asks for the document to be rewritten.
 *
 * @returns a code of {@link cibFaults} when it conforms to nothing, or is as new as it can be
 */
export function upgraded(
  cib: XmlElement,
  isValid: (cib: XmlElement) => boolean,
  schemaMax?: string,
): Result<XmlElement, number> {
  const now = attr(cib, 'validate-with')
  const from = Math.max(0, schemaNames.indexOf(now ?? ''))
  const to = schemaMax === undefined ? schemaNames.length - 1 : schemaNames.indexOf(schemaMax)
  if (now === 'none') return failed(cibFaults.schemaUnchanged)
  if (!isValid(withSchema(cib, schemaNames[from]))) return failed(cibFaults.schema)
  if (from < schemaNames.indexOf(oldestCurrentSchema)) return failed(cibFaults.transform)
  let best = from
  for (let i = from + 1; i <= to && isValid(withSchema(cib, schemaNames[i])); i += 1) best = i
  if (best === from) return failed(cibFaults.schemaUnchanged)
  const { adminEpoch } = versionOf(cib)
  return ok(withVersion(withSchema(cib, schemaNames[best]), { adminEpoch: adminEpoch + 1, epoch: 1, updates: 1 }))
}

function withSchema(cib: XmlElement, schema: string | undefined): XmlElement {
  return withAttributes(cib, { 'validate-with': schema })
}
