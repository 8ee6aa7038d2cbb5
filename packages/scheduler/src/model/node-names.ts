/**
 * Display order of node names: without regard to case, runs of digits as numbers (n2 before n10), the shorter run first
 * where they are equal as numbers (7 before 007), a prefix before what it begins.
 */
export function compareDisplayNames(a: string, b: string): number {
  const [left, right] = [lowered(a), lowered(b)]
  let [i, j] = [0, 0]
  while (i < left.length && j < right.length) {
    if (isDigit(left, i) && isDigit(right, j)) {
      const [x, y] = [digitsEnd(left, i), digitsEnd(right, j)]
      const order = compareDigits(left.slice(i, x), right.slice(j, y))
      if (order !== 0) return order
      i = x
      j = y
      continue
    }
    const order = left.charCodeAt(i) - right.charCodeAt(j)
    if (order !== 0) return order
    i += 1
    j += 1
  }
  return left.length - i - (right.length - j)
}

/** Only letters of ASCII have a case that does not count. */
function lowered(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at)
  return code >= 48 && code <= 57
}

function digitsEnd(text: string, from: number): number {
  let at = from
  while (at < text.length && isDigit(text, at)) at += 1
  return at
}

function compareDigits(a: string, b: string): number {
  const [x, y] = [a.replace(/^0+/, ''), b.replace(/^0+/, '')]
  if (x.length !== y.length) return x.length - y.length
  if (x !== y) return x < y ? -1 : 1
  return a.length - b.length
}
