import type { XmlElement } from '@quorate/xml'
import type { Moment } from './date.ts'
import { Cluster } from './model/model.ts'
import { unpackSets } from './unpack/name-values.ts'
import { defaultSettings } from './unpack/settings.ts'

/**
 * Values of the sets of a name below an element of a CIB, as the scheduler takes them: of those whose rules hold at that
 * moment, the one of the highest score first, of equals the last.
 *
 * @param firstId the set of this id comes before all others
 */
export function namedValues(
  cib: XmlElement,
  of: XmlElement,
  setName: string,
  now: Moment,
  firstId?: string,
): ReadonlyMap<string, string> {
  const values = new Map<string, string>()
  const cluster = new Cluster(cib, now, defaultSettings, false, false)
  unpackSets(cluster, of, setName, values, undefined, firstId === undefined ? {} : { firstId })
  return values
}
