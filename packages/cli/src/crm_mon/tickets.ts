import type { Cluster, StatusItem } from '@quorate/scheduler'
import { localTime } from './local-time.ts'

/** Lines of the tickets. */
export function ticketItems(cluster: Cluster): readonly StatusItem[] {
  return [...cluster.tickets.values()].map((ticket) => {
    const standby = ticket.standby ? ' [standby]' : ''
    const granted = ticket.lastGrantedSeconds
    const when = granted === undefined ? '' : ` last-granted="${localTime(granted)}"`
    return { label: ticket.id, text: `${ticket.granted ? 'granted' : 'revoked'}${standby}${when}` }
  })
}
