/** Up to this length, insertion is quicker than what any sort makes of a list. */
const shortMax = 16

/**
 * Sorts in place and stable, as `Array.prototype.sort` does. V8 sets almost a kilobyte aside for every sort, of however few: for
 * a short list this one takes nothing.
 */
export function sortShort<T>(list: T[], compare: (a: T, b: T) => number): T[] {
  if (list.length > shortMax) return list.sort(compare)
  for (let i = 1; i < list.length; i += 1) {
    const item = list[i] as T
    let at = i
    for (; at > 0 && compare(list[at - 1] as T, item) > 0; at -= 1) list[at] = list[at - 1] as T
    list[at] = item
  }
  return list
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Names of a table in the order of their code units. */
export function sortedNames(table: ReadonlyMap<string, unknown>): string[] {
  const names: string[] = []
  table.forEach((_, name) => void names.push(name))
  return sortShort(names, compareCodeUnits)
}
