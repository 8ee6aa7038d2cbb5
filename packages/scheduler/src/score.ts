import { parseInteger } from './scalar.ts'

/** The score that stands for "always"; its negation for "never". */
export const infinity = 1_000_000

/** What the colour words of node health are worth (option node-health-strategy). */
export type HealthScores = { readonly red: number; readonly yellow: number; readonly green: number }

/** Sum of two scores: minus infinity wins over everything, then infinity; the rest saturates. */
export function addScores(a: number, b: number): number {
  if (a <= -infinity || b <= -infinity) return -infinity
  if (a >= infinity || b >= infinity) return infinity
  return clampScore(a + b)
}

/** A number forced into the range of scores. */
export function clampScore(value: number): number {
  return value > infinity ? infinity : Math.max(value, -infinity)
}

/**
 * Reads a score: missing or unreadable text is 0, `INFINITY` and `+INFINITY` are infinite (exact case), a colour is what
 * the health strategy makes of it (any case).
 */
export function parseScore(text: string | undefined, health: HealthScores): number {
  if (text === undefined) return 0
  if (text === 'INFINITY' || text === '+INFINITY') return infinity
  if (text === '-INFINITY') return -infinity
  switch (text.toLowerCase()) {
    case 'red':
      return health.red
    case 'yellow':
      return health.yellow
    case 'green':
      return health.green
    default:
      return clampScore(parseInteger(text) ?? 0)
  }
}

/** Reads a score in which no colours of node health can be. */
export function scoreOf(text: string): number {
  return parseScore(text, { red: 0, yellow: 0, green: 0 })
}

/** How a score is shown. */
export function scoreText(score: number): string {
  if (score >= infinity) return 'INFINITY'
  if (score <= -infinity) return '-INFINITY'
  return String(score)
}
