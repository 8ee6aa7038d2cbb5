import { attr, child, idOf, isComment, type XmlElement } from '@quorate/xml'
import { addDuration, type DurationFields, dateFields, type Moment } from '../date.ts'
import { type OnUnreadable, parseMoment } from '../date-text.ts'
import { intervalMs, parseInteger, parseIntervalMs, parseNumber, sameText } from '../scalar.ts'

/** Deepest nesting of rules within rules; deeper ones are false. */
export const ruleDepthMax = 100

/** What a rule may ask about. Missing parts make the expressions that need them false. */
export type RuleSubject = {
  readonly attributes?: ReadonlyMap<string, string> | undefined
  readonly agent?:
    | {
        readonly class?: string | undefined
        readonly provider?: string | undefined
        readonly type?: string | undefined
      }
    | undefined
  readonly operation?: { readonly name: string; readonly intervalMs: number } | undefined
  /** Texts that a resource pattern matched: whole match first. */
  readonly matches?: readonly (string | undefined)[] | undefined
  readonly parameters?: ReadonlyMap<string, string> | undefined
  readonly meta?: ReadonlyMap<string, string> | undefined
}

/** What a rule is evaluated with. */
export type RuleContext = RuleSubject & {
  readonly now: Moment
  /** Told of every moment at which an evaluated date expression may change its mind. */
  readonly onChange: (epochSeconds: number) => void
  /** Told of what makes a rule invalid, and under which name tools say so. */
  readonly onInvalid?: ((source: string, text: string) => void) | undefined
  /** Told of dates that cannot be read, which make no rule invalid. */
  readonly onUnreadable?: OnUnreadable | undefined
  /** Told of what is odd about a text that is compared as a whole number. */
  readonly onOddInteger?: ((text: string) => void) | undefined
  /** Finds the target of an `id-ref`. */
  readonly resolve: (of: XmlElement) => XmlElement | undefined
}

/** True where the element has no rule, or one of its rules is true. Later rules than the first true one are not looked at. */
export function rulesAllow(of: XmlElement, context: RuleContext): boolean {
  let any = false
  const { children } = of
  for (let i = 0; i < children.length; i += 1) {
    const item = children[i] as XmlElement
    if (item.name !== 'rule') continue
    any = true
    if (ruleIsTrue(item, context)) return true
  }
  return !any
}

/** What the rules in one rule came to: each is asked once, and one that asks for itself is not true. */
type Truths = Map<XmlElement, boolean>

/** Evaluates one rule. */
export function ruleIsTrue(rule: XmlElement, context: RuleContext, depth = 0, truths?: Truths): boolean {
  const target = context.resolve(rule)
  if (target === undefined || depth > ruleDepthMax) return false
  const known = truths?.get(target)
  if (known !== undefined) return known
  const found = truths ?? (target.children.some(({ name }) => name === 'rule') ? new Map() : undefined)
  found?.set(target, false)
  const truth = partsAreTrue(target, context, depth, found)
  found?.set(target, truth)
  return truth
}

function partsAreTrue(target: XmlElement, context: RuleContext, depth: number, truths: Truths | undefined): boolean {
  const isOr = sameText(attr(target, 'boolean-op'), 'or')
  let empty = true
  for (const item of target.children) {
    if (isComment(item)) continue
    empty = false
    const truth = expressionIsTrue(item, context, depth, truths)
    if (truth === isOr) return isOr
  }
  if (empty)
    context.onInvalid?.('pe_eval_expr', `Invalid Rule ${idOf(target)}: rules must contain at least one expression`)
  return !isOr
}

function expressionIsTrue(item: XmlElement, context: RuleContext, depth: number, truths: Truths | undefined): boolean {
  switch (item.name) {
    case 'rule':
      return ruleIsTrue(item, context, depth + 1, truths)
    case 'date_expression':
      return dateExpressionIsTrue(item, context)
    case 'rsc_expression':
      return agentMatches(item, context)
    case 'op_expression':
      return operationMatches(item, context)
    case 'expression':
      return attributeExpressionIsTrue(item, context)
    default:
      return false
  }
}

function agentMatches(item: XmlElement, { agent }: RuleContext): boolean {
  if (agent === undefined) return false
  const [standard, type] = [attr(item, 'class'), attr(item, 'type')]
  if (standard !== undefined && standard !== agent.class) return false
  if (attr(item, 'provider') !== agent.provider) return false
  return type === undefined || type === agent.type
}

