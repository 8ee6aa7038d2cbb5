import { comment, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { rewriteBelow } from './rewrite.ts'

/** Puts comments between, before and behind elements, and into elements that have nothing else in them. */
export function withComments(chance: Chance, cib: XmlElement): XmlElement {
  const sharePercent = chance.pick([3, 10, 40])
  const some = (): readonly XmlElement[] => (chance.yes(sharePercent) ? [comment(' for whoever reads this ')] : [])
  const commented = (item: XmlElement): XmlElement =>
    withChildren(item, [...some(), ...item.children.flatMap((inner) => [inner, ...some()])])
  return commented(rewriteBelow(cib, (item) => [commented(item)]))
}
