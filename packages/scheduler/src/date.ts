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

function parseDay(text: string): number | undefined {
  let match = /^(\d+)-(\d+)-(\d+)$/.exec(text) ?? /^(\d{4})(\d\d)(\d\d)$/.exec(text)
  if (match !== null) {
    const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])]
    if (month < 1 || month > 12 || day < 1 || day > monthLength(year, month)) return undefined
    return daysFromCivil(year, month, day)
  }
  match = /^(\d+)-(\d+)$/.exec(text)
  if (match !== null) {
    const day = Number(match[2])
    if (day < 1 || day > (isLeap(Number(match[1])) ? 366 : 365)) return undefined
    return daysFromCivil(Number(match[1]), 1, 1) + day - 1
  }
  match = /^(\d+)-W(\d+)-(\d+)$/.exec(text)
  if (match === null) return undefined
  const [week, day] = [Number(match[2]), Number(match[3])]
  const first = firstMonday(Number(match[1]))
  const weeksMax = (firstMonday(Number(match[1]) + 1) - first) / 7
  if (week > weeksMax || day < 1 || day > 7) return undefined
  return first + (week - 1) * 7 + day - 1
}

function parseClock(text: string): number | undefined {
  const match = /^(\d+)(?::(\d+)(?::(\d+))?)?$/.exec(text)
  let parts: number[]
  if (/^\d{4}(?:\d\d)?$/.test(text)) parts = [text.slice(0, 2), text.slice(2, 4), text.slice(4, 6)].map(Number)
  else if (match !== null) parts = [match[1], match[2], match[3]].map((part) => Number(part ?? '0'))
  else return undefined
  const [hours = 0, minutes = 0, seconds = 0] = parts
  if (hours === 24 && minutes === 0 && seconds === 0) return daySeconds
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  return hours * 3600 + minutes * 60 + seconds
}

function parseOffset(text: string): number | undefined {
  const match = /^([+-]?)(\d\d?):?(\d\d)?/.exec(text)
  if (match === null) return undefined
  const seconds = Number(match[2]) * 3600 + Number(match[3] ?? '0') * 60
  return match[1] === '-' ? -seconds : seconds
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
  const dateText = timeOnly ? '' : (/^[0-9W-]*/.exec(text)?.[0] ?? '')
  const rest = timeOnly ? text.replace(/^T/, '') : text.slice(dateText.length)
  const days = timeOnly ? Math.floor((now.epochSeconds + local) / daySeconds) : parseDay(dateText)
  if (days === undefined) return undefined
  if (!timeOnly && !/^[ T]/.test(rest)) return { epochSeconds: days * daySeconds, offsetSeconds: 0 }
  const time = timeOnly ? rest : rest.slice(1)
  const clockText = /^[0-9:]*/.exec(time)?.[0] ?? ''
  const clock = parseClock(clockText)
  if (clock === undefined) return undefined
  const after = time.slice(clockText.length)
  let offsetSeconds = local
  if (after.includes('Z')) offsetSeconds = 0
  else {
    const blank = after.indexOf(' ')
    if (blank >= 0) offsetSeconds = parseOffset(after.slice(blank + 1)) ?? local
  }
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
