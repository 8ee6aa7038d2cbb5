import { attr, element, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { pairs } from './resources.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'

/** Times around the one at which random clusters live, 2023-11-14 22:13:20 UTC, in every way of writing them. */
const moments = [
  '2023-11-14 22:13:20Z',
  '2023-11-14 22:13:21Z',
  '2023-11-14',
  '2023-11-15',
  '20231114T221319Z',
  '2023-11-14 23:13:20 +01:00',
  '2023-11-14 20:00:00 -03:00',
  '2023-W46-2',
  '2023-318',
  '2023-11-01 00:00:00',
  '2024-02-29',
  '2023-11-14T22:13',
  'nonsense',
]

const durations = [
  { hours: '1' },
  { days: '1' },
  { weeks: '2' },
  { months: '1' },
  { years: '1', days: '-1' },
  { minutes: '30', seconds: '5' },
]

const fields: Readonly<Record<string, readonly string[]>> = {
  years: ['2023', '2022-2024', '2024-', '-2023'],
  months: ['11', '1-10', '11-12'],
  monthdays: ['14', '1-13', '14-31'],
  hours: ['22', '9-16', '22-23', '-21'],
  minutes: ['13', '0-12', '13-'],
  seconds: ['20', '0-19'],
  yeardays: ['318', '1-317'],
  weekyears: ['2023', '2024'],
  weeks: ['46', '1-45'],
  weekdays: ['2', '1-5', '6-7', '3-'],
  moon: ['0', '1', '4', '0-3'],
}

function dateExpression(chance: Chance, id: string): XmlElement {
  const operation = chance.maybe(10, ['in_range', 'gt', 'lt', 'date_spec', 'date_spec'])
  if (operation === 'date_spec') {
    const chosen = Object.entries(fields).filter(() => chance.yes(15))
    const values = Object.fromEntries(chosen.map(([name, list]) => [name, chance.pick(list)]))
    return element('date_expression', { id, operation }, [element('date_spec', { id: `${id}-spec`, ...values })])
  }
  const start = operation === 'lt' ? undefined : chance.maybe(15, moments)
  const usesDuration = operation !== 'gt' && operation !== 'lt' && chance.yes(30)
  const end = operation === 'gt' || usesDuration ? undefined : chance.maybe(25, moments)
  return element('date_expression', { id, operation, start, end }, [
    ...(usesDuration ? [element('duration', { id: `${id}-duration`, ...chance.pick(durations) })] : []),
  ])
}

function attributeExpression(chance: Chance, id: string): XmlElement {
  const attribute = chance.pick(['site', '#uname', '#kind', '#id', '#is_dc', '#site-name', 'version', '#role', 'cpu'])
  const operation = chance.pick(['eq', 'ne', 'lt', 'gt', 'lte', 'gte', 'defined', 'not_defined'])
  const value = chance.pick([
    '1',
    '2',
    'n1',
    'N2',
    'remote',
    'cluster',
    'container',
    'true',
    '1.10',
    '1.9',
    '',
    'Promoted',
  ])
  const source = chance.maybe(88, ['param', 'meta', 'literal'])
  return element('expression', {
    id,
    attribute,
    operation,
    type: chance.maybe(50, ['string', 'integer', 'number', 'version']),
    value: operation.endsWith('defined') ? undefined : source === 'meta' ? 'priority' : value,
    'value-source': source,
  })
}

function agentExpression(chance: Chance, id: string): XmlElement {
  return element('rsc_expression', {
    id,
    class: chance.maybe(40, ['ocf', 'ocf', 'lsb', 'stonith']),
    provider: chance.maybe(30, ['pacemaker', 'pacemaker', 'heartbeat']),
    type: chance.maybe(40, ['Dummy', 'Stateful', 'remote', 'podman', 'IPaddr2']),
  })
}

function operationExpression(chance: Chance, id: string): XmlElement {
  return element('op_expression', {
    id,
    name: chance.maybe(5, ['monitor', 'start', 'stop', 'promote']),
    interval: chance.maybe(60, ['10s', '0', 'PT1M', '60000ms', 'bad']),
  })
}

/** Kinds of expression that make sense where a rule stands; others are never true there and show rarely. */
type Sense = 'plain' | 'node' | 'agent' | 'operation'

function expression(chance: Chance, id: string, sense: Sense, depth: number): XmlElement {
  if (depth > 0 && chance.yes(18)) return randomRule(chance, id, sense, depth - 1)
  const kind = chance.int(1, 100)
  if (sense === 'operation' && kind <= 45) return operationExpression(chance, id)
  if ((sense === 'operation' || sense === 'agent') && kind <= 65) return agentExpression(chance, id)
  if (sense === 'node' && kind <= 65) return attributeExpression(chance, id)
  if (kind <= 70) return chance.pick([attributeExpression, agentExpression, operationExpression])(chance, id)
  return dateExpression(chance, id)
}

/** A rule of one to three expressions, with other rules among them. */
export function randomRule(
  chance: Chance,
  id: string,
  sense: Sense,
  depth: number,
  more: Readonly<Record<string, string | undefined>> = {},
): XmlElement {
  const size = chance.yes(2) ? 0 : chance.pick([1, 1, 2, 3])
  return element(
    'rule',
    { id, 'boolean-op': chance.maybe(50, ['or', 'and']), ...more },
    Array.from({ length: size }, (_, i) => expression(chance, `${id}-e${i}`, sense, depth)),
  )
}

const setSense: Readonly<Record<string, Sense>> = {
  cluster_property_set: 'plain',
  meta_attributes: 'agent',
  instance_attributes: 'node',
  utilization: 'plain',
}

/** Other values for the pairs of a second set. */
const others: Readonly<Record<string, readonly string[]>> = {
  priority: ['2', '20', '#default'],
  'resource-stickiness': ['50', '-5', '#default'],
  'target-role': ['Stopped', 'Started'],
  'is-managed': ['true', 'false', '#default'],
  'no-quorum-policy': ['freeze', 'ignore'],
  'stonith-enabled': ['false', 'true'],
  cpu: ['1', '6'],
  site: ['2', '3'],
}

function secondSet(chance: Chance, set: XmlElement, sense: Sense): XmlElement {
  const id = `${attr(set, 'id')}-more`
  const values = set.children.flatMap((pair) => {
    const name = attr(pair, 'name')
    if (pair.name !== 'nvpair' || name === undefined) return []
    const known = others[name]
    const value = known === undefined ? attr(pair, 'value') : chance.pick(known)
    return [element('nvpair', { id: `${id}-${name}`, name, value })]
  })
  const rule = chance.yes(80) ? [randomRule(chance, `${id}-rule`, sense, 1)] : []
  return element(set.name, { id, score: chance.maybe(40, ['1', '10', '-1', 'INFINITY']) }, [...rule, ...values])
}

function withSetRules(chance: Chance, of: XmlElement): XmlElement {
  return rewriteBelow(of, (item) => {
    const sense = setSense[item.name]
    if (sense === undefined || !chance.yes(35)) return [item]
    if (chance.yes(50)) {
      const rules = Array.from({ length: chance.yes(85) ? 1 : 2 }, (_, i) =>
        randomRule(chance, `${attr(item, 'id')}-rule${i}`, sense, 1),
      )
      return [withChildren(item, [...rules, ...item.children])]
    }
    const more = secondSet(chance, item, sense)
    return chance.yes(50) ? [item, more] : [more, item]
  })
}

function locationRules(chance: Chance, location: XmlElement): XmlElement {
  const id = attr(location, 'id') ?? ''
  const rules = Array.from({ length: chance.yes(80) ? 1 : 2 }, (_, i) => {
    const scoring = chance.yes(75)
      ? { score: chance.pick(['INFINITY', '-INFINITY', '10', '-10', '100', '0']) }
      : { 'score-attribute': chance.pick(['site', 'cpu', 'missing', 'weight']) }
    const role = chance.maybe(85, ['Promoted', 'Started', 'Unpromoted', 'Master'])
    return randomRule(chance, `${id}-rule${i}`, 'node', 2, { ...scoring, role })
  })
  return withChildren(withAttributes(location, { node: undefined, score: undefined, role: undefined }), rules)
}

function withLocationRules(chance: Chance, constraints: XmlElement): XmlElement {
  return rewriteBelow(constraints, (item) => {
    if (item.name === 'rsc_location' && chance.yes(55)) return [locationRules(chance, item)]
    if (item.name.startsWith('rsc_') && chance.yes(8)) {
      const lifetime = element('lifetime', {}, [randomRule(chance, `${attr(item, 'id')}-life`, 'plain', 1)])
      return [withChildren(item, [lifetime, ...item.children])]
    }
    return [item]
  })
}

function defaults(chance: Chance): XmlElement[] {
  const resourceSet = (i: number): XmlElement => {
    const id = `rsc-defaults-${i}`
    const [set] = pairs('meta_attributes', id, {
      'resource-stickiness': chance.maybe(40, ['1', '100', '0']),
      'migration-threshold': chance.maybe(70, ['1', '3']),
      'is-managed': chance.maybe(88, ['false', 'true']),
      'target-role': chance.maybe(88, ['Stopped', 'Started']),
      'failure-timeout': chance.maybe(80, ['1h', '10s']),
      priority: chance.maybe(85, ['3']),
      'allow-migrate': chance.maybe(80, ['true']),
    })
    if (set === undefined) return element('meta_attributes', { id })
    return chance.yes(70) ? withChildren(set, [randomRule(chance, `${id}-rule`, 'agent', 1), ...set.children]) : set
  }
  const operationSet = (i: number): XmlElement => {
    const id = `op-defaults-${i}`
    const [set] = pairs('meta_attributes', id, {
      timeout: chance.maybe(20, ['5s', '7s', '33', 'bad']),
      'on-fail': chance.maybe(80, ['ignore', 'block', 'standby', 'restart']),
      'start-delay': chance.maybe(92, ['5s']),
      'record-pending': chance.maybe(85, ['true', 'false']),
    })
    if (set === undefined) return element('meta_attributes', { id })
    return chance.yes(75) ? withChildren(set, [randomRule(chance, `${id}-rule`, 'operation', 1), ...set.children]) : set
  }
  return [
    ...(chance.yes(50)
      ? [element('rsc_defaults', {}, [resourceSet(1), ...(chance.yes(40) ? [resourceSet(2)] : [])])]
      : []),
    ...(chance.yes(50)
      ? [element('op_defaults', {}, [operationSet(1), ...(chance.yes(40) ? [operationSet(2)] : [])])]
      : []),
  ]
}

function withOperationRules(chance: Chance, resources: XmlElement): XmlElement {
  return rewriteBelow(resources, (item) => {
    if (item.name !== 'op' || !chance.yes(12)) return [item]
    const id = attr(item, 'id') ?? ''
    const [set] = pairs('meta_attributes', `${id}-meta`, {
      timeout: chance.pick(['9s', '11']),
      'on-fail': chance.maybe(70, ['ignore', 'block', 'restart']),
      enabled: chance.maybe(90, ['false']),
    })
    const rule = chance.yes(60) ? [randomRule(chance, `${id}-rule`, 'operation', 1)] : []
    return [withChildren(item, set === undefined ? [] : [withChildren(set, [...rule, ...set.children])])]
  })
}

/** Puts rules into a configuration: into sets of every kind, into locations, into lifetimes and into defaults. */
export function withRules(chance: Chance, configuration: XmlElement): XmlElement {
  const withOperations = replaceChild(configuration, 'resources', (item) => withOperationRules(chance, item))
  const withSets = withSetRules(chance, withOperations)
  const withLocations = replaceChild(withSets, 'constraints', (item) => withLocationRules(chance, item))
  return defaults(chance).reduce((now, section) => {
    // Where there are two sections of a name, the C program uses neither.
    const isThere = now.children.some(({ name }) => name === section.name) && !chance.yes(3)
    if (!isThere) return withChildren(now, [...now.children, section])
    return replaceChild(now, section.name, (item) => withChildren(item, [...item.children, ...section.children]))
  }, withLocations)
}

/** A value for the option `-t`, in one of the ways in which people write times. */
export function randomMoment(chance: Chance): string {
  return chance.pick(moments.filter((text) => text !== 'nonsense'))
}
