import { cibCallOptions } from '@quorate/cib'
import { attr, element, withAttributes, type XmlElement } from '@quorate/xml'
import type { CibAccess } from '../pacemaker/cib-source.ts'
import { literal } from '../pacemaker/nvpair-place.ts'
import type { Options } from '../pacemaker/tool-options.ts'

/** What is to become of a ticket's attributes. */
export type TicketChange = {
  readonly set: ReadonlyMap<string, string>
  readonly remove: readonly string[]
}

/** Whether a text means yes, as booleans of the configuration do. */
export function isYes(text: string | undefined): boolean {
  return text !== undefined && ['1', 'true', 'on', 'yes', 'y'].includes(text.toLowerCase())
}

/** Reads the changes that options ask for; of commands that contradict each other the last wins. */
export function changeOf(options: Options): TicketChange {
  const set = new Map<string, string>()
  const owner = options.last(['grant', 'revoke'])
  if (owner !== undefined) set.set('granted', String(owner.long === 'grant'))
  const pause = options.last(['standby', 'activate'])
  if (pause !== undefined) set.set('standby', String(pause.long === 'standby'))
  const [names, values] = [options.values('set-attr'), options.values('attr-value')]
  for (const [i, name] of names.entries()) set.set(name, values[i] ?? values.at(-1) ?? '')
  return { set, remove: options.values('delete-attr') }
}

/** State of a ticket at this site, if it has any. */
export async function ticketState(cib: CibAccess, ticket: string): Promise<XmlElement | undefined> {
  const section = `/cib/status/tickets/ticket_state[@id=${literal(ticket)}]`
  const options = cibCallOptions.xpath | cibCallOptions.scopeLocal
  const { rc, output } = await cib.perform({ op: 'cib_query', section, options })
  return rc === 0 ? output : undefined
}

/** Changes a ticket; a ticket that was not granted before and is now gets the time of it. Answers 0 or a negative code. */
export async function changeTicket(
  cib: CibAccess,
  ticket: string,
  change: TicketChange,
  nowSeconds: number,
): Promise<number> {
  const state = await ticketState(cib, ticket)
  const attributes: Record<string, string> = {}
  const granted = change.set.get('granted')
  if (granted !== undefined) attributes['granted'] = granted
  if (isYes(granted) && !isYes(state === undefined ? undefined : attr(state, 'granted'))) {
    attributes['last-granted'] = String(nowSeconds)
  }
  for (const [name, value] of change.set) attributes[name] = value
  if (state !== undefined) {
    const removed = Object.fromEntries(change.remove.map((name) => [name, undefined]))
    const data = withAttributes(state, { ...attributes, ...removed })
    return (await cib.perform({ op: 'cib_replace', section: 'status', data })).rc
  }
  for (const name of change.remove) delete attributes[name]
  if (Object.keys(attributes).length === 0) return 0
  const data = element('tickets', {}, [element('ticket_state', { id: ticket, ...attributes })])
  return (await cib.perform({ op: 'cib_modify', section: 'status', options: cibCallOptions.canCreate, data })).rc
}
