import { attr, child, type XmlElement } from '@quorate/xml'
import { configError, configWarning } from '../model/log.ts'
import type { Cluster } from '../model/model.ts'
import { ruleContext } from '../unpack/name-values.ts'
import { rulesAllow } from '../unpack/rule.ts'
import { sectionOf } from '../unpack/section.ts'
import { unpackColocation } from './colocation.ts'
import { unpackLocation } from './location.ts'
import { unpackOrder } from './order.ts'
import { unpackTicket } from './ticket.ts'

const readers: Readonly<Record<string, (cluster: Cluster, xml: XmlElement) => void>> = {
  rsc_location: unpackLocation,
  rsc_colocation: unpackColocation,
  rsc_order: unpackOrder,
  rsc_ticket: unpackTicket,
}

/** Reads the `constraints` section. What cannot be used is logged and skipped. */
export function unpackConstraints(cluster: Cluster): void {
  for (const xml of sectionOf(cluster.cib, 'constraints')?.children ?? []) {
    if (xml.name === '#comment') continue
    const read = readers[xml.name]
    if (read === undefined || attr(xml, 'id') === undefined) {
      const isNameless = attr(xml, 'id') === undefined
      const text = isNameless
        ? `Ignoring <${xml.name}> constraint without id`
        : `Unsupported constraint type: ${xml.name}`
      configError(cluster, 'pcmk__unpack_constraints', text)
      continue
    }
    const lifetime = child(xml, 'lifetime')
    if (lifetime !== undefined) {
      const why = 'the rules it contains should instead be direct descendents of the constraint object'
      const text = `Support for 'lifetime' attribute (in ${attr(xml, 'id') ?? ''}) is deprecated (${why})`
      configWarning(cluster, 'pcmk__unpack_constraints', text)
    }
    if (lifetime !== undefined && !rulesAllow(lifetime, ruleContext(cluster))) continue
    cluster.constraintRead = attr(xml, 'id')
    read(cluster, xml)
  }
  cluster.constraintRead = undefined
}
