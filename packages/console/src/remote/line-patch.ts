/**
 * A text changed as a normal `diff` of it says (POSIX diff, "Diff Default Output Format"): `4c4`, `< old`, `---`, `> new`.
 *
 * @param lines of the old text, without their ends
 * @returns undefined where the diff is none, or not one of that text
 */
export function patchedLines(lines: readonly string[], diff: readonly string[]): readonly string[] | undefined {
  const made: string[] = []
  let next = 0
  for (let at = 0; at < diff.length; ) {
    const match = /^(\d+)(?:,(\d+))?([acd])(\d+)(?:,(\d+))?$/.exec(diff[at] ?? '')
    if (match === null) return undefined
    at += 1
    const [, from = '', to = from, verb, newFrom = '', newTo = newFrom] = match
    // `a` names the line after which something is put: nothing of the old text goes.
    const first = verb === 'a' ? Number(from) : Number(from) - 1
    const gone = verb === 'a' ? 0 : Number(to) - Number(from) + 1
    const come = verb === 'd' ? 0 : Number(newTo) - Number(newFrom) + 1
    if (first < next || first + gone > lines.length || gone < 0 || come < 0) return undefined
    for (; next < first; next += 1) made.push(lines[next] ?? '')
    for (let index = 0; index < gone; index += 1, at += 1) {
      if (diff[at] !== `< ${lines[first + index]}`) return undefined
    }
    if (verb === 'c') {
      if (diff[at] !== '---') return undefined
      at += 1
    }
    for (let index = 0; index < come; index += 1, at += 1) {
      const line = diff[at]
      if (line === undefined || !line.startsWith('> ')) return undefined
      made.push(line.slice(2))
    }
    next = first + gone
  }
  for (; next < lines.length; next += 1) made.push(lines[next] ?? '')
  return made
}
