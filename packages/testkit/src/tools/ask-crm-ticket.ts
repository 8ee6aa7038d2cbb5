import { child, element, idOf, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { randomCib } from '../conformance/random/cib.ts'
import { replaceChild } from '../conformance/random/rewrite.ts'
import { commandLine, type KnownOption, some } from './line.ts'
import { withSchema } from './schema-claim.ts'
import type { Asked } from './tool-case.ts'

const tickets = ['T1', 'T2', 'site A', 'x:y', 'T10', 'ticketA']
const booleans = ['true', 'false', 'yes', 'no', 'on', 'off', '1', '0', 'TRUE', 'Y', 'N', '', 'maybe', '2']
const attributes = ['granted', 'standby', 'last-granted', 'id', 'owner', 'expires', 'term', 'foo', '', 'booth-cfg-name']

const queries: readonly KnownOption[] = [
  { short: 'l', long: 'info' },
  { short: 'L', long: 'details' },
  { short: 'w', long: 'raw' },
  { short: 'q', long: 'query-xml' },
  { short: 'c', long: 'constraints' },
  { short: 'G', long: 'get-attr', argument: (chance) => chance.pick(attributes) },
]
const changes: readonly KnownOption[] = [
  { short: 'g', long: 'grant' },
  { short: 'r', long: 'revoke' },
  { short: 's', long: 'standby' },
  { short: 'a', long: 'activate' },
  { short: 'C', long: 'cleanup' },
  { short: 'D', long: 'delete-attr', argument: (chance) => chance.pick(attributes) },
]
const value: KnownOption = { short: 'v', long: 'attr-value', argument: (chance) => chance.pick([...booleans, '5']) }
const set: KnownOption = { short: 'S', long: 'set-attr', argument: (chance) => chance.pick(attributes) }
const others: readonly KnownOption[] = [
  { short: 'd', long: 'default', argument: (chance) => chance.pick(['', 'x', 'true']) },
  { short: 'f', long: 'force' },
]
const old: readonly KnownOption[] = [
  { short: 'n', long: 'set-name', argument: () => 'set' },
  { short: 'i', long: 'nvpair', argument: () => 'pair' },
  { short: 'Q', long: 'quiet' },
]

function ticketState(chance: Chance, id: string): XmlElement {
  const extra = some(
    chance,
    attributes.slice(4).filter((name) => name !== ''),
    12,
  )
  return element('ticket_state', {
    id,
    granted: chance.maybe(25, booleans),
    'last-granted': chance.maybe(40, ['1700000000', '1', '0', '-1', 'x', '', '1795362085']),
    standby: chance.maybe(60, booleans),
    ...Object.fromEntries(extra.map((name) => [name, chance.pick(['1', 'x', 'a b', '<&>'])])),
  })
}

function withTickets(chance: Chance, cib: XmlElement): XmlElement {
  const status = child(cib, 'status')
  const states = some(chance, tickets, 30).map((id) => ticketState(chance, id))
  const section = chance.yes(90) ? [element('tickets', {}, states)] : []
  const others = (status?.children ?? []).filter(({ name }) => name !== 'tickets')
  return replaceChild(cib, 'status', (item) => withChildren(item, [...section, ...others]))
}

function withTicketConstraints(chance: Chance, cib: XmlElement): XmlElement {
  const resources = child(child(cib, 'configuration') ?? cib, 'resources')?.children ?? []
  const made = Array.from({ length: chance.int(0, 4) }, (_, i) => {
    const rsc = chance.yes(90) && resources.length > 0 ? idOf(chance.pick(resources)) : 'gone'
    return element('rsc_ticket', {
      id: `ticket${i}`,
      rsc,
      ticket: chance.pick(tickets),
      'loss-policy': chance.maybe(40, ['stop', 'fence', 'freeze', 'demote', 'bogus']),
      'rsc-role': chance.maybe(60, ['Master', 'Promoted', 'Started', 'Stopped']),
    })
  })
  return replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'constraints', (item) => withChildren(item, [...item.children, ...made])),
  )
}

/** A command line of crm_ticket, on a cluster with tickets of odd names and states. */
export function askCrmTicket(chance: Chance): Asked {
  const features = chance.yes(70) ? [] : (['odd-constraint', 'old', 'value', 'template'] as const)
  const plain = randomCib(chance.int(1, 1_000_000), features)
  const cib = withSchema(chance, withTicketConstraints(chance, withTickets(chance, plain)))
  const ticket: KnownOption = { short: 't', long: 'ticket', argument: () => chance.pick([...tickets, 'none', '']) }
  const commands = chance.yes(55) ? [chance.pick(queries)] : some(chance, changes, 20)
  const setting = chance.yes(15) ? [set, ...(chance.yes(85) ? [value] : [])] : []
  const options = [
    ...(chance.yes(75) ? [ticket] : []),
    ...commands,
    ...(chance.yes(5) ? [chance.pick(queries)] : []),
    ...setting,
    ...some(chance, others, 25),
    ...some(chance, old, 2),
  ]
  const groups = ['queries', 'commands', 'advanced', 'additional', 'deprecated'].map((name) => `--help-${name}`)
  return { argv: commandLine(chance, options, groups), cib }
}
