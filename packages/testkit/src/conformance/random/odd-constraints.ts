import { attr, child, childrenNamed, element, idOf, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { takeMembers } from './more-constraints.ts'
import { pairs } from './resources.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'
import { randomRule } from './rules.ts'
import { withPairs } from './settings.ts'

const scores = ['INFINITY', '-INFINITY', '+INFINITY', '10', '-10', '+7', '0', '999999', '1000001', '-1000001', '007']
const roles = ['Promoted', 'Unpromoted', 'Started', 'Stopped', 'Master', 'Slave']
const tasks = ['start', 'stop', 'promote', 'demote']
const patterns = [
  '^r([0-9])$',
  '(.)(.)',
  'r(.)m(.)',
  '^(b|vm|rem)([0-9])',
  '.*',
  '!^r1$',
  'R1',
  '[[:digit:]]',
  'r1|r2',
  '^$',
  '!',
]

/** Values of rules that take parts of what a pattern matched. */
const backReferences = ['%1', 'site%1', '%2%1', '%0', '%9', '%', 'n%1', '%%1']

function patternRule(chance: Chance, id: string): XmlElement {
  const expression = element('expression', {
    id: `${id}-e`,
    attribute: chance.pick(['#uname', 'site', 'mark-%1', ...backReferences]),
    operation: chance.pick(['eq', 'ne', 'lt', 'gte', 'defined', 'not_defined']),
    value: chance.maybe(15, [...backReferences, '1', 'n1']),
    type: chance.maybe(60, ['string', 'integer', 'number', 'version']),
  })
  const scoring = chance.yes(70)
    ? { score: chance.pick(scores) }
    : { 'score-attribute': chance.pick(['site', 'mark-%1', '%1', 'weight', 'none']) }
  return element('rule', { id, ...scoring, role: chance.maybe(80, roles) }, [expression])
}

function location(chance: Chance, id: string, ids: readonly string[], nodes: readonly string[]): XmlElement {
  const who = chance.yes(60) ? { 'rsc-pattern': chance.pick(patterns) } : { rsc: chance.pick(ids) }
  const discovery = chance.maybe(50, ['always', 'never', 'exclusive'])
  if (chance.yes(40)) {
    const where = { node: chance.yes(95) ? chance.pick(nodes) : 'nobody', score: chance.pick(scores) }
    return element('rsc_location', {
      id,
      ...who,
      ...where,
      role: chance.maybe(70, roles),
      'resource-discovery': discovery,
    })
  }
  const rules = Array.from({ length: chance.pick([1, 1, 2]) }, (_, i) =>
    chance.yes(60)
      ? patternRule(chance, `${id}-r${i}`)
      : randomRule(chance, `${id}-r${i}`, 'node', 2, {
          score: chance.maybe(10, scores),
          role: chance.maybe(80, roles),
        }),
  )
  return element('rsc_location', { id, ...who, role: chance.maybe(90, roles), 'resource-discovery': discovery }, rules)
}

/** Sets, in which a resource may be in several, and which may follow each other in every way. */
function sets(
  chance: Chance,
  id: string,
  ids: readonly string[],
  kind: 'order' | 'colocation' | 'ticket',
): XmlElement[] {
  const left = [...ids]
  const made: XmlElement[] = []
  for (let i = chance.int(1, 4); i > 0 && left.length > 0; i -= 1) {
    const members = takeMembers(chance, left)
    const isOrder = kind === 'order'
    made.push(
      element(
        'resource_set',
        {
          id: `${id}-s${i}`,
          sequential: chance.maybe(40, ['true', 'false', '0', '1']),
          'require-all': isOrder ? chance.maybe(40, ['false', 'true']) : undefined,
          action: isOrder ? chance.maybe(50, tasks) : undefined,
          role: isOrder ? undefined : chance.maybe(55, roles),
          score: chance.maybe(75, scores),
          kind: isOrder ? chance.maybe(85, ['Optional', 'Mandatory', 'Serialize']) : undefined,
          ordering: kind === 'colocation' ? chance.maybe(85, ['group', 'listed']) : undefined,
        },
        members.map((ref) => element('resource_ref', { id: ref })),
      ),
    )
  }
  return made
}

function order(chance: Chance, id: string, ids: readonly string[]): XmlElement {
  const first = chance.pick(ids)
  const rest = ids.filter((other) => other !== first)
  const kind = chance.maybe(40, ['Mandatory', 'Optional', 'Serialize'])
  const common = {
    id,
    kind,
    score: kind === undefined ? chance.maybe(60, scores) : undefined,
    symmetrical: chance.maybe(50, ['true', 'false', '1', '0']),
    'require-all': chance.maybe(60, ['true', 'false']),
  }
  if (rest.length === 0 || chance.yes(45)) return element('rsc_order', common, sets(chance, id, ids, 'order'))
  const then = Object.fromEntries([['then', chance.pick(rest)]])
  return element('rsc_order', {
    ...common,
    first,
    ...then,
    'first-action': chance.maybe(40, tasks),
    'then-action': chance.maybe(40, tasks),
  })
}

function colocation(chance: Chance, id: string, ids: readonly string[], inner: readonly string[]): XmlElement {
  const rsc = chance.pick(inner)
  const rest = ids.filter((other) => other !== rsc)
  const common = { id, score: chance.maybe(15, scores), influence: chance.maybe(70, ['true', 'false', 'maybe', 'Yes']) }
  if (rest.length === 0 || chance.yes(40)) return element('rsc_colocation', common, sets(chance, id, ids, 'colocation'))
  return element('rsc_colocation', {
    ...common,
    rsc,
    'with-rsc': chance.pick(rest),
    'node-attribute': chance.maybe(55, ['site', 'rack', '#uname', '#kind', 'none']),
    'rsc-role': chance.maybe(60, roles),
    'with-rsc-role': chance.maybe(60, roles),
  })
}

function ticket(chance: Chance, id: string, ids: readonly string[]): XmlElement {
  const common = {
    id,
    ticket: chance.pick(['T1', 'T2', 'T3', '']),
    'loss-policy': chance.maybe(15, ['stop', 'demote', 'fence', 'freeze']),
  }
  if (chance.yes(40)) return element('rsc_ticket', common, sets(chance, id, ids, 'ticket'))
  return element('rsc_ticket', { ...common, rsc: chance.pick(ids), 'rsc-role': chance.maybe(45, roles) })
}

/** What takes up room, and what room there is, under one of the strategies. */
function withRoom(chance: Chance, configuration: XmlElement): XmlElement {
  const options = replaceChild(configuration, 'crm_config', (item) =>
    withPairs(item, 'cluster_property_set', {
      'placement-strategy': chance.pick(['utilization', 'balanced', 'minimal']),
    }),
  )
  return rewriteBelow(options, (item) => {
    if (item.name === 'node' && chance.yes(75)) {
      return [
        withPairs(item, 'utilization', {
          cpu: chance.pick(['1', '2', '4', '-1', 'x', '100']),
          ram: chance.maybe(60, ['2', '3']),
        }),
      ]
    }
    const isPlain =
      item.name === 'primitive' && child(item, 'utilization') === undefined && attr(item, 'type') !== 'remote'
    if (!isPlain || !chance.yes(55)) return [item]
    const room = pairs('utilization', `${idOf(item)}-room`, {
      cpu: chance.maybe(20, ['1', '2', '-1', '1x', '']),
      ram: chance.maybe(70, ['1', '2']),
      disk: chance.maybe(95, ['1']),
    })
    return [{ ...item, children: [...item.children, ...room] }]
  })
}

/** Constraints of every kind with what few say: patterns that rules refer back to, roles and kinds of every sort, and room. */
export function withOddConstraints(chance: Chance, configuration: XmlElement): XmlElement {
  const resources = child(configuration, 'resources')?.children ?? []
  const nodes = (child(configuration, 'nodes')?.children ?? []).map((node) => attr(node, 'uname') ?? 'n1')
  const tops = resources.filter(({ name }) => name !== 'template').map(idOf)
  const members = resources
    .filter(({ name }) => name === 'group')
    .flatMap((group) => childrenNamed(group, 'primitive').map(idOf))
  const cloned = resources
    .filter(({ name }) => name === 'clone')
    .flatMap((clone) => [...childrenNamed(clone, 'primitive'), ...childrenNamed(clone, 'group')].map(idOf))
  if (tops.length === 0 || nodes.length === 0) return configuration
  const roomy = chance.yes(40) ? withRoom(chance, configuration) : configuration
  // What is ordered with what holds it makes the real program abort: members stand for their groups here.
  const outer = tops.filter((id) => !members.some((name) => name.startsWith(`${id}m`)))
  const ids = chance.yes(75) ? tops : [...outer, ...members]
  const made = Array.from({ length: chance.int(1, 4) }, (_, i) => {
    const id = `oc${i + 1}`
    switch (chance.pick(['order', 'order', 'colocation', 'colocation', 'location', 'location', 'ticket'])) {
      case 'order':
        return order(chance, id, ids)
      case 'colocation':
        return colocation(chance, id, ids, chance.yes(85) ? ids : [...ids, ...cloned])
      case 'location':
        return location(chance, id, ids, nodes)
      default:
        return ticket(chance, id, ids)
    }
  })
  return replaceChild(roomy, 'constraints', (item) => ({ ...item, children: [...item.children, ...made] }))
}
