import { ok, type Result } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'
import { task } from '../action/key.ts'
import type { Cluster } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import { forEachLeaf } from '../model/tree.ts'
import { transitionSummary } from '../report/transition-summary.ts'
import { schedule } from '../schedule.ts'
import { simulate } from '../simulate/session.ts'
import { type StatusOptions, unpackStatus } from '../status.ts'
import { type Supposition, supposedCib } from './supposition.ts'

/** Where an instance is, and as what. */
export type Placement = { readonly nodes: readonly string[]; readonly role: string }

/** An instance that ends up elsewhere, or as something else, than without the supposition. */
export type PlacementChange = { readonly id: string; readonly before: Placement; readonly after: Placement }

/** What the cluster would do. */
export type WhatIf = {
  /** Lines of the plan as a transition summary has them. */
  readonly plan: readonly string[]
  /** What the cluster does already without the supposition; not repeated in `plan`. */
  readonly due: readonly string[]
  readonly changes: readonly PlacementChange[]
  readonly fenced: readonly string[]
  /** Resources that run now and would run nowhere. */
  readonly lost: readonly string[]
  /** False where the plan would get stuck. */
  readonly isComplete: boolean
}

/**
 * The plan that the cluster would make if something happened, and what would be different at its end from the end of
 * what it does anyway. Nothing is changed.
 *
 * @param changed the CIB after a change of the configuration that is supposed as well; left out: `cib` itself
 */
export function whatIf(
  cib: XmlElement,
  what: Supposition,
  options: StatusOptions,
  changed: XmlElement = cib,
): Result<WhatIf, string> {
  const { nowSeconds } = options
  const made = supposedCib(changed, what, options)
  if (!made.ok) return made
  const supposed = made.value
  const before = schedule(cib, options)
  const after = schedule(supposed, options)
  const anyway = simulate(cib, { nowSeconds, process: true, simulate: true, quiet: true })
  const then = simulate(supposed, { nowSeconds, process: true, simulate: true, quiet: true })
  const due = transitionSummary(before.status).map((item) => item.text)
  const now = placements(unpackStatus(cib, options))
  const old = placements(unpackStatus(anyway.output, options))
  const ended = placements(unpackStatus(then.output, options))
  return ok({
    plan: transitionSummary(after.status)
      .map((item) => item.text)
      .filter((text) => !due.includes(text)),
    due,
    changes: changesBetween(old, ended),
    fenced: after.status.actions
      .filter((action) => action.task === task.fence && !action.optional)
      .map((action) => action.node?.uname ?? ''),
    lost: [...now].filter(([id, at]) => at.nodes.length > 0 && isNowhere(ended.get(id))).map(([id]) => id),
    isComplete: then.complete,
  })
}

function placements(cluster: Cluster): ReadonlyMap<string, Placement> {
  const found = new Map<string, Placement>()
  for (const resource of cluster.resources) {
    forEachLeaf(resource, (leaf) => {
      if (leaf.orphan && leaf.runningOn.length === 0) return
      const nodes = leaf.runningOn.filter((node) => node.online).map((node) => node.uname)
      found.set(leaf.id, { nodes, role: roleText(nodes.length === 0 ? role.stopped : leaf.role) })
    })
  }
  return found
}

function changesBetween(
  before: ReadonlyMap<string, Placement>,
  after: ReadonlyMap<string, Placement>,
): readonly PlacementChange[] {
  const nowhere: Placement = { nodes: [], role: roleText(role.stopped) }
  const ids = [...new Set([...before.keys(), ...after.keys()])]
  return ids.flatMap((id) => {
    const [old, made] = [before.get(id) ?? nowhere, after.get(id) ?? nowhere]
    const isSame = old.role === made.role && old.nodes.join(' ') === made.nodes.join(' ')
    return isSame ? [] : [{ id, before: old, after: made }]
  })
}

function isNowhere(at: Placement | undefined): boolean {
  return at === undefined || at.nodes.length === 0
}

/** A plan as lines for people. */
export function whatIfLines(of: WhatIf): readonly string[] {
  const lines = [
    'The cluster would:',
    ...(of.plan.length === 0 ? ['  * do nothing'] : of.plan.map((text) => `  * ${text}`)),
  ]
  if (of.due.length > 0) lines.push('It does in any case:', ...of.due.map((text) => `  * ${text}`))
  if (of.changes.length > 0) {
    lines.push('In the end, other than without it:')
    for (const { id, before, after } of of.changes) lines.push(`  * ${id}: ${placeText(before)} -> ${placeText(after)}`)
  }
  if (of.lost.length > 0) lines.push(`Running now, and then nowhere: ${of.lost.join(', ')}`)
  if (!of.isComplete) lines.push('The plan would get stuck before its end.')
  return lines
}

function placeText({ nodes, role: as }: Placement): string {
  if (nodes.length === 0) return 'stopped'
  return as === roleText(role.started) ? nodes.join(', ') : `${nodes.join(', ')} (${as})`
}
