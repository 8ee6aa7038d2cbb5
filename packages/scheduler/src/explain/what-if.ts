import { ok, type Result } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'
import { task } from '../action/key.ts'
import type { Cluster, Resource } from '../model/model.ts'
import { forEachLeaf, top, withoutInstance } from '../model/tree.ts'
import { type StatusOptions, unpackStatus } from '../status.ts'
import { clusterOptions } from '../unpack/settings.ts'
import { type Decision, decisionOn } from './decision.ts'
import { dueFencing } from './due-fencing.ts'
import { carriedOut, transitionsMax, unsimulatedText } from './ending.ts'
import { outcomeOf } from './explain.ts'
import { type ConstraintLoop, loopsOf } from './loops.ts'
import {
  changesBetween,
  effectsOn,
  effectsText,
  type Placed,
  type PlacementChange,
  type Places,
  placements,
  placeText,
  runningIds,
  shortList,
  wholes,
} from './placement.ts'
import { type PlannedChange, plannedChanges } from './planned-change.ts'
import { loggedProblems, nameProblems } from './problems.ts'
import type { ConfigurationProblem } from './reason.ts'
import { type Risk, risksOf } from './risks.ts'
import { type Supposition, supposedCib } from './supposition.ts'

/** What the cluster would do. */
export type WhatIf = {
  /** What happens to services and nodes, in one sentence. */
  readonly summary: string
  /** What it would do first that it would not without the supposition. */
  readonly plan: readonly PlannedChange[]
  /** What the cluster does already without the supposition; not repeated in `plan`. */
  readonly due: readonly PlannedChange[]
  /** What the cluster would do without the supposition, and does not with it. */
  readonly dropped: readonly PlannedChange[]
  /** What it goes on with once the plan is done. */
  readonly later: readonly PlannedChange[]
  readonly changes: readonly (PlacementChange & {
    /** Why, as the first plan has it; undefined where only what follows from it makes it so, or where there are very many. */
    readonly because: string | undefined
  })[]
  /** Resources that do not run any more where they did, before the cluster does anything: those of a node that is lost. */
  readonly down: readonly string[]
  /** Instances that end up where they are, and are stopped and started on the way; not those that would be anyway. */
  readonly restarted: readonly string[]
  /** Why, for each of these; empty where that is not known. */
  readonly restartedBecause: readonly string[]
  /** Nodes that are fenced; of those, the ones that are anyway. */
  readonly fenced: readonly string[]
  readonly fencedAnyway: readonly string[]
  /** Nodes that would be fenced without the supposition, and are not. */
  readonly notFenced: readonly string[]
  /** Resources that run now and would run nowhere; of those, the ones that would run nowhere anyway. */
  readonly lost: readonly string[]
  readonly lostAnyway: readonly string[]
  /** Loops of constraints in the configuration that is supposed, and of those the ones that are there already. */
  readonly loops: readonly ConstraintLoop[]
  readonly loopsAnyway: readonly ConstraintLoop[]
  /** What is wrong with the configuration that is supposed, and is not with the one that is there. */
  readonly problems: readonly ConfigurationProblem[]
  /** By what data can be lost, or the whole partition stops. */
  readonly risks: readonly Risk[]
  /** False where the plan, or what follows from it, would get stuck. */
  readonly isComplete: boolean
  /** What it would get stuck at; undefined where it would not. And whether it would without the supposition as well. */
  readonly standstill: string | undefined
  readonly isStuckAnyway: boolean
  /** What a simulation cannot begin, as an agent of a class of its own: what follows is not known. */
  readonly unsimulated: readonly string[]
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
  const made = whatIfWithEnd(cib, what, options, changed)
  return made.ok ? ok(made.value.found) : made
}

