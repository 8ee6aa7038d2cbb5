import {
  addDuration,
  type DurationFields,
  daySeconds,
  daysFromCivil,
  durationDays,
  durationSeconds,
  firstMonday,
  isLeap,
  type Moment,
  monthLength,
  weekCount,
} from './date.ts'

/** From when to when. */
export type Period = { readonly start: Moment; readonly end: Moment }

/** Told why a text is no date, time or duration, and under which name tools say so. */
export type OnUnreadable = (source: string, text: string) => void

const quiet: OnUnreadable = () => undefined

/**
 * Reads whole numbers by a pattern of `%d` (any number of digits, a sign, blanks before it), `%2d` (at most so many
 * characters) and characters that have to stand there. What comes after the pattern does not matter.
 *
 * @returns the numbers up to where the text stops being like the pattern
 */
function scanNumbers(text: string, pattern: string): readonly number[] {
  const found: number[] = []
  let at = 0
  for (const [part, width] of pattern.matchAll(/%(\d*)d|[^%]/g)) {
    if (width === undefined) {
      if (text[at] !== part) break
      at += 1
      continue
    }
    const blanks = /^\s*/.exec(text.slice(at))?.[0].length ?? 0
    const from = at + blanks
    const digits = /^[+-]?\d+/.exec(width === '' ? text.slice(from) : text.slice(from, from + Number(width)))?.[0]
    if (digits === undefined) break
    found.push(int32(digits))
    at = from + digits.length
  }
  return found
}

/** The lowest 32 bits of a number, as `sscanf` has them: one of more than 64 bits is the largest of these. */
function int32(digits: string): number {
  const value = BigInt(digits)
  const max = 2n ** 63n - 1n
  return Number(BigInt.asIntN(32, value > max ? max : value < -max ? -max - 1n : value))
}

/**
 * Days since 1970-01-01 of the date that a text begins with, which may lie before the year that it names; or why there is
 * none: empty where nothing can be said.
 */
type Day = { readonly days: number; readonly isBeforeYear: boolean } | { readonly why: string }

const noDay: Day = { why: '' }

function readDay(text: string): Day {
  const dashed = scanNumbers(text, '%d-%d-%d')
  const [year = 0, month = 0, day] = dashed.length === 1 ? scanNumbers(text, '%4d%2d%2d') : dashed
  if (day !== undefined) return monthDay(year, month, day)
  const [ofYear = 0, inYear] = scanNumbers(text, '%d-%d')
  if (inYear !== undefined) {
    const daysMax = isLeap(ofYear) ? 366 : 365
    if (inYear > daysMax) return { why: `'${inYear}' is not a valid day of the year (max ${daysMax})` }
    return { days: daysFromCivil(ofYear, 1, 1) + inYear - 1, isBeforeYear: inYear < 1 }
  }
  const [weekYear = 0, week = 0, inWeek] = scanNumbers(text, '%d-W%d-%d')
  if (inWeek === undefined) return noDay
  const first = firstMonday(weekYear)
  const weeksMax = weekCount(weekYear)
  if (week > weeksMax) return { why: `'${week}' is not a valid week of the year (max ${weeksMax})` }
  if (inWeek < 1 || inWeek > 7) return { why: `'${inWeek}' is not a valid day of the week` }
  // Days of weeks are counted in 32 bits.
  return { days: first + Math.imul(week - 1, 7) + inWeek - 1, isBeforeYear: false }
}

/**
 * The day before the first of a month is a day 0 of it, and so on down to the first of the year. A month 0 is the first one;
 * all months have passed before a negative one.
 */
function monthDay(year: number, month: number, day: number): Day {
  if (month > 12) return { why: `'${month}' is not a valid month` }
  const daysMax = month < 1 ? 0 : monthLength(year, month)
  if (day > daysMax) return { why: `'${day}' is not a valid day of the month` }
  const first = month < 0 ? daysFromCivil(year + 1, 1, 1) : daysFromCivil(year, Math.max(month, 1), 1)
  const days = first + day - 1
  return { days, isBeforeYear: days < daysFromCivil(year, 1, 1) }
}

