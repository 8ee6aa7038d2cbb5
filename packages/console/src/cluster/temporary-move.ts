import { attr, child, descendants, element, type XmlElement } from '@quorate/xml'

/** What ids of constraints begin with that this console takes back by itself. */
export const temporaryPrefix = 'console-move-'

/** The date format of `crm_resource --lifetime`: `2026-11-30 03:20:00Z`. */
function dateText(epochSeconds: number): string {
  return `${new Date(epochSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** A move that ends by itself. */
export type TemporaryMove = {
  /** Of the operation; part of the constraint's id. Letters and digits. */
  readonly operation: string
  /** Configured id. */
  readonly resource: string
  readonly node: string
  /** Only where it is promoted is meant. */
  readonly isForPromotion: boolean
  /** From then on the cluster itself does not heed it any more. */
  readonly untilSeconds: number
}

/**
 * A preference as `crm_resource --move --lifetime` makes it, under an id of ours: whatever becomes of this server, the
 * cluster stops heeding it at its end, and the next server that looks takes it away.
 */
export function temporaryConstraint(move: TemporaryMove): XmlElement {
  const id = `${temporaryPrefix}${move.operation}-${move.resource}`
  const role = move.isForPromotion ? 'Promoted' : 'Started'
  return element('rsc_location', { id, rsc: move.resource, role }, [
    element('rule', { id: `${id}-rule`, score: 'INFINITY', 'boolean-op': 'and' }, [
      element('expression', {
        id: `${id}-expr`,
        attribute: '#uname',
        operation: 'eq',
        value: move.node,
        type: 'string',
      }),
      element('date_expression', { id: `${id}-end`, operation: 'lt', end: dateText(move.untilSeconds) }),
    ]),
  ])
}

/** A preference that stays, as `crm_resource --move` makes it. */
export function lastingConstraint(resource: string, node: string, isForPromotion: boolean): XmlElement {
  const role = isForPromotion ? 'Promoted' : 'Started'
  return element('rsc_location', { id: `cli-prefer-${resource}`, rsc: resource, role, node, score: 'INFINITY' })
}

/** What keeps a resource off a node until it is cleared, as `crm_resource --ban` makes it. */
export function lastingBan(resource: string, node: string): XmlElement {
  const id = `cli-ban-${resource}-on-${node}`
  return element('rsc_location', { id, rsc: resource, role: 'Started', node, score: '-INFINITY' })
}

/** When a constraint ends by the date expressions of its rules, in milliseconds since 1970; undefined: never. */
export function endOf(constraint: XmlElement): number | undefined {
  for (const below of descendants(constraint)) {
    const end = below.name === 'date_expression' ? attr(below, 'end') : undefined
    const moment = end === undefined ? Number.NaN : Date.parse(end.replace(' ', 'T'))
    if (!Number.isNaN(moment)) return moment
  }
  return undefined
}

/** A constraint of this console, of whatever server, that is in a CIB. */
export type FoundMove = {
  readonly id: string
  readonly operation: string
  readonly resource: string
  readonly node: string | undefined
  readonly untilMs: number | undefined
}

/** All temporary constraints of a CIB. */
export function temporaryMoves(cib: XmlElement): readonly FoundMove[] {
  return locations(cib).flatMap((item) => {
    const id = attr(item, 'id') ?? ''
    const resource = attr(item, 'rsc') ?? ''
    if (!id.startsWith(temporaryPrefix)) return []
    const operation = id.slice(temporaryPrefix.length).split('-')[0] ?? ''
    const expression = [...descendants(item)].find(({ name }) => name === 'expression')
    return [
      {
        id,
        operation,
        resource,
        node: expression === undefined ? attr(item, 'node') : attr(expression, 'value'),
        untilMs: endOf(item),
      },
    ]
  })
}

/** All location constraints of a CIB. */
export function locations(cib: XmlElement): readonly XmlElement[] {
  const configuration = child(cib, 'configuration')
  const section = configuration && child(configuration, 'constraints')
  return (section?.children ?? []).filter(({ name }) => name === 'rsc_location')
}
