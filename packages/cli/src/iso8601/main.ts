import { exitCodes } from '@quorate/cib'
import { addDuration, type Moment, parseDurationFields, parseMoment, parsePeriod } from '@quorate/scheduler'
import { utcOffsetSeconds } from '../crm_mon/local-time.ts'
import { exiting, unreadableTeller } from '../pacemaker/log-lines.ts'
import { processHost, type ToolHost } from '../pacemaker/tool-host.ts'
import { commonOptions, type Options, readOptions, type ToolInfo } from '../pacemaker/tool-options.ts'
import type { Tool } from '../tool.ts'
import { durationText, momentText, type TimeStyle } from './time-text.ts'

const command = { group: 'Commands' }
const modifier = { group: 'Output modifiers' }

const info: ToolInfo = {
  name: 'iso8601',
  purpose: 'Shows and reads ISO 8601 dates and times.',
  examples: [
    ['What time is it for the cluster', 'iso8601 --now'],
    ['Which day is the 40th of a year', 'iso8601 --date 2019-040'],
    ['When does a period end', 'iso8601 --period 2024-01-31/P1M'],
    ['How long is a duration', 'iso8601 --duration P1M2DT3H'],
  ],
  options: [
    ...commonOptions,
    { short: 'n', long: 'now', help: 'Show the present', ...command },
    { short: 'd', long: 'date', argument: 'DATE', help: 'Read a date or time, as "2019-09-24 00:30:00Z"', ...command },
    { short: 'p', long: 'period', argument: 'PERIOD', help: 'Read an interval, as "2005-040/2005-043"', ...command },
    { short: 'D', long: 'duration', argument: 'DURATION', help: 'Read a duration, as "P1M"', ...command },
    { short: 'E', long: 'expected', argument: 'TEXT', help: 'Fail where the result is another', ...command },
    { short: 's', long: 'seconds', help: 'As seconds since 0001-01-01 00:00:00Z', ...modifier },
    { short: 'S', long: 'epoch', help: 'As seconds since 1970-01-01 00:00:00Z', ...modifier },
    { short: 'L', long: 'local', help: 'In its own offset from UTC', ...modifier },
    { short: 'O', long: 'ordinal', help: 'With the day of the year', ...modifier },
    { short: 'W', long: 'week', help: 'With week and day of the week', ...modifier },
  ],
}

/** iso8601: how the cluster reads dates, durations and periods (behaviour/pacemaker-tools.md 16). */
export const run: Tool = async (argv) => iso8601(argv, processHost())

/** {@link run} on a given host. */
export function iso8601(argv: readonly string[], host: ToolHost): number {
  const options = readOptions(argv, info, host)
  return typeof options === 'number' ? options : exiting(info.name, answer(options, host), host, options)
}

function answer(options: Options, host: ToolHost): number {
  const style = styleOf(options)
  const onUnreadable = unreadableTeller(host, options)
  const now: Moment = { epochSeconds: Math.floor(host.now() / 1000), offsetSeconds: utcOffsetSeconds(host.now()) }
  const invalid = (what: string, text: string): number => {
    host.err(`iso8601: Invalid ${what} specified: ${text}\n`)
    return exitCodes.invalidParameter
  }
  const given = options.last(['now', 'date'])
  const asked = given?.value === 'now' ? { long: 'now', value: undefined } : given
  const moment = asked?.value === undefined ? now : parseMoment(asked.value, now, onUnreadable)
  if (moment === undefined) return invalid('date/time', asked?.value ?? '')
  let result = asked === undefined ? undefined : momentText(moment, style)
  if (result !== undefined) host.out(`${asked?.long === 'now' ? 'Current date/time' : 'Date'}: ${result}\n`)
  const length = options.value('duration')
  const duration = length === undefined ? undefined : parseDurationFields(length, onUnreadable)
  if (length !== undefined) {
    if (duration === undefined) return invalid('duration', length)
    host.out(`Duration: ${durationText(duration)}\n`)
  }
  const interval = options.value('period')
  if (interval !== undefined) {
    const period = parsePeriod(interval, now, onUnreadable)
    if (period === undefined) return invalid('interval', interval)
    host.out(`Period: ${momentText(period.start, style)} to ${momentText(period.end, style)}\n`)
  }
  if (asked !== undefined && duration !== undefined) {
    const end = addDuration(moment, duration)
    result = momentText(end, style)
    // The end is shown in the offset of the beginning, whatever was asked for; what is expected is not.
    host.out(`Duration ends at: ${momentText(end, { ...style, isLocal: true })}\n`)
  }
  const expected = options.value('expected')
  return expected === undefined || result === undefined || result === expected ? exitCodes.ok : exitCodes.error
}

function styleOf(options: Options): TimeStyle {
  const isLocal = options.has('local')
  if (options.has('seconds')) return { calendar: 'seconds', isLocal }
  if (options.has('epoch')) return { calendar: 'epoch', isLocal }
  if (options.has('week')) return { calendar: 'week', isLocal }
  return { calendar: options.has('ordinal') ? 'ordinal' : 'date', isLocal }
}
