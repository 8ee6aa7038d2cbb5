import { attr, element, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'

/** Texts around the time at which random clusters live, 2023-11-14 22:13:20 UTC, in most forms that times have. */
const dates = [
  '2023-11-14',
  '20231114',
  '2023-W46-2',
  '2023W462',
  '2023-318',
  '2023318',
  '2023-11',
  '2024-02-29',
  '2023-02-29',
  '2023-366',
  '2024-366',
  '2020-W53-1',
  '2021-W53-1',
  '0000-01-01',
  '9999-12-31',
  '2023-11-31',
  '2023-00-14',
  '2023-W00-1',
  '2023-1-4',
  '23-11-14',
]
const times = [
  '',
  ' 22:13:20',
  'T22:13:20',
  ' 22:13',
  'T2213',
  'T221320',
  ' 22',
  ' 24:00:00',
  ' 24:00:01',
  ' 25:00',
  ' 22:60',
  ' 22:13:60',
  ' 22:13:20.5',
  ' 2:3:4',
]
const zones = ['', 'Z', ' Z', '+00', '+01:00', ' -03:00', '-0330', '+14:00', '+25:00', ' +1', 'UTC', '-00:00']
const durations = ['years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds'] as const
const counts = ['1', '0', '-1', '2', '12', '30', '365', '366', '', 'x', '1.5', '+3', '1000']

const fields: Readonly<Record<string, readonly [number, number, number]>> = {
  years: [2022, 2025, 2023],
  months: [0, 13, 11],
  monthdays: [0, 32, 14],
  hours: [0, 24, 22],
  minutes: [0, 60, 13],
  seconds: [0, 60, 20],
  yeardays: [0, 367, 318],
  weekyears: [2022, 2025, 2023],
  weeks: [0, 54, 46],
  weekdays: [0, 8, 2],
  moon: [0, 8, 1],
}

function moment(chance: Chance): string {
  if (chance.yes(6)) return chance.pick(['now', 'epoch', '@1700000000', '1700000000', ' 2023-11-14'])
  const zone = chance.yes(55) ? '' : chance.pick(zones)
  return `${chance.pick(dates)}${chance.pick(times)}${zone}`
}

/** A range of a field; most of them have the present in them or are near. */
function range(chance: Chance, [low, high, now]: readonly [number, number, number]): string {
  const a = chance.yes(50) ? now : chance.int(low, high)
  const b = chance.yes(50) ? now : chance.int(low, high)
  const text = chance.pick([String(a), `${a}-${b}`, `${Math.min(a, b)}-${Math.max(a, b)}`, `${a}-`, `-${b}`])
  return chance.yes(6)
    ? chance.pick([
        '',
        '-',
        'x',
        `${a}-x`,
        `${a}--${b}`,
        ` ${a}`,
        `${a} - ${b}`,
        `0${a}`,
        `+${a}`,
        `${a},${b}`,
        '1-2-3',
      ])
    : text
}

function spec(chance: Chance, id: string): XmlElement {
  const chosen = Object.entries(fields).filter(() => chance.yes(20))
  return element('date_spec', {
    id,
    ...Object.fromEntries(chosen.map(([name, limits]) => [name, range(chance, limits)])),
  })
}

function duration(chance: Chance, id: string): XmlElement {
  const chosen = durations.filter(() => chance.yes(30))
  return element('duration', { id, ...Object.fromEntries(chosen.map((name) => [name, chance.pick(counts)])) })
}

/** A date expression with texts of every form. */
export function oddDate(chance: Chance, id: string): XmlElement {
  switch (chance.pick(['in_range', 'in_range', 'gt', 'lt', 'date_spec', 'date_spec'])) {
    case 'gt':
      return element('date_expression', { id, operation: 'gt', start: moment(chance) })
    case 'lt':
      return element('date_expression', { id, operation: 'lt', end: moment(chance) })
    case 'date_spec':
      return element('date_expression', { id, operation: 'date_spec' }, [spec(chance, `${id}-spec`)])
    default: {
      const hasStart = chance.yes(75)
      const ends = hasStart ? { start: moment(chance) } : {}
      const end = !hasStart || chance.yes(50) ? { end: moment(chance) } : {}
      const length = chance.yes(40) ? [duration(chance, `${id}-duration`)] : []
      return element('date_expression', { id, operation: 'in_range', ...ends, ...end }, length)
    }
  }
}

function dateRule(chance: Chance, id: string, more: Readonly<Record<string, string>> = {}): XmlElement {
  const size = chance.pick([1, 1, 1, 2, 3])
  return element(
    'rule',
    { id, 'boolean-op': chance.maybe(50, ['or', 'and']), ...more },
    Array.from({ length: size }, (_, i) => oddDate(chance, `${id}-d${i}`)),
  )
}

/** Rules with times of every form: on meta-attributes of resources, on locations and on cluster options. */
export function withDates(chance: Chance, configuration: XmlElement): XmlElement {
  const nodes = configuration.children.find(({ name }) => name === 'nodes')?.children ?? []
  const collective = new Set(['primitive', 'group', 'clone'])
  const rsc: string[] = []
  const resources = replaceChild(configuration, 'resources', (list) =>
    rewriteBelow(list, (item) => {
      if (!collective.has(item.name) || attr(item, 'type') === 'remote') return [item]
      const id = attr(item, 'id') ?? ''
      rsc.push(id)
      if (!chance.yes(40)) return [item]
      const [name, value] = chance.pick([
        ['target-role', 'Stopped'],
        ['priority', '11'],
        ['is-managed', 'false'],
      ] as const)
      const set = element('meta_attributes', { id: `${id}-dated`, score: '2000' }, [
        dateRule(chance, `${id}-dated-rule`),
        element('nvpair', { id: `${id}-dated-1`, name, value }),
      ])
      return [{ ...item, children: [set, ...item.children] }]
    }),
  )
  const options = replaceChild(resources, 'crm_config', (item) =>
    chance.yes(30)
      ? {
          ...item,
          children: [
            ...item.children,
            element('cluster_property_set', { id: 'dated-options', score: '7' }, [
              dateRule(chance, 'dated-rule'),
              element('nvpair', { id: 'dated-1', name: 'maintenance-mode', value: 'true' }),
            ]),
          ],
        }
      : item,
  )
  if (rsc.length === 0 || nodes.length === 0) return options
  return replaceChild(options, 'constraints', (item) => ({
    ...item,
    children: [
      ...item.children,
      ...Array.from({ length: chance.int(0, 2) }, (_, i) =>
        element('rsc_location', { id: `dated${i}`, rsc: chance.pick(rsc) }, [
          dateRule(chance, `dated${i}-rule`, { score: chance.pick(['INFINITY', '-INFINITY', '50', '-50']) }),
        ]),
      ),
    ],
  }))
}
