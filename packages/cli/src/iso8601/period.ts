import { addDuration, type DurationFields, type Moment, parseDurationFields, parseMoment } from '@quorate/scheduler'

/** From when to when. */
export type Period = { readonly start: Moment; readonly end: Moment }

/**
 * Reads an ISO 8601 interval: two moments, or one of them and a duration, with a slash between. Undefined when
 * unreadable.
 */
export function parsePeriod(text: string, now: Moment): Period | undefined {
  const at = text.indexOf('/')
  if (at < 0) return undefined
  const [first, second] = [text.slice(0, at), text.slice(at + 1)]
  if (first.startsWith('P')) {
    const [length, end] = [parseDuration(first), parseMoment(second, now)]
    return length === undefined || end === undefined ? undefined : { start: addDuration(end, negative(length)), end }
  }
  const start = parseMoment(first, now)
  if (start === undefined) return undefined
  if (!second.startsWith('P')) {
    const end = parseMoment(second, now)
    return end === undefined ? undefined : { start, end }
  }
  const length = parseDuration(second)
  return length === undefined ? undefined : { start, end: addDuration(start, length) }
}

/** Reads a duration; one that says nothing at all is none. */
export function parseDuration(text: string): DurationFields | undefined {
  return text === 'P' ? undefined : parseDurationFields(text)
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
