/** A moment: seconds since 1970 in UTC, and the offset from UTC in which its fields are read. */
export type Moment = {
  readonly epochSeconds: number
  readonly offsetSeconds: number
  /** Local time minus UTC where the machine is, if that is not the offset in which the moment was given. */
  readonly localOffsetSeconds?: number
  /** Seconds since 1970 by the clock, where the moment is another present: a time of day by itself is of the clock's day. */
  readonly clockSeconds?: number
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

/** Days of weeks and days, as a signed number of 32 bits: the C tools count in such. */
export function durationDays({ weeks, days }: DurationFields): number {
  return (Math.imul(weeks, 7) + days) | 0
}

/** Seconds of what is less than a day, as a signed number of 32 bits. */
export function durationSeconds({ hours, minutes, seconds }: DurationFields): number {
  return (Math.imul(hours, 3600) + Math.imul(minutes, 60) + seconds) | 0
}

/** Seconds of a day. */
export const daySeconds = 86_400

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

/** Whether a year has 366 days. */
export function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
}

/** Days of a month (1 to 12). */
export function monthLength(year: number, month: number): number {
  return month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31
}

/**
 * The weekday of January 1, 1 for Monday. Before the year 1 the C tools divide towards zero to find it, and so get other
 * weekdays there, down to negative ones: so do we.
 */
function january1(year: number): number {
  const inCentury = (year - 1) % 100
  const centuries = Math.trunc((year - 1) / 100)
  return 1 + (((centuries % 4) * 5 + inCentury + Math.trunc(inCentury / 4)) % 7)
}

/** Day count of the Monday of week 1 of an ISO year. */
export function firstMonday(year: number): number {
  const weekday = january1(year)
  return daysFromCivil(year, 1, 1) + 1 - weekday + (weekday > 4 ? 7 : 0)
}

/** Weeks of an ISO year. */
export function weekCount(year: number): number {
  const weekday = january1(year)
  return weekday === 4 || (weekday === 3 && isLeap(year)) ? 53 : 52
}

/** Calendar fields of a moment. */
export function dateFields(moment: Moment): DateFields {
  const local = moment.epochSeconds + moment.offsetSeconds
  const days = Math.floor(local / daySeconds)
  const inDay = local - days * daySeconds
  const [years, months, monthdays] = civilFromDays(days)
  const yeardays = days - daysFromCivil(years, 1, 1) + 1
  return {
    years,
    months,
    monthdays,
    hours: Math.floor(inDay / 3600),
    minutes: Math.floor((inDay % 3600) / 60),
    seconds: inDay % 60,
    yeardays,
    ...isoWeek(years, yeardays),
  }
}

/** The ISO week of a day of a year. */
function isoWeek(year: number, dayOfYear: number): Pick<DateFields, 'weekyears' | 'weeks' | 'weekdays'> {
  const first = january1(year)
  const weekdays = 1 + ((dayOfYear + first - 2) % 7)
  if (dayOfYear <= 8 - first && first > 4) {
    const isLong = first === 5 || (first === 6 && isLeap(year - 1))
    return { weekyears: year - 1, weeks: isLong ? 53 : 52, weekdays }
  }
  if ((isLeap(year) ? 366 : 365) - dayOfYear < 4 - weekdays) return { weekyears: year + 1, weeks: 1, weekdays }
  const weeks = Math.trunc((dayOfYear + 7 - weekdays + first - 1) / 7) - (first > 4 ? 1 : 0)
  return { weekyears: year, weeks, weekdays }
}

/**
 * Adds a duration to a moment, field by field from years down to seconds. The last day of a leap year stays the last one of
 * a year; going back from an end, as C does it, it is the first of the next.
 */
export function addDuration(moment: Moment, by: DurationFields, isGoingBack = false): Moment {
  const local = moment.epochSeconds + moment.offsetSeconds
  const days = Math.floor(local / daySeconds)
  const inDay = local - days * daySeconds
  const [from] = civilFromDays(days)
  // Another year keeps the day's number in its year, not its month: the last of October where a leap year follows.
  const inYear = days - daysFromCivil(from, 1, 1)
  const [first, next] = [daysFromCivil(from + by.years, 1, 1), daysFromCivil(from + by.years + 1, 1, 1)]
  const thatYear = isGoingBack ? first + inYear : Math.min(first + inYear, next - 1)
  const [year, month, day] = civilFromDays(thatYear)
  const monthIndex = year * 12 + (month - 1) + by.months
  const [y, m] = [Math.floor(monthIndex / 12), (((monthIndex % 12) + 12) % 12) + 1]
  const moved = daysFromCivil(y, m, by.months === 0 ? day : Math.min(day, monthLength(y, m)))
  // The day of the year, as far as days take it, is a number of 32 bits with the C tools.
  const newYear = daysFromCivil(civilFromDays(moved)[0], 1, 1)
  const day32 = (moved - newYear + 1 + durationDays(by)) | 0
  const at = (newYear + day32 - 1) * daySeconds + inDay + durationSeconds(by)
  return { ...moment, epochSeconds: at - moment.offsetSeconds }
}
