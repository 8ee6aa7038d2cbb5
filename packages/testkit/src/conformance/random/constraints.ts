import { element, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import type { RandomResource } from './resources.ts'

const scores = ['INFINITY', '-INFINITY', '10', '-10', '100', '1', '5000', '0']

/** Two different resources: the C program aborts on a resource that is ordered with itself. */
function pair(chance: Chance, all: readonly RandomResource[]): readonly [RandomResource, RandomResource] | undefined {
  const a = chance.pick(all)
  const rest = all.filter((item) => item !== a)
  return rest.length === 0 ? undefined : [a, chance.pick(rest)]
}

function location(chance: Chance, id: string, rsc: string, nodes: readonly string[]): XmlElement {
  const discovery = chance.maybe(90, ['never', 'exclusive', 'always'])
  if (chance.yes(70)) {
    return element('rsc_location', {
      id,
      rsc,
      node: chance.pick(nodes),
      score: chance.pick(scores),
      'resource-discovery': discovery,
      role: chance.maybe(90, ['Promoted', 'Started']),
    })
  }
  const expression = chance.yes(50)
    ? { attribute: '#uname', operation: chance.pick(['eq', 'ne']), value: chance.pick(nodes) }
    : {
        attribute: 'site',
        operation: chance.pick(['eq', 'ne', 'lt', 'gte', 'defined', 'not_defined']),
        value: chance.pick(['1', '2']),
      }
  const hasNoValue = expression.operation.endsWith('defined')
  const rule = element(
    'rule',
    {
      id: `${id}-r`,
      score: chance.pick(scores),
      'boolean-op': chance.maybe(70, ['or', 'and']),
      role: chance.maybe(85, ['Promoted']),
    },
    [element('expression', { id: `${id}-e`, ...expression, value: hasNoValue ? undefined : expression.value })],
  )
  return element('rsc_location', { id, rsc, 'resource-discovery': discovery }, [rule])
}

function roleFor(chance: Chance, resource: RandomResource | undefined): string | undefined {
  return resource?.promotable === true ? chance.maybe(50, ['Promoted', 'Unpromoted', 'Started']) : undefined
}

function colocation(chance: Chance, id: string, all: readonly RandomResource[]): XmlElement {
  const both = pair(chance, all)
  if (both === undefined) return element('rsc_colocation', { id, rsc: 'r1', 'with-rsc': 'nothing', score: '1' })
  const [a, b] = both
  if (chance.yes(80)) {
    return element('rsc_colocation', {
      id,
      rsc: a.id,
      'with-rsc': b.id,
      score: chance.pick(scores),
      'rsc-role': roleFor(chance, a),
      'with-rsc-role': roleFor(chance, b),
      influence: chance.maybe(90, ['true', 'false']),
      'node-attribute': chance.maybe(93, ['site']),
    })
  }
  return element('rsc_colocation', { id, score: chance.pick(scores) }, sets(chance, id, all, false))
}

function sets(chance: Chance, id: string, all: readonly RandomResource[], withAction: boolean): XmlElement[] {
  const left = [...all]
  const made: XmlElement[] = []
  for (let i = 0; i < 2 && left.length > 0; i += 1) {
    const members: string[] = []
    for (let size = chance.int(1, 3); size > 0 && left.length > 0; size -= 1) {
      const chosen = chance.pick(left)
      left.splice(left.indexOf(chosen), 1)
      members.push(chosen.id)
    }
    const attributes = {
      id: `${id}-s${i}`,
      sequential: chance.maybe(60, ['true', 'false']),
      'require-all': withAction ? chance.maybe(75, ['false', 'true']) : undefined,
      action: withAction ? chance.maybe(85, ['start', 'stop']) : undefined,
    }
    made.push(
      element(
        'resource_set',
        attributes,
        members.map((ref) => element('resource_ref', { id: ref })),
      ),
    )
  }
  return made
}

function order(chance: Chance, id: string, all: readonly RandomResource[]): XmlElement {
  const both = pair(chance, all)
  if (both === undefined) return element('rsc_order', { id }, [])
  const [a, b] = both
  const kind = chance.maybe(50, ['Mandatory', 'Optional', 'Serialize'])
  const symmetrical = chance.maybe(75, ['true', 'false'])
  if (chance.yes(25)) return element('rsc_order', { id, kind, symmetrical }, sets(chance, id, all, true))
  const tasks = (of: RandomResource): string | undefined =>
    chance.maybe(75, of.promotable ? ['start', 'stop', 'promote', 'demote'] : ['start', 'stop'])
  return element(
    'rsc_order',
    Object.fromEntries(
      Object.entries({
        id,
        first: a.id,
        next: b.id,
        kind,
        symmetrical,
        firstTask: tasks(a),
        nextTask: tasks(b),
      }).flatMap(([name, value]) => {
        const known: Record<string, string> = { next: 'then', firstTask: 'first-action', nextTask: 'then-action' }
        return value === undefined ? [] : [[known[name] ?? name, value]]
      }),
    ),
  )
}

/** A random constraint. */
export function randomConstraint(
  chance: Chance,
  id: string,
  all: readonly RandomResource[],
  nodes: readonly string[],
): XmlElement {
  const kind = chance.int(1, 100)
  if (kind <= 35) return location(chance, id, chance.pick(all).id, nodes)
  if (kind <= 65) return colocation(chance, id, all)
  if (kind <= 94) return order(chance, id, all)
  return element('rsc_ticket', {
    id,
    rsc: chance.pick(all).id,
    ticket: chance.pick(['T1', 'T2']),
    'loss-policy': chance.maybe(40, ['stop', 'demote', 'freeze', 'fence']),
    'rsc-role': chance.maybe(80, ['Promoted']),
  })
}
