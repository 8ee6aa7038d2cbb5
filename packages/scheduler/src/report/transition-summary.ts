import { encodeText, padEndBytes, padStartBytes } from '@quorate/base'
import { element, type XmlElement } from '@quorate/xml'
import { keyOf, task } from '../action/key.ts'
import { findOldest } from '../action/ledger.ts'
import { type Action, type Cluster, type ClusterNode, type Resource, variant } from '../model/model.ts'
import { role, roleText } from '../model/role.ts'
import { containerOf, currentNode } from '../model/tree.ts'
import type { StatusItem } from './status-item.ts'

/** Widths of the columns: they grow with what was shown, and every line uses the final ones. */
type Columns = { id: number; details: number }

type Line = {
  readonly change: string
  readonly id: string
  readonly details: string
  readonly reason: string
  readonly data: XmlElement
}

/**
 * What a transition does, a line for each change; fencing first.
 *
 * @param columns as wide as what comes in all of the lines, or in those up to each
 */
export function transitionSummary(cluster: Cluster, columns: 'even' | 'growing' = 'even'): StatusItem[] {
  const items: StatusItem[] = []
  for (let i = cluster.actions.length - 1; i >= 0; i -= 1) {
    const item = fenceLine(cluster.actions[i] as Action)
    if (item !== undefined) items.push(item)
  }
  const lines: Line[] = []
  for (const resource of cluster.resources) describe(resource, lines)
  const widths: Columns = { id: 5, details: 5 }
  const widen = (line: Line): void => {
    const [id, details] = [encodeText(line.id).length, encodeText(line.details).length]
    if (id > widths.id) widths.id = id + 2
    widths.details = Math.max(widths.details, details)
  }
  if (columns === 'even') lines.forEach(widen)
  for (const line of lines) {
    if (columns === 'growing') widen(line)
    items.push({ text: lineText(line, widths), data: line.data })
  }
  return items
}

function lineText({ change, id, details, reason }: Line, columns: Columns): string {
  const text = `${change.padEnd(8)}   ${padEndBytes(id, columns.id)}   ( ${padStartBytes(details, columns.details)} )`
  return reason === '' ? text : `${text}  ${reason}`
}

function fenceLine(action: Action): StatusItem | undefined {
  const { node, reason } = action
  if (action.resource !== undefined || action.optional || node === undefined || reason === undefined) return undefined
  if (action.task !== task.fence) return undefined
  const container = containerOf(node)
  const name = container === undefined ? node.uname : `${node.uname} (resource: ${container.id})`
  const what = `Fence (${action.meta.get('stonith_action') ?? ''})`
  return { text: `${what} ${name} '${reason}'`, data: element('node_action', { task: what, node: name, reason }) }
}

function describe(resource: Resource, lines: Line[]): void {
  if (resource.variant === variant.bundle) {
    for (const { ip, container, connection, instance } of resource.bundle?.replicas ?? []) {
      for (const part of [ip, container, connection, instance]) if (part !== undefined) describe(part, lines)
    }
  } else if (resource.variant !== variant.primitive) for (const item of resource.children) describe(item, lines)
  else describePrimitive(resource, lines)
}

type Moves = {
  readonly resource: Resource
  readonly current: ClusterNode | undefined
  readonly next: ClusterNode | undefined
  readonly start: Action | undefined
  readonly stop: Action | undefined
  readonly promote: Action | undefined
  readonly demote: Action | undefined
  readonly moving: boolean
}

function describePrimitive(resource: Resource, lines: Line[]): void {
  const next = resource.assigned
  const current = currentNode(resource)
  if (resource.runningOn.length > 0 && resource.role === role.stopped) resource.role = role.started
  if (current === undefined && resource.orphan) return
  if (!resource.managed || (current === undefined && next === undefined)) return
  const oldest = (name: string, node: ClusterNode | undefined): Action | undefined =>
    findOldest(resource.actionsByKey, keyOf(resource, name), node)
  const start = oldest(task.start, next)
  let stop = start?.runnable === true ? oldest(task.stop, current) : oldest(task.stop, undefined)
  if (stop === undefined && resource.stopUnexpected) stop = oldest(task.stop, undefined)
  const moves: Moves = {
    resource,
    current,
    next,
    start,
    stop,
    promote: oldest(task.promote, next),
    demote: oldest(task.demote, next),
    moving: current !== undefined && next !== undefined && current !== next,
  }
  if (resource.role === resource.nextRole) sameRole(moves, lines)
  else otherRole(moves, lines)
}

