import { ok, type Result } from '@quorate/base'
import type { XmlElement } from '@quorate/xml'
import { task } from '../action/key.ts'
import type { Cluster, Resource } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import { forEachLeaf, isPromotable, top, withoutInstance } from '../model/tree.ts'
import { schedule } from '../schedule.ts'
import { simulate } from '../simulate/session.ts'
import { type StatusOptions, unpackStatus } from '../status.ts'
import { clusterOptions } from '../unpack/settings.ts'
import { constraintsOf } from './decision.ts'
import { dueFencing } from './due-fencing.ts'
import { type ConstraintLoop, loopsOf } from './loops.ts'
import { type PlannedChange, plannedChanges } from './planned-change.ts'
import { loggedProblems } from './problems.ts'
import type { ConfigurationProblem } from './reason.ts'
import { type Supposition, supposedCib } from './supposition.ts'

/** Where an instance is, and as what. */
export type Placement = { readonly nodes: readonly string[]; readonly role: string }

/** An instance that ends up elsewhere, or as something else, than without the supposition. */
export type PlacementChange = { readonly id: string; readonly before: Placement; readonly after: Placement }

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
  readonly changes: readonly PlacementChange[]
  /** Resources that do not run any more where they did, before the cluster does anything: those of a node that is lost. */
  readonly down: readonly string[]
  /** Instances that end up where they are, and are stopped and started on the way; not those that would be anyway. */
  readonly restarted: readonly string[]
  /** Nodes that are fenced, those included that are anyway. */
  readonly fenced: readonly string[]
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
  /** False where the plan would get stuck. */
  readonly isComplete: boolean
}

/** Transitions after which it is taken for settled. */
const transitionsMax = 5

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
  const made = supposedCib(changed, what, options)
  if (!made.ok) return made
  const anyway = course(cib, options)
  const then = course(made.value, options)
  const now = placements(unpackStatus(cib, options))
  const ended = placements(unpackStatus(then.end, options))
  const [dueKeys, planKeys] = [new Set(anyway.plan.map(spaced)), new Set(then.plan.map(spaced))]
  const known = new Set([...planKeys, ...dueKeys, ...anyway.later.map(spaced)])
  const endedAnyway = placements(unpackStatus(anyway.end, options))
  const lost = [...runningIds(now)].filter((id) => !runningIds(ended).has(id))
  const found = {
    plan: then.plan.filter((item) => !dueKeys.has(spaced(item))),
    due: anyway.plan.filter((item) => planKeys.has(spaced(item))),
    dropped: anyway.plan.filter((item) => !planKeys.has(spaced(item))),
    later: then.later.filter((item) => !known.has(spaced(item))),
    changes: changesBetween(endedAnyway, ended),
    down: downBetween(now, placements(unpackStatus(made.value, options))),
    restarted: then.restarted.filter((id) => !anyway.restarted.includes(id)),
    fenced: then.fenced,
    notFenced: anyway.fenced.filter((name) => !then.fenced.includes(name)),
    lost,
    lostAnyway: lost.filter((id) => !runningIds(endedAnyway).has(id)),
    loops: then.loops,
    loopsAnyway: then.loops.filter(({ text }) => anyway.loops.some((loop) => loop.text === text)),
    problems: [
      ...unreadOptions(what),
      ...then.problems.filter(({ text }) => !anyway.problems.some((problem) => problem.text === text)),
    ],
    isComplete: then.isComplete,
  }
  const fenced = then.fenced.filter((name) => !anyway.fenced.includes(name))
  const places = { now: wholes(now), before: wholes(endedAnyway), after: wholes(ended) }
  return ok({ summary: summaryOf(found, fenced, places), ...found })
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
  readonly plan: readonly PlannedChange[]
  readonly later: readonly PlannedChange[]
  readonly restarted: readonly string[]
  readonly fenced: readonly string[]
  readonly end: XmlElement
  readonly loops: readonly ConstraintLoop[]
  readonly problems: readonly ConfigurationProblem[]
  readonly isComplete: boolean
}

