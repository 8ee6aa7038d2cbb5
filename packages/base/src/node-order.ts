/** Runs of digits, or of anything else. */
const runs = /\d+|\D+/g

/**
 * The order in which people see node names: byte order, but digits count as numbers, so that n2 comes before n10.
 * Total: names that are equal as numbers (n1, n01) fall back to byte order, so two different names never compare 0.
 */
export function compareNodeNames(a: string, b: string): number {
  const left = a.match(runs) ?? []
  const right = b.match(runs) ?? []
  const shared = Math.min(left.length, right.length)
  for (let i = 0; i < shared; i += 1) {
    const order = compareRuns(left[i] as string, right[i] as string)
    if (order !== 0) return order
  }
  if (left.length !== right.length) return left.length - right.length
  return compareText(a, b)
}

/** Plain code-unit order; never the locale's. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareRuns(a: string, b: string): number {
  if (!isDigits(a) || !isDigits(b)) return compareText(a, b)
  const left = a.replace(/^0+(?=\d)/, '')
  const right = b.replace(/^0+(?=\d)/, '')
  return left.length - right.length || compareText(left, right)
}

function isDigits(run: string): boolean {
  const first = run.charCodeAt(0)
  return first >= 48 && first <= 57
}
