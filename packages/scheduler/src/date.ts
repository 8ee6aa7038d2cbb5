/** A moment: seconds since 1970 in UTC, and the offset from UTC in which its fields are read. */
export type Moment = {
  readonly epochSeconds: number
  readonly offsetSeconds: number
  /** Local time minus UTC where the machine is, if that is not the offset in which the moment was given. */
  readonly localOffsetSeconds?: number
}

/** Calendar fields of a moment in its own offset, ISO weeks included. */
export type DateFields = {
  readonly years: number
  readonly months: number
  readonly monthdays: number
  readonly hours: number
  readonly minutes: number
  readonly seconds: number
  readonly yeardays: number
  readonly weekyears: number
  readonly weeks: number
  /** 1 is Monday. */
  readonly weekdays: number
}

/** Fields of a duration; months and years are calendar ones. */
export type DurationFields = {
  years: number
  months: number
  weeks: number
  days: number
  hours: number
  minutes: number
  seconds: number
}

const daySeconds = 86_400

/** Days since 1970-01-01 of a proleptic Gregorian date. */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
}

/** Year, month and day of a count of days since 1970-01-01. */
export function civilFromDays(days: number): readonly [year: number, month: number, day: number] {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const part = Math.floor((5 * dayOfYear + 2) / 153)
  const month = part < 10 ? part + 3 : part - 9
  return [yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - Math.floor((153 * part + 2) / 5) + 1]
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

function monthLength(year: number, month: number): number {
  return month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
}

/** Day count of the Monday of week 1 of an ISO year. */
function firstMonday(year: number): number {
  const fourth = daysFromCivil(year, 1, 4)
  return fourth - ((((fourth + 3) % 7) + 7) % 7)
}

/** Calendar fields of a moment. */
export function dateFields(moment: Moment): DateFields {
  const local = moment.epochSeconds + moment.offsetSeconds
  const days = Math.floor(local / daySeconds)
  const inDay = local - days * daySeconds
  const [years, months, monthdays] = civilFromDays(days)
  const weekyears = days < firstMonday(years) ? years - 1 : days >= firstMonday(years + 1) ? years + 1 : years
  return {
    years,
    months,
    monthdays,
    hours: Math.floor(inDay / 3600),
    minutes: Math.floor((inDay % 3600) / 60),
    seconds: inDay % 60,
    yeardays: days - daysFromCivil(years, 1, 1) + 1,
    weekyears,
    weeks: Math.floor((days - firstMonday(weekyears)) / 7) + 1,
    weekdays: ((((days + 3) % 7) + 7) % 7) + 1,
  }
}

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
    found.push(Number(digits))
    at = from + digits.length
  }
  return found
}

function parseDay(text: string): number | undefined {
  const dashed = scanNumbers(text, '%d-%d-%d')
  const [year = 0, month = 0, day] = dashed.length === 1 ? scanNumbers(text, '%4d%2d%2d') : dashed
  if (day !== undefined) {
    // The day before the first of a month is a day 0 of it.
    if (month < 1 || month > 12 || day < 0 || day > monthLength(year, month)) return undefined
    return daysFromCivil(year, month, 1) + day - 1
  }
  const [ofYear = 0, inYear] = scanNumbers(text, '%d-%d')
  if (inYear !== undefined) {
    if (inYear < 1 || inYear > (isLeap(ofYear) ? 366 : 365)) return undefined
    return daysFromCivil(ofYear, 1, 1) + inYear - 1
  }
  const [weekYear = 0, week = 0, inWeek] = scanNumbers(text, '%d-W%d-%d')
  if (inWeek === undefined) return undefined
  const first = firstMonday(weekYear)
  const weeksMax = (firstMonday(weekYear + 1) - first) / 7
  if (week > weeksMax || inWeek < 1 || inWeek > 7) return undefined
  return first + (week - 1) * 7 + inWeek - 1
}

/** Seconds of a time of day: `22:13:20` or `221320`, of which the later parts may be missing. */
function parseClock(text: string): number | undefined {
  const parted = scanNumbers(text, '%d:%d:%d')
  const parts = parted.length === 1 ? scanNumbers(text, '%2d%2d%2d') : parted
  const [hours, minutes = 0, seconds = 0] = parts
  if (hours === undefined || parts.some((part) => part < 0)) return undefined
  if (hours === 24 && minutes === 0 && seconds === 0) return daySeconds
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  return hours * 3600 + minutes * 60 + seconds
}