function sameRole(moves: Moves, lines: Line[]): void {
  const { resource, current, next, start, stop, promote, demote, moving } = moves
  const migrate = findOldest(resource.actionsByKey, keyOf(resource, task.migrateFrom), next)
  const say = (change: string, action: Action | undefined, source: Action | undefined, to = next): void => {
    lines.push(line(resource, change, current, to, action, source))
  }
  if (migrate !== undefined && current !== undefined && migrate.runnable && !migrate.optional)
    say('Migrate', start, start)
  else if (resource.reload) say('Reload', start, start)
  else if (start === undefined || start.optional) {
    if (demote !== undefined && !demote.optional && promote !== undefined && !promote.optional) {
      say('Re-promote', promote, demote)
    }
  } else if (!start.runnable) {
    lines.push(line(resource, 'Stop', current, undefined, stop, stop?.reason === undefined ? start : stop))
  } else if (moving && current !== undefined) say(resource.failed ? 'Recover' : 'Move', stop, stop)
  else if (resource.failed) lines.push(line(resource, 'Recover', current, undefined, stop, stop))
  else say('Restart', start, start)
}

function otherRole(moves: Moves, lines: Line[]): void {
  const { resource, current, next, start, stop, promote, demote, moving } = moves
  const say = (change: string, action: Action | undefined, source: Action | undefined, from = current): void => {
    lines.push(line(resource, change, from, next, action, source))
  }
  const gone = resource.nextRole === role.stopped || (start !== undefined && !start.runnable)
  if (stop !== undefined && gone) {
    for (const node of resource.runningOn) {
      const own = findOldest(resource.actionsByKey, keyOf(resource, task.stop), node)
      lines.push(line(resource, 'Stop', node, undefined, own, own?.reason === undefined ? start : own))
    }
  } else if (stop !== undefined && resource.failed && resource.stopRequired) say('Recover', stop, start)
  else if (moving) say('Move', stop, stop)
  else if (resource.reload) say('Reload', start, start)
  else if (stop !== undefined && !stop.optional) say('Restart', start, start)
  else if (resource.role === role.promoted) say('Demote', demote, demote)
  else if (resource.nextRole === role.promoted) say('Promote', promote, promote)
  else if (resource.role === role.stopped && resource.nextRole > role.stopped) say('Start', start, start, undefined)
}

function line(
  resource: Resource,
  change: string,
  from: ClusterNode | undefined,
  to: ClusterNode | undefined,
  action: Action | undefined,
  source: Action | undefined,
): Line {
  const data = element('rsc_action', {
    action: change.toLowerCase(),
    resource: resource.id,
    ...placesOf(resource, from, to),
    reason: source?.reason,
    blocked: action !== undefined && !action.runnable ? 'true' : undefined,
  })
  return { change, id: resource.id, details: detailsOf(resource, from, to), reason: reasonOf(action, source), data }
}

/** Roles and nodes of a change as attributes: only what {@link detailsOf} tells as well. */
function placesOf(
  resource: Resource,
  from: ClusterNode | undefined,
  to: ClusterNode | undefined,
): Record<string, string | undefined> {
  const needRole = resource.role > role.started || resource.nextRole > role.unpromoted
  const [now, then] = [roleText(resource.role), roleText(resource.nextRole)]
  if (from === undefined) {
    return needRole ? { role: now, 'next-role': then, dest: to?.uname ?? '' } : { node: to?.uname ?? '' }
  }
  if (to === undefined) return needRole ? { role: now, node: from.uname } : { node: from.uname }
  const sameRoles = resource.role === resource.nextRole
  if (from === to) {
    if (!sameRoles) return { role: now, 'next-role': then, source: from.uname }
    return needRole ? { role: now, source: from.uname } : { source: from.uname }
  }
  if (sameRoles && !needRole) return { source: from.uname, dest: to.uname }
  if (sameRoles) return { source: from.uname, dest: to.uname, role: now }
  return { role: now, source: from.uname, 'next-role': then, dest: to.uname }
}

function detailsOf(resource: Resource, from: ClusterNode | undefined, to: ClusterNode | undefined): string {
  const needRole = resource.role > role.started || resource.nextRole > role.unpromoted
  const [now, then] = [roleText(resource.role), roleText(resource.nextRole)]
  if (from === undefined) return needRole ? `${now} -> ${then} ${to?.uname ?? ''}` : (to?.uname ?? '')
  if (to === undefined) return needRole ? `${now} ${from.uname}` : from.uname
  const sameRoles = resource.role === resource.nextRole
  if (from === to) {
    if (!sameRoles) return `${now} -> ${then} ${from.uname}`
    return needRole ? `${now} ${from.uname}` : from.uname
  }
  if (sameRoles) return needRole ? `${from.uname} -> ${to.uname} ${now}` : `${from.uname} -> ${to.uname}`
  return `${now} ${from.uname} -> ${then} ${to.uname}`
}

function reasonOf(action: Action | undefined, source: Action | undefined): string {
  const reason = source?.reason
  const stuck = action !== undefined && !action.runnable
  if (reason !== undefined) return `due to ${reason}${stuck ? ' (blocked)' : ''}`
  return stuck ? 'blocked' : ''
}
