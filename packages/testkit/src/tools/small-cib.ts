import { withAttributes, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { randomCib } from '../conformance/random/cib.ts'
import { parseFeatures } from '../conformance/random/feature.ts'
import { changed } from './cib-piece.ts'

const mixes = ['none', 'none', 'plain', 'all'].map(parseFeatures)
const schemas = ['pacemaker-3.9', 'pacemaker-3.9', 'pacemaker-3.0', 'pacemaker-2.10', 'pacemaker-1.2']

/** A CIB of a small cluster, some of them held to a schema. */
export function smallCib(chance: Chance): XmlElement {
  const made = randomCib(chance.int(1, 1_000_000), chance.pick(mixes))
  const claimed = chance.yes(30) ? withAttributes(made, { 'validate-with': chance.pick(schemas) }) : made
  return withAttributes(claimed, {
    epoch: chance.pick(['1', '7', '0', '99']),
    num_updates: chance.pick(['0', '3', '12']),
  })
}

/** A CIB as it is after a few changes. */
export function laterCib(chance: Chance, cib: XmlElement): XmlElement {
  let now = cib
  for (let i = chance.pick([0, 1, 1, 2, 4]); i > 0; i -= 1) now = changed(chance, now)
  if (chance.yes(60)) return now
  return withAttributes(now, {
    epoch: chance.pick(['2', '8', '100', '0', undefined]),
    num_updates: chance.pick(['0', '4', undefined]),
    admin_epoch: chance.pick(['0', '1', 'x', undefined]),
  })
}
