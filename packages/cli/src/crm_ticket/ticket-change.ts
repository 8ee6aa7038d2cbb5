import { cibCallOptions } from '@quorate/cib'
import { attr, element, withAttributes, type XmlElement } from '@quorate/xml'
import type { CibAccess } from '../pacemaker/cib-source.ts'
import { literal } from '../pacemaker/nvpair-place.ts'
import type { Options } from '../pacemaker/tool-options.ts'

/** What is to become of a ticket's attributes: what is both removed and set is set. */
export type TicketChange = {
  readonly set: ReadonlyMap<string, string>
  readonly remove: readonly string[]
  /** An attribute to be set to nothing that the line says, or a value for nothing. */
  readonly half?: { readonly name: string } | { readonly value: string }
}

/** Whether a text means yes, as booleans of the configuration do. */
export function isYes(text: string | undefined): boolean {
  return text !== undefined && ['1', 'true', 'on', 'yes', 'y'].includes(text.toLowerCase())
}

/**
 * Reads the changes that options ask for; of several for an attribute the last counts. A name and a value belong together
 * where one follows the other, whichever comes first; a second name or value in a row stands in place of the first.
 */
export function changeOf(options: Options): TicketChange {
  const set = new Map<string, string>()
  let name: string | undefined
  let value: string | undefined
  for (const { long, value: argument } of options.all([
    'grant',
    'revoke',
    'standby',
    'activate',
    'set-attr',
    'attr-value',
  ])) {
    if (long === 'grant' || long === 'revoke') set.set('granted', String(long === 'grant'))
    else if (long === 'standby' || long === 'activate') set.set('standby', String(long === 'standby'))
    else if (long === 'set-attr') name = argument
    else value = argument
    if (name === undefined || value === undefined) continue
    set.set(name, value)
    name = undefined
    value = undefined
  }
  const half = name !== undefined ? { half: { name } } : value !== undefined ? { half: { value } } : {}
  return { set, remove: options.values('delete-attr'), ...half }
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
    // What is set again comes last.
    const data = withAttributes(withAttributes(state, removed), attributes)
    return (await cib.perform({ op: 'cib_replace', section: 'status', data })).rc
  }
  if (Object.keys(attributes).length === 0) return 0
  const data = element('tickets', {}, [element('ticket_state', { id: ticket, ...attributes })])
  return (await cib.perform({ op: 'cib_modify', section: 'status', options: cibCallOptions.canCreate, data })).rc
}
