import type { Constraint, Operation, Preview, Resource, ResourceState, Snapshot } from '../api/index.ts'
import type { Place } from './map-layout.ts'
import { type ItemKey, resourceKey } from './selection.ts'

/** A resource that can be selected, as every view lists it: not the instances of clones and replicas of bundles. */
export type Row = {
  readonly key: ItemKey
  readonly resource: Resource
  /** 0, or 1 for a member of a group. */
  readonly level: 0 | 1
  /** What a move has left behind for it, on which node; nothing where there is none. */
  readonly leftover: { readonly kind: 'prefer' | 'ban'; readonly node: string | null } | undefined
}

/** How a resource stands on one node. */
export type CellState = 'failed' | 'pending' | 'promoted' | 'unpromoted' | 'started'

/** The rows of a snapshot, in the order of the configuration, members after their group. */
export function rowsOf(snapshot: Pick<Snapshot, 'resources' | 'constraints'>): readonly Row[] {
  const leftovers = leftoversOf(snapshot.constraints)
  const row = (resource: Resource, level: 0 | 1): Row => ({
    key: resourceKey(resource.id),
    resource,
    level,
    leftover: leftovers.get(resource.id) ?? leftovers.get(resource.configId),
  })
  return snapshot.resources.flatMap((resource) => [
    row(resource, 0),
    ...(resource.kind === 'group' ? resource.children.map((child) => row(child, 1)) : []),
  ])
}

function leftoversOf(constraints: readonly Constraint[]): ReadonlyMap<string, NonNullable<Row['leftover']>> {
  const found = new Map<string, NonNullable<Row['leftover']>>()
  for (const constraint of constraints) {
    if (constraint.kind !== 'location' || constraint.leftover === null) continue
    for (const id of constraint.resources) found.set(id, { kind: constraint.leftover.kind, node: constraint.node })
  }
  return found
}

/** How a resource, with all that is below it, stands on a node; nothing where it is neither active nor failed there. */
export function stateOn(resource: Resource, node: string): CellState | undefined {
  if (hasFailedOn(resource, node)) return 'failed'
  if (isPendingOn(resource, node)) return 'pending'
  return resource.places.find((place) => place.node === node)?.role
}

function hasFailedOn(resource: Resource, node: string): boolean {
  return (
    resource.failures.some((failure) => failure.node === node) ||
    resource.children.some((child) => hasFailedOn(child, node))
  )
}

/** An operation of which the node is not known is told wherever the resource is active. */
function isPendingOn(resource: Resource, node: string): boolean {
  const { pending, places, children } = resource
  const isHere = pending?.node === null ? places.some((place) => place.node === node) : pending?.node === node
  return isHere || children.some((child) => isPendingOn(child, node))
}

/** How a card of a resource shows it: as it stands on the card's node, and not on others. */
export function cardState(resource: Resource, node: string | undefined): ResourceState {
  return (node === undefined ? undefined : stateOn(resource, node)) ?? resource.state
}

/** Failures of a resource and of all that is below it: how often, on all nodes together. */
export function failureCount(resource: Resource): number {
  const own = resource.failures.reduce((sum, failure) => sum + Math.max(1, failure.count), 0)
  return resource.children.reduce((sum, child) => sum + failureCount(child), own)
}

/** A resource by the id that anything refers to it by, at whatever depth; nothing where there is none. */
export function findResource(resources: readonly Resource[], id: string): Resource | undefined {
  for (const resource of resources) {
    if (resource.id === id || resource.configId === id) return resource
    const found = findResource(resource.children, id)
    if (found !== undefined) return found
  }
  return undefined
}

/** Every primitive of some rows, failing where it runs; of collectives those below them, each once. */
export function failuresOf(rows: readonly Row[]): readonly { readonly resource: string; readonly node: string }[] {
  const found = new Map<string, { readonly resource: string; readonly node: string }>()
  const visit = (resource: Resource): void => {
    for (const child of resource.children) visit(child)
    if (resource.kind !== 'primitive') return
    for (const { node } of resource.places) found.set(`${resource.id}@${node}`, { resource: resource.id, node })
  }
  for (const { resource } of rows) visit(resource)
  return [...found.values()]
}

/** A resource that is asked for on a node, and was not seen there. */
export type Ghost = { readonly resource: string; readonly node: string }

/** Where resources are to be: what a preview foresees, or else what operations that are under way were asked for. */
export function ghostsOf(
  rows: readonly Row[],
  preview: Preview | undefined,
  operations: Iterable<Operation>,
): readonly Ghost[] {
  const wanted = new Map<string, readonly string[]>()
  for (const operation of operations) {
    if (operation.state !== 'running' || operation.request.kind !== 'move') continue
    const to = operation.request.args.to
    for (const item of operation.items) {
      if (item.state === 'waiting' || item.state === 'running') wanted.set(item.effective, [to])
    }
  }
  for (const target of preview?.targets ?? []) {
    if (target.outcome === 'will') wanted.set(target.effective, target.to)
  }
  return rows.flatMap(({ resource }) => {
    if (resource.kind === 'group') return []
    const nodes = wanted.get(resource.id) ?? wanted.get(resource.movableRoot) ?? []
    return nodes
      .filter((node) => !resource.places.some((place) => place.node === node))
      .map((node) => ({ resource: resource.id, node }))
  })
}

/** What the map shows: a place for each node that a row is active on, one for what is active nowhere, and the ghosts. */
export function placesOf(rows: readonly Row[], ghosts: readonly Ghost[]): readonly Place[] {
  const groups = new Map<string, string | undefined>()
  const places: Place[] = []
  for (const { resource, level } of rows) {
    // A group is the frame around its members; one without any is a card.
    if (resource.kind === 'group' && resource.children.length > 0) continue
    const group = level === 1 ? (resource.parent ?? undefined) : undefined
    groups.set(resource.id, group)
    const nodes = resource.places.length === 0 ? [undefined] : resource.places.map((place) => place.node)
    places.push(...nodes.map((node) => ({ resource: resource.id, group, node, isGhost: false })))
  }
  const ghostPlaces = ghosts.map(({ resource, node }) => ({
    resource,
    group: groups.get(resource),
    node,
    isGhost: true,
  }))
  return [...places, ...ghostPlaces]
}

/** An order or colocation between two resources, as the map draws it. */
export type Edge = {
  readonly id: string
  readonly kind: 'order' | 'colocation' | 'apart'
  readonly from: string
  readonly to: string
}

/** The edges of the constraints; of a set one between each of its members and the next, and between sets. */
export function edgesOf(constraints: readonly Constraint[]): readonly Edge[] {
  return constraints.flatMap((constraint) => {
    if (constraint.kind !== 'order' && constraint.kind !== 'colocation') return []
    const isApart = constraint.kind === 'colocation' && (constraint.score ?? 0) < 0
    const kind = isApart ? ('apart' as const) : constraint.kind
    const pairs =
      constraint.kind === 'order'
        ? [[constraint.first?.resource, constraint.next?.resource]]
        : [[constraint.dependent?.resource, constraint.primary?.resource]]
    const chain = constraint.sets.flatMap((set) => set.members.map((member) => member.resource))
    for (const [i, from] of chain.entries()) pairs.push([from, chain[i + 1]])
    return pairs.flatMap(([from, to], i) =>
      from === undefined || to === undefined ? [] : [{ id: `${constraint.id}:${i}`, kind, from, to }],
    )
  })
}
