import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { pairs } from './resources.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'

const intervals = [
  '10',
  '10s',
  '10000ms',
  '10S',
  'PT10S',
  'P1D',
  '1h',
  '0',
  '0s',
  '11s',
  '2min',
  '',
  'soon',
  '-10s',
  '10.7s',
  '1d',
  '7us',
]
const timeouts = ['20', '20s', '20000', 'PT20S', '20ms', '1h', '', 'soon', '-3', '0', '1us', '99999999999']
const names = [
  'monitor',
  'monitor',
  'monitor',
  'start',
  'stop',
  'promote',
  'demote',
  'notify',
  'status',
  'reload',
  'reload-agent',
  'migrate_to',
  'migrate_from',
  'validate-all',
  'cancel',
  'delete',
  'own',
]
const roles = ['Stopped', 'Started', 'Promoted', 'Unpromoted', 'Master', 'Slave']
const onFails = ['ignore', 'block', 'demote', 'stop', 'restart', 'standby', 'fence', 'restart-container']
const origins = [
  '2023-11-14 22:00:03Z',
  '2023-11-14T22:13:00+01:00',
  '2030-01-01',
  '2023-318',
  '2023-W46-2T22',
  '22:13',
  'nonsense',
]

function oddOperation(chance: Chance, id: string): XmlElement {
  const delay = chance.int(1, 100)
  const meta = pairs('meta_attributes', `${id}-meta`, {
    'start-delay': chance.maybe(90, ['4s', 'PT1M', 'soon', '-4']),
    'interval-origin': chance.maybe(92, origins),
    timeout: chance.maybe(80, timeouts),
    enabled: chance.maybe(90, ['false', 'no', 'true']),
    role: chance.maybe(93, [...roles, 'nonsense']),
    interval: chance.maybe(95, intervals),
    'on-fail': chance.maybe(90, [...onFails, 'nonsense']),
    'record-pending': chance.maybe(90, ['false', 'true']),
    OCF_CHECK_LEVEL: chance.maybe(92, ['10']),
  })
  const parameters = pairs('instance_attributes', `${id}-params`, {
    OCF_CHECK_LEVEL: chance.maybe(80, ['10', '20']),
    'depth of it': chance.maybe(92, ['a"b']),
    timeout: chance.maybe(93, timeouts),
  })
  return element(
    'op',
    {
      id,
      name: chance.pick(names),
      interval: chance.pick(intervals),
      timeout: chance.maybe(50, timeouts),
      'start-delay': delay <= 8 ? chance.pick(['3s', 'PT30S', '5000ms', 'soon']) : undefined,
      'interval-origin': delay > 92 ? chance.pick(origins) : undefined,
      enabled: chance.maybe(88, ['false', 'true', '0', '1']),
      'record-pending': chance.maybe(85, ['true', 'false']),
      role: chance.maybe(60, roles),
      'on-fail': chance.maybe(60, onFails),
      description: chance.maybe(95, ['what for']),
    },
    [...meta, ...parameters],
  )
}

function withOdd(chance: Chance, primitive: XmlElement): XmlElement {
  const operations = child(primitive, 'operations')
  const made = Array.from({ length: chance.int(1, 3) }, (_, i) =>
    oddOperation(chance, `${idOf(primitive)}-odd${i + 1}`),
  )
  if (operations === undefined) {
    return withChildren(primitive, [...primitive.children, element('operations', {}, made)])
  }
  const all = withChildren(operations, [...operations.children, ...made])
  return withChildren(
    primitive,
    primitive.children.map((item) => (item === operations ? all : item)),
  )
}

/** Entries of recurring operations that are not configured, or at other intervals. */
function oddEntry(chance: Chance, entry: XmlElement): readonly XmlElement[] {
  const name = attr(entry, 'operation')
  const key = attr(entry, 'operation_key') ?? ''
  const isPlain = name === 'monitor' && key.endsWith('_10000') && idOf(entry).endsWith('_10000')
  if (!isPlain || !chance.yes(25)) return [entry]
  const interval = chance.pick(['9000', '10', '86400000', '3600000'])
  const other = withAttributes(entry, {
    id: idOf(entry).replace(/_10000$/, `_${interval}`),
    operation_key: key.replace(/_10000$/, `_${interval}`),
    interval,
  })
  return chance.yes(50) ? [other] : [entry, other]
}

/** Gives primitives operations with names, intervals, roles and values of every kind, several of them alike. */
export function withOddOperations(chance: Chance, cib: XmlElement): XmlElement {
  const configured = replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'resources', (resources) =>
      rewriteBelow(resources, (item) => [item.name === 'primitive' && chance.yes(50) ? withOdd(chance, item) : item]),
    ),
  )
  return replaceChild(configured, 'status', (status) =>
    rewriteBelow(status, (item) => (item.name === 'lrm_rsc_op' ? oddEntry(chance, item) : [item])),
  )
}
