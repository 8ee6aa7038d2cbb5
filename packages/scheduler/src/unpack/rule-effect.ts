import { attr, child, type XmlElement } from '@quorate/xml'
import type { Moment } from '../date.ts'
import type { OnUnreadable } from '../date-text.ts'
import { dateRange, dateSpecOrder } from './rule.ts'

/** Whether a rule holds by its date alone, and if not, on which side of its time the moment lies. */
export type RuleEffect =
  | 'in-effect'
  | 'satisfied'
  | 'expired'
  | 'not-yet'
  | 'no-date'
  | 'several-dates'
  | 'unsuitable-date'
  | 'invalid'

/**
 * Judges the one date expression that a rule has, in it or in a rule within it; what else the rule asks for is not
 * looked at (behaviour/pacemaker-tools.md 15). A date specification has to name years, and no phase of the moon: only
 * then does it have a before and an after.
 *
 * @param onUnreadable told of dates that cannot be read
 */
export function ruleEffect(rule: XmlElement, now: Moment, onUnreadable?: OnUnreadable): RuleEffect {
  const [date, ...more] = dateExpressions(rule)
  if (date === undefined) return 'no-date'
  if (more.length > 0) return 'several-dates'
  const operation = attr(date, 'operation')?.toLowerCase()
  if (operation === undefined) return 'unsuitable-date'
  if (operation === 'date_spec') {
    const spec = child(date, 'date_spec')
    if (spec === undefined || attr(spec, 'years') === undefined || attr(spec, 'moon') !== undefined) {
      return 'unsuitable-date'
    }
    const order = dateSpecOrder(spec, now)
    return order === 0 ? 'satisfied' : order < 0 ? 'not-yet' : 'expired'
  }
  return rangeEffect(operation, dateRange(date, now, onUnreadable), now.epochSeconds)
}

function rangeEffect(operation: string, { start, end }: ReturnType<typeof dateRange>, seconds: number): RuleEffect {
  switch (operation) {
    case 'gt':
      if (start === undefined) return 'invalid'
      return seconds > start.epochSeconds ? 'in-effect' : 'not-yet'
    case 'lt':
      if (end === undefined) return 'invalid'
      return seconds < end.epochSeconds ? 'in-effect' : 'expired'
    case 'in_range':
      if (start === undefined && end === undefined) return 'invalid'
      if (start !== undefined && seconds < start.epochSeconds) return 'not-yet'
      return end !== undefined && seconds > end.epochSeconds ? 'expired' : 'in-effect'
    default:
      return 'invalid'
  }
}

function* dateExpressions(of: XmlElement): Iterable<XmlElement> {
  const pending = [...of.children]
  for (let item = pending.shift(); item !== undefined; item = pending.shift()) {
    if (item.name === 'date_expression') yield item
    else if (item.name === 'rule') pending.unshift(...item.children)
  }
}
