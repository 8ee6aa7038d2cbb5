import { withAttributes, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'

/** What a CIB may claim to be valid by: mostly what its tool is of, or nothing that is held to a schema. */
const claims = ['pacemaker-3.9', 'pacemaker-3.9', 'pacemaker-3.9', 'pacemaker-3.0', 'pacemaker-2.10', 'pacemaker-1.2']
const oddClaims = ['pacemaker-next', 'pacemaker-0.6', 'transitional-0.6', 'pacemaker-4.0', '']

/** The CIB with a schema that it claims, whether or not it is valid by it. */
export function withSchema(chance: Chance, cib: XmlElement): XmlElement {
  if (chance.yes(55)) return cib
  const claim = chance.pick(chance.yes(85) ? claims : oddClaims)
  return withAttributes(cib, { 'validate-with': claim })
}
