import { attr, type XmlElement } from '@quorate/xml'
import type { Cluster, ClusterNode, Resource, TicketDependency } from '../model/model.ts'
import { parseRole, role } from '../model/role.ts'
import { forEachLeaf, isRemote, withoutInstance } from '../model/tree.ts'
import { isTrue, sameText } from '../scalar.ts'
import { sectionOf } from '../unpack/section.ts'
import type { Change } from './change.ts'
import type { Reason } from './reason.ts'
import { resourcesNamed } from './resources-named.ts'
import { attributeSetting, type Setting } from './setting.ts'
import { bySource, metaSource } from './setting-source.ts'
import { isConfigurable } from './supposition.ts'

/** Something unusual about a node. */
type NodeFact = {
  readonly text: string
  readonly change: Change
  /** Attribute of the node that makes it so, where one does. */
  readonly attribute?: string
}

function nodeFacts(node: ClusterNode): readonly NodeFact[] {
  const name = node.uname
  const found: NodeFact[] = []
  const connection = node.connection
  const back: Change = { text: `${name} has to be started again`, suppose: { nodesRebooted: [name] } }
  // The connection to a guest runs where its container does.
  const carrier = connection?.container ?? connection
  const up: Change = isRemote(node)
    ? {
        text: `${carrier?.id ?? `a connection to ${name}`} has to run`,
        ...(carrier === undefined ? {} : { place: { resource: carrier, node: undefined } }),
      }
    : node.shutdown
      ? back
      : { text: `${name} has to come online`, suppose: { nodesUp: [name] } }
  if (node.unclean) {
    found.push({
      text: `${name} is unclean: what runs there is not known until it is fenced`,
      change: { text: `${name} has to be fenced and come back`, suppose: { nodesRebooted: [name] } },
    })
  }
  if (!node.online && !node.unclean) found.push({ text: `${name} is offline`, change: up })
  // That what does not run is to stop adds nothing.
  const isIdle = connection !== undefined && connection.runningOn.length === 0 && !node.online && !node.unclean
  if (node.shutdown && !isIdle) {
    const text = isRemote(node) ? `the connection of ${name} is to be stopped` : `${name} is shutting down`
    found.push({ text, change: isRemote(node) ? up : back })
  }
  if (node.pending) {
    found.push({
      text: `${name} has not finished joining`,
      change: { text: `${name} has to finish joining`, suppose: { nodesUp: [name] } },
    })
  }
  if (node.standbyOnFail) {
    found.push({
      text: `${name} is on standby because of a failure with on-fail=standby`,
      change: {
        text: `crm_resource --cleanup --node ${name}`,
        suppose: { cleanups: [{ resource: undefined, node: name }] },
      },
    })
  }
  if (isTrue(node.attributes.get('standby'))) {
    found.push({
      text: `${name} is on standby`,
      attribute: 'standby',
      change: { text: `crm_standby --node ${name} --delete`, suppose: { nodesOffStandby: [name] } },
    })
  }
  if (node.maintenance) found.push(...maintenanceFacts(node))
  return found
}

/** Why a node is in maintenance: by itself, or since its connection is left alone. */
function maintenanceFacts(node: ClusterNode): readonly NodeFact[] {
  const { uname, connection } = node
  if (isTrue(node.attributes.get('maintenance')) || connection === undefined || connection.managed) {
    return [{ text: `${uname} is in maintenance`, change: maintenanceChange(node), attribute: 'maintenance' }]
  }
  // What a guest's connection is told, it is told by its container.
  const carrier = connection.container ?? connection
  const left = `${uname} is in maintenance, since its connection ${connection.id} is not managed`
  const hosts = connection.runningOn.filter((host) => host.maintenance && host !== node)
  if (hosts.length > 0) {
    return hosts.map((host) => ({
      text: `${left}: it runs on ${host.uname}, which is in maintenance`,
      change: maintenanceChange(host),
    }))
  }
  const { xmlId: id, meta } = carrier
  const name = isTrue(meta.get('maintenance')) ? 'maintenance' : 'is-managed'
  const value = name === 'maintenance' ? 'false' : 'true'
  const change = { text: `${id} has to be managed`, suppose: { metaAttributes: [{ resource: id, name, value }] } }
  return [{ text: left, change }]
}

function maintenanceChange({ uname }: ClusterNode): Change {
  return {
    text: `crm_attribute --node ${uname} --name maintenance --delete`,
    suppose: { nodeAttributes: [{ node: uname, name: 'maintenance', value: undefined }] },
  }
}

/** What takes a node out of maintenance. */
export function maintenanceChanges(node: ClusterNode): readonly Change[] {
  return maintenanceFacts(node).map(({ change }) => change)
}

/** What is unusual about a node, each with what would have to change. */
export function stateReasons(cluster: Cluster, node: ClusterNode): Reason[] {
  return nodeFacts(node).map(({ text, change, attribute }) => ({
    kind: 'node-state',
    constraint: undefined,
    score: undefined,
    text,
    remedy: change.text,
    settings: attribute === undefined ? [] : [attributeSetting(cluster, node, attribute) ?? []].flat(),
    because: [],
  }))
}

/** What would have to change for a node to be used at all. */
export function nodeStateChanges(node: ClusterNode): readonly Change[] {
  return nodeFacts(node).map(({ change }) => change)
}

