import { type Cluster, GlibOrder, type StatusItem, type Ticket } from '@quorate/scheduler'
import { localTime } from './local-time.ts'

/** The tickets in the order in which the C tools' table of them has them. */
export function ticketsOf({ tickets }: Cluster): readonly Ticket[] {
  const order = new GlibOrder()
  for (const id of tickets.keys()) order.add(id)
  return order.keys().flatMap((id) => tickets.get(id) ?? [])
}

/** Lines of the tickets. */
export function ticketItems(cluster: Cluster): readonly StatusItem[] {
  return ticketsOf(cluster).map((ticket) => {
    const standby = ticket.standby ? ' [standby]' : ''
    const granted = ticket.lastGrantedSeconds
    const when = granted === undefined ? '' : ` last-granted="${localTime(granted)}"`
    return { label: ticket.id, text: `${ticket.granted ? 'granted' : 'revoked'}${standby}${when}` }
  })
}
