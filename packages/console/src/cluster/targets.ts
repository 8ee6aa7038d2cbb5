import { type Cluster, type ClusterNode, isDisabled, type Resource, role } from '@quorate/scheduler'
import { attr, child, idOf } from '@quorate/xml'
import type { OperationRequest, Reason, ReasonCode } from '../api/operation.ts'
import { type Acted, movesWithin } from './change.ts'
import { FailureBook } from './failure-view.ts'
import { partsOf } from './resource-view.ts'
import { locations } from './temporary-move.ts'

/** A target as it stands, before anything is simulated. */
export type Sorted = {
  readonly target: string
  readonly effective: string
  readonly from: readonly string[]
  /** What is to be done something to; undefined where that is decided already. */
  readonly acted: Acted | undefined
  readonly outcome: 'open' | 'already' | 'cannot'
  readonly reason: Reason | null
}

/** A reason in words. */
export function reasonOf(code: ReasonCode, text: string, params: Readonly<Record<string, string>> = {}): Reason {
  return { code, text, params: { ...params } }
}

/** Sorts the targets of an operation by how they stand: what is to be simulated, and what cannot be or is already. */
export function sortTargets(request: OperationRequest, cluster: Cluster): readonly Sorted[] {
  const targets = [...new Set(request.targets)]
  switch (request.kind) {
    case 'standby':
    case 'online':
    case 'maintenance':
    case 'endMaintenance':
      return targets.map((target) => sortNode(request.kind as NodeKind, target, cluster))
    case 'ticketGrant':
    case 'ticketRevoke':
    case 'ticketStandby':
    case 'ticketActivate':
      return targets.map((target) => sortTicket(request.kind as TicketKind, target, cluster))
    default: {
      const book = new FailureBook(cluster)
      return targets.map((target) => sortResource(request as ResourceRequest, target, cluster, book))
    }
  }
}

type NodeKind = 'standby' | 'online' | 'maintenance' | 'endMaintenance'
type TicketKind = 'ticketGrant' | 'ticketRevoke' | 'ticketStandby' | 'ticketActivate'
type ResourceRequest = Exclude<OperationRequest, { kind: NodeKind | TicketKind }>

/** A node by its name, letter by letter. */
export function nodeNamed(cluster: Cluster, name: string): ClusterNode | undefined {
  return cluster.nodes.find(({ uname }) => uname === name)
}

/** A resource by the id that snapshots give it. */
function targetResource(cluster: Cluster, id: string): Resource | undefined {
  const exact = cluster.resourceById.get(id)
  if (exact !== undefined) return exact
  const replica = /^(.+)\/\d+$/.exec(id)?.[1]
  const bundle = replica === undefined ? undefined : cluster.resourceById.get(replica)
  if (bundle?.bundle !== undefined) return bundle
  return [...cluster.resourceById.values()].find(({ xmlId }) => xmlId === id)
}

/** What moves when a resource is to move. */
export function movableRoot(resource: Resource): Resource {
  let at = resource
  while (at.parent !== undefined) at = at.parent
  return at
}

/** Where a resource, or anything below it, is active; of what can be promoted, where it is. */
export function activeNodes(resource: Resource): readonly string[] {
  const found = new Set<string>()
  const parts = partsOf(resource)
  const promoted = parts.filter((leaf) => leaf.role === role.promoted)
  for (const leaf of resource.promotable && promoted.length > 0 ? promoted : parts) {
    for (const { uname } of leaf.runningOn) found.add(uname)
  }
  return [...found]
}

/** Whether a resource has got to a node: all that runs of it, one instance, or the promoted one. */
export function isAt(resource: Resource, node: string): boolean {
  const active = partsOf(resource).filter((leaf) => leaf.runningOn.length > 0)
  const isThere = (leaf: Resource): boolean => leaf.runningOn.some(({ uname }) => uname === node)
  if (resource.promotable) return active.some((leaf) => leaf.role === role.promoted && isThere(leaf))
  if (resource.clone !== undefined || resource.bundle !== undefined) return active.some(isThere)
  return active.length > 0 && active.every((leaf) => leaf.runningOn.length === 1 && isThere(leaf))
}

/** Whether anything of a resource is active on a node. */
export function isPartlyAt(resource: Resource, node: string): boolean {
  return partsOf(resource).some((leaf) => leaf.runningOn.some(({ uname }) => uname === node))
}

