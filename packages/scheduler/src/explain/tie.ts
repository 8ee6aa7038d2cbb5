import { attr } from '@quorate/xml'
import { beginningOf, parseKey } from '../action/key.ts'
import { type Action, type Cluster, type OrderRecord, type Resource, variant } from '../model/model.ts'
import { infinity } from '../score.ts'
import type { Decision } from './decision.ts'

/** What makes one action follow from another: constraints, or that both resources are of one group. */
export type Tie = {
  readonly kind: 'order' | 'colocation' | 'group'
  /** Ids of the constraints; of a group, its own. */
  readonly ids: readonly string[]
}

/** One side of an order: what is done with a resource, or an action of no resource. */
export type TieSide = { readonly resource: Resource | undefined; readonly task: string; readonly action?: Action }

/** The orders that constraints make, by what comes after. */
type OrderIndex = ReadonlyMap<Resource | Action, readonly OrderRecord[]>

const indexes = new WeakMap<Cluster, OrderIndex>()

function orderIndex(cluster: Cluster): OrderIndex {
  const known = indexes.get(cluster)
  if (known !== undefined) return known
  const made = new Map<Resource | Action, OrderRecord[]>()
  for (const order of cluster.orders) {
    const after = order.then ?? order.thenAction
    if (order.constraint === undefined || after === undefined) continue
    const list = made.get(after)
    if (list === undefined) made.set(after, [order])
    else list.push(order)
  }
  indexes.set(cluster, made)
  return made
}

/** A resource and all that it is part of. */
function lineOf(resource: Resource | undefined): readonly Resource[] {
  const found: Resource[] = []
  for (let at = resource; at !== undefined; at = at.parent) found.push(at)
  return found
}

/** What ties an action to one that comes before it; undefined where that is no constraint and no group. */
export function orderTie(cluster: Cluster, first: TieSide, then: TieSide): Tie | undefined {
  const before = new Set(lineOf(first.resource))
  const after: readonly (Resource | Action)[] = then.action === undefined ? lineOf(then.resource) : [then.action]
  const found = new Set<string>()
  for (const item of after) {
    for (const order of orderIndex(cluster).get(item) ?? []) {
      const isFirst = order.first === undefined ? order.firstAction === first.action : before.has(order.first)
      const isSame = isFirst && isTask(order.firstKey, first.task) && isTask(order.thenKey, then.task)
      if (isSame && order.constraint !== undefined) found.add(order.constraint)
    }
  }
  if (found.size > 0) return { kind: 'order', ids: [...found] }
  const group = lineOf(then.resource?.parent).find((item) => item.variant === variant.group && before.has(item))
  if (group === undefined || first.resource === then.resource || first.resource === group) return undefined
  return then.resource === group ? undefined : { kind: 'group', ids: [group.xmlId] }
}

/** An action of no resource is named by its key alone. */
function isTask(key: string | undefined, asked: string): boolean {
  if (key === undefined) return false
  return key === asked || beginningOf(parseKey(key)?.task ?? key) === beginningOf(asked)
}

/** What ties a resource to another one that it has to be with. */
export function colocationTie({ constraints }: Decision, dependent: Resource, primary: Resource): Tie | undefined {
  const primaries = new Set(lineOf(primary))
  const ids = lineOf(dependent)
    .flatMap((item) => item.thisWith)
    .filter(({ score, primary: other }) => score >= infinity && primaries.has(other))
    .flatMap(({ id }) => {
      const constraint = constraints.get(id)
      return constraint === undefined ? [] : [attr(constraint, 'id') ?? id]
    })
  return ids.length === 0 ? undefined : { kind: 'colocation', ids: [...new Set(ids)] }
}

/** A tie in words. */
export function tieText({ kind, ids }: Tie): string {
  const many = ids.length === 1 ? '' : 's'
  const names = ids.join(' and ')
  return kind === 'group' ? `group ${names}` : `${kind} constraint${many} ${names}`
}

/**
 * What it takes before an action that stands for some of several can be done: instances of a clone (`clone-min`,
 * `require-all`) or members of a set; undefined for any other.
 */
export function gateText({ constraints }: Decision, { key, requiresAny, requiredRunnableBefore, before }: Action) {
  if (!requiresAny) return undefined
  const [, kind, id = ''] = /^(clone-one-or-more|one-or-more):(.*)$/.exec(key) ?? []
  const constraint = constraints.get(id)
  const first = constraint === undefined ? undefined : attr(constraint, 'first')
  const task = beginningOf(before[0]?.first.task ?? '')
  const least = Math.max(1, requiredRunnableBefore)
  return `the ${task} of at least ${least} ${kind === 'one-or-more' ? `of set ${id}` : `of ${first ?? id}'s instances`}`
}
