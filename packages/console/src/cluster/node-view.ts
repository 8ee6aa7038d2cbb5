import { type ClusterNode, isGuest, isRemote } from '@quorate/scheduler'
import type { Node, NodeState } from '../api/node.ts'

/** A node as the contract has it. */
export function nodeView(node: ClusterNode): Node {
  return {
    id: node.id,
    name: node.uname,
    kind: isGuest(node) ? 'guest' : isRemote(node) ? 'remote' : node.kind === 'ping' ? 'ping' : 'member',
    state: stateOf(node),
    isOnline: node.online,
    isUnclean: node.unclean,
    isStandby: node.standby,
    isStandbyOnFail: node.standbyOnFail,
    isMaintenance: node.maintenance || node.remoteMaintenance,
    isPending: node.pending,
    isShuttingDown: node.shutdown,
    isDc: node.isDc,
    attributes: Object.fromEntries(node.attributes),
    utilization: Object.fromEntries(node.utilization),
    connection: node.connection === undefined ? null : (node.connection.container ?? node.connection).id,
    running: node.running.map(({ id }) => id),
  }
}

function stateOf(node: ClusterNode): NodeState {
  if (node.unclean) return 'unclean'
  if (node.pending) return 'pending'
  if (!node.online) return 'offline'
  if (node.standby || node.standbyOnFail) return 'standby'
  return node.maintenance || node.remoteMaintenance ? 'maintenance' : 'online'
}
