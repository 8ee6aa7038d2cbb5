import { element, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'

/** A resource of a random CIB, with what histories and constraints have to know of it. */
export type RandomResource = {
  readonly id: string
  readonly xml: XmlElement
  /** Primitives below it, by the id that histories use. */
  readonly leaves: readonly RandomLeaf[]
  readonly promotable: boolean
}

export type RandomLeaf = {
  readonly id: string
  readonly class: string
  readonly provider: string | undefined
  readonly type: string
  readonly promotable: boolean
  readonly unique: boolean
  readonly instances: number
  readonly monitors: readonly number[]
}

/** Name/value pairs as a set; undefined values are left out, and a set without pairs. */
export function pairs(kind: string, id: string, values: Readonly<Record<string, string | undefined>>): XmlElement[] {
  const list = Object.entries(values).flatMap(([name, value]) =>
    value === undefined ? [] : [element('nvpair', { id: `${id}-${name}`, name, value })],
  )
  return list.length === 0 ? [] : [element(kind, { id }, list)]
}

/** Meta-attributes of a primitive, most of them left out. */
export function primitiveMeta(chance: Chance, inClone: boolean): Record<string, string | undefined> {
  return {
    priority: chance.maybe(85, ['1', '5', '10', '-1']),
    'resource-stickiness': chance.maybe(80, ['1', '100', 'INFINITY', '0', '-5']),
    'migration-threshold': chance.maybe(88, ['1', '3', '0']),
    'failure-timeout': chance.maybe(90, ['10s', '1h', '1000000']),
    'is-managed': chance.maybe(93, ['false', 'true']),
    'target-role': chance.maybe(90, ['Started', 'Stopped', 'Unpromoted', 'Promoted']),
    'allow-migrate': chance.maybe(85, ['true', 'false']),
    'multiple-active': chance.maybe(90, ['stop_start', 'block', 'stop_only', 'stop_unexpected']),
    requires: chance.maybe(90, ['nothing', 'quorum', 'fencing']),
    critical: chance.maybe(92, ['true', 'false']),
    maintenance: chance.maybe(97, ['true']),
    ...(inClone ? {} : { 'restart-type': chance.maybe(95, ['restart', 'ignore']) }),
  }
}

function operations(
  chance: Chance,
  id: string,
  promotable: boolean,
): { readonly xml: XmlElement[]; readonly monitors: number[] } {
  const list: XmlElement[] = []
  const monitors: number[] = []
  const op = (name: string, interval: string, more: Record<string, string | undefined>): void => {
    list.push(element('op', { id: `${id}-${name}-${interval}-${list.length}`, name, interval, ...more }))
  }
  const anyFail = ['ignore', 'block', 'stop', 'restart', 'standby', 'fence', 'demote']
  if (chance.yes(70)) {
    op('monitor', '10s', {
      'on-fail': chance.maybe(75, anyFail),
      role: promotable ? chance.maybe(50, ['Unpromoted']) : undefined,
    })
    monitors.push(10_000)
  }
  if (promotable && chance.yes(60)) {
    op('monitor', '11s', { role: 'Promoted', 'on-fail': chance.maybe(60, anyFail) })
    monitors.push(11_000)
  }
  if (chance.yes(10)) op('monitor', '12s', { role: 'Stopped' })
  if (chance.yes(20)) op('start', '0', { timeout: '60s', 'on-fail': chance.maybe(60, anyFail) })
  if (chance.yes(20)) op('stop', '0', { 'on-fail': chance.maybe(40, ['block', 'fence', 'ignore']) })
  if (promotable && chance.yes(20)) op('promote', '0', { 'on-fail': chance.maybe(30, anyFail) })
  return { xml: list.length === 0 ? [] : [element('operations', {}, list)], monitors }
}

/** A random primitive. */
export function randomPrimitive(
  chance: Chance,
  id: string,
  traits: {
    readonly promotable: boolean
    readonly unique: boolean
    readonly instances: number
    readonly cloned: boolean
  },
): { readonly xml: XmlElement; readonly leaf: RandomLeaf } {
  const { promotable } = traits
  const provider = chance.yes(80) || promotable || traits.unique ? 'pacemaker' : undefined
  const agentClass = provider === undefined ? 'lsb' : 'ocf'
  const { xml: ops, monitors } = operations(chance, id, promotable)
  const utilization = chance.yes(25)
    ? pairs('utilization', `${id}-util`, { cpu: String(chance.int(1, 3)), ram: chance.maybe(50, ['1', '2']) })
    : []
  const xml = element('primitive', { id, class: agentClass, provider, type: promotable ? 'Stateful' : 'Dummy' }, [
    ...pairs('meta_attributes', `${id}-meta`, primitiveMeta(chance, traits.cloned)),
    ...utilization,
    ...ops,
  ])
  return {
    xml,
    leaf: {
      id,
      class: agentClass,
      provider,
      type: promotable ? 'Stateful' : 'Dummy',
      promotable,
      unique: traits.unique,
      instances: traits.instances,
      monitors,
    },
  }
}

/** Traits of a primitive outside of groups and clones. */
export const alone = { promotable: false, unique: false, instances: 0, cloned: false }

function group(
  chance: Chance,
  id: string,
  traits: typeof alone,
): { readonly xml: XmlElement; readonly leaves: RandomLeaf[] } {
  const members = Array.from({ length: chance.int(1, 3) }, (_, i) => randomPrimitive(chance, `${id}m${i + 1}`, traits))
  const meta = pairs('meta_attributes', `${id}-meta`, {
    ordered: chance.maybe(88, ['false']),
    collocated: chance.maybe(90, ['false']),
    'target-role': chance.maybe(94, ['Stopped']),
    'is-managed': chance.maybe(96, ['false']),
  })
  return {
    xml: element('group', { id }, [...meta, ...members.map((item) => item.xml)]),
    leaves: members.map((item) => item.leaf),
  }
}

function clone(chance: Chance, id: string): RandomResource {
  const promotable = chance.yes(40)
  const isGroup = chance.yes(25)
  const unique = !promotable && !isGroup && chance.yes(20)
  const max = chance.maybe(50, ['1', '2', '3', '4'])
  const traits = { promotable, unique, instances: Number(max ?? '4'), cloned: true }
  const meta = pairs('meta_attributes', `${id}-meta`, {
    promotable: promotable ? 'true' : undefined,
    'promoted-max': promotable ? chance.maybe(70, ['1', '2']) : undefined,
    'clone-max': max,
    'clone-node-max': unique ? chance.maybe(50, ['1', '2']) : undefined,
    'globally-unique': unique ? 'true' : undefined,
    interleave: chance.maybe(50, ['true']),
    ordered: chance.maybe(80, ['true']),
    notify: chance.maybe(70, ['true']),
    'clone-min': chance.maybe(93, ['1', '2']),
    'target-role': chance.maybe(93, ['Stopped', 'Unpromoted']),
    'resource-stickiness': chance.maybe(90, ['0', '10']),
    'is-managed': chance.maybe(97, ['false']),
  })
  const inner = isGroup ? group(chance, `${id}g`, traits) : undefined
  const single = inner === undefined ? randomPrimitive(chance, `${id}p`, traits) : undefined
  const content = inner?.xml ?? single?.xml
  return {
    id,
    xml: element('clone', { id }, [...meta, ...(content === undefined ? [] : [content])]),
    leaves: inner?.leaves ?? (single === undefined ? [] : [single.leaf]),
    promotable,
  }
}

/** A random resource of some kind. */
export function randomResource(chance: Chance, id: string): RandomResource {
  const kind = chance.int(1, 100)
  if (kind <= 50) {
    const { xml, leaf } = randomPrimitive(chance, id, alone)
    return { id, xml, leaves: [leaf], promotable: false }
  }
  if (kind <= 68) {
    const { xml, leaves } = group(chance, id, alone)
    return { id, xml, leaves, promotable: false }
  }
  return clone(chance, id)
}
