import { type ClusterEvent, type Operation, patched, type Snapshot, type Stale } from '../api/index.ts'

/** What the browser knows of the cluster. */
export type ClusterState = {
  readonly snapshot: Snapshot | undefined
  /** Before the first snapshot: since when the server has looked for the cluster in vain, and why. */
  readonly unreached: Stale | undefined
  readonly operations: ReadonlyMap<string, Operation>
  /** What came does not fit to what is known: the stream is to begin anew with a whole snapshot. */
  readonly isOutOfStep: boolean
  /** The server has ended the login. */
  readonly isLoggedOut: boolean
}

export const nothingKnown: ClusterState = {
  snapshot: undefined,
  unreached: undefined,
  operations: new Map(),
  isOutOfStep: false,
  isLoggedOut: false,
}

/**
 * The state after an event of the stream; the same object where it changes nothing. What is older than what is known never
 * overwrites it, in whatever order and however often events come.
 *
 * @param eventId `id:` of the event: `server.rev`
 */
export function received(state: ClusterState, event: ClusterEvent, eventId: string): ClusterState {
  switch (event.name) {
    case 'snapshot':
      return withSnapshot(state, event.data)
    case 'patch': {
      const { snapshot } = state
      if (snapshot === undefined || serverOf(eventId) !== snapshot.server) return { ...state, isOutOfStep: true }
      if (event.data.rev <= snapshot.rev) return state
      const next = patched(snapshot, event.data)
      return next === undefined ? { ...state, isOutOfStep: true } : { ...state, snapshot: next }
    }
    case 'stale':
      return state.snapshot === undefined
        ? { ...state, unreached: state.unreached ?? event.data }
        : { ...state, snapshot: { ...state.snapshot, stale: state.snapshot.stale ?? event.data } }
    case 'operation':
      return withOperation(state, event.data)
    case 'goodbye':
      return { ...state, isLoggedOut: true }
    default:
      return event satisfies never
  }
}

/** The server of an event's id; the ids of servers may have dots themselves. */
function serverOf(eventId: string): string {
  return eventId.slice(0, Math.max(0, eventId.lastIndexOf('.')))
}

function withSnapshot(state: ClusterState, snapshot: Snapshot): ClusterState {
  const known = state.snapshot
  if (known === undefined) return { ...state, snapshot, unreached: undefined, isOutOfStep: false }
  if (known.server === snapshot.server && snapshot.rev < known.rev) {
    return state.isOutOfStep ? { ...state, isOutOfStep: false } : state
  }
  const shared = {
    ...snapshot,
    nodes: sharing(known.nodes, snapshot.nodes),
    resources: sharing(known.resources, snapshot.resources),
  }
  return { ...state, snapshot: shared, isOutOfStep: false }
}

/** The list after, with the objects from before where they are equal, so that only what changed is drawn anew. */
function sharing<T extends { readonly id: string }>(before: readonly T[], after: readonly T[]): T[] {
  const known = new Map(before.map((item) => [item.id, item]))
  return after.map((item) => {
    const old = known.get(item.id)
    return old !== undefined && JSON.stringify(old) === JSON.stringify(item) ? old : item
  })
}

/**
 * The state after the list of all operations that the server knows. What was known when it was asked for and is not in it, the
 * server has forgotten.
 *
 * @param asked ids that were known when the list was asked for
 */
export function withOperations(
  state: ClusterState,
  list: readonly Operation[],
  asked: ReadonlySet<string>,
): ClusterState {
  const listed = new Set(list.map(({ id }) => id))
  const kept = [...state.operations].filter(([id]) => listed.has(id) || !asked.has(id))
  return list.reduce(withOperation, { ...state, operations: new Map(kept) })
}

/** The state with an operation as an event or an answer tells it; it is kept where it is not behind what is known. */
export function withOperation(state: ClusterState, operation: Operation): ClusterState {
  const known = state.operations.get(operation.id)
  if (known !== undefined && progressOf(operation) < progressOf(known)) return state
  return { ...state, operations: new Map(state.operations).set(operation.id, operation) }
}

/** Operations have no revision, but they only go forward: items that began, that ended, and at last the whole. */
function progressOf(operation: Operation): number {
  const items = operation.items.reduce((sum, item) => {
    if (item.state === 'waiting') return sum
    return sum + (item.state === 'running' ? 1 : 2)
  }, 0)
  return items + (operation.endedAt === null ? 0 : 2 * operation.items.length + 1)
}
