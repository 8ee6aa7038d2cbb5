import { simulate } from '@quorate/scheduler'
import type { XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { fresh, withEvents } from './course-events.ts'
import { randomNowSeconds } from './history.ts'

/**
 * A cluster that has run for a while: its histories are those which transitions leave, carried out one after the other with
 * things that happen in between, and the last of these is what has to be decided on. Such clusters are of one piece, where
 * those made at random contradict themselves everywhere.
 */
export function withCourse(chance: Chance, cib: XmlElement): XmlElement {
  let now = chance.yes(75) ? fresh(chance, cib) : cib
  for (let i = chance.int(1, 3); i > 0; i -= 1) {
    const { output } = simulate(now, { nowSeconds: randomNowSeconds, process: true, simulate: true })
    now = withEvents(chance, output)
  }
  return now
}
