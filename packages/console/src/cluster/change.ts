import { type Cluster, type ClusterNode, isRemote, type Resource, type Supposition } from '@quorate/scheduler'
import { attr, idOf, type XmlElement } from '@quorate/xml'
import type { OperationRequest } from '../api/operation.ts'
import {
  metaOwners,
  type NamedNode,
  withConstraints,
  withMeta,
  withNodeAttribute,
  withoutConstraints,
  withoutTransientAttribute,
  withTicket,
} from './cib-edit.ts'
import { FailureBook } from './failure-view.ts'
import { partsOf } from './resource-view.ts'
import { lastingBan, lastingConstraint, locations, temporaryConstraint, temporaryPrefix } from './temporary-move.ts'

/** What is to be forgotten of a configured resource, on a node or on all: its failures, or all that is known of it. */
export type CleanUp = {
  readonly resource: Resource
  readonly node: ClusterNode | undefined
  readonly isAnew: boolean
}

/** A primitive whose failures on a node are forgotten; where `forgets` its history too, so that it is looked at again. */
export type CleanUpStep = {
  readonly effective: string
  readonly resource: Resource
  readonly node: ClusterNode
  readonly forgets: boolean
}

/** What an operation does to the cluster. */
export type ClusterChange = {
  /** The CIB changed: all targets at once. The same object where nothing is to be changed. */
  readonly edit: (cib: XmlElement) => XmlElement
  /** Attributes that the attribute manager is told to forget. */
  readonly transient: readonly { readonly node: NamedNode; readonly name: string }[]
  readonly cleanUps: readonly CleanUp[]
  /** Ids of constraints that are taken back at the end. */
  readonly temporary: readonly string[]
}

/** One target that something is to be done to. */
export type Acted =
  | { readonly kind: 'resource'; readonly target: string; readonly resource: Resource }
  | { readonly kind: 'node'; readonly target: string; readonly node: ClusterNode }
  | { readonly kind: 'ticket'; readonly target: string }

/** What a change is known by, and when its constraints end. */
export type ChangeStamp = { readonly operation: string; readonly nowSeconds: number }

const attributes: Readonly<Record<string, { readonly name: string; readonly value: string | undefined }>> = {
  standby: { name: 'standby', value: 'on' },
  online: { name: 'standby', value: undefined },
  maintenance: { name: 'maintenance', value: 'true' },
  endMaintenance: { name: 'maintenance', value: undefined },
}

const metas: Readonly<Record<string, { readonly name: string; readonly value: string }>> = {
  start: { name: 'target-role', value: 'Started' },
  stop: { name: 'target-role', value: 'Stopped' },
  manage: { name: 'is-managed', value: 'true' },
  unmanage: { name: 'is-managed', value: 'false' },
}

const nothing = { edit: (cib: XmlElement): XmlElement => cib, transient: [], cleanUps: [], temporary: [] }

/** What an operation comes to for what it is to be done to. */
export function changeOf(
  request: OperationRequest,
  acted: readonly Acted[],
  cluster: Cluster,
  stamp: ChangeStamp,
): ClusterChange {
  const resources = acted.flatMap((item) => (item.kind === 'resource' ? [item.resource] : []))
  const nodes = acted.flatMap((item) => (item.kind === 'node' ? [namedNode(item.node)] : []))
  switch (request.kind) {
    case 'move':
      return moved(request.args, resources, stamp)
    case 'clearMoves': {
      const ids = new Set(resources.flatMap((resource) => movesWithin(cluster.cib, resource)))
      return { ...nothing, edit: (cib) => withoutConstraints(cib, ids) }
    }
    case 'ban': {
      const { from } = request.args
      const made = [...new Set(resources.map(({ xmlId }) => xmlId))].map((id) => lastingBan(id, from))
      return { ...nothing, edit: (cib) => withConstraints(cib, made) }
    }
    case 'start':
    case 'stop':
    case 'manage':
    case 'unmanage': {
      const meta = metas[request.kind] ?? { name: '', value: '' }
      const ids = new Set(resources.flatMap(({ xmlId }) => metaOwners(cluster.cib, xmlId, meta.name)))
      return { ...nothing, edit: (cib) => withMeta(cib, ids, meta.name, meta.value) }
    }
    case 'cleanup': {
      const node = cluster.nodes.find(({ uname }) => uname === request.args?.node)
      return { ...nothing, cleanUps: resources.map((resource) => ({ resource, node, isAnew: false })) }
    }
    case 'refresh':
      return {
        ...nothing,
        cleanUps: resources.map((resource) => ({ resource, node: undefined, isAnew: true })),
      }
    case 'standby':
    case 'online':
    case 'maintenance':
    case 'endMaintenance': {
      const { name, value } = attributes[request.kind] ?? { name: '', value: undefined }
      return {
        ...nothing,
        edit: (cib) => nodes.reduce((made, node) => withNodeAttribute(made, node, name, value), cib),
        transient: nodes
          .filter((node) => withoutTransientAttribute(cluster.cib, node.id, name) !== cluster.cib)
          .map((node) => ({ node, name })),
      }
    }
    case 'ticketGrant':
      return onTickets(request.targets, { granted: 'true', 'last-granted': String(stamp.nowSeconds) })
    case 'ticketRevoke':
      return onTickets(request.targets, { granted: 'false' })
    case 'ticketStandby':
      return onTickets(request.targets, { standby: 'true' })
    case 'ticketActivate':
      return onTickets(request.targets, { standby: 'false' })
    default:
      return request satisfies never
  }
}

