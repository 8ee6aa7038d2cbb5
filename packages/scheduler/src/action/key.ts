/** Tasks that actions are made for; anything else that an operation may be called is a plain text. */
export const task = {
  monitor: 'monitor',
  start: 'start',
  running: 'running',
  stop: 'stop',
  stopped: 'stopped',
  promote: 'promote',
  promoted: 'promoted',
  demote: 'demote',
  demoted: 'demoted',
  notify: 'notify',
  notified: 'notified',
  migrateTo: 'migrate_to',
  migrateFrom: 'migrate_from',
  reload: 'reload-agent',
  cancel: 'cancel',
  delete: 'delete',
  clearFailCount: 'clear_failcount',
  deleteHistory: 'lrm_delete',
  fence: 'stonith',
  shutdown: 'do_shutdown',
  probeAgain: 'probe_again',
  maintenanceNodes: 'maintenance_nodes',
} as const

/** What the names of operations end with that are not repeated: a text of two parts is made in one step. */
const endings: ReadonlyMap<string, string> = new Map(Object.values(task).map((name) => [name, `_${name}_0`]))

/** Name of an operation of a resource; its interval is in milliseconds. */
export function operationKey(resourceId: string, operation: string, intervalMs = 0): string {
  const ending = intervalMs === 0 ? endings.get(operation) : undefined
  return ending === undefined ? `${resourceId}_${operation}_${intervalMs}` : `${resourceId}${ending}`
}

/** What a resource has for {@link keyOf}. */
export type KeyOwner = {
  readonly id: string
  readonly keys: Map<string, string>
  readonly operations: readonly { readonly name: string; readonly intervalMs: number; key: string | undefined }[]
}

/**
 * {@link operationKey} of a resource. Always the same text for what is not repeated, and for what is configured: lookups
 * need not read it again.
 */
export function keyOf(resource: KeyOwner, operation: string, intervalMs = 0): string {
  if (intervalMs !== 0) return recurringKey(resource, operation, intervalMs)
  let key = resource.keys.get(operation)
  if (key === undefined) {
    key = operationKey(resource.id, operation)
    resource.keys.set(operation, key)
  }
  return key
}

function recurringKey({ id, operations }: KeyOwner, operation: string, intervalMs: number): string {
  for (let i = 0; i < operations.length; i += 1) {
    const entry = operations[i] as KeyOwner['operations'][number]
    if (entry.intervalMs !== intervalMs || entry.name !== operation) continue
    entry.key ??= operationKey(id, operation, intervalMs)
    return entry.key
  }
  return operationKey(id, operation, intervalMs)
}

/** Name of a notification of a resource. */
export function notifyKey(resourceId: string, type: string, operation: string): string {
  return `${resourceId}_${type}_notify_${operation}_0`
}

export type ParsedKey = { readonly resourceId: string; readonly task: string; readonly intervalMs: number }

const special = /^(.*)_(migrate_(?:from|to)|(?:pre|post)_notify_(?:[a-z]+|migrate_(?:from|to)))_(\d+)$/

/** Takes the name of an operation apart. Undefined where it is none. */
export function parseKey(key: string): ParsedKey | undefined {
  const last = key.lastIndexOf('_')
  const middle = key.lastIndexOf('_', last - 1)
  if (last < 0 || middle < 0) return undefined
  if (key.indexOf('_') !== middle) {
    const match = special.exec(key)
    if (match !== null) {
      return { resourceId: match[1] ?? '', task: match[2] ?? '', intervalMs: Number(match[3]) }
    }
  }
  const intervalMs = Number.parseInt(key.slice(last + 1), 10)
  return {
    resourceId: key.slice(0, middle),
    task: key.slice(middle + 1, last),
    intervalMs: Number.isNaN(intervalMs) ? 0 : intervalMs,
  }
}

const completions: ReadonlyMap<string, string> = new Map([
  [task.start, task.running],
  [task.stop, task.stopped],
  [task.promote, task.promoted],
  [task.demote, task.demoted],
  [task.notify, task.notified],
])
const beginnings: ReadonlyMap<string, string> = new Map([
  [task.running, task.start],
  [task.stopped, task.stop],
  [task.promoted, task.promote],
  [task.demoted, task.demote],
])

/** The task that tells that a collective's task is done; completed tasks stay. Undefined for tasks without one. */
export function completionOf(of: string): string | undefined {
  return completions.get(of) ?? (beginnings.has(of) || of === task.notified ? of : undefined)
}

/** The task whose completion this one tells; other tasks stay as they are. */
export function beginningOf(of: string): string {
  return beginnings.get(of) ?? of
}

/** True for tasks that have a place in the arithmetic of collectives. */
export function isKnownTask(of: string): boolean {
  return (
    completions.has(of) ||
    beginnings.has(of) ||
    of === task.notified ||
    of === task.monitor ||
    of === task.fence ||
    of === task.shutdown
  )
}
