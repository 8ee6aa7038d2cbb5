import { cibCallOptions, cibFaults, exitCodeOf, exitCodes, faultText } from '@quorate/cib'
import { type Cluster, GlibOrder, type Ticket, unpackConstraints, unpackStatus } from '@quorate/scheduler'
import { attr, element, formatXml, type XmlElement } from '@quorate/xml'
import { utcOffsetSeconds } from '../crm_mon/local-time.ts'
import { openCib } from '../pacemaker/cib-access.ts'
import type { CibAccess } from '../pacemaker/cib-source.ts'
import { currentCib } from '../pacemaker/current-cib.ts'
import { exiting, logLines } from '../pacemaker/log-lines.ts'
import { literal } from '../pacemaker/nvpair-place.ts'
import { wholeCib } from '../pacemaker/nvpair-store.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { type Options, readOptions } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { ticketInfo } from './options.ts'
import { changeOf, changeTicket, isYes, type TicketChange, ticketState } from './ticket-change.ts'
import { grantWarning, revokeWarning, ticketLine } from './ticket-text.ts'

/** A tool at work: what it was asked, and on what. */
type Work = {
  readonly options: Options
  readonly host: ToolHost
  readonly cib: CibAccess
  /** What the CIB made of the cluster at first, at a schema of today. */
  readonly cluster: Cluster
  readonly ticket: string | undefined
}

/** Commands of which the last one counts; changes are made where there is none of them. */
const commands = ['info', 'details', 'raw', 'query-xml', 'constraints', 'get-attr', 'cleanup']

/** crm_ticket: the tickets of this site (behaviour/pacemaker-tools.md 14). */
export const run: Tool = (argv) => crmTicket(argv, processHost())

/** {@link run} on a given host. */
export async function crmTicket(argv: readonly string[], host: ToolHost): Promise<number> {
  const options = readOptions(argv, ticketInfo, host)
  if (typeof options === 'number') return options
  return exiting(ticketInfo.name, await answer(options, host), host, options)
}

async function answer(options: Options, host: ToolHost): Promise<number> {
  const opened = await openCib(host, { name: 'crm_ticket' })
  if (!opened.ok) return fail(host, exitCodeOf(opened.rc), `Could not connect to the CIB: ${faultText(opened.rc)}`)
  const found = await wholeCib(opened.cib)
  const whole = 'cib' in found ? currentCib(found.cib, host) : undefined
  if (whole === undefined) {
    const rc = 'cib' in found ? cibFaults.schema : found.rc
    await opened.cib.close()
    const why = rc === cibFaults.schema ? 'update local CIB to latest schema version' : 'get local CIB'
    return fail(host, exitCodeOf(rc), `Could not ${why}`)
  }
  const code = await perform({
    options,
    host,
    cib: opened.cib,
    cluster: clusterOf(whole, options, host),
    ticket: options.value('ticket'),
  })
  const written = await opened.cib.close()
  return code === exitCodes.ok && written !== 0 ? exitCodeOf(written) : code
}

function fail(host: ToolHost, code: number, text: string): number {
  host.err(`crm_ticket: ${text}\n`)
  return code
}

async function perform(work: Work): Promise<number> {
  const { options, host, ticket } = work
  const command = options.last(commands)?.long
  switch (command) {
    case 'query-xml':
      return showState(work)
    case 'constraints':
      return showConstraints(work)
    case 'info':
    case 'details':
    case 'raw':
      return showTickets(work, command)
  }
  const change = changeOf(options)
  const isChange = change.set.size > 0 || change.remove.length > 0 || options.has('set-attr')
  if (command === undefined && !isChange) return fail(host, exitCodes.usage, 'Must supply a command')
  if (ticket === undefined) {
    const code = command === 'get-attr' ? exitCodes.noSuchObject : exitCodes.usage
    return fail(host, code, 'Must supply ticket ID with -t')
  }
  if (command === 'get-attr') return showAttribute(work, ticket, options.value('get-attr') ?? '')
  return command === 'cleanup' ? cleanUp(work, ticket) : modify(work, ticket, change)
}

function clusterOf(whole: XmlElement, options: Options, host: ToolHost): Cluster {
  const nowSeconds = Math.floor(host.now() / 1000)
  const cluster = unpackStatus(whole, { nowSeconds, utcOffsetSeconds: utcOffsetSeconds(host.now()) })
  unpackConstraints(cluster)
  host.err(logLines(cluster.log, options.count('verbose')))
  return cluster
}