function sortResource(request: ResourceRequest, target: string, cluster: Cluster, book: FailureBook): Sorted {
  const named = targetResource(cluster, target)
  if (named === undefined) {
    const reason = reasonOf('unknownTarget', `There is no resource ${target}.`, { target })
    return { target, effective: target, from: [], acted: undefined, outcome: 'cannot', reason }
  }
  const resource = isWhole(request.kind) ? movableRoot(named) : configured(named)
  const base = { target, effective: resource.id, from: activeNodes(resource) }
  const cannot = (code: ReasonCode, text: string, params = {}): Sorted => ({
    ...base,
    acted: undefined,
    outcome: 'cannot',
    reason: reasonOf(code, text, { resource: resource.id, ...params }),
  })
  const already = (reason: Reason | null = null): Sorted => ({ ...base, acted: undefined, outcome: 'already', reason })
  const open: Sorted = { ...base, acted: { kind: 'resource', target, resource }, outcome: 'open', reason: null }
  const { id } = resource
  if (resource.orphan && request.kind !== 'cleanup' && request.kind !== 'refresh') {
    return cannot('orphan', `${id} is not configured any more: only its history is left.`)
  }
  const parts = partsOf(resource)
  const disabled = metaText(resource, 'target-role')?.toLowerCase() === 'stopped'
  switch (request.kind) {
    case 'move': {
      const idle = cannotRunOn(nodeNamed(cluster, request.args.to), request.args.to)
      if (base.from.length === 0) return cannot('notRunning', `${id} does not run: there is nothing to move.`)
      if (isAt(resource, request.args.to)) return already()
      const held = heldBack(resource)
      if (held !== undefined) return cannot(held.code, held.text)
      return idle === undefined ? open : cannot(idle.code, idle.text, idle.params)
    }
    case 'ban': {
      const { from } = request.args
      if (nodeNamed(cluster, from) === undefined)
        return cannot('noSuchNode', `There is no node ${from}.`, { node: from })
      const isBanned = locations(cluster.cib).some((item) => idOf(item) === `cli-ban-${resource.xmlId}-on-${from}`)
      if (isBanned) return already()
      const held = isPartlyAt(resource, from) ? heldBack(resource) : undefined
      return held === undefined ? open : cannot(held.code, held.text)
    }
    case 'clearMoves':
      return movesWithin(cluster.cib, resource).length > 0
        ? open
        : already(reasonOf('nothingToClear', `No move or ban of ${id} is left over.`, { resource: id }))
    case 'start': {
      const isRunning = parts.some((leaf) => leaf.runningOn.length > 0)
      if (isRunning && !disabled && !isDisabled(resource)) return already()
      const held = heldBack(resource)
      return held === undefined ? open : cannot(held.code, held.text)
    }
    case 'stop': {
      const isRunning = parts.some((leaf) => leaf.runningOn.length > 0)
      if (!isRunning && disabled) return already()
      const held = isRunning ? heldBack(resource) : undefined
      return held === undefined ? open : cannot(held.code, held.text)
    }
    case 'manage':
      return resource.managed && parts.every((leaf) => leaf.managed) ? already() : open
    case 'unmanage':
      return metaText(resource, 'is-managed')?.toLowerCase() === 'false' ? already() : open
    case 'cleanup': {
      const { node } = request.args ?? {}
      const nodes = node === undefined ? undefined : cluster.nodes.filter(({ uname }) => uname === node)
      if (nodes?.length === 0) return cannot('noSuchNode', `There is no node ${node}.`, { node })
      return parts.some((leaf) => book.of(leaf, nodes).length > 0)
        ? open
        : already(reasonOf('nothingToCleanUp', `Nothing of ${id} has failed.`, { resource: id }))
    }
    case 'refresh':
      return open
    default:
      return request satisfies never
  }
}

/** Kinds that are done to what moves together, whichever part of it was selected. */
function isWhole(kind: ResourceRequest['kind']): boolean {
  return kind === 'move' || kind === 'clearMoves' || kind === 'ban'
}

/** Of instances of a clone, what is done to one is done to all: the clone stands for it. */
function configured(resource: Resource): Resource {
  let at = resource
  for (let up: Resource | undefined = resource; up !== undefined; up = up.parent) {
    if (up.clone !== undefined && up.parent === undefined && isCopy(resource, up)) at = up
    if (up.bundle !== undefined) at = up
  }
  return at
}