function operationMatches(item: XmlElement, { operation }: RuleContext): boolean {
  if (operation === undefined || attr(item, 'name') !== operation.name) return false
  const interval = attr(item, 'interval')
  return interval === undefined || parseIntervalMs(interval) === operation.intervalMs
}

/** Replaces `%0` to `%9` by what a pattern matched. */
export function expandMatches(text: string, matches: readonly (string | undefined)[] | undefined): string {
  return matches === undefined ? text : text.replace(/%(\d)/g, (_, digit: string) => matches[Number(digit)] ?? '')
}

function attributeExpressionIsTrue(item: XmlElement, context: RuleContext): boolean {
  const configured = attr(item, 'attribute')
  if (configured === undefined || configured === '#role' || context.attributes === undefined) return false
  const left = context.attributes.get(expandMatches(configured, context.matches))
  const operation = attr(item, 'operation')?.toLowerCase()
  if (operation === undefined) {
    context.onInvalid?.('pe__eval_attr_expr', `Expression ${idOf(item)} invalid: operation not specified`)
    return false
  }
  if (operation === 'defined') return left !== undefined
  if (operation === 'not_defined') return left === undefined
  const right = rightHand(item, context)
  const order = compareValues(left, right, attr(item, 'type'), operation, context)
  const both = left !== undefined && right !== undefined
  switch (operation) {
    case 'eq':
      return order === 0
    case 'ne':
      return order !== 0
    case 'lt':
      return both && order < 0
    case 'lte':
      return both && order <= 0
    case 'gt':
      return both && order > 0
    case 'gte':
      return both && order >= 0
    default:
      return false
  }
}

function rightHand(item: XmlElement, context: RuleContext): string | undefined {
  const value = attr(item, 'value')
  // Rules of locations, which alone know parameters, take an empty value for none; in sets it is a text like others.
  if (value === undefined || (value === '' && context.parameters !== undefined)) return undefined
  switch (attr(item, 'value-source')?.toLowerCase()) {
    case 'param':
      return context.parameters === undefined ? value : context.parameters.get(value)
    case 'meta':
      return context.meta === undefined ? value : context.meta.get(value)
    default:
      return value
  }
}

function compareValues(
  left: string | undefined,
  right: string | undefined,
  type: string | undefined,
  operation: string,
  { onOddInteger }: RuleContext,
) {
  if (left === undefined) return right === undefined ? 0 : -1
  if (right === undefined) return 1
  const ordering = ['lt', 'lte', 'gt', 'gte'].includes(operation)
  const numeric = left.includes('.') || right.includes('.') ? 'number' : 'integer'
  switch (type?.toLowerCase() ?? (ordering ? numeric : 'string')) {
    case 'string':
      return compareIgnoringCase(left, right)
    case 'integer':
      if (onOddInteger !== undefined) for (const text of [left, right]) tellOddInteger(text, onOddInteger)
      return compareParsed(left, right, parseInteger)
    case 'number':
      return compareParsed(left, right, parseNumber)
    case 'version':
      return compareVersions(left, right)
    default:
      return 0
  }
}

/** What the C program says of a text that is no whole number, or of more than 64 bits, or goes on after one. */
function tellOddInteger(text: string, tell: (text: string) => void): void {
  const found = /^\s*([+-]?\d+)/.exec(text)
  if (found === null) tell(`Could not parse integer from '${text}' (using 0 instead): No digits found`)
  else if (parseInteger(text) === undefined) {
    const limit = found[1]?.startsWith('-') ? '-9223372036854775808' : '9223372036854775807'
    tell(`Integer parsed from '${text}' was clipped to ${limit}`)
  }
  const rest = found === null ? text : text.slice(found[0].length)
  if (rest !== '') tell(`Characters left over after parsing '${text}': '${rest}'`)
}

function compareIgnoringCase(a: string, b: string): number {
  const [left, right] = [a.toLowerCase(), b.toLowerCase()]
  return left < right ? -1 : left > right ? 1 : 0
}

function compareParsed(a: string, b: string, parse: (text: string) => number | undefined): number {
  const [left, right] = [parse(a), parse(b)]
  if (left === undefined || right === undefined) return compareIgnoringCase(a, b)
  return left - right
}

