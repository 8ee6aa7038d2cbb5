import { task } from '../action/key.ts'
import type { Action, Cluster, ClusterNode, Resource } from '../model/model.ts'
import { containerOf, isGuest } from '../model/tree.ts'

/** Fencing that the cluster is going to do; unfencing is none. */
export function dueFencing(cluster: Cluster): readonly Action[] {
  return cluster.actions.filter(
    (action) =>
      action.task === task.fence &&
      !action.optional &&
      action.node !== undefined &&
      action.meta.get('stonith_action') !== 'on',
  )
}

/** Why a node is fenced; what logs only hint at is told in full. */
export function fencingReason(cluster: Cluster, { node, reason }: Action): string | undefined {
  if (node === undefined) return reason
  const said = guestReason(cluster, node) ?? reason
  const container = containerOf(node)
  if (said === 'guest is unclean' && container !== undefined) return `its container ${container.id} is recovered`
  if (said === 'node is unclean' && node.unseen) {
    return 'nothing is known of it since the cluster started, and startup-fencing is true'
  }
  return said === 'deadman ticket was lost' ? (lostTicket(node) ?? said) : said
}

/** The ticket for the loss of which a node is fenced. */
function lostTicket({ running }: ClusterNode): string | undefined {
  for (const resource of running) {
    for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
      const lost = at.tickets.find(({ ticket, lossPolicy }) => lossPolicy === 'fence' && !ticket.granted)
      if (lost !== undefined)
        return `ticket ${lost.ticket.id} is lost, on which ${at.id} depends there (${lost.id}, loss-policy=fence)`
    }
  }
  return undefined
}

/** Why a guest is fenced; only the log has it, since it is its container that is recovered. */
export function guestReason(cluster: Cluster, node: ClusterNode): string | undefined {
  if (!isGuest(node)) return undefined
  const start = `Guest node ${node.uname} will be fenced (by recovering its guest resource `
  const said = cluster.log.find(({ text }) => text.startsWith(start))?.text
  return said?.slice(said.indexOf('): ', start.length) + '): '.length)
}