/** {@link whatIf}, and the CIB as it is at the end of what the cluster would do. */
export function whatIfWithEnd(
  cib: XmlElement,
  what: Supposition,
  options: StatusOptions,
  changed: XmlElement = cib,
): Result<{ readonly found: WhatIf; readonly end: XmlElement }, string> {
  const made = supposedCib(changed, what, options)
  if (!made.ok) return made
  const anyway = course(cib, options)
  const then = course(made.value, options)
  const [before, after] = [unpackStatus(cib, options), unpackStatus(made.value, options)]
  const now = placements(before)
  const ended = placements(unpackStatus(then.end, options))
  const [dueKeys, planKeys] = [new Set(anyway.plan.map(spaced)), new Set(then.plan.map(spaced))]
  const known = new Set([...planKeys, ...dueKeys, ...anyway.later.map(spaced)])
  const endedAnyway = placements(unpackStatus(anyway.end, options))
  const lost = [...runningIds(now)].filter((id) => !runningIds(ended).has(id))
  const restarted = then.restarted.filter((id) => !anyway.restarted.includes(id))
  const because = reasonsIn(then.first)
  const found = {
    plan: then.plan.filter((item) => !dueKeys.has(spaced(item))),
    due: anyway.plan.filter((item) => planKeys.has(spaced(item))),
    dropped: anyway.plan.filter((item) => !planKeys.has(spaced(item))),
    later: then.later.filter((item) => !known.has(spaced(item))),
    changes: changesBetween(endedAnyway, ended).map((change) => ({ ...change, because: because(change.id) })),
    down: downBetween(now, placements(after)),
    restarted,
    restartedBecause: restarted.map((id) => because(id) ?? ''),
    fenced: then.fenced,
    fencedAnyway: then.fenced.filter((name) => anyway.fenced.includes(name)),
    notFenced: anyway.fenced.filter((name) => !then.fenced.includes(name)),
    lost,
    lostAnyway: lost.filter((id) => !runningIds(endedAnyway).has(id)),
    loops: then.loops,
    loopsAnyway: then.loops.filter(({ text }) => anyway.loops.some((loop) => loop.text === text)),
    problems: [
      ...unreadOptions(what),
      ...then.problems.filter(({ text }) => !anyway.problems.some((problem) => problem.text === text)),
    ],
    risks: risksOf({
      before,
      after,
      now: wholes(now),
      end: wholes(ended),
      lost: what.nodesLost ?? [],
      fenced: then.fenced,
    }),
    isComplete: then.standstill === undefined,
    standstill: then.standstill,
    isStuckAnyway: anyway.standstill !== undefined,
    unsimulated: then.unsimulated,
  }
  const fenced = then.fenced.filter((name) => !anyway.fenced.includes(name))
  const places = { now: wholes(now), before: wholes(endedAnyway), after: wholes(ended) }
  return ok({ found: { summary: summaryOf(found, fenced, places), ...found }, end: then.end })
}

/** How many times it is asked why something changes: beyond, the plan is told without. */
const becauseMax = 40

/** Why something changes, by the name of its instances or its own; undefined where a decision says nothing of it. */
function reasonsIn(decision: Decision): (id: string) => string | undefined {
  const leaves = new Map<string, Resource[]>()
  for (const resource of decision.cluster.resources) {
    forEachLeaf(resource, (leaf) => {
      for (const name of new Set([leaf.id, withoutInstance(leaf.id)])) {
        const known = leaves.get(name)
        if (known === undefined) leaves.set(name, [leaf])
        else known.push(leaf)
      }
    })
  }
  let asked = 0
  return (id) => {
    for (const leaf of leaves.get(id) ?? []) {
      if (asked >= becauseMax) return undefined
      asked += 1
      const { mainReason, actions } = outcomeOf(decision, leaf)
      if (mainReason !== undefined && (actions.length > 0 || leaf.runningOn.length === 0)) return mainReason
    }
    return undefined
  }
}

/** Options that are supposed, and change nothing since there are none of that name. */
function unreadOptions({ clusterOptions: supposed = [] }: Supposition): readonly ConfigurationProblem[] {
  const names = new Set(clusterOptions.map(([name]) => name))
  return supposed
    .filter(({ name }) => !names.has(name))
    .map(({ name }) => ({ kind: 'warning', text: `there is no cluster option '${name}' that the scheduler reads` }))
}

/** Names of what runs on fewer nodes than before. */
function downBetween(before: ReadonlyMap<string, Placed>, after: ReadonlyMap<string, Placed>): readonly string[] {
  const [old, made] = [wholes(before), wholes(after)]
  return [...old].flatMap(([id, { nodes }]) => {
    const left = made.get(id)?.nodes ?? []
    return nodes.some((node) => !left.includes(node)) ? [id] : []
  })
}

/** A line of a plan whatever the widths of its columns. */
function spaced({ text }: PlannedChange): string {
  return text.replaceAll(/ +/g, ' ')
}

type Course = {
  /** The first decision. */
  readonly first: Decision
  readonly plan: readonly PlannedChange[]
  readonly later: readonly PlannedChange[]
  readonly restarted: readonly string[]
  readonly fenced: readonly string[]
  readonly end: XmlElement
  readonly loops: readonly ConstraintLoop[]
  readonly problems: readonly ConfigurationProblem[]
  readonly standstill: string | undefined
  readonly unsimulated: readonly string[]
}

/** What the cluster does from here, until it does no more. */
function course(cib: XmlElement, options: StatusOptions): Course {
  const fenced = new Set<string>()
  const restarted = new Set<string>()
  let plan: readonly PlannedChange[] = []
  const later = new Map<string, PlannedChange>()
  let end = cib
  let loops: readonly ConstraintLoop[] = []
  let problems: readonly ConfigurationProblem[] = []
  let standstill: string | undefined
  const unsimulated = new Set<string>()
  const first = decisionOn(cib, options)
  for (let round = 0; round < transitionsMax; round += 1) {
    const decision = round === 0 ? first : decisionOn(end, options)
    const { cluster: status, graph } = decision
    const changes = plannedChanges(status)
    if (round === 0) {
      plan = changes
      loops = loopsOf(decision)
      problems = [...loggedProblems(status), ...nameProblems(status)]
    } else for (const item of changes) if (!item.isBlocked) later.set(spaced(item), item)
    for (const { node } of dueFencing(status)) fenced.add(node?.uname ?? '')
    for (const id of restartedBy(status)) restarted.add(id)
    if (graph.children.length === 0) break
    const ran = carriedOut(end, status, graph, options.nowSeconds)
    end = ran.cib
    for (const text of ran.unsimulated) unsimulated.add(text)
    standstill = ran.standstill?.text
    if (standstill !== undefined) break
  }
  return {
    first,
    plan,
    later: [...later.values()],
    restarted: [...restarted],
    fenced: [...fenced],
    end,
    loops,
    problems,
    standstill,
    unsimulated: [...unsimulated],
  }
}

