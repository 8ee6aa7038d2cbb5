import type { Resource } from './model.ts'

/** Number of a clone instance or bundle part, read off its id; -1 where there is none. */
export function instanceNumberOf(of: Resource): number {
  const { id } = of
  const at = id.lastIndexOf(':') >= 0 ? id.lastIndexOf(':') : id.lastIndexOf('-')
  const number = at < 0 ? Number.NaN : Number.parseInt(id.slice(at + 1), 10)
  return Number.isNaN(number) ? -1 : number
}

/** Order of instances by their number. */
export function compareInstanceNumbers(a: Resource, b: Resource): number {
  return instanceNumberOf(a) - instanceNumberOf(b)
}
