import { limits, type Node, type OperationKind, type Session, type Snapshot } from '../api/index.ts'
import { failureCount, type Row } from './cluster-rows.ts'

/** Kinds of operation that the action bar has, in its order. */
export const resourceActions = [
  'move',
  'ban',
  'clearMoves',
  'start',
  'stop',
  'cleanup',
  'refresh',
  'unmanage',
  'manage',
] as const
export const nodeActions = ['standby', 'online', 'maintenance', 'endMaintenance'] as const

export type ResourceAction = (typeof resourceActions)[number]
export type NodeAction = (typeof nodeActions)[number]
export type Action = ResourceAction | NodeAction

/** Why an action cannot be chosen. Browsers translate it. */
export type Obstacle =
  | 'noContact'
  | 'readOnly'
  | 'notPermitted'
  | 'selectResources'
  | 'selectNodes'
  | 'mixed'
  | 'tooMany'
  | 'noneRunning'
  | 'allStarted'
  | 'allStopped'
  | 'nothingToClear'
  | 'nothingFailed'
  | 'allManaged'
  | 'allUnmanaged'
  | 'allStandby'
  | 'noneStandby'
  | 'allMaintenance'
  | 'noneMaintenance'

/** What decides which actions there are. */
export type Situation = {
  readonly session: Pick<Session, 'operations'>
  readonly snapshot: Pick<Snapshot, 'source' | 'stale'>
  /** False while the stream of events is down: what is shown may no longer be so. */
  readonly isConnected: boolean
  readonly rows: readonly Row[]
  readonly nodes: readonly Node[]
}

/**
 * What keeps a person from an action on the selection; nothing where it can be chosen. It can be where at least one of the
 * selected would change: the preview tells for each of them. This only explains; the server decides.
 */
export function obstacleTo(action: Action, situation: Situation): Obstacle | undefined {
  const { session, snapshot, rows, nodes } = situation
  if (snapshot.source.kind === 'file') return 'readOnly'
  if (session.operations[action satisfies OperationKind] !== true) return 'notPermitted'
  if (!situation.isConnected || snapshot.stale !== null) return 'noContact'
  const isForNodes = (nodeActions as readonly string[]).includes(action)
  const chosen = isForNodes ? nodes : rows
  if (chosen.length === 0) return isForNodes ? 'selectNodes' : 'selectResources'
  if (rows.length > 0 && nodes.length > 0) return 'mixed'
  if (chosen.length > limits.targetsMax) return 'tooMany'
  return withoutEffect[action](rows, nodes)
}

type Check = (rows: readonly Row[], nodes: readonly Node[]) => Obstacle | undefined

/** For each action what is said where none of the selected would change. */
const withoutEffect: Readonly<Record<Action, Check>> = {
  move: (rows) => (rows.some(({ resource }) => resource.places.length > 0) ? undefined : 'noneRunning'),
  // Also off nodes where they do not run, and what does not run off the one where it would start.
  ban: () => undefined,
  clearMoves: (rows) => (rows.some(({ leftover }) => leftover !== undefined) ? undefined : 'nothingToClear'),
  start: (rows) =>
    rows.some(({ resource }) => resource.isDisabled || resource.state === 'stopped' || resource.state === 'partial')
      ? undefined
      : 'allStarted',
  stop: (rows) =>
    rows.some(({ resource }) => !resource.isDisabled || resource.state !== 'stopped') ? undefined : 'allStopped',
  cleanup: (rows) => (rows.some(({ resource }) => failureCount(resource) > 0) ? undefined : 'nothingFailed'),
  refresh: () => undefined,
  manage: (rows) => (rows.some(({ resource }) => !resource.isManaged) ? undefined : 'allManaged'),
  unmanage: (rows) => (rows.some(({ resource }) => resource.isManaged) ? undefined : 'allUnmanaged'),
  standby: (_rows, nodes) => (nodes.some((node) => !node.isStandby) ? undefined : 'allStandby'),
  online: (_rows, nodes) => (nodes.some((node) => node.isStandby) ? undefined : 'noneStandby'),
  maintenance: (_rows, nodes) => (nodes.some((node) => !node.isMaintenance) ? undefined : 'allMaintenance'),
  endMaintenance: (_rows, nodes) => (nodes.some((node) => node.isMaintenance) ? undefined : 'noneMaintenance'),
}

/** Why resources cannot be moved to a node. */
export type DestinationObstacle = 'offline' | 'unclean' | 'pending' | 'standby' | 'maintenance' | 'allThere'

/** What keeps the selected resources from being moved to a node; nothing where a preview is worth while. */
export function destinationObstacle(node: Node, rows: readonly Row[]): DestinationObstacle | undefined {
  if (node.isUnclean) return 'unclean'
  if (node.isPending) return 'pending'
  if (!node.isOnline) return 'offline'
  if (node.isMaintenance) return 'maintenance'
  if (node.isStandby) return 'standby'
  const isThere = ({ resource }: Row) => resource.places.some((place) => place.node === node.name)
  return rows.length > 0 && rows.every(isThere) ? 'allThere' : undefined
}