/** Instances that are stopped and started again on one node; by its name alone where another one starts in its place. */
function restartedBy(cluster: Cluster): readonly string[] {
  const found: string[] = []
  const stopped = new Map<string, Resource>()
  const started = new Map<string, Resource>()
  for (const resource of cluster.resources) {
    forEachLeaf(resource, (leaf) => {
      const name = leaf.unique || top(leaf).clone === undefined ? leaf.id : withoutInstance(leaf.id)
      for (const { task: done, optional, runnable, node } of leaf.actions) {
        if (optional || !runnable || node === undefined) continue
        if (done === task.stop) stopped.set(`${name} ${node.uname}`, leaf)
        if (done === task.start && leaf.assigned === node) started.set(`${name} ${node.uname}`, leaf)
      }
    })
  }
  for (const [key, leaf] of stopped) {
    const next = started.get(key)
    if (next !== undefined) found.push(next === leaf ? leaf.id : withoutInstance(leaf.id))
  }
  return found
}

/** What matters most, in a few words. */
function summaryOf(
  { changes, down, restarted, notFenced, plan, dropped, isComplete, isStuckAnyway }: Omit<WhatIf, 'summary'>,
  fenced: readonly string[],
  places: Places,
): string {
  const text = effectsText([
    ['down at once', down],
    ['fenced', fenced],
    ...effectsOn(new Set(changes.map(({ id }) => id)), places),
    ['restarted', restarted],
    ['not fenced', notFenced],
  ])
  const stuck = isComplete || isStuckAnyway ? '' : ' The cluster would get stuck on the way.'
  if (text !== '') return `${text}.${stuck}`
  if (stuck !== '') return stuck.trim()
  return plan.length > 0 || dropped.length > 0 ? 'Everything ends up as without it.' : 'Nothing is different.'
}

/** A plan as lines for people. */
export function whatIfLines(of: WhatIf): readonly string[] {
  const lines = [
    of.summary,
    'The cluster would:',
    ...(of.plan.length === 0
      ? [`  * do nothing${of.due.length === 0 ? '' : ' new'}`]
      : of.plan.map(({ text }) => `  * ${text}`)),
  ]
  const list = (title: string, items: readonly PlannedChange[]): void => {
    if (items.length > 0) lines.push(title, ...items.map(({ text }) => `  * ${text}`))
  }
  list('And then:', of.later)
  list('It does in any case:', of.due)
  list('It would not do, as it does without:', of.dropped)
  if (of.changes.length > 0) {
    lines.push('In the end, other than without it:')
    for (const { id, before, after, because } of of.changes) {
      const why = because === undefined ? '' : `: ${because}`
      lines.push(`  * ${id}: ${placeText(before)} -> ${placeText(after)}${why}`)
    }
  }
  if (of.down.length > 0) lines.push(`Down before the cluster does anything: ${of.down.join(', ')}`)
  if (of.restarted.length > 0) {
    const named = of.restarted.map((id, i) => (of.restartedBecause[i] ? `${id} (${of.restartedBecause[i]})` : id))
    lines.push(`Stopped and started on the way: ${named.join(', ')}`)
  }
  const lost = of.lost.filter((id) => !of.lostAnyway.includes(id))
  if (lost.length > 0) lines.push(`Running now, and then nowhere: ${lost.join(', ')}`)
  if (of.lostAnyway.length > 0) lines.push(`Running now, and then nowhere in any case: ${of.lostAnyway.join(', ')}`)
  for (const { text, resources } of of.risks) {
    lines.push(`At risk: ${text}${resources.length === 0 ? '' : ` (${shortList(resources)})`}`)
  }
  for (const { kind, text } of of.problems) lines.push(`${kind === 'error' ? 'Error' : 'Warning'} (new): ${text}`)
  for (const { text } of of.loops) {
    const isThere = of.loopsAnyway.some((loop) => loop.text === text)
    lines.push(`Warning${isThere ? '' : ' (new)'}: ${text}.`)
  }
  for (const text of of.unsimulated) lines.push(`Not known to the end: ${unsimulatedText(text)}.`)
  if (of.standstill !== undefined) {
    lines.push(`It would get stuck${of.isStuckAnyway ? ', as in any case' : ''}: ${of.standstill}.`)
  }
  return lines
}
