import { attr, childrenNamed, idOf, type XmlElement } from '@quorate/xml'
import { fenceNode } from '../action/fencing.ts'
import { configError } from '../model/log.ts'
import type { Cluster, LossPolicy, Resource, Ticket, TicketDependency } from '../model/model.ts'
import { type Role, role } from '../model/role.ts'
import { forEachLeaf } from '../model/tree.ts'
import { findTicket } from '../unpack/node-state.ts'
import { readRole } from '../unpack/role.ts'
import { ban, block } from '../unpack/running.ts'
import {
  constraintInstance,
  constraintResource,
  expandSets,
  isKnown,
  refuse,
  refuseName,
  resolvedSets,
  sideToSet,
} from './lookup.ts'

/** Reads one `rsc_ticket`, and does at once what a ticket that is not granted demands. */
export function unpackTicket(cluster: Cluster, original: XmlElement): void {
  const ticketId = attr(original, 'ticket')
  if (ticketId === undefined) {
    const text = `Ignoring constraint '${idOf(original)}' without ticket`
    return configError(cluster, 'pcmk__unpack_rsc_ticket', text)
  }
  // There is no ticket of that name, and so nothing that depends on it.
  if (ticketId === '') return
  // Known from now on, even where what depends on it is not.
  const ticket = findTicket(cluster, ticketId)
  const sets = expandSets(cluster, original)
  const xml =
    sideToSet(cluster, sets, { attribute: 'rsc', moved: 'rsc-role', movedAs: 'role', always: false }) ?? original
  const items = childrenNamed(xml, 'resource_set')
  if (items.length === 0) {
    const resource = constraintInstance(cluster, attr(xml, 'rsc'), attr(xml, 'rsc-instance'))
    if (resource === undefined) return refuseResource(cluster, xml)
    return addDependency(cluster, xml, ticket, resource, attr(xml, 'rsc-role'))
  }
  for (const set of resolvedSets(cluster, items)) {
    for (const ref of childrenNamed(set, 'resource_ref')) {
      const resource = constraintResource(cluster, idOf(ref))
      if (resource === undefined) {
        const text = `${idOf(set)}: No resource found for ${idOf(ref)}`
        return configError(cluster, 'unpack_rsc_ticket_set', text)
      }
      addDependency(cluster, xml, ticket, resource, attr(set, 'role'))
    }
  }
}

function refuseResource(cluster: Cluster, xml: XmlElement): void {
  const name = attr(xml, 'rsc')
  const source = 'unpack_simple_rsc_ticket'
  if (name === undefined) return configError(cluster, source, `Ignoring constraint '${idOf(xml)}' without resource`)
  if (!isKnown(cluster, name)) return refuseName(cluster, xml, name, 'unpack_rsc_ticket_tags')
  const asked = attr(xml, 'rsc-instance') ?? ''
  refuse(cluster, xml, `resource '${name}' is not a clone but instance '${asked}' was requested`, source)
}

function lossPolicy(cluster: Cluster, ticket: Ticket, text: string | undefined, of: Role): LossPolicy {
  switch (text?.toLowerCase()) {
    case 'fence': {
      if (cluster.settings.fencingEnabled) return 'fence'
      const reset = `Resetting 'loss-policy' for ticket '${ticket.id}' to 'stop' because fencing is not configured`
      configError(cluster, 'rsc_ticket_new', reset)
      return 'stop'
    }
    case 'freeze':
      return 'freeze'
    case 'demote':
      return 'demote'
    case 'stop':
      return 'stop'
    default:
      return of === role.promoted ? 'demote' : 'stop'
  }
}

function addDependency(
  cluster: Cluster,
  xml: XmlElement,
  ticket: Ticket,
  resource: Resource,
  roleName: string | undefined,
): void {
  const asked = readRole(cluster, roleName)
  const filter = asked === role.started ? role.unknown : asked
  const dependency: TicketDependency = {
    id: idOf(xml),
    ticket,
    role: filter,
    lossPolicy: lossPolicy(cluster, ticket, attr(xml, 'loss-policy'), filter),
  }
  resource.tickets.push(dependency)
  if (!dependency.ticket.granted || dependency.ticket.standby) applyLoss(cluster, resource, dependency)
}

function applyLoss(cluster: Cluster, resource: Resource, dependency: TicketDependency): void {
  forEachLeaf(resource, (leaf) => {
    const { ticket, lossPolicy: policy } = dependency
    if (ticket.granted || leaf.runningOn.length === 0) {
      if (dependency.role !== role.promoted || policy === 'stop')
        ban(cluster, leaf, undefined, { kind: 'ticket', dependency })
      return
    }
    const concerned = dependency.role === role.unknown || dependency.role === leaf.role
    if (policy === 'stop') ban(cluster, leaf, undefined, { kind: 'ticket', dependency })
    else if (policy === 'demote') {
      if (dependency.role !== role.promoted) ban(cluster, leaf, undefined, { kind: 'ticket', dependency })
    } else if (!concerned) return
    else if (policy === 'freeze') block(leaf)
    else {
      ban(cluster, leaf, undefined, { kind: 'ticket', dependency })
      for (const node of leaf.runningOn) fenceNode(cluster, node, 'deadman ticket was lost')
    }
  })
}