/** Seconds of a time of day: `22:13:20` or `221320`, of which the later parts may be missing, or all. */
function readClock(text: string, onUnreadable: OnUnreadable): number | undefined {
  if (text.trim() === '') return 0
  const parted = scanNumbers(text, '%d:%d:%d')
  const parts = parted.length === 1 ? scanNumbers(text, '%2d%2d%2d') : parted
  const [hours, minutes = 0, seconds = 0] = parts
  if (hours === 24 && minutes === 0 && seconds === 0) return daySeconds
  const why = hours === undefined ? '' : clockFault(hours, minutes, seconds)
  if (hours !== undefined && why === undefined) return hours * 3600 + minutes * 60 + seconds
  onUnreadable('crm_time_parse_sec', `${text} is not a valid ISO 8601 time specification${why}`)
  return undefined
}

function clockFault(hours: number, minutes: number, seconds: number): string | undefined {
  if (hours < 0 || hours > 23) return ` because ${hours} is not a valid hour`
  if (minutes < 0 || minutes > 59) return ` because ${minutes} is not a valid minute`
  return seconds < 0 || seconds > 59 ? ` because ${seconds} is not a valid second` : undefined
}

/** Seconds of an offset; text that is none counts as UTC. Undefined where it has an impossible time. */
function readOffset(text: string, onUnreadable: OnUnreadable): number | undefined {
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  if (sign === '' && !/^\d/.test(text)) return 0
  const seconds = readClock(text.slice(sign.length), onUnreadable)
  return seconds === undefined || sign !== '-' ? seconds : -seconds
}

/**
 * Reads an ISO 8601 moment: calendar, ordinal or week date, with or without a time; `epoch`; or a time of today.
 * A time without an offset is local, a date without a time is UTC.
 */
export function parseMoment(
  text: string | undefined,
  now: Moment,
  onUnreadable: OnUnreadable = quiet,
): Moment | undefined {
  if (text === undefined) return undefined
  if (text === '') {
    onUnreadable('parse_date', 'No ISO 8601 date/time specification given')
    return undefined
  }
  if (/^epoch(?:[/\s]|$)/.test(text)) return { epochSeconds: 0, offsetSeconds: 0 }
  const local = now.localOffsetSeconds ?? now.offsetSeconds
  if (text.startsWith('T') || text[2] === ':') {
    const today = Math.floor(((now.clockSeconds ?? now.epochSeconds) + local) / daySeconds)
    return momentAt(today, text.replace(/^T/, ''), local, onUnreadable)
  }
  const unreadable = (why: string): undefined => {
    const because = why === '' ? '' : ` because ${why}`
    onUnreadable('parse_date', `'${text}' is not a valid ISO 8601 date/time specification${because}`)
  }
  const day = readDay(text)
  if ('why' in day) return unreadable(day.why)
  const rest = text.replace(/^[0-9W-]*/, '')
  const isTimed = /^[ T]/.test(rest)
  const found = isTimed
    ? momentAt(day.days, rest.slice(1), local, onUnreadable)
    : { epochSeconds: day.days * daySeconds, offsetSeconds: 0 }
  // The C tools look at the day when they have read the time: the end of a day, which is the next, has put it right.
  const isRolled = isTimed && readClock(rest.slice(1), quiet) === daySeconds
  return found !== undefined && day.isBeforeYear && !isRolled ? unreadable('') : found
}

function momentAt(days: number, time: string, local: number, onUnreadable: OnUnreadable): Moment | undefined {
  const clock = readClock(time, onUnreadable)
  if (clock === undefined) return undefined
  const blank = time.indexOf(' ')
  const isUtc = time.includes('Z')
  const offsetSeconds = isUtc ? 0 : blank < 0 ? local : readOffset(time.slice(blank).trimStart(), onUnreadable)
  if (offsetSeconds === undefined) return undefined
  return { epochSeconds: days * daySeconds + clock - offsetSeconds, offsetSeconds }
}

