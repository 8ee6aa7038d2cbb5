import { element, type XmlElement } from '@quorate/xml'
import type { LogLine } from '../model/model.ts'
import type { StatusItem } from '../report/status-item.ts'
import type { Injections } from './inject.ts'

/** A run of crm_simulate for programs: the same as its text, as elements. Grows as the run goes on. */
export class RunReport {
  readonly #parts: XmlElement[] = []

  /** Elements so far. */
  get elements(): readonly XmlElement[] {
    return this.#parts
  }

  status(name: 'cluster_status' | 'revised_cluster_status', parts: readonly XmlElement[]): void {
    this.#parts.push(element(name, {}, parts))
  }

  modifications({ quorum, watchdog }: Injections, items: readonly StatusItem[]): void {
    this.#parts.push(element('modifications', { quorum, watchdog }, dataOf(items)))
  }

  /** Scores and capacities, as far as they were asked for. */
  scores(log: readonly LogLine[], has: { readonly scores: boolean; readonly utilization: boolean }): void {
    const name = has.scores ? (has.utilization ? 'allocations_utilizations' : 'allocations') : 'utilizations'
    const lines = log.flatMap(({ kind, text }) => (kind === 'score' ? (scoreElement(text) ?? []) : []))
    this.#parts.push(element(name, {}, lines))
  }

  list(name: 'actions' | 'transition', items: readonly StatusItem[]): void {
    this.#parts.push(element(name, {}, dataOf(items)))
  }
}

function dataOf(items: readonly StatusItem[]): readonly XmlElement[] {
  return items.flatMap(({ data }) => data ?? [])
}

/** A line about scores as an element. Ids have no blanks, so that the lines can be taken apart again. */
function scoreElement(text: string): XmlElement | undefined {
  const weight = /^(\w+): (\S+) allocation score on (.*): (\S+)$/.exec(text)
  if (weight !== null) {
    return element('node_weight', { function: weight[1], node: weight[3], score: weight[4], id: weight[2] })
  }
  const promotion = /^(\S+) promotion score on (.*): (\S+)$/.exec(text)
  if (promotion !== null) {
    const node = promotion[2] === 'none' ? undefined : promotion[2]
    return element('promotion_score', { id: promotion[1], score: promotion[3], node })
  }
  const capacity = /^(Original|Remaining): (.*) capacity:(.*)$/.exec(text)
  if (capacity !== null) {
    return element('capacity', { node: capacity[2], comment: capacity[1] }, amounts(capacity[3]))
  }
  const use = /^(\w+): (\S+) utilization on ([^:]*):(.*)$/.exec(text)
  if (use === null) return undefined
  return element('utilization', { resource: use[2], node: use[3], function: use[1] }, amounts(use[4]))
}

function amounts(text: string | undefined): readonly XmlElement[] {
  // Values are as they are configured, blanks and all.
  const pairs = (text ?? '').matchAll(/ ([^ =]+)=(.*?)(?= [^ =]+=|$)/g)
  return [...pairs].map(([, name = '', value]) => element(name, {}, [], value))
}
