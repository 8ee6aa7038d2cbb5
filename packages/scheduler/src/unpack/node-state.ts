import { attr, child, idOf, type XmlElement } from '@quorate/xml'
import { fenceNode } from '../action/fencing.ts'
import { configWarning, statusWarning } from '../model/log.ts'
import type { Cluster, ClusterNode } from '../model/model.ts'
import { role } from '../model/role.ts'
import { isRemote } from '../model/tree.ts'
import { isTrue, parseCount, parseInteger, sameText } from '../scalar.ts'
import { infinity } from '../score.ts'
import { findNodeOf, unpackNodeAttributes } from './nodes.ts'

/** What stands for a ticket that was granted at no time, also where it is written so; what is no number is 1970. */
const neverGranted = -1

/** Reads one `ticket_state` entry. */
export function unpackTicketState(cluster: Cluster, xml: XmlElement): void {
  const id = idOf(xml)
  if (id === '') return
  const ticket = findTicket(cluster, id)
  for (let i = 0; i < xml.attributes.length; i += 2) {
    const name = xml.attributes[i] as string
    if (name !== 'id') ticket.attributes.set(name, xml.attributes[i + 1] as string)
  }
  ticket.granted = isTrue(attr(xml, 'granted'))
  ticket.standby = isTrue(attr(xml, 'standby'))
  const granted = attr(xml, 'last-granted')
  const seconds = granted === undefined ? neverGranted : (parseInteger(granted) ?? 0)
  ticket.lastGrantedSeconds = seconds === neverGranted ? undefined : seconds
}

/** The ticket of that name; made, not granted, where nothing was known of it. */
export function findTicket(cluster: Cluster, id: string): ReturnType<Cluster['tickets']['get']> & object {
  const known = cluster.tickets.get(id)
  if (known !== undefined) return known
  const made = {
    id,
    granted: false,
    standby: false,
    lastGrantedSeconds: undefined,
    attributes: new Map<string, string>(),
  }
  cluster.tickets.set(id, made)
  return made
}

/** Under which name the tools say what is wrong with a recorded state. */
const stateSource = 'unpack_node_state'

/** Reads what one `node_state` says of the node itself. */
export function unpackNodeState(cluster: Cluster, state: XmlElement): void {
  const [id, name] = [attr(state, 'id'), attr(state, 'uname')]
  if (id === undefined || name === undefined) {
    const lacks = id === undefined ? 'id' : 'uname'
    statusWarning(cluster, stateSource, `Ignoring malformed node_state entry without ${lacks}`)
    return
  }
  const node = findNodeOf(cluster, state)
  if (node === undefined) {
    const why = 'because it is no longer in the configuration'
    configWarning(cluster, stateSource, `Ignoring recorded node state for '${name}' ${why}`)
    return
  }
  if (isRemote(node)) {
    node.remoteWasFenced = parseCount(attr(state, 'node_fenced'), 0) > 0
    return
  }
  unpackNodeAttributes(cluster, node, child(state, 'transient_attributes'), true)
  if (isTrue(node.attributes.get('standby'))) node.standby = true
  if (isTrue(node.attributes.get('maintenance'))) node.maintenance = true
  if (node.attributes.has('resource-discovery-enabled')) {
    const why = 'disabling resource discovery is not allowed for cluster nodes'
    const text = `Ignoring resource-discovery-enabled attribute for ${node.uname} because ${why}`
    statusWarning(cluster, 'unpack_transient_attributes', text)
  }
  node.unclean = false
  node.unseen = false
  onlineStatus(cluster, node, state)
  if (!cluster.quorate && node.online && cluster.settings.noQuorumPolicy === 'suicide') {
    fenceNode(cluster, node, 'cluster does not have quorum')
  }
}

function onlineStatus(cluster: Cluster, node: ClusterNode, state: XmlElement): void {
  const shutdown = node.attributes.get('shutdown')
  node.shutdown = shutdown !== undefined && shutdown !== '0'
  if (!node.shutdown) node.expectedUp = sameText(attr(state, 'expected'), 'member')
  if (node.kind === 'ping') {
    node.unclean = false
    node.online = false
    node.entryScore = -infinity
  } else {
    const { fencingEnabled } = cluster.settings
    const online = fencingEnabled ? onlineWithFencing(cluster, node, state) : onlineWithout(cluster, node, state)
    if (!online || node.shutdown) node.entryScore = -infinity
    // A node that one of its entries takes for online is that whatever a later one says.
    if (online) node.online = true
  }
  if (node.unclean) statusWarning(cluster, 'determine_online_status', `${node.uname} is unclean`)
}

