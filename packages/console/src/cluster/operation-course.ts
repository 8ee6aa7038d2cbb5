import type { Operation, OperationItem, Preview, Reason } from '../api/operation.ts'
import type { Resource } from '../api/resource.ts'
import type { Snapshot } from '../api/snapshot.ts'
import { momentText } from './moment-text.ts'

/** An operation under way, or over. */
export type Course = {
  readonly operation: Operation
  readonly startedMs: number
  /** When what is not done by then is given up. */
  readonly deadlineMs: number
  /** Whether the change was made; until then nothing that is seen counts. */
  readonly isMade: boolean
  /** What the preview promised, by the effective id. */
  readonly from: ReadonlyMap<string, readonly string[]>
}

/** What happens to an operation. */
export type CourseEvent =
  /** Its change is in the CIB, from that version on. */
  | { readonly kind: 'made'; readonly cibVersion: string }
  | { readonly kind: 'refused'; readonly text: string }
  | { readonly kind: 'seen'; readonly snapshot: Snapshot }
  /** What its own daemons answered for one effective id; without a text it succeeded. */
  | { readonly kind: 'answered'; readonly effective: string; readonly text: string | undefined }
  | { readonly kind: 'cancel' }
  /** So many of its constraints are still in the CIB. */
  | { readonly kind: 'left'; readonly count: number }
  | { readonly kind: 'tick' }

/** An operation that is about to begin. */
export function begun(
  preview: Preview,
  of: { readonly id: string; readonly by: string; readonly startedMs: number; readonly deadlineMs: number },
  temporary: { readonly made: number; readonly untilMs: number } | null,
): Course {
  const items = preview.targets.map(
    (target): OperationItem => ({
      target: target.target,
      effective: target.effective,
      state: target.outcome === 'will' ? 'waiting' : 'skipped',
      reason: target.reason,
      text: null,
      nodes: target.from,
      durationMs: null,
    }),
  )
  const operation: Operation = {
    id: of.id,
    request: preview.request,
    by: of.by,
    startedAt: momentText(of.startedMs),
    endedAt: null,
    state: 'running',
    text: null,
    cibVersion: null,
    items,
    temporary: temporary === null ? null : { made: temporary.made, left: 0, until: momentText(temporary.untilMs) },
    isCancellable: true,
  }
  const from = new Map(preview.targets.map((target) => [target.effective, target.from]))
  return { operation, startedMs: of.startedMs, deadlineMs: of.deadlineMs, isMade: false, from }
}

/** True once nothing is left to do, its constraints included. */
export function isOver({ operation }: Course): boolean {
  return operation.state !== 'running'
}

/** True where its constraints have to be taken back now. */
export function mustClear({ operation, isMade }: Course): boolean {
  return isMade && (operation.temporary?.left ?? 0) > 0 && operation.items.every(({ state }) => !isOpen(state))
}

function isOpen(state: OperationItem['state']): boolean {
  return state === 'waiting' || state === 'running'
}

/** What becomes of an operation by an event. @throws never */
export function step(course: Course, event: CourseEvent, nowMs: number): Course {
  if (isOver(course)) return course
  return settled(stepped(course, event, nowMs), nowMs)
}

function stepped(course: Course, event: CourseEvent, nowMs: number): Course {
  const { operation } = course
  switch (event.kind) {
    case 'made': {
      const temporary = operation.temporary === null ? null : { ...operation.temporary, left: operation.temporary.made }
      const begins = (item: OperationItem): OperationItem =>
        item.state === 'waiting' ? { ...item, state: isDoneByChange(operation) ? 'done' : 'running' } : item
      const items = operation.items.map((item) => timed(begins(item), item, course, nowMs))
      return { ...course, isMade: true, operation: { ...operation, cibVersion: event.cibVersion, temporary, items } }
    }
    case 'refused':
      return withItems({ ...course, operation: { ...operation, text: event.text } }, nowMs, (item) =>
        isOpen(item.state) ? { ...item, state: 'failed', text: event.text } : item,
      )
    case 'answered':
      return withItems(course, nowMs, (item) =>
        item.effective === event.effective && isOpen(item.state)
          ? { ...item, state: event.text === undefined ? 'done' : 'failed', text: event.text ?? null }
          : item,
      )
    case 'seen':
      return withItems(course, nowMs, (item) => (item.state === 'running' ? seen(course, item, event.snapshot) : item))
    case 'cancel':
      return withItems(course, nowMs, (item) => (isOpen(item.state) ? { ...item, state: 'cancelled' } : item))
    case 'left': {
      const { temporary } = operation
      return temporary === null
        ? course
        : { ...course, operation: { ...operation, temporary: { ...temporary, left: event.count } } }
    }
    case 'tick':
      if (nowMs < course.deadlineMs) return course
      return withItems(course, nowMs, (item) => (isOpen(item.state) ? { ...item, state: 'timedOut' } : item))
    default:
      return event satisfies never
  }
}

/** Kinds that are done with the change itself: the cluster has nothing to carry out. */
function isDoneByChange({ request }: Operation): boolean {
  return [
    'clearMoves',
    'manage',
    'unmanage',
    'ticketGrant',
    'ticketRevoke',
    'ticketStandby',
    'ticketActivate',
  ].includes(request.kind)
}

function withItems(course: Course, nowMs: number, change: (item: OperationItem) => OperationItem): Course {
  const { operation } = course
  const items = operation.items.map((item) => timed(change(item), item, course, nowMs))
  return { ...course, operation: { ...operation, items } }
}

function timed(after: OperationItem, before: OperationItem, { startedMs }: Course, nowMs: number): OperationItem {
  if (!isOpen(before.state) || isOpen(after.state)) return after
  return { ...after, durationMs: nowMs - startedMs }
}