/** Seconds of an offset; text that is none counts as UTC. Undefined where it has an impossible time. */
function parseOffset(text: string): number | undefined {
  const sign = /^[+-]/.exec(text)?.[0] ?? ''
  if (sign === '' && !/^\d/.test(text)) return 0
  const seconds = parseClock(text.slice(sign.length))
  return seconds === undefined || sign !== '-' ? seconds : -seconds
}

/**
 * Reads an ISO 8601 moment: calendar, ordinal or week date, with or without a time; `epoch`; or a time of today.
 * A time without an offset is local, a date without a time is UTC.
 */
export function parseMoment(text: string | undefined, now: Moment): Moment | undefined {
  if (text === undefined || text === '') return undefined
  const local = now.localOffsetSeconds ?? now.offsetSeconds
  if (text === 'epoch' || text.startsWith('epoch')) return { epochSeconds: 0, offsetSeconds: 0 }
  const timeOnly = text.startsWith('T') || text[2] === ':'
  const days = timeOnly ? Math.floor((now.epochSeconds + local) / daySeconds) : parseDay(text)
  if (days === undefined) return undefined
  const rest = timeOnly ? text.replace(/^T/, '') : text.replace(/^[0-9W-]*/, '')
  const time = timeOnly ? rest : /^[ T]/.test(rest) ? rest.slice(1) : ''
  if (time === '') return { epochSeconds: days * daySeconds, offsetSeconds: 0 }
  const clock = parseClock(time)
  if (clock === undefined) return undefined
  const blank = time.indexOf(' ')
  const isUtc = time.includes('Z')
  const offsetSeconds = isUtc ? 0 : blank < 0 ? local : parseOffset(time.slice(blank).trimStart())
  if (offsetSeconds === undefined) return undefined
  return { epochSeconds: days * daySeconds + clock - offsetSeconds, offsetSeconds }
}

/** Adds a duration to a moment, field by field from years down to seconds. */
export function addDuration(moment: Moment, by: DurationFields): Moment {
  const local = moment.epochSeconds + moment.offsetSeconds
  const days = Math.floor(local / daySeconds)
  const inDay = local - days * daySeconds
  const [from] = civilFromDays(days)
  // Another year keeps the day's number in its year, not its month: the last of October where a leap year follows.
  const thatYear = days - daysFromCivil(from, 1, 1) + daysFromCivil(from + by.years, 1, 1)
  const [year, month, day] = civilFromDays(thatYear)
  const monthIndex = year * 12 + (month - 1) + by.months
  const [y, m] = [Math.floor(monthIndex / 12), (((monthIndex % 12) + 12) % 12) + 1]
  const moved = daysFromCivil(y, m, by.months === 0 ? day : Math.min(day, monthLength(y, m)))
  const seconds = (by.weeks * 7 + by.days) * daySeconds + by.hours * 3600 + by.minutes * 60 + by.seconds
  return { ...moment, epochSeconds: moved * daySeconds + inDay + seconds - moment.offsetSeconds }
}

/** Reads a duration such as `PT30S`; undefined when unreadable. */
export function parseDurationFields(text: string): DurationFields | undefined {
  if (!text.startsWith('P')) return undefined
  const fields: DurationFields = { years: 0, months: 0, weeks: 0, days: 0, hours: 0, minutes: 0, seconds: 0 }
  let inTime = false
  let at = 1
  while (at < text.length && text[at] !== ' ' && text[at] !== '/') {
    if (text[at] === 'T') {
      inTime = true
      at += 1
      continue
    }
    const digits = /^-?\d+/.exec(text.slice(at))?.[0]
    if (digits === undefined) return undefined
    at += digits.length
    const field = durationField(text[at], inTime)
    if (field === undefined) return undefined
    fields[field] = Number(digits)
    at += 1
  }
  return fields
}

function durationField(unit: string | undefined, inTime: boolean): keyof DurationFields | undefined {
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
  const days = fields.days + fields.weeks * 7
  const wholeDays = years + fields.months * 30 + (days > 0 ? days - 1 : 0)
  return wholeDays * daySeconds + fields.hours * 3600 + fields.minutes * 60 + fields.seconds
}
