import {
  type DurationFields,
  dateFields,
  daySeconds,
  durationDays,
  durationSeconds,
  type Moment,
} from '@quorate/scheduler'

/** How a moment is shown: which calendar, or which count of seconds. */
export type TimeStyle = {
  readonly calendar: 'date' | 'ordinal' | 'week' | 'seconds' | 'epoch'
  /** In its own offset; else in UTC. */
  readonly isLocal: boolean
}

/** Seconds from 0001-01-01 00:00:00Z, where Pacemaker's count of seconds begins, to 1970. */
const secondsBeforeEpoch = 62_135_596_800

const two = (value: number): string => String(value).padStart(2, '0')

/** A moment as iso8601 prints it (behaviour/pacemaker-tools.md 16). */
export function momentText(moment: Moment, style: TimeStyle): string {
  if (style.calendar === 'epoch') return String(secondsOf(moment) - secondsBeforeEpoch)
  if (style.calendar === 'seconds') return String(secondsOf(moment))
  const shown = style.isLocal ? moment : { ...moment, offsetSeconds: 0 }
  const fields = dateFields(shown)
  const clock = `${two(fields.hours)}:${two(fields.minutes)}:${two(fields.seconds)}`
  return `${dayText(fields, style.calendar)} ${clock}${offsetText(shown.offsetSeconds)}`
}

/** Seconds since the year 1 began. Years before it are worth none, as with C: the first day of any of them is 0. */
function secondsOf({ epochSeconds }: Moment): number {
  const { years, yeardays, hours, minutes, seconds } = dateFields({ epochSeconds, offsetSeconds: 0 })
  if (years > 0) return epochSeconds + secondsBeforeEpoch
  return (yeardays - 1) * daySeconds + hours * 3600 + minutes * 60 + seconds
}

function dayText(fields: ReturnType<typeof dateFields>, calendar: 'date' | 'ordinal' | 'week'): string {
  if (calendar === 'ordinal') return `${unsigned(fields.years)}-${String(fields.yeardays).padStart(3, '0')}`
  if (calendar === 'week') return `${unsigned(fields.weekyears)}-W${two(fields.weeks)}-${unsigned(fields.weekdays)}`
  // A year 0 is that of a duration, the days of which belong to no month.
  if (fields.years === 0) return `0000-00-${two(fields.yeardays)}`
  return `${unsigned(fields.years).padStart(4, '0')}-${two(fields.months)}-${two(fields.monthdays)}`
}

/** Years before 0, and weekdays in them, are shown as numbers without a sign, of 32 bits. */
function unsigned(value: number): string {
  return String(value >>> 0)
}

function offsetText(offsetSeconds: number): string {
  if (offsetSeconds === 0) return 'Z'
  const minutes = Math.floor(Math.abs(offsetSeconds) / 60)
  return ` ${offsetSeconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`
}

/** A duration as iso8601 prints it: weeks count as days, all that is less than a day as seconds. */
export function durationText(of: DurationFields): string {
  const days = durationDays(of)
  const seconds = durationSeconds(of)
  const parts = [part(of.years, 'year', 4), part(of.months, 'month', 2), part(days, 'day', 2)].join('')
  if (seconds === 0 && parts !== '') return parts
  const length = Math.abs(seconds)
  return `${parts}${counted(seconds, 'second')}${length < 60 ? '' : ` (${clockWords(length)})`}`
}

function part(count: number, unit: string, width: number): string {
  return count === 0 ? '' : `${String(count).padStart(width)} ${unit}${count === 1 ? '' : 's'} `
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

function clockWords(seconds: number): string {
  const parts: readonly (readonly [count: number, unit: string])[] = [
    [Math.floor(seconds / 3600), 'hour'],
    [Math.floor((seconds % 3600) / 60), 'minute'],
    [seconds % 60, 'second'],
  ]
  return parts.flatMap(([count, unit]) => (count === 0 ? [] : [counted(count, unit)])).join(' ')
}