/** Failures of a resource forgotten on a node, or on all. */
export function cleanupChange(resource: Resource, node: ClusterNode | undefined): Change {
  const where = node === undefined ? '' : ` --node ${node.uname}`
  return {
    text: `crm_resource --cleanup --resource ${resource.id}${where}`,
    suppose: { cleanups: [{ resource: resource.id, node: node?.uname }] },
  }
}

/** What only its history knows put into the configuration again. */
export function configuredChange(cluster: Cluster, resource: Resource): Change {
  const text = `${resource.id} has to be configured again`
  if (isConfigurable(cluster, resource)) return { text, suppose: { configured: [resource.id] } }
  const name = withoutInstance(resource.id)
  if (resourcesNamed(cluster, name).some(({ orphan }) => !orphan) || hasNumbered(cluster, name)) {
    const before = name === resource.id ? 'when its instances had no numbers' : `what ${name} was before`
    return { text: `${resource.id} is left over from ${before}: it cannot run any more`, isImpossible: true }
  }
  return { text: resource.containerFiller ? `${text}, with its container` : text }
}

/** True where a resource of that id is configured of which each instance has a number of its own. */
function hasNumbered({ resources }: Cluster, id: string): boolean {
  let found = false
  for (const resource of resources) {
    forEachLeaf(resource, (leaf) => {
      found ||= !leaf.orphan && leaf.unique && leaf.xmlId === id
    })
  }
  return found
}

/** What runs on several nodes stopped by a person on all of them but the first. */
export function stoppedButOnce(resource: Resource): Change {
  const [, ...others] = resource.runningOn
  const id = resource.id
  return {
    text: `it has to be stopped by hand on all of them but one, then: crm_resource --refresh --resource ${id}`,
    suppose: { stopped: others.map((node) => ({ resource: id, node: node.uname })) },
  }
}

/** That there is no quorum, and what is configured for that. */
export function noQuorumText({ cib, settings }: Cluster): string {
  const counts = settings.noQuorumPolicy
  const [asked] = optionSets(cib).flatMap((set) =>
    set.children
      .filter((pair) => attr(pair, 'name') === 'no-quorum-policy')
      .flatMap((pair) => attr(pair, 'value') ?? []),
  )
  const said =
    asked !== undefined && sameText(asked, 'suicide') && counts === 'stop'
      ? 'suicide, which counts as stop here'
      : counts
  return `this partition has no quorum and no-quorum-policy is ${said}`
}

function optionSets(cib: XmlElement): readonly XmlElement[] {
  return sectionOf(cib, 'crm_config')?.children ?? []
}

/** What makes a ticket one that lets run what depends on it. */
export function ticketChange({ ticket }: TicketDependency): Change {
  const { id } = ticket
  return ticket.granted
    ? {
        text: `ticket ${id} has to be taken off standby: crm_ticket --ticket ${id} --activate`,
        suppose: { ticketsActivated: [id] },
      }
    : {
        text: `ticket ${id} has to be granted: crm_ticket --ticket ${id} --grant`,
        suppose: ticket.standby ? { ticketsGranted: [id], ticketsActivated: [id] } : { ticketsGranted: [id] },
      }
}

/** How a ticket stands, with the constraint that asks for it. */
export function ticketText({ id, ticket, lossPolicy }: TicketDependency): string {
  if (!ticket.granted) return `ticket ${ticket.id} is not granted (${id}, loss-policy=${lossPolicy})`
  return ticket.standby ? `ticket ${ticket.id} is on standby (${id})` : `ticket ${ticket.id} is granted (${id})`
}

/** Of a resource and what it is part of, the one that sets a meta-attribute which holds for the resource. */
export function holderOf(resource: Resource, name: string): Resource {
  const { parent, meta } = resource
  return parent !== undefined && parent.meta.get(name) === meta.get(name) ? holderOf(parent, name) : resource
}

/** True where a resource is to be stopped by `target-role`: its own, or that of what it is part of where it has none. */
export function isToBeStopped({ meta }: Resource): boolean {
  return parseRole(meta.get('target-role')) === role.stopped
}

/** Why a resource is to be stopped wherever it is. */
export function stopCause(
  cluster: Cluster,
  resource: Resource,
): { readonly text: string; readonly settings: readonly Setting[]; readonly changes: readonly Change[] } {
  if (isToBeStopped(resource)) {
    const holder = holderOf(resource, 'target-role')
    const id = holder.xmlId
    const setting = metaSource(cluster, holder, 'target-role')
    return {
      text: `${id} has target-role=${holder.meta.get('target-role') ?? ''}${bySource(setting, holder)}`,
      settings: setting === undefined ? [] : [setting],
      changes: [
        {
          text: `target-role=Started of ${id}: crm_resource --meta --resource ${id} --set-parameter target-role --parameter-value Started`,
          suppose: { metaAttributes: [{ resource: id, name: 'target-role', value: 'Started' }] },
        },
      ],
    }
  }
  const remote = resource.isConnection ? cluster.nodeByName.get(resource.id.toLowerCase()) : undefined
  if (remote?.shutdown === true) {
    return {
      text: `${remote.uname} was asked to shut down`,
      settings: [],
      changes: [{ text: `${remote.uname} has to be started again` }],
    }
  }
  return {
    text: 'a failed operation stopped it (on-fail=stop, or a connection that waits to be tried again)',
    settings: [],
    changes: [cleanupChange(resource, undefined)],
  }
}

/** What a constraint has to name to move a resource: its clone or its group. */
export function placedAs(resource: Resource): Resource {
  let at = resource
  while (at.parent !== undefined) at = at.parent
  return at
}
