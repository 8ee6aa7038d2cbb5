import { formatXml, type XmlElement } from '@quorate/xml'
import { schedule } from '../schedule.ts'
import type { StatusOptions } from '../status.ts'

/**
 * True where a CIB that was given away has other secrets than what runs was started with, so that they are taken for masked.
 * Where it has not, they are those of the cluster, and a change of one that is supposed is a change.
 */
export function hasOtherSecrets(cib: XmlElement, options: StatusOptions): boolean {
  const [masked, plain] = [true, false].map((hasMaskedSecrets) => schedule(cib, { ...options, hasMaskedSecrets }).graph)
  return masked === undefined || plain === undefined || formatXml(masked) !== formatXml(plain)
}
