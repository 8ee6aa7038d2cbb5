import type { Resource } from '../model/model.ts'
import type { Decision } from './decision.ts'
import { orderTie, tieText } from './tie.ts'

/** Why an instance has no partner of what it follows instance by instance; undefined where that is not the matter. */
export function partnerText({ cluster, trace }: Decision, leaf: Resource): string | undefined {
  for (let at: Resource | undefined = leaf; at !== undefined; at = at.parent) {
    const pair = trace.partnerMissing(at)
    const [first, then] = [pair?.first.resource, pair?.then.resource]
    if (pair === undefined || first === undefined || then === undefined) continue
    const tie = orderTie(cluster, { resource: first, task: pair.first.task }, { resource: then, task: pair.then.task })
    const by = tie === undefined ? '' : ` (${tieText(tie)}, interleave=true)`
    return `no instance of ${first.id} is to be where it would go, and it follows one${by}`
  }
  return undefined
}