/** What the cluster does from here, until it does no more. */
function course(cib: XmlElement, options: StatusOptions): Course {
  const { nowSeconds, utcOffsetSeconds = 0 } = options
  const fenced = new Set<string>()
  const restarted = new Set<string>()
  let plan: readonly PlannedChange[] = []
  const later = new Map<string, PlannedChange>()
  let end = cib
  let loops: readonly ConstraintLoop[] = []
  let problems: readonly ConfigurationProblem[] = []
  let isComplete = true
  for (let round = 0; round < transitionsMax; round += 1) {
    const { status, graph } = schedule(end, options)
    const changes = plannedChanges(status)
    if (round === 0) {
      plan = changes
      loops = loopsOf({ cluster: status, constraints: constraintsOf(end) })
      problems = loggedProblems(status)
    } else for (const item of changes) if (!item.isBlocked) later.set(spaced(item), item)
    for (const { node } of dueFencing(status)) fenced.add(node?.uname ?? '')
    for (const id of restartedBy(status)) restarted.add(id)
    if (graph.children.length === 0) break
    const ran = simulate(end, { nowSeconds, utcOffsetSeconds, process: true, simulate: true, quiet: true })
    if (round === 0) isComplete = ran.complete
    end = ran.output
    if (!ran.complete) break
  }
  return {
    plan,
    later: [...later.values()],
    restarted: [...restarted],
    fenced: [...fenced],
    end,
    loops,
    problems,
    isComplete,
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

/** Where everything is now, and where it ends up without the supposition and with it. */
type Places = Readonly<Record<'now' | 'before' | 'after', ReadonlyMap<string, Whole>>>

/** What matters most, in a few words. */
function summaryOf(
  { changes, down, restarted, notFenced, plan, dropped }: Omit<WhatIf, 'summary'>,
  fenced: readonly string[],
  { now, before, after }: Places,
): string {
  const ids = new Set(changes.map(({ id }) => id))
  const at = (places: ReadonlyMap<string, Whole>, id: string): Whole => places.get(id) ?? absent
  const kinds = [...ids].map((id) => [id, effectsOf(at(now, id), at(before, id), at(after, id))] as const)
  const named = (kind: Effect): readonly string[] => kinds.filter(([, of]) => of.includes(kind)).map(([id]) => id)
  const parts = [
    ['down at once', down] as const,
    ['fenced', fenced] as const,
    ...effects.map((kind) => [kind, named(kind)] as const),
    ['restarted', restarted] as const,
    ['not fenced', notFenced] as const,
  ]
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${kind}: ${shortList(names)}`)
  if (parts.length > 0) return `${parts.join('; ')}.`
  return plan.length > 0 || dropped.length > 0 ? 'Everything ends up as without it.' : 'Nothing is different.'
}

/** What a change comes to, the worst first. What is as it is now, and would not be without it, is told as that. */
const effects = [
  'stopped',
  'not started',
  'no longer promoted',
  'on fewer nodes',
  'moved',
  'started elsewhere',
  'promoted elsewhere',
  'promoted',
  'not demoted',
  'started',
  'not stopped',
  'on more nodes',
] as const
type Effect = (typeof effects)[number]

/** What becomes of a resource, all of its instances taken together. */
function effectsOf(now: Whole, before: Whole, after: Whole): readonly Effect[] {
  const isRunning = now.nodes.length > 0
  if (after.nodes.length === 0) return [isRunning ? 'stopped' : 'not started']
  if (before.nodes.length === 0) return [isRunning ? 'not stopped' : 'started']
  const promoted = promotionEffect(now.promoted, before.promoted, after.promoted)
  const more = promoted === undefined ? [] : [promoted]
  const among = (a: Whole, b: Whole): boolean => a.nodes.every((node) => b.nodes.includes(node))
  if (among(after, before)) return among(before, after) ? more : ['on fewer nodes', ...more]
  if (among(before, after)) return ['on more nodes', ...more]
  return [isRunning ? 'moved' : 'started elsewhere', ...more]
}

function promotionEffect(
  now: readonly string[],
  before: readonly string[],
  after: readonly string[],
): Effect | undefined {
  if (before.join(' ') === after.join(' ')) return undefined
  if (after.length === 0) return 'no longer promoted'
  if (before.length > 0) return 'promoted elsewhere'
  return now.length > 0 ? 'not demoted' : 'promoted'
}

/** Names in a sentence: the first few, and how many more. */
function shortList(names: readonly string[]): string {
  const shown = 4
  return names.length <= shown
    ? names.join(', ')
    : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
}

type Placed = Placement & { readonly id: string }

/** Where all instances of one name are, and where they are promoted. */
type Whole = { readonly nodes: readonly string[]; readonly promoted: readonly string[] }

const absent: Whole = { nodes: [], promoted: [] }

/** Where everything is, by id; of instances of which one is as good as another, by the name they share and by role. */
function placements(cluster: Cluster): ReadonlyMap<string, Placed> {
  const found = new Map<string, Placed>()
  for (const resource of cluster.resources) {
    forEachLeaf(resource, (leaf) => {
      if (leaf.orphan && leaf.runningOn.length === 0) return
      const nodes = leaf.runningOn.filter((node) => node.online).map((node) => node.uname)
      // What has just been started is known to be unpromoted only once it was looked at.
      const running = leaf.role === role.started && isPromotable(leaf) ? role.unpromoted : leaf.role
      const as = roleText(nodes.length === 0 ? role.stopped : running)
      if (leaf.unique || top(leaf).clone === undefined) {
        found.set(leaf.id, { id: leaf.id, nodes, role: as })
        return
      }
      const id = withoutInstance(leaf.id)
      const key = `${id} ${as}`
      const all = [...(found.get(key)?.nodes ?? []), ...nodes]
      found.set(key, { id, nodes: [...new Set(all)].sort(), role: as })
    })
  }
  return found
}

/** The same by name alone. */
function wholes(of: ReadonlyMap<string, Placed>): ReadonlyMap<string, Whole> {
  const found = new Map<string, Whole>()
  for (const { id, nodes, role: as } of of.values()) {
    const known = found.get(id) ?? absent
    found.set(id, {
      nodes: [...new Set([...known.nodes, ...nodes])],
      promoted: as === roleText(role.promoted) ? [...known.promoted, ...nodes] : known.promoted,
    })
  }
  return found
}

/** Names of what runs somewhere. */
function runningIds(of: ReadonlyMap<string, Placed>): ReadonlySet<string> {
  return new Set([...of.values()].filter((at) => !isNowhere(at)).map(({ id }) => id))
}

function changesBetween(
  before: ReadonlyMap<string, Placed>,
  after: ReadonlyMap<string, Placed>,
): readonly PlacementChange[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])]
  return keys.flatMap((key) => {
    const [old, made] = [before.get(key), after.get(key)]
    const id = old?.id ?? made?.id ?? key
    const [from, to] = [placementOf(old), placementOf(made)]
    const isSame = from.nodes.join(' ') === to.nodes.join(' ') && (from.role === to.role || from.nodes.length === 0)
    return isSame ? [] : [{ id, before: from, after: to }]
  })
}

function placementOf(at: Placed | undefined): Placement {
  return { nodes: at?.nodes ?? [], role: at?.role ?? roleText(role.stopped) }
}

function isNowhere(at: Placement | undefined): boolean {
  return at === undefined || at.nodes.length === 0
}

/** A plan as lines for people. */
export function whatIfLines(of: WhatIf): readonly string[] {
  const lines = [
    of.summary,
    'The cluster would:',
    ...(of.plan.length === 0 ? ['  * do nothing'] : of.plan.map(({ text }) => `  * ${text}`)),
  ]
  const list = (title: string, items: readonly PlannedChange[]): void => {
    if (items.length > 0) lines.push(title, ...items.map(({ text }) => `  * ${text}`))
  }
  list('And then:', of.later)
  list('It does in any case:', of.due)
  list('It would not do, as it does without:', of.dropped)
  if (of.changes.length > 0) {
    lines.push('In the end, other than without it:')
    for (const { id, before, after } of of.changes) lines.push(`  * ${id}: ${placeText(before)} -> ${placeText(after)}`)
  }
  if (of.down.length > 0) lines.push(`Down before the cluster does anything: ${of.down.join(', ')}`)
  if (of.restarted.length > 0) lines.push(`Stopped and started on the way: ${of.restarted.join(', ')}`)
  const lost = of.lost.filter((id) => !of.lostAnyway.includes(id))
  if (lost.length > 0) lines.push(`Running now, and then nowhere: ${lost.join(', ')}`)
  if (of.lostAnyway.length > 0) lines.push(`Running now, and then nowhere in any case: ${of.lostAnyway.join(', ')}`)
  for (const { kind, text } of of.problems) lines.push(`${kind === 'error' ? 'Error' : 'Warning'} (new): ${text}`)
  for (const { text } of of.loops) {
    const isThere = of.loopsAnyway.some((loop) => loop.text === text)
    lines.push(`Warning${isThere ? '' : ' (new)'}: ${text}.`)
  }
  if (!of.isComplete) lines.push('The plan would get stuck before its end.')
  return lines
}

function placeText({ nodes, role: as }: Placement): string {
  if (nodes.length === 0) return 'stopped'
  return as === roleText(role.started) ? nodes.join(', ') : `${nodes.join(', ')} (${as})`
}
