/** The greatest score: "always". Its negative is "never". */
export const infinity = 1_000_000

const named: Readonly<Record<string, number>> = {
  INFINITY: infinity,
  '+INFINITY': infinity,
  '-INFINITY': -infinity,
  red: -infinity,
  yellow: 0,
  green: 0,
}

/** A score as written in a CIB: a whole number within ±{@link infinity}, or one of the names. Anything else is 0. */
export function scoreOf(text: string): number {
  const known = Object.hasOwn(named, text) ? named[text] : undefined
  if (known !== undefined) return known
  const value = Number.parseInt(text, 10)
  if (Number.isNaN(value)) return 0
  return Math.max(-infinity, Math.min(infinity, value))
}

/**
 * What an attribute becomes when `value` is copied over `old`: the value itself, or, where it is written as `NAME++` or
 * `NAME+=N` with the attribute's own name, the sum (behaviour/pacemaker-daemons.md 1.3.8).
 */
export function sumOf(name: string, old: string | undefined, value: string): string {
  if (old === undefined || !value.startsWith(`${name}+`)) return value
  const rest = value.slice(name.length)
  const step = rest.startsWith('++') ? 1 : rest.startsWith('+=') ? scoreOf(rest.slice(2)) : undefined
  return step === undefined ? value : String(Math.min(infinity, scoreOf(old) + step))
}
