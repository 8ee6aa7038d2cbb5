import {
  agentText,
  type Cluster,
  type ClusterNode,
  isDisabled,
  pendingState,
  role,
  shownRole,
  type Resource as Unpacked,
} from '@quorate/scheduler'
import { attr } from '@quorate/xml'
import type { Failure, Place, Resource, ResourceState } from '../api/resource.ts'
import { FailureBook } from './failure-view.ts'

/** The resources of a cluster with what is below them, as the contract has them; each id once. */
export function resourceViews(cluster: Cluster): readonly Resource[] {
  const view = new ResourceView(cluster)
  // What was deleted and runs nowhere is of no interest any more.
  return cluster.resources.filter((item) => !isForgotten(item)).map((item) => view.of(item, null, undefined))
}

function isForgotten(of: Unpacked): boolean {
  return of.orphan && partsOf(of).every((leaf) => leaf.runningOn.length === 0)
}

/** All primitives below a resource. Of a bundle those that it consists of. */
export function partsOf(of: Unpacked): readonly Unpacked[] {
  if (of.bundle !== undefined) return of.bundle.replicas.flatMap(replicaParts)
  return of.children.length === 0 && of.clone === undefined ? [of] : of.children.flatMap(partsOf)
}

type Replica = NonNullable<Unpacked['bundle']>['replicas'][number]

function replicaParts({ ip, container, connection, instance }: Replica): readonly Unpacked[] {
  return [ip, container, connection, instance].filter((part) => part !== undefined)
}

class ResourceView {
  readonly #failures: FailureBook
  readonly #ids = new Set<string>()
  /** How many nodes can run anything now. */
  readonly #usable: number

  constructor(cluster: Cluster) {
    this.#failures = new FailureBook(cluster)
    this.#usable = cluster.nodes.filter((node) => node.online && !node.standby && !node.standbyOnFail).length
  }

  of(item: Unpacked, parent: string | null, root: string | undefined): Resource {
    const id = this.#unique(item.id)
    const movableRoot = root ?? id
    const children = item.bundle === undefined ? this.#children(item, id, movableRoot) : this.#replicas(item, id)
    const isLeaf = item.children.length === 0 && item.clone === undefined && item.bundle === undefined
    const fields = this.#fields(item)
    if (isLeaf) {
      return {
        ...fields,
        id,
        kind: 'primitive',
        parent,
        movableRoot,
        agent: agentText(item),
        state: primitiveState(item),
        places: placesOf(item),
        pending: pendingOf(item),
        failures: [...this.#leafFailures(item)],
        children,
      }
    }
    return {
      ...fields,
      id,
      kind: item.bundle !== undefined ? 'bundle' : item.clone !== undefined ? 'clone' : 'group',
      parent,
      movableRoot,
      agent: item.bundle?.image ?? null,
      state: this.#collectiveState(item, children),
      places: mergedPlaces(children),
      pending: null,
      failures: item.group !== undefined ? [] : [...this.#collectiveFailures(item)],
      children,
    }
  }

  #children(item: Unpacked, id: string, root: string): Resource[] {
    return item.children.map((below) => this.of(below, id, root))
  }

  #replicas(bundle: Unpacked, id: string): Resource[] {
    return (bundle.bundle?.replicas ?? []).map((replica) => {
      const replicaId = this.#unique(`${bundle.id}/${replica.number}`)
      const parts = replicaParts(replica)
      const children = parts.map((part) => this.of(part, replicaId, id))
      const whole = replica.container ?? bundle
      const inner = children.filter((part) => part.id === (replica.instance ?? replica.container)?.id)
      return {
        ...this.#fields(bundle),
        id: replicaId,
        configId: bundle.xmlId,
        kind: 'replica',
        parent: id,
        movableRoot: id,
        agent: null,
        state: wholeState(children, parts.length),
        places: mergedPlaces(inner).length === 0 ? placesOf(whole) : hostPlaces(whole, mergedPlaces(inner)),
        pending: null,
        isBlocked: parts.some(({ blocked }) => blocked),
        isManaged: parts.every(({ managed }) => managed),
        failures: [],
        description: null,
        children,
      }
    })
  }

