import { cibCallOptions, cibFaults } from '@quorate/cib'
import { element, type XmlElement } from '@quorate/xml'
import type { CibAccess, CibAnswer } from './cib-source.ts'
import { type FoundNvpair, foundNvpair, literal, type NvpairPlace, nvpairId } from './nvpair-place.ts'

/** Which entries of a place are meant: those with all that is given here. */
export type NvpairFilter = {
  readonly name?: string | undefined
  readonly id?: string | undefined
  readonly set?: string | undefined
}

/** Entries of a place that a filter lets through; none is an empty list. */
export async function findNvpairs(
  cib: CibAccess,
  place: NvpairPlace,
  filter: NvpairFilter,
): Promise<readonly FoundNvpair[]> {
  const set = filter.set === undefined ? '' : `[@id=${literal(filter.set)}]`
  const tests = [
    filter.id === undefined ? '' : `[@id=${literal(filter.id)}]`,
    filter.name === undefined ? '' : `[@name=${literal(filter.name)}]`,
  ]
  const section = `${place.xpath}${set}//nvpair${tests.join('')}`
  const options = cibCallOptions.xpath | cibCallOptions.scopeLocal
  const { rc, output } = await cib.perform({ op: 'cib_query', section, options })
  if (rc !== 0 || output === undefined) return []
  return (output.name === 'xpath-query' ? output.children : [output]).map(foundNvpair)
}

/** Section of the CIB that a place is in. */
function sectionOf({ scope }: NvpairPlace): string {
  return scope === 'tickets' ? 'status' : scope
}

/** Sets an entry: that which was found, or a new one. */
export async function setNvpair(
  cib: CibAccess,
  place: NvpairPlace,
  entry: NvpairFilter & { readonly name: string; readonly value: string },
  found: FoundNvpair | undefined,
): Promise<CibAnswer> {
  const setId = entry.set ?? place.setId
  const id = found?.id ?? entry.id ?? nvpairId(setId, entry.name)
  const nvpair = element('nvpair', { id, name: entry.name, value: entry.value })
  const data = found === undefined ? place.wrap(element(place.setName, { id: setId }, [nvpair])) : nvpair
  // A node that the cluster never saw must not come into being by an attribute of it.
  const options = place.scope === 'status' ? 0 : cibCallOptions.canCreate
  return cib.perform({ op: 'cib_modify', section: sectionOf(place), options, data })
}

/** Removes an entry that was found. */
export async function deleteNvpair(cib: CibAccess, place: NvpairPlace, found: FoundNvpair): Promise<CibAnswer> {
  const data = element('nvpair', { id: found.id, name: found.name })
  return cib.perform({ op: 'cib_delete', section: sectionOf(place), data })
}

/** The whole CIB, or the code with which it was refused. */
export async function wholeCib(
  cib: CibAccess,
): Promise<{ readonly rc: 0; readonly cib: XmlElement } | { readonly rc: number }> {
  const { rc, output } = await cib.perform({ op: 'cib_query', options: cibCallOptions.scopeLocal })
  if (rc !== 0) return { rc }
  return output === undefined ? { rc: cibFaults.noSuchObject } : { rc: 0, cib: output }
}
