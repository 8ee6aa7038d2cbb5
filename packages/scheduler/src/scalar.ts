import { parseDuration } from './date-text.ts'

/** Largest count that an option can hold. */
export const countMax = 2_147_483_647

const leadingInteger = /^[ \t\n\v\f\r]*([+-]?\d+)/
const leadingNumber = /^[ \t\n\v\f\r]*[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)/
const integerMax = 9_223_372_036_854_775_807n
const integerMin = -9_223_372_036_854_775_808n

/** Digits of the numbers that histories are full of: they fit into a small integer. */
const plainDigitsMax = 9

/** The number of a text that is nothing but a few digits; else -1. */
function plainInteger(text: string): number {
  const { length } = text
  if (length === 0 || length > plainDigitsMax) return -1
  let value = 0
  for (let i = 0; i < length; i += 1) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    value = value * 10 + digit
  }
  return value
}

/** Reads a whole number at the start of a text; what follows it is ignored. Undefined without digits or past 64 bits. */
export function parseInteger(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const plain = plainInteger(text)
  if (plain >= 0) return plain
  const digits = leadingInteger.exec(text)?.[1]
  if (digits === undefined) return undefined
  if (digits.length > 18) {
    const exact = BigInt(digits.startsWith('+') ? digits.slice(1) : digits)
    if (exact > integerMax || exact < integerMin) return undefined
  }
  return Number(digits)
}

/** Reads a decimal number at the start of a text; undefined without digits or where it is not finite. */
export function parseNumber(text: string): number | undefined {
  const found = leadingNumber.exec(text)?.[0]
  if (found === undefined) return undefined
  const value = Number(found)
  return Number.isFinite(value) ? value : undefined
}

/** A count from a meta-attribute: never below `least`, which also stands for missing or unreadable text. */
export function parseCount(text: string | undefined, least: number): number {
  const value = parseInteger(text)
  if (value === undefined || value < least) return least
  return Math.min(value, countMax)
}

/** Reads a boolean in any of its spellings; undefined for anything else. */
export function parseBoolean(text: string | undefined): boolean | undefined {
  switch (text?.toLowerCase()) {
    case 'true':
    case 'on':
    case 'yes':
    case 'y':
    case '1':
      return true
    case 'false':
    case 'off':
    case 'no':
    case 'n':
    case '0':
      return false
    default:
      return undefined
  }
}

/** True only for a text that spells true. */
export function isTrue(text: string | undefined): boolean {
  return parseBoolean(text) === true
}

const timeText = /^[ \t]*(\d+)[\d.]*[ \t]*(.*)$/s

/** Reads a time like `20s`, `5m` or `1.5` in milliseconds (a fraction is cut off); undefined when unreadable. */
export function parseTimeMs(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = plainInteger(text.endsWith('s') ? text.slice(0, -1) : text)
  if (seconds >= 0) return seconds * 1000
  const match = timeText.exec(text)
  if (match === null) return undefined
  const count = Number(match[1] ?? '0')
  const unit = (match[2] ?? '').toLowerCase()
  if (unit === '') return count * 1000
  if (unit.startsWith('ms')) return count
  if (unit.startsWith('us')) return Math.trunc(count / 1000)
  if (unit.startsWith('s')) return count * 1000
  if (unit.startsWith('m')) return count * 60_000
  if (unit.startsWith('h')) return count * 3_600_000
  return undefined
}

/** Reads an interval: a time, or an ISO 8601 duration. Milliseconds; undefined when unreadable. */
export function parseIntervalMs(text: string | undefined): number | undefined {
  if (text === undefined) return 0
  if (!text.startsWith('P')) return parseTimeMs(text)
  const seconds = parseDuration(text)
  return seconds === undefined || seconds < 0 ? undefined : seconds * 1000
}

/** Longest interval: what 32 bits hold. In milliseconds. */
const intervalMsMax = 0xffff_ffff

/** Interval in milliseconds, at most {@link intervalMsMax}; 0 for missing or unreadable text. */
export function intervalMs(text: string | undefined): number {
  return Math.min(parseIntervalMs(text) ?? 0, intervalMsMax)
}

const [secondMs, minuteMs, hourMs, dayMs] = [1000, 60_000, 3_600_000, 86_400_000] as const

/**
 * An interval above zero as messages have it, like `10s` or `1h1m1.500s`. A unit is used from one millisecond more than
 * it is long, so that a minute is `60s` and a second more than that `1m1000ms`.
 *
 * @param ms whole milliseconds
 */
export function intervalText(ms: number): string {
  let rest = ms
  let text = ''
  for (const [unit, length] of [
    ['d', dayMs],
    ['h', hourMs],
    ['m', minuteMs],
  ] as const) {
    if (rest <= length) continue
    text += `${Math.floor(rest / length)}${unit}`
    rest %= length
  }
  if (rest <= secondMs) return rest === 0 ? text : `${text}${rest}ms`
  const fraction = rest % secondMs
  const seconds = Math.floor(rest / secondMs)
  return `${text}${seconds}${fraction === 0 ? '' : `.${String(fraction).padStart(3, '0')}`}s`
}

/** True where two texts are the same but for the case of ASCII letters. */
export function sameText(a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true
  if (a === undefined || b === undefined || a.length !== b.length) return false
  return a.toLowerCase() === b.toLowerCase()
}
