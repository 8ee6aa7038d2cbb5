/** Longest time that a directive may ask for, ms: a day. */
export const durationMsMax = 24 * 60 * 60 * 1000

/** A time of ha.cf(5): seconds with a fraction or without, or with the unit `ms`, `us` or `s`. Milliseconds, or undefined. */
export function durationMs(text: string): number | undefined {
  const parts = /^([0-9]{1,9}(?:\.[0-9]{0,6})?)(s|sec|ms|msec|us|usec)?$/.exec(text)
  if (parts === null) return undefined
  const amount = Number(parts[1])
  const unit = parts[2] ?? 's'
  const ms = unit.startsWith('u') ? amount / 1000 : unit.startsWith('m') ? amount : amount * 1000
  return ms <= durationMsMax ? Math.round(ms) : undefined
}