  #fields(item: Unpacked) {
    return {
      configId: item.xmlId,
      targetRole: item.meta.get('target-role') ?? null,
      isDisabled: isDisabled(item),
      isManaged: item.managed,
      isMaintenance: item.maintenance,
      isBlocked: item.blocked,
      isOrphan: item.orphan,
      isPromotable: item.promotable,
      isUnique: item.unique,
      isFenceDevice: item.isFenceDevice,
      description: attr(item.xml, 'description') ?? null,
    }
  }

  /** Of an instance that is as good as any other of its clone, those where it is: the clone tells of the rest. */
  #leafFailures(leaf: Unpacked): readonly Failure[] {
    const isInterchangeable = leaf.instanceNumber !== undefined && !leaf.unique
    return this.#failures.of(leaf, isInterchangeable ? leaf.runningOn : undefined)
  }

  #collectiveFailures(item: Unpacked): readonly Failure[] {
    const found = new Map<string, Failure>()
    const seen = new Set<string>()
    for (const leaf of partsOf(item)) {
      const name = leaf.unique ? leaf.id : leaf.xmlId
      if (seen.has(name)) continue
      seen.add(name)
      for (const failure of this.#failures.of(leaf)) {
        const known = found.get(failure.node)
        found.set(failure.node, known === undefined ? failure : bothFailures(known, failure))
      }
    }
    return [...found.values()]
  }

  #collectiveState(item: Unpacked, children: readonly Resource[]): ResourceState {
    if (item.clone === undefined) return wholeState(children, children.length)
    const most = Math.max(1, Math.min(item.clone.max, this.#usable * item.clone.nodeMax))
    return wholeState(children, most)
  }

  /** Ids that what was deleted shares with what took its place are told apart. */
  #unique(id: string): string {
    let made = id
    for (let i = 2; this.#ids.has(made); i += 1) made = `${id}#${i}`
    this.#ids.add(made)
    return made
  }
}

function bothFailures(a: Failure, b: Failure): Failure {
  return {
    node: a.node,
    count: Math.min(a.count + b.count, 1_000_000),
    lastFailureAt: [a.lastFailureAt, b.lastFailureAt].sort((x, y) => ((x ?? '') < (y ?? '') ? 1 : -1))[0] ?? null,
    operations: [...a.operations, ...b.operations],
  }
}

function primitiveState(of: Unpacked): ResourceState {
  if (of.failed) return 'failed'
  if (pendingState(of) !== undefined) return 'pending'
  switch (shownRole(of)) {
    case role.promoted:
      return 'promoted'
    case role.unpromoted:
      return 'unpromoted'
    case role.started:
      return 'started'
    default:
      return 'stopped'
  }
}

/** The state of a whole of which so many parts are to run. */
function wholeState(parts: readonly Resource[], wanted: number): ResourceState {
  if (parts.some(({ state }) => state === 'failed')) return 'failed'
  if (parts.some(({ state }) => state === 'pending')) return 'pending'
  const whole = parts.filter(({ state }) => state !== 'stopped' && state !== 'partial').length
  if (whole === 0) return parts.some(({ state }) => state === 'partial') ? 'partial' : 'stopped'
  if (whole < wanted) return 'partial'
  return parts.some(({ state }) => state === 'promoted') ? 'promoted' : 'started'
}

function pendingOf(of: Unpacked): Resource['pending'] {
  if (of.pendingTask === undefined) return null
  return { task: of.pendingTask, node: of.pendingNode?.uname ?? null }
}

function placesOf(of: Unpacked): Place[] {
  const shown = shownRole(of)
  const as = shown === role.promoted ? 'promoted' : shown === role.unpromoted ? 'unpromoted' : 'started'
  return of.runningOn.map((node: ClusterNode) => ({ node: node.uname, role: as }))
}

/** The places of what runs in a container are on the node that the container is on. */
function hostPlaces(container: Unpacked, inner: readonly Place[]): Place[] {
  const [best] = mergedRoles(inner)
  return container.runningOn.map(({ uname }) => ({ node: uname, role: best ?? 'started' }))
}

const rank: Readonly<Record<Place['role'], number>> = { started: 0, unpromoted: 1, promoted: 2 }

function mergedRoles(places: readonly Place[]): readonly Place['role'][] {
  return places.map((place) => place.role).sort((a, b) => rank[b] - rank[a])
}

function mergedPlaces(parts: readonly Resource[]): Place[] {
  const found = new Map<string, Place>()
  for (const part of parts) {
    for (const place of part.places) {
      const known = found.get(place.node)
      if (known === undefined || rank[place.role] > rank[known.role]) found.set(place.node, place)
    }
  }
  return [...found.values()]
}
