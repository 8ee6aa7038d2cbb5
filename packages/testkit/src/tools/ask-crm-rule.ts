import { attr, child, element, formatXml, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'
import { randomCib } from '../conformance/random/cib.ts'
import { oddDate } from '../conformance/random/odd-dates.ts'
import { idsOf, replaceChild } from '../conformance/random/rewrite.ts'
import { randomRule } from '../conformance/random/rules.ts'
import { durationText, momentText } from './date-text.ts'
import { commandLine, type KnownOption } from './line.ts'
import { outputOptions } from './output-option.ts'
import { withSchema } from './schema-claim.ts'
import type { Asked } from './tool-case.ts'

const operations = ['in_range', 'in_range', 'gt', 'lt', 'date_spec', 'eq', 'IN_RANGE', '', 'in-range']

function freeDate(chance: Chance, id: string): XmlElement {
  const years = () => chance.pick(['2023', '2020-2025', '2026-', '-2026', '2030-2040', 'x', '', '2024-2020', '1'])
  const spec = element('date_spec', {
    id: `${id}-spec`,
    years: chance.maybe(15, [years()]),
    months: chance.maybe(60, ['1', '1-6', '11', '13', '7-', '-3', '2-x']),
    monthdays: chance.maybe(80, ['1', '29-31', '15', '0']),
    hours: chance.maybe(80, ['9-16', '22', '24']),
    weekdays: chance.maybe(80, ['1-5', '6-7', '8']),
    yeardays: chance.maybe(90, ['366', '1-100']),
    weeks: chance.maybe(90, ['53', '1-10']),
    weekyears: chance.maybe(90, ['2023', '2020-2026']),
    moon: chance.maybe(90, ['4', '0-7']),
  })
  const duration = element('duration', {
    id: `${id}-duration`,
    ...Object.fromEntries(
      ['years', 'months', 'weeks', 'days', 'hours', 'minutes', 'seconds']
        .filter(() => chance.yes(30))
        .map((name) => [name, chance.pick(['1', '12', '-1', '0', '400', 'x', '', '1.5', '2147483648', ' 3'])]),
    ),
  })
  const below = chance.pick([[], [], [spec], [spec], [duration], [duration], [spec, duration], [duration, spec]])
  return element(
    'date_expression',
    {
      id: chance.maybe(3, [id]),
      operation: chance.maybe(8, operations),
      start: chance.maybe(45, [momentText(chance)]),
      end: chance.maybe(45, [chance.yes(95) ? momentText(chance) : durationText(chance)]),
    },
    below,
  )
}

function checkable(chance: Chance, id: string): XmlElement {
  const size = chance.pick([1, 1, 1, 1, 1, 2, 0])
  const dates = Array.from({ length: size }, (_, i) => {
    const make = chance.yes(50) ? freeDate : oddDate
    return make(chance, `${id}-d${i}`)
  })
  const other = chance.yes(15) ? randomRule(chance, `${id}-inner`, 'node', 1).children : []
  const nested = chance.yes(6) ? [randomRule(chance, `${id}-nested`, 'plain', 0)] : []
  const attributes = { id: chance.maybe(2, [id]), score: 'INFINITY', 'boolean-op': chance.maybe(60, ['or', 'and']) }
  return element('rule', attributes, [...dates, ...other, ...nested])
}

function withCheckable(chance: Chance, cib: XmlElement): XmlElement {
  const ids = ['r1', 'r1', 'r2', 'r3', 'r 4', 'r"5', 'r6']
    .slice(0, chance.int(1, 7))
    .filter((_, i) => i !== 1 || chance.yes(5))
  const locations = ids.map((id, i) =>
    element('rsc_location', { id: `checked${i}`, rsc: 'r1' }, [checkable(chance, id)]),
  )
  return replaceChild(cib, 'configuration', (configuration) =>
    replaceChild(configuration, 'constraints', (item) => withChildren(item, [...item.children, ...locations])),
  )
}

/** Texts that stand for a rule where no CIB is asked: a CIB, a part of one, or no XML (of a broken one, libxml2 takes what it can). */
function sourceText(chance: Chance, cib: XmlElement): string {
  const constraints = child(child(cib, 'configuration') ?? cib, 'constraints') ?? cib
  const rule = element('rule', { id: 'r1' }, [oddDate(chance, 'd')])
  const text = formatXml(chance.pick([cib, cib, cib, cib, constraints, rule, element('cib', {}, [rule])]))
  if (chance.yes(92)) return text
  return chance.pick(['', '<', 'rule', `x${text}`])
}

/** A command line of crm_rule, on a cluster with rules of every kind. */
export function askCrmRule(chance: Chance): Asked {
  const plain = randomCib(chance.int(1, 1_000_000), chance.yes(60) ? [] : ['rule', 'date'])
  const cib = withSchema(chance, withCheckable(chance, plain))
  const rules = idsOf(cib, ['rule'])
  const others = ['none', '', attr(cib, 'epoch') ?? '', 'checked0']
  const rule: KnownOption = {
    short: 'r',
    long: 'rule',
    argument: () => (chance.yes(93) && rules.length > 0 ? chance.pick(rules) : chance.pick(others)),
  }
  const date: KnownOption = { short: 'd', long: 'date', argument: momentText }
  const check: KnownOption = { short: 'c', long: 'check' }
  const text = sourceText(chance, cib)
  const usesInput = chance.yes(50)
  const xml: KnownOption = { short: 'X', long: 'xml-text', argument: () => (usesInput ? '-' : text) }
  const usesText = chance.yes(25)
  const options = [
    ...(chance.yes(97) ? [check] : []),
    ...Array.from({ length: chance.pick([1, 1, 1, 1, 2, 3, 0]) }, () => rule),
    ...(chance.yes(65) ? [date] : []),
    ...(usesText ? [xml] : []),
    ...outputOptions(chance),
  ]
  const groups = ['output', 'modes', 'data', 'additional'].map((name) => `--help-${name}`)
  const argv = commandLine(chance, options, groups)
  return { argv, cib, ...(usesText && usesInput ? { input: text } : {}) }
}