/** What a snapshot tells of an item. */
function seen(course: Course, item: OperationItem, snapshot: Snapshot): OperationItem {
  const { request, cibVersion } = course.operation
  if (snapshot.stale !== null || isOlder(snapshot.cibVersion, cibVersion)) return item
  switch (request.kind) {
    case 'standby':
    case 'online':
    case 'maintenance':
    case 'endMaintenance':
      return seenNode(request.kind, item, snapshot)
    case 'cleanup':
    case 'refresh':
      return item
    default: {
      const resource = find(snapshot.resources, item.effective)
      const nodes = resource === undefined ? [] : placesFor(request.kind, resource)
      const now = { ...item, nodes }
      if (resource !== undefined && isReached(request, resource, snapshot.isIdle === true))
        return { ...now, state: 'done' }
      if (snapshot.isIdle !== true) return now
      return { ...now, ...missed(course, item, resource, nodes) }
    }
  }
}

function seenNode(
  kind: 'standby' | 'online' | 'maintenance' | 'endMaintenance',
  item: OperationItem,
  snapshot: Snapshot,
): OperationItem {
  const node = snapshot.nodes.find(({ name }) => name === item.effective)
  if (node === undefined) return { ...item, state: 'failed', text: `${item.effective} is no longer known` }
  const isLeft = node.running.length === 0 || snapshot.isIdle === true
  const isDone = {
    standby: node.isStandby && isLeft,
    online: !node.isStandby,
    maintenance: node.isMaintenance,
    endMaintenance: !node.isMaintenance,
  }
  return isDone[kind] ? { ...item, state: 'done' } : item
}

/** What an item came to whose goal the cluster has not reached, and does nothing more about. */
function missed(
  course: Course,
  item: OperationItem,
  resource: Resource | undefined,
  nodes: readonly string[],
): Pick<OperationItem, 'state' | 'text' | 'reason'> {
  const failure = resource === undefined ? undefined : failureText(resource)
  const before = course.from.get(item.effective) ?? []
  const isMove = course.operation.request.kind === 'move'
  const isElsewhere = isMove && nodes.length > 0 && nodes.some((node) => !before.includes(node))
  const text =
    resource === undefined
      ? `${item.effective} is no longer configured`
      : (failure ?? (nodes.length === 0 ? 'it does not run' : `it runs on ${nodes.join(', ')}`))
  const reason: Reason | null = null
  return { state: isElsewhere ? 'elsewhere' : 'failed', text, reason }
}

function failureText(of: Resource): string | undefined {
  for (const { node, operations } of of.failures) {
    const [last] = operations
    if (last !== undefined)
      return `${last.task} on ${node} ended with '${last.rcText}'${last.reason === null ? '' : `: ${last.reason}`}`
  }
  for (const below of of.children) {
    const text = failureText(below)
    if (text !== undefined) return `${below.id}: ${text}`
  }
  return undefined
}

function placesFor(kind: string, of: Resource): string[] {
  const promoted = of.places.filter(({ role }) => role === 'promoted')
  return (kind === 'move' && of.isPromotable && promoted.length > 0 ? promoted : of.places).map(({ node }) => node)
}

function isReached(request: Operation['request'], of: Resource, isIdle: boolean): boolean {
  if (request.kind === 'stop') return of.places.length === 0 && of.state !== 'pending'
  if (request.kind === 'start')
    return of.places.length > 0 && of.state !== 'pending' && of.state !== 'failed' && of.state !== 'partial'
  if (request.kind === 'ban') {
    // On its way to elsewhere it runs nowhere for a moment; what can run nowhere else stays so.
    const isSettled = of.state !== 'pending' && (of.places.length > 0 || isIdle)
    return isSettled && of.places.every(({ node }) => node !== request.args.from)
  }
  if (request.kind !== 'move') return false
  const { to } = request.args
  if (of.state === 'pending' || of.state === 'failed') return false
  const nodes = placesFor('move', of)
  if (of.isPromotable) return of.places.some(({ node, role }) => node === to && role === 'promoted')
  if (of.kind === 'clone' || of.kind === 'bundle') return nodes.includes(to)
  return of.state !== 'partial' && nodes.length === 1 && nodes[0] === to
}

function find(resources: readonly Resource[], id: string): Resource | undefined {
  for (const item of resources) {
    const found = item.id === id ? item : find(item.children, id)
    if (found !== undefined) return found
  }
  return undefined
}

/** Whether a version is before another. */
function isOlder(version: string, than: string | null): boolean {
  if (than === null) return false
  const [a, b] = [version, than].map((text) => text.split('.').map(Number))
  for (let i = 0; i < 3; i += 1) {
    const difference = (a?.[i] ?? 0) - (b?.[i] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** Ends an operation of which nothing is open any more. */
function settled(course: Course, nowMs: number): Course {
  const { operation } = course
  const states = operation.items.map(({ state }) => state)
  if (states.some(isOpen)) return course
  if (course.isMade && (operation.temporary?.left ?? 0) > 0) {
    return operation.isCancellable ? { ...course, operation: { ...operation, isCancellable: false } } : course
  }
  return {
    ...course,
    operation: { ...operation, state: endState(states), endedAt: momentText(nowMs), isCancellable: false },
  }
}

function endState(states: readonly OperationItem['state'][]): Operation['state'] {
  const acted = states.filter((state) => state !== 'skipped')
  const done = acted.filter((state) => state === 'done').length
  if (done === acted.length) return 'done'
  if (done > 0) return 'partly'
  if (acted.every((state) => state === 'cancelled')) return 'cancelled'
  return acted.includes('timedOut') ? 'timedOut' : 'failed'
}