/** Whether a resource is what a clone copies itself, and not a part of that. */
function isCopy(resource: Resource, clone: Resource): boolean {
  return resource.parent === clone
}

function metaText(resource: Resource, name: string): string | undefined {
  return resource.meta.get(name) ?? (resource.clone === undefined ? undefined : resource.children[0]?.meta.get(name))
}

/** Why the cluster does nothing to a resource. */
function heldBack(resource: Resource): Reason | undefined {
  const parts = partsOf(resource)
  const { id } = resource
  const params = { resource: id }
  if (parts.some(({ blocked }) => blocked)) {
    return reasonOf('blocked', `${id} is blocked by a failure: the cluster does nothing about it.`, params)
  }
  if (resource.maintenance || (parts.length > 0 && parts.every(({ maintenance }) => maintenance))) {
    return reasonOf('maintenance', `${id} is in maintenance: the cluster does nothing about it.`, params)
  }
  if (parts.length > 0 && parts.every(({ managed }) => !managed)) {
    return reasonOf('unmanaged', `${id} is not managed: the cluster leaves it alone.`, params)
  }
  return undefined
}

/** Why a node can run nothing new. */
function cannotRunOn(node: ClusterNode | undefined, name: string): Reason | undefined {
  const params = { node: name }
  if (node === undefined) return reasonOf('noSuchNode', `There is no node ${name}.`, params)
  if (node.kind === 'ping') return reasonOf('nodeNotMember', `${name} runs no resources.`, params)
  if (node.unclean) return reasonOf('nodeUnclean', `${name} is unclean and is to be fenced.`, params)
  if (!node.online || node.pending || node.shutdown) return reasonOf('nodeOffline', `${name} is not online.`, params)
  if (node.standby || node.standbyOnFail) return reasonOf('nodeStandby', `${name} is on standby.`, params)
  if (node.maintenance || node.remoteMaintenance) {
    return reasonOf('maintenance', `${name} is in maintenance: nothing is started there.`, params)
  }
  return undefined
}

function sortNode(kind: NodeKind, target: string, cluster: Cluster): Sorted {
  const node = nodeNamed(cluster, target)
  const base = { target, effective: target, from: [] }
  if (node === undefined) {
    const reason = reasonOf('unknownTarget', `There is no node ${target}.`, { target })
    return { ...base, acted: undefined, outcome: 'cannot', reason }
  }
  if (node.kind === 'ping') {
    const reason = reasonOf('nodeNotMember', `${target} runs no resources.`, { node: target })
    return { ...base, acted: undefined, outcome: 'cannot', reason }
  }
  const isIt = kind === 'standby' || kind === 'online' ? node.standby : node.maintenance || node.remoteMaintenance
  const isAlready = kind === 'standby' || kind === 'maintenance' ? isIt : !isIt
  if (isAlready) return { ...base, acted: undefined, outcome: 'already', reason: null }
  return { ...base, acted: { kind: 'node', target, node }, outcome: 'open', reason: null }
}

function sortTicket(kind: TicketKind, target: string, cluster: Cluster): Sorted {
  const base = { target, effective: target, from: [] }
  const ticket = cluster.tickets.get(target)
  if (ticket === undefined && !isMentioned(cluster, target)) {
    const reason = reasonOf('unknownTarget', `There is no ticket ${target}.`, { target })
    return { ...base, acted: undefined, outcome: 'cannot', reason }
  }
  const granted = ticket?.granted === true
  const standby = ticket?.standby === true
  const isAlready = { ticketGrant: granted, ticketRevoke: !granted, ticketStandby: standby, ticketActivate: !standby }
  if (isAlready[kind]) return { ...base, acted: undefined, outcome: 'already', reason: null }
  return { ...base, acted: { kind: 'ticket', target }, outcome: 'open', reason: null }
}

/** Whether a constraint depends on a ticket that was never heard of. */
function isMentioned(cluster: Cluster, ticket: string): boolean {
  const configuration = child(cluster.cib, 'configuration')
  const section = configuration && child(configuration, 'constraints')
  return section?.children.some((item) => attr(item, 'ticket') === ticket) === true
}
