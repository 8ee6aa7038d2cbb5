import { endOf } from '../crm_resource/lifetime.ts'

/** Milliseconds of the units that a time may have; seconds where it has none. */
const unitMs: Readonly<Record<string, number>> = {
  us: 0.001,
  usec: 0.001,
  ms: 1,
  msec: 1,
  '': 1000,
  s: 1000,
  sec: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
  hr: 3_600_000,
}

/**
 * Reads a time as command lines have it (behaviour/pacemaker-tools.md 1.6): seconds, a number with its unit, or an
 * ISO 8601 duration. Milliseconds; undefined for what is none.
 */
export function parseSpanMs(text: string): number | undefined {
  const [, digits, unit = ''] = /^\s*(\d{1,12})\s*([a-z]*)\s*$/i.exec(text) ?? []
  const factor = unitMs[unit.toLowerCase()]
  if (digits !== undefined) return factor === undefined ? undefined : Number(digits) * factor
  return endOf(text, 0)
}
