import { attr, idOf, type XmlElement } from '@quorate/xml'
import { task } from '../action/key.ts'
import { configError, configWarning, configWarningOnce } from '../model/log.ts'
import type { Cluster } from '../model/model.ts'
import { edgeFlag } from '../order/flags.ts'
import { parseBoolean, sameText } from '../scalar.ts'
import { parseScore } from '../score.ts'

export type OrderKind = 'mandatory' | 'optional' | 'serialize'
/** Direction in which an order holds: both ways, or as the forward or the backward half of both. */
export type Symmetry = 'asymmetric' | 'symmetric' | 'inverse'

/**
 * The kind of an order: said outright, or by a score of 0.
 *
 * @param lookups how often the tools look a kind up, and complain about it
 */
export function orderKind(cluster: Cluster, xml: XmlElement, lookups: number): OrderKind {
  const text = attr(xml, 'kind')
  if (text === undefined) {
    const score = attr(xml, 'score')
    if (score !== undefined) {
      const what = "Support for 'score' in rsc_order is deprecated and will be removed in a future release"
      configWarningOnce(cluster, 'get_ordering_type', `${what} (use 'kind' instead)`)
    }
    return score !== undefined && parseScore(score, cluster.settings.health) === 0 ? 'optional' : 'mandatory'
  }
  if (sameText(text, 'Mandatory')) return 'mandatory'
  if (sameText(text, 'Optional')) return 'optional'
  if (sameText(text, 'Serialize')) return 'serialize'
  const complaint = `Resetting 'kind' for constraint ${idOf(xml)} to 'Mandatory' because '${text}' is not valid`
  for (let i = 0; i < lookups; i += 1) configError(cluster, 'get_ordering_type', complaint)
  return 'mandatory'
}

/**
 * Whether an order also holds backwards, which one that serializes cannot.
 *
 * @param xml of the constraint or the set of it that is looked at, and complained about
 * @param text of `symmetrical`, which a set may have from its constraint
 * @param lookups how often the tools look it up
 */
export function isSymmetric(
  cluster: Cluster,
  kind: OrderKind,
  xml: XmlElement,
  text: string | undefined,
  lookups: number,
): boolean {
  const asked = parseBoolean(text)
  if (kind !== 'serialize') return asked ?? true
  if (asked === true) {
    const complaint = `Ignoring symmetrical for '${idOf(xml)}' because not valid with kind of 'Serialize'`
    for (let i = 0; i < lookups; i += 1) configWarning(cluster, 'get_ordering_symmetry', complaint)
  }
  return false
}

/** What an order of that kind implies, seen from the first task's side. */
export function orderFlags(kind: OrderKind, firstTask: string, symmetry: Symmetry): number {
  let flags: number = edgeFlag.optional
  if (kind === 'serialize') return flags | edgeFlag.serialize
  if (kind === 'optional') return flags
  if (symmetry === 'asymmetric') flags |= edgeFlag.asymmetric
  else if (symmetry === 'symmetric') {
    flags |= edgeFlag.impliesThen
    if (firstTask === task.start || firstTask === task.promote) flags |= edgeFlag.runnableLeft
  } else flags |= edgeFlag.impliesFirst
  return flags
}

const inverses: ReadonlyMap<string, string> = new Map([
  [task.start, task.stop],
  [task.stop, task.start],
  [task.promote, task.demote],
  [task.demote, task.promote],
  [task.running, task.stopped],
  [task.stopped, task.running],
  [task.promoted, task.demoted],
  [task.demoted, task.promoted],
])

/** The task that undoes another; undefined for tasks that nothing undoes. */
export function inverseTask(of: string): string | undefined {
  return inverses.get(of)
}
