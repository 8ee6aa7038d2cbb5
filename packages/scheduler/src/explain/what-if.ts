import { failed, ok, type Result } from '@quorate/base'
import { attr, child, element, withChildren, type XmlElement } from '@quorate/xml'
import { task } from '../action/key.ts'
import type { Cluster } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import { findResource, forEachLeaf } from '../model/tree.ts'
import { transitionSummary } from '../report/transition-summary.ts'
import { schedule } from '../schedule.ts'
import { type Injections, inject } from '../simulate/inject.ts'
import { simulate } from '../simulate/session.ts'
import { type StatusOptions, unpackStatus } from '../status.ts'
import { findNode } from '../unpack/nodes.ts'

/** What is supposed to happen. All of it at once. */
export type Supposition = {
  readonly nodesLost?: readonly string[]
  readonly nodesUp?: readonly string[]
  readonly nodesOnStandby?: readonly string[]
  readonly failures?: readonly { readonly resource: string; readonly node: string }[]
  readonly ticketsRevoked?: readonly string[]
  readonly ticketsGranted?: readonly string[]
  readonly quorumLost?: boolean
}

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
  const cluster = unpackStatus(changed, options)
  const unknown = unknownName(cluster, what)
  if (unknown !== undefined) return failed(unknown)
  const standby = (what.nodesOnStandby ?? []).reduce(withStandby, changed)
  const supposed = inject(standby, cluster, injectionsOf(what), nowSeconds).cib
  const before = schedule(cib, options)
  const after = schedule(supposed, options)
  const anyway = simulate(cib, { nowSeconds, process: true, simulate: true, quiet: true })
  const then = simulate(supposed, { nowSeconds, process: true, simulate: true, quiet: true })
  const due = transitionSummary(before.status).map((item) => item.text)
  const now = placements(unpackStatus(cib, options))
  const old = placements(unpackStatus(anyway.output, options))
  const made = placements(unpackStatus(then.output, options))
  return ok({
    plan: transitionSummary(after.status)
      .map((item) => item.text)
      .filter((text) => !due.includes(text)),
    due,
    changes: changesBetween(old, made),
    fenced: after.status.actions
      .filter((action) => action.task === task.fence && !action.optional)
      .map((action) => action.node?.uname ?? ''),
    lost: [...now].filter(([id, at]) => at.nodes.length > 0 && isNowhere(made.get(id))).map(([id]) => id),
    isComplete: then.complete,
  })
}

function injectionsOf(what: Supposition): Injections {
  return {
    ...(what.quorumLost === true ? { quorum: '0' } : {}),
    nodesUp: what.nodesUp ?? [],
    nodesFail: what.nodesLost ?? [],
    ticketsGrant: what.ticketsGranted ?? [],
    ticketsRevoke: what.ticketsRevoked ?? [],
    operations: (what.failures ?? []).map(({ resource, node }) => `${resource}_monitor_10000@${node}=1`),
  }
}

/** The first name that the cluster does not know, as a sentence. */
function unknownName(cluster: Cluster, what: Supposition): string | undefined {
  const nodes = [
    ...(what.nodesLost ?? []),
    ...(what.nodesUp ?? []),
    ...(what.nodesOnStandby ?? []),
    ...(what.failures ?? []).map(({ node }) => node),
  ]
  const node = nodes.find((name) => findNode(cluster, name) === undefined)
  if (node !== undefined) return `there is no node '${node}'`
  const ticket = (what.ticketsRevoked ?? []).find((id) => !cluster.tickets.has(id))
  if (ticket !== undefined) return `there is no ticket '${ticket}'`
  const resource = (what.failures ?? []).find((item) => findResource(cluster, item.resource) === undefined)
  return resource === undefined ? undefined : `there is no resource '${resource.resource}'`
}

/** The CIB with a node's permanent attribute standby=on. */
function withStandby(cib: XmlElement, name: string): XmlElement {
  const update = (of: XmlElement, path: readonly string[], change: (at: XmlElement) => XmlElement): XmlElement => {
    const [next, ...rest] = path
    if (next === undefined) return change(of)
    return withChildren(
      of,
      of.children.map((item) => (item.name === next ? update(item, rest, change) : item)),
    )
  }
  return update(cib, ['configuration', 'nodes'], (nodes) =>
    withChildren(
      nodes,
      nodes.children.map((node) => (attr(node, 'uname') === name ? onStandby(node) : node)),
    ),
  )
}

function onStandby(node: XmlElement): XmlElement {
  const id = `nodes-${attr(node, 'id') ?? ''}`
  const set = child(node, 'instance_attributes') ?? element('instance_attributes', { id })
  const kept = set.children.filter((item) => attr(item, 'name') !== 'standby')
  const pair = element('nvpair', { id: `${id}-standby`, name: 'standby', value: 'on' })
  return withChildren(node, [...node.children.filter((item) => item !== set), withChildren(set, [...kept, pair])])
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