/** The CIB as it would be right after a change, what the attribute manager does included. Clean-ups are supposed instead. */
export function changedCib(cib: XmlElement, change: ClusterChange): XmlElement {
  return change.transient.reduce(
    (made, { node, name }) => withoutTransientAttribute(made, node.id, name),
    change.edit(cib),
  )
}

/** Clean-ups one by one, on the nodes that are online; as `crm_resource --cleanup` and `--refresh` do them. */
export function cleanUpSteps({ cleanUps }: ClusterChange, cluster: Cluster): readonly CleanUpStep[] {
  const book = new FailureBook(cluster)
  const seen = new Set<string>()
  return cleanUps.flatMap(({ resource, node, isAnew }) =>
    partsOf(resource).flatMap((leaf) =>
      cluster.nodes.flatMap((on): CleanUpStep[] => {
        const place = `${leaf.unique ? leaf.id : leaf.xmlId} ${on.uname}`
        if (!on.online || (node !== undefined && on !== node) || seen.has(place)) return []
        seen.add(place)
        const forgets = isAnew || book.of(leaf, [on]).some(({ operations }) => operations.length > 0)
        return [{ effective: resource.id, resource: leaf, node: on, forgets }]
      }),
    ),
  )
}

/** Clean-ups as the scheduler supposes them. */
export function supposedCleanUps({ cleanUps }: ClusterChange): Supposition {
  if (cleanUps.length === 0) return {}
  return { cleanups: cleanUps.map(({ resource, node }) => ({ resource: resource.xmlId, node: node?.uname })) }
}

type MoveArgs = Extract<OperationRequest, { kind: 'move' }>['args']

function moved({ to, seconds, keep }: MoveArgs, resources: readonly Resource[], stamp: ChangeStamp): ClusterChange {
  const names = new Set<string>()
  const made = resources.flatMap((resource) => {
    if (names.has(resource.xmlId)) return []
    names.add(resource.xmlId)
    const isForPromotion = resource.promotable
    if (keep) return [lastingConstraint(resource.xmlId, to, isForPromotion)]
    const untilSeconds = stamp.nowSeconds + seconds
    return [
      temporaryConstraint({
        operation: stamp.operation,
        resource: resource.xmlId,
        node: to,
        isForPromotion,
        untilSeconds,
      }),
    ]
  })
  // What older moves of the same have left behind would go on to outweigh it, or be outweighed for a while only.
  const old = (cib: XmlElement): ReadonlySet<string> => new Set([...names].flatMap((name) => movesOf(cib, name, to)))
  return {
    ...nothing,
    edit: (cib) => withConstraints(withoutConstraints(cib, old(cib)), made),
    temporary: keep ? [] : made.map(idOf),
  }
}

/**
 * Ids of what moves and bans have left behind for a resource, as `crm_resource --clear` finds them, and of this console's.
 *
 * @param to only those that stand in the way of a move to there: preferences, and the ban from that node
 */
function movesOf(cib: XmlElement, resource: string, to?: string): readonly string[] {
  return locations(cib).flatMap((item) => {
    const id = idOf(item)
    if (attr(item, 'rsc') !== resource) return []
    const isOurs = id.startsWith(temporaryPrefix) && id.endsWith(`-${resource}`)
    const isBan = to === undefined ? id.startsWith(`cli-ban-${resource}-on-`) : id === `cli-ban-${resource}-on-${to}`
    return isOurs || isBan || id === `cli-prefer-${resource}` ? [id] : []
  })
}

/** Ids of what moves and bans have left behind for a resource and everything below it. */
export function movesWithin(cib: XmlElement, resource: Resource): readonly string[] {
  const names = new Set([resource, ...resource.children, ...partsOf(resource)].map(({ xmlId }) => xmlId))
  return [...names].flatMap((name) => movesOf(cib, name))
}

function onTickets(ids: readonly string[], state: Readonly<Record<string, string>>): ClusterChange {
  return { ...nothing, edit: (cib) => ids.reduce((made, id) => withTicket(made, id, state), cib) }
}

function namedNode(node: ClusterNode): NamedNode {
  return { id: node.id, uname: node.uname, isRemote: isRemote(node) }
}