/** Dotted numbers; a missing component counts as 0, and a version that is empty as less than that: as -1. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a === '' ? ['-1'] : a.split('.'), b === '' ? ['-1'] : b.split('.')]
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const order = (parseInteger(left[i]) ?? 0) - (parseInteger(right[i]) ?? 0)
    if (order !== 0) return order
  }
  return 0
}

function dateExpressionIsTrue(item: XmlElement, context: RuleContext): boolean {
  const { now, onChange, onUnreadable } = context
  const t = now.epochSeconds
  const { start, end } = dateRange(item, now, onUnreadable)
  const operation = attr(item, 'operation')?.toLowerCase() ?? 'in_range'
  if (operation === 'date_spec') {
    const spec = child(item, 'date_spec')
    return spec === undefined || dateSpecMatches(spec, now)
  }
  if (operation === 'gt') {
    if (start === undefined) return false
    if (t > start.epochSeconds) return true
    onChange(start.epochSeconds + 1)
    return false
  }
  if (operation === 'lt') {
    if (end === undefined || t >= end.epochSeconds) return false
    onChange(end.epochSeconds)
    return true
  }
  if (operation !== 'in_range' || (start === undefined && end === undefined)) return false
  if (start !== undefined && t < start.epochSeconds) {
    onChange(start.epochSeconds)
    return false
  }
  if (end === undefined) return true
  if (t > end.epochSeconds) return false
  onChange(end.epochSeconds + 1)
  return true
}

/** The moments between which a date expression lies; a duration stands for the end. */
export function dateRange(
  item: XmlElement,
  now: Moment,
  onUnreadable?: OnUnreadable,
): { readonly start: Moment | undefined; readonly end: Moment | undefined } {
  const start = parseMoment(attr(item, 'start'), now, onUnreadable)
  const end = parseMoment(attr(item, 'end'), now, onUnreadable)
  const duration = child(item, 'duration')
  if (start === undefined || end !== undefined || duration === undefined) return { start, end }
  return { start, end: addDuration(start, durationOf(duration)) }
}

function durationOf(of: XmlElement): DurationFields {
  const field = (name: keyof DurationFields): number => parseInteger(attr(of, name)) ?? 0
  return {
    years: field('years'),
    months: field('months'),
    weeks: field('weeks'),
    days: field('days'),
    hours: field('hours'),
    minutes: field('minutes'),
    seconds: field('seconds'),
  }
}

const specFields = [
  'years',
  'months',
  'monthdays',
  'hours',
  'minutes',
  'seconds',
  'yeardays',
  'weekyears',
  'weeks',
  'weekdays',
] as const

function dateSpecMatches(spec: XmlElement, now: Moment): boolean {
  return dateSpecOrder(spec, now) === 0
}

/** Whether a moment lies before (-1), in (0) or after (1) what a date specification asks for: its first field that differs tells. */
export function dateSpecOrder(spec: XmlElement, now: Moment): -1 | 0 | 1 {
  const fields = dateFields(now)
  for (const name of specFields) {
    const order = rangeOrder(attr(spec, name), fields[name])
    if (order !== 0) return order
  }
  return rangeOrder(attr(spec, 'moon'), moonPhase(fields.years, fields.yeardays))
}

/** A number, a number with a hyphen before or behind it, or two with one between them; blanks only in front of a number. */
const rangePattern =
  /^(?:-(?<to>[ \t\n\v\f\r]*[+-]?\d+)|(?!-)(?<low>[ \t\n\v\f\r]*[+-]?\d+)(?<hyphen>-(?<high>[ \t\n\v\f\r]*[+-]?\d+)?)?)$/

/** Where a value lies to a range. One that is not to be read, or with a number past 64 bits, has every value in it. */
function rangeOrder(range: string | undefined, value: number): -1 | 0 | 1 {
  const parts = range === undefined ? undefined : rangePattern.exec(range)?.groups
  if (parts === undefined) return 0
  const { to, low: from, hyphen, high: until } = parts
  const end = to ?? (hyphen === undefined ? from : until)
  const [low, high] = [parseInteger(from), parseInteger(end)]
  if ((from !== undefined && low === undefined) || (end !== undefined && high === undefined)) return 0
  if (low !== undefined && value < low) return -1
  return high !== undefined && value > high ? 1 : 0
}

function moonPhase(year: number, yearDay: number): number {
  const golden = (year % 19) + 1
  let epact = (11 * golden + 18) % 30
  if (epact === 24 || (epact === 25 && golden > 11)) epact += 1
  return Math.floor((((yearDay + epact) * 6 + 11) % 177) / 22) & 7
}

/** Interval of an operation entry in milliseconds. */
export function operationIntervalMs(of: XmlElement): number {
  return intervalMs(attr(of, 'interval'))
}
