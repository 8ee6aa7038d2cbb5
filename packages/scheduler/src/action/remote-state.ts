import type { ClusterNode } from '../model/model.ts'
import { role } from '../model/role.ts'
import { currentNode } from '../model/tree.ts'

/** How the connection to a remote node stands. */
export type ConnectionState = 'unknown' | 'alive' | 'resting' | 'failed' | 'stopped'

/** State of the connection that leads to a remote or guest node. */
export function connectionState(node: ClusterNode): ConnectionState {
  const connection = node.connection
  if (connection === undefined) return 'unknown'
  const host = currentNode(connection)
  if (connection.assigned === undefined || connection.nextRole === role.stopped) {
    if (host?.unclean === true) return 'failed'
    if (!connection.failed) return 'stopped'
    const asksToLeave = (node.attributes.get('shutdown') ?? '0') !== '0'
    const reconnects = connection.reconnectMs > 0 && node.remoteWasFenced && !asksToLeave
    return connection.nextRole === role.stopped && reconnects ? 'unknown' : 'failed'
  }
  if (host === undefined) return 'unknown'
  if (host.unclean || !host.online) return 'resting'
  if (connection.partialSource !== undefined && connection.partialTarget !== undefined) return 'resting'
  return 'alive'
}