/** Reads a duration such as `PT30S`, up to a blank or slash; undefined when unreadable. */
export function parseDurationFields(text: string, onUnreadable: OnUnreadable = quiet): DurationFields | undefined {
  const unreadable = (why: string): undefined => {
    onUnreadable('crm_time_parse_duration', `'${text}' is not a valid ISO 8601 time duration because ${why}`)
  }
  if (text === '') {
    onUnreadable('crm_time_parse_duration', 'No ISO 8601 time duration given')
    return undefined
  }
  if (!text.startsWith('P')) return unreadable("it does not start with a 'P'")
  if (/^P(?:\s|$)/.test(text)) return unreadable("nothing follows 'P'")
  const fields: DurationFields = { years: 0, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 }
  let inTime = false
  let at = 1
  while (at < text.length && !/[\s/]/.test(text[at] ?? '')) {
    if (text[at] === 'T') {
      inTime = true
      at += 1
      continue
    }
    const digits = countPattern.exec(text.slice(at))?.[0]
    if (digits === undefined) return unreadable(`no integer at '${text.slice(at)}'`)
    at += digits.length
    const unit = text[at]
    const count = Number(digits) | 0
    if (unit === undefined) return unreadable(`no units after ${count}`)
    const field = durationField(unit, inTime)
    if (field === undefined) return unreadable(`'${unit}' is not a valid time unit`)
    fields[field] = ((addsUp.has(field) ? fields[field] : 0) + count) | 0
    at += 1
  }
  return fields
}

/** Fields that add up where they are named twice, as the C tools have it: of the others the last counts. */
const addsUp: ReadonlySet<keyof DurationFields> = new Set(['weeks', 'days', 'hours', 'minutes', 'seconds'])

/** A count in a duration: ten digits at most, as the C tools take them, of which the lowest 32 bits count. */
const countPattern = /^[+-]?\d{1,10}/

function durationField(unit: string, inTime: boolean): keyof DurationFields | undefined {
  switch (unit) {
    case 'Y':
      return 'years'
    case 'M':
      return inTime ? 'minutes' : 'months'
    case 'W':
      return 'weeks'
    case 'D':
      return 'days'
    case 'H':
      return 'hours'
    case 'S':
      return 'seconds'
    default:
      return undefined
  }
}

/** Length of a duration in seconds as intervals count it: a first day is worth nothing, months have 30 days. */
export function parseDuration(text: string): number | undefined {
  const fields = parseDurationFields(text)
  if (fields === undefined) return undefined
  const years = fields.years > 0 ? daysFromCivil(fields.years + 1, 1, 1) - daysFromCivil(1, 1, 1) : 0
  const days = durationDays(fields)
  const wholeDays = years + fields.months * 30 + (days > 0 ? days - 1 : 0)
  return wholeDays * daySeconds + durationSeconds(fields)
}

/**
 * Reads an ISO 8601 interval: two moments, or one of them and a duration, with a slash between; a duration by itself
 * begins now. A first moment reads on behind the slash for its offset, as the C tools do. Undefined when unreadable.
 */
export function parsePeriod(text: string, now: Moment, onUnreadable: OnUnreadable = quiet): Period | undefined {
  const unreadable = (why: string): undefined => {
    onUnreadable('crm_time_parse_period', `'${text}' is not a valid ISO 8601 time period because it has ${why}`)
  }
  if (text === '') {
    onUnreadable('crm_time_parse_period', 'No ISO 8601 time period given')
    return undefined
  }
  const slash = text.indexOf('/')
  const second = slash < 0 ? undefined : text.slice(slash + 1)
  if (text.startsWith('P')) {
    const length = parseDurationFields(text, onUnreadable)
    if (length === undefined) return undefined
    if (second?.startsWith('P') === true) return unreadable('two durations')
    if (second === undefined) return { start: now, end: addDuration(now, length) }
    const end = parseMoment(second, now, onUnreadable)
    return end === undefined ? undefined : { start: addDuration(end, negative(length), true), end }
  }
  const start = parseMoment(text, now, onUnreadable)
  if (start === undefined) return undefined
  if (second === undefined) return unreadable('no duration or ending time')
  if (second.startsWith('P')) {
    const length = parseDurationFields(second, onUnreadable)
    return length === undefined ? undefined : { start, end: addDuration(start, length) }
  }
  const end = parseMoment(second, now, onUnreadable)
  return end === undefined ? undefined : { start, end }
}

function negative(by: DurationFields): DurationFields {
  return {
    years: -by.years,
    months: -by.months,
    weeks: -by.weeks,
    days: -by.days,
    hours: -by.hours,
    minutes: -by.minutes,
    seconds: -by.seconds,
  }
}