function onlineWithout(cluster: Cluster, node: ClusterNode, state: XmlElement): boolean {
  if (!isTrue(attr(state, 'in_ccm'))) return false
  if (sameText(attr(state, 'crmd'), 'online')) return sameText(attr(state, 'join'), 'member')
  if (node.expectedUp) fenceNode(cluster, node, 'peer is unexpectedly down')
  return false
}

function terminateRequested(node: ClusterNode): boolean {
  const value = node.attributes.get('terminate')
  return value !== undefined && (isTrue(value) || /^[1-9]/.test(value))
}

function onlineWithFencing(cluster: Cluster, node: ClusterNode, state: XmlElement): boolean {
  const inRing = attr(state, 'in_ccm')
  const ring = isTrue(inRing)
  const controller = sameText(attr(state, 'crmd'), 'online')
  const join = attr(state, 'join')
  const expected = attr(state, 'expected') ?? 'down'
  const terminate = terminateRequested(node)
  if (node.shutdown) return controller
  if (inRing === undefined) fenceNode(cluster, node, 'peer has not been seen by the cluster')
  else if (sameText(join, 'banned')) fenceNode(cluster, node, 'peer failed Pacemaker membership criteria')
  else if (!terminate && sameText(expected, 'down')) {
    if (ring || controller) {
      node.standby = true
      node.pending = true
    }
  } else if (terminate && sameText(join, 'down') && !ring && !controller) return false
  else if (!ring) fenceNode(cluster, node, 'peer is no longer part of the cluster', true)
  else if (!controller) fenceNode(cluster, node, 'peer process is no longer available')
  else if (terminate) fenceNode(cluster, node, 'termination was requested')
  else if (sameText(join, 'member')) return ring
  else if (sameText(join, 'pending') || sameText(join, 'down')) {
    node.standby = true
    node.pending = true
  } else fenceNode(cluster, node, 'peer was in an unknown state')
  return ring
}

/** How a remote or guest node stands, judged by its connection and what that runs in. */
export function remoteOnlineStatus(node: ClusterNode): void {
  const { connection } = node
  if (connection === undefined) {
    node.online = false
    return
  }
  const { container } = connection
  const host = container !== undefined && connection.runningOn.length === 1 ? connection.runningOn[0] : undefined
  if (connection.role === role.started) node.online = true
  if (connection.role === role.started && connection.nextRole === role.stopped) node.shutdown = true
  if (container?.failed === true) {
    node.online = false
    node.requiresReset = true
  } else if (connection.failed) node.online = false
  else if (connection.role === role.stopped || container?.role === role.stopped) {
    node.online = false
    node.requiresReset = false
  } else if (host !== undefined && !host.online && host.unclean) {
    node.online = false
    node.requiresReset = true
  }
}

/** Reads what the state of a remote or guest node says, once its connection is known to be up. */
export function unpackRemoteState(cluster: Cluster, node: ClusterNode, state: XmlElement): void {
  remoteOnlineStatus(node)
  node.remoteMaintenance = parseCount(attr(state, 'node_in_maintenance'), 0) > 0
  if (!node.requiresReset) {
    node.unclean = false
    node.unseen = false
  }
  unpackNodeAttributes(cluster, node, child(state, 'transient_attributes'), true)
  const { attributes, connection } = node
  const shutdown = attributes.get('shutdown')
  if (shutdown !== undefined && shutdown !== '0') node.shutdown = true
  if (isTrue(attributes.get('standby'))) node.standby = true
  if (isTrue(attributes.get('maintenance')) || connection?.managed === false) node.maintenance = true
  const discover = attributes.get('resource-discovery-enabled')
  if (discover === undefined || isTrue(discover)) return
  if (connection?.container === undefined && !cluster.settings.fencingEnabled) {
    const why = 'disabling resource discovery on remote nodes requires fencing to be enabled'
    const text = `Ignoring resource-discovery-enabled attribute on Pacemaker Remote node ${node.uname} because ${why}`
    configWarning(cluster, 'unpack_handle_remote_attrs', text)
  } else node.discoveryEnabled = false
}
