import { type Cluster, GlibOrder, parseInteger } from '@quorate/scheduler'
import { localTime } from '../crm_mon/local-time.ts'

type Ticket = Cluster['tickets'] extends ReadonlyMap<string, infer T> ? T : never

/** A ticket in a line: how it stands, and when it was granted last or all its attributes. */
export function ticketLine(ticket: Ticket, showsDetails: boolean): string {
  const line = `${ticket.id}\t${ticket.granted ? 'granted' : 'revoked'}${ticket.standby ? ' [standby]' : '          '}`
  if (showsDetails) return `${line}${detailsOf(ticket)}`
  const granted = ticket.lastGrantedSeconds
  return granted === undefined ? line : `${line} last-granted='${localTime(granted)}'`
}

/** Attributes that are shown as times. */
const timeNames = ['last-granted', 'expires']

function detailsOf(ticket: Ticket): string {
  // In the order of the hash table of the C tool.
  const order = new GlibOrder()
  for (const name of ticket.attributes.keys()) order.add(name)
  const items = order.keys().flatMap((name) => {
    const value = ticket.attributes.get(name)
    if (value === undefined) return []
    return [timeNames.includes(name) ? `${name}='${localTime(parseInteger(value) ?? 0)}'` : `${name}=${value}`]
  })
  return items.length === 0 ? '' : ` (${items.join(', ')})`
}

/** What somebody has to know before a ticket is granted by hand. */
export function grantWarning(ticket: string): string {
  return (
    `This command cannot help you verify whether '${ticket}' has been already granted elsewhere.\n` +
    `If you really want to grant '${ticket}' to this site now, and you know what you are doing,\n` +
    'please specify --force.\n'
  )
}

/** What somebody has to know before a ticket is revoked by hand. */
export function revokeWarning(ticket: string): string {
  return (
    `Revoking '${ticket}' can trigger the specified 'loss-policy'(s) relating to '${ticket}'.\n\n` +
    `You can check that with:\ncrm_ticket --ticket ${ticket} --constraints\n\n` +
    `Otherwise before revoking '${ticket}', you may want to make '${ticket}' standby with:\n` +
    `crm_ticket --ticket ${ticket} --standby\n\n` +
    `If you really want to revoke '${ticket}' from this site now, and you know what you are doing,\n` +
    'please specify --force.\n'
  )
}