/** Tickets as the hash table of the C tool lists them. */
function inTableOrder({ tickets }: Cluster): readonly Ticket[] {
  const order = new GlibOrder()
  for (const id of tickets.keys()) order.add(id)
  return order.keys().flatMap((id) => tickets.get(id) ?? [])
}

async function showTickets(work: Work, style: string): Promise<number> {
  const { host, ticket, cluster } = work
  const known = inTableOrder(cluster)
  const shown = ticket === undefined ? known : known.filter(({ id }) => id === ticket)
  if (ticket !== undefined && shown.length === 0) {
    return fail(host, exitCodes.noSuchObject, `No such ticket '${ticket}'`)
  }
  for (const item of shown) host.out(`${style === 'raw' ? item.id : ticketLine(item, style === 'details')}\n`)
  return exitCodes.ok
}

async function showState(work: Work): Promise<number> {
  const { ticket } = work
  const section =
    ticket === undefined ? '/cib/status/tickets' : `/cib/status/tickets/ticket_state[@id=${literal(ticket)}]`
  return showXml(work, section, 'State XML', 'query ticket XML')
}

async function showConstraints(work: Work): Promise<number> {
  const { ticket } = work
  const test = ticket === undefined ? '' : `[@ticket=${literal(ticket)}]`
  const section = `/cib/configuration/constraints//rsc_ticket${test}`
  return showXml(work, section, 'Constraints XML', 'show ticket constraints')
}

async function showXml({ cib, host }: Work, section: string, title: string, purpose: string): Promise<number> {
  const options = cibCallOptions.xpath | cibCallOptions.scopeLocal
  const { rc, output } = await cib.perform({ op: 'cib_query', section, options })
  if (rc !== 0 || output === undefined) {
    const code = rc === 0 ? cibFaults.noSuchObject : rc
    return fail(host, exitCodeOf(code), `Could not ${purpose}: ${faultText(code)}`)
  }
  host.out(`${title}:\n\n${formatXml(output)}`)
  return exitCodes.ok
}

async function showAttribute({ cib, host, options }: Work, ticket: string, name: string): Promise<number> {
  const state = await ticketState(cib, ticket)
  const known = state === undefined || name === 'id' ? undefined : attr(state, name)
  const value = known ?? options.value('default')
  if (value === undefined) return exitCodes.noSuchObject
  host.out(`${value}\n`)
  return exitCodes.ok
}

async function cleanUp(work: Work, ticket: string): Promise<number> {
  const { cib, host, options } = work
  const state = await ticketState(cib, ticket)
  if (state === undefined) {
    // A ticket that only constraints mention has nothing to be cleaned up; what is forced is not asked after.
    if (options.has('force') || work.cluster.tickets.has(ticket)) return exitCodes.ok
    return fail(host, exitCodes.noSuchObject, `No such ticket '${ticket}'`)
  }
  if (isYes(attr(state, 'granted')) && !options.has('force')) {
    host.out(revokeWarning(ticket))
    return exitCodes.insufficientPrivileges
  }
  const data = element('ticket_state', { id: ticket })
  const { rc } = await cib.perform({ op: 'cib_delete', section: 'status', data })
  if (rc !== 0) return fail(host, exitCodeOf(rc), `Could not clean up ticket: ${faultText(rc)}`)
  host.out(`Cleaned up ${ticket}\n`)
  return exitCodes.ok
}

async function modify({ cib, host, options }: Work, ticket: string, change: TicketChange): Promise<number> {
  const { half } = change
  if (half !== undefined) {
    const isAlone = change.set.size === 0 && change.remove.length === 0
    const lack =
      'value' in half
        ? `attribute name with -S for -v ${half.value}`
        : `${isAlone ? '' : 'attribute '}value with -v for -S ${half.name}`
    return fail(host, exitCodes.usage, `Must supply ${lack}`)
  }
  const granted = change.set.get('granted')
  const isRevoked = change.remove.includes('granted') || (granted !== undefined && !isYes(granted))
  if (!options.has('force') && (isRevoked || granted !== undefined)) {
    host.out(isRevoked ? revokeWarning(ticket) : grantWarning(ticket))
    return fail(host, exitCodes.insufficientPrivileges, 'Ticket modification not allowed')
  }
  const rc = await changeTicket(cib, ticket, change, Math.floor(host.now() / 1000))
  return rc === 0 ? exitCodes.ok : fail(host, exitCodeOf(rc), `Could not modify ticket: ${faultText(rc)}`)
}
