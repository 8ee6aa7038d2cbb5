import { momentText } from '../iso8601/time-text.ts'

const days = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat']
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

function two(value: number): string {
  return String(value).padStart(2, '0')
}

/** A moment in local time as `Tue Nov  3 16:02:34 2026`. */
export function localTime(epochSeconds: number): string {
  const at = new Date(epochSeconds * 1000)
  const clock = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
  return `${days[at.getDay()]} ${months[at.getMonth()]} ${String(at.getDate()).padStart(2)} ${clock} ${at.getFullYear()}`
}

/** A moment as `2026-11-22 15:31:24Z`. */
export function utcTime(epochSeconds: number): string {
  return `${new Date(epochSeconds * 1000).toISOString().slice(0, 19).replace('T', ' ')}Z`
}

/** A moment in local time as `2026-11-23 00:31:24 +09:00`; UTC as {@link utcTime} has it. */
export function localIsoTime(epochSeconds: number): string {
  const offsetSeconds = utcOffsetSeconds(epochSeconds * 1000)
  return momentText({ epochSeconds, offsetSeconds }, { calendar: 'date', isLocal: true })
}

/** Local time minus UTC at a moment, in seconds. */
export function utcOffsetSeconds(epochMs: number): number {
  return -60 * new Date(epochMs).getTimezoneOffset()
}

/** A time span in words: `60s`, `2.001s`, `1m1ms`. Larger units appear only when the span is longer than one of them. */
export function spanText(spanMs: number): string {
  let rest = spanMs
  let out = ''
  for (const [unitMs, letter] of [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'm'],
  ] as const) {
    if (rest <= unitMs) continue
    out += `${Math.floor(rest / unitMs)}${letter}`
    rest %= unitMs
  }
  if (rest > 1000) {
    const ms = rest % 1000
    return `${out}${Math.floor(rest / 1000)}${ms === 0 ? '' : `.${String(ms).padStart(3, '0')}`}s`
  }
  if (rest > 0) return `${out}${rest}ms`
  return out === '' ? '0s' : out
}
