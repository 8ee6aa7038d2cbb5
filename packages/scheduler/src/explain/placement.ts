import type { Cluster } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import { forEachLeaf, isPromotable, top, withoutInstance } from '../model/tree.ts'

/** Where an instance is, and as what. */
export type Placement = { readonly nodes: readonly string[]; readonly role: string }

/** An instance that ends up elsewhere, or as something else, than without the supposition. */
export type PlacementChange = { readonly id: string; readonly before: Placement; readonly after: Placement }

/** Where an instance is, with its id. */
export type Placed = Placement & { readonly id: string }

/** Where all instances of one name are, and where they are promoted. */
export type Whole = { readonly nodes: readonly string[]; readonly promoted: readonly string[] }

/** What is nowhere. */
export const absent: Whole = { nodes: [], promoted: [] }

/** Where everything is, by id; of instances of which one is as good as another, by the name they share and by role. */
export function placements(cluster: Cluster): ReadonlyMap<string, Placed> {
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
export function wholes(of: ReadonlyMap<string, Placed>): ReadonlyMap<string, Whole> {
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
export function runningIds(of: ReadonlyMap<string, Placed>): ReadonlySet<string> {
  return new Set([...of.values()].filter((at) => !isNowhere(at)).map(({ id }) => id))
}

/** What ends up elsewhere, or as something else. */
export function changesBetween(
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
/** What becomes of something. */
export type Effect = (typeof effects)[number]

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

/** Where everything is now, and where it ends up without the supposition and with it. */
export type Places = Readonly<Record<'now' | 'before' | 'after', ReadonlyMap<string, Whole>>>

/** What becomes of the resources of some ids, by kind and the worst first. */
export function effectsOn(
  ids: Iterable<string>,
  { now, before, after }: Places,
): readonly (readonly [kind: Effect, names: readonly string[]])[] {
  const at = (places: ReadonlyMap<string, Whole>, id: string): Whole => places.get(id) ?? absent
  const kinds = [...ids].map((id) => [id, effectsOf(at(now, id), at(before, id), at(after, id))] as const)
  const named = (kind: Effect): readonly string[] => kinds.filter(([, of]) => of.includes(kind)).map(([id]) => id)
  return effects.map((kind) => [kind, named(kind)] as const)
}

/** Kinds of effects with the names of what they are about. */
export function effectsText(of: readonly (readonly [kind: string, names: readonly string[]])[]): string {
  return of
    .filter(([, names]) => names.length > 0)
    .map(([kind, names]) => `${kind}: ${shortList(names)}`)
    .join('; ')
}

/** Names in a sentence: the first few, and how many more. */
export function shortList(names: readonly string[]): string {
  const shown = 4
  return names.length <= shown
    ? names.join(', ')
    : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`
}

/** Where something is, in words. */
export function placeText({ nodes, role: as }: Placement): string {
  if (nodes.length === 0) return 'stopped'
  return as === roleText(role.started) ? nodes.join(', ') : `${nodes.join(', ')} (${as})`
}
