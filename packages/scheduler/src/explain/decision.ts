import { attr, child, descendants, idOf, type XmlElement } from '@quorate/xml'
import type { Cluster } from '../model/model.ts'
import { schedule } from '../schedule.ts'
import type { StatusOptions } from '../status.ts'
import { ScoreTrace } from './score-trace.ts'

/** A decision with everything that explanations of it need. */
export type Decision = {
  readonly cib: XmlElement
  readonly options: StatusOptions
  readonly cluster: Cluster
  /** What is to be done: the transition graph. */
  readonly graph: XmlElement
  readonly trace: ScoreTrace
  /** Constraints by their own id, and by those of the rules and sets in them. */
  readonly constraints: ReadonlyMap<string, XmlElement>
}

/** Decides on a CIB, and watches how the scores come about. */
export function decisionOn(cib: XmlElement, options: StatusOptions): Decision {
  const trace = new ScoreTrace()
  const { status: cluster, graph } = schedule(cib, { ...options, observer: trace })
  return { cib, options, cluster, graph, trace, constraints: constraintsOf(cib) }
}

/** Constraints of a CIB by every id under which one can be meant. */
export function constraintsOf(cib: XmlElement): ReadonlyMap<string, XmlElement> {
  const found = new Map<string, XmlElement>()
  const configuration = child(cib, 'configuration')
  const section = configuration === undefined ? undefined : child(configuration, 'constraints')
  for (const constraint of section?.children ?? []) {
    found.set(idOf(constraint), constraint)
    for (const part of descendants(constraint)) {
      if (part.name !== 'rule' && part.name !== 'resource_set') continue
      const id = attr(part, 'id') ?? attr(part, 'id-ref')
      if (id !== undefined && !found.has(id)) found.set(id, constraint)
    }
  }
  return found
}
