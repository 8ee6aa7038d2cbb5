/** So many names are listed; of more the one that is likest is told. */
const listedMax = 8

/** That there is nothing of a name, and what there is: all of it where that is little, else what was probably meant. */
export function unknownNameText(kind: string, name: string, known: Iterable<string>): string {
  const names = [...new Set(known)]
  const text = `there is no ${kind} '${name}'`
  if (names.length === 0) return `${text}: there are none`
  if (names.length <= listedMax) return `${text}: there ${names.length === 1 ? 'is' : 'are'} ${names.join(', ')}`
  const meant = nearest(name, names)
  return meant === undefined ? text : `${text}: ${meant} was probably meant`
}

/** Shortest name of which a part is taken for the whole. */
const partLengthMin = 6

/** The name that was probably meant; undefined where none is like it. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = plainName(name)
  let best: { readonly name: string; readonly distance: number } | undefined
  for (const other of known) {
    const theirs = plainName(other)
    const isPart =
      Math.min(plain.length, theirs.length) >= partLengthMin && (theirs.includes(plain) || plain.includes(theirs))
    const distance = isPart ? 1 : editDistance(plain, theirs)
    if (distance > Math.max(1, Math.floor(theirs.length / 4))) continue
    if (best === undefined || distance < best.distance) best = { name: other, distance }
  }
  return best?.name
}

/** A name without what is easily mistaken: capitals, and what parts its words. */
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[-_. ]/g, '')
}

/** How many letters have to be put in, taken out, changed, or swapped with their neighbour. */
function editDistance(a: string, b: string): number {
  let [before, last] = [new Array<number>(b.length + 1).fill(0), Array.from({ length: b.length + 1 }, (_, i) => i)]
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1
      let least = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + cost)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      if (isSwapped) least = Math.min(least, (before[j - 2] ?? 0) + 1)
      row.push(least)
    }
    ;[before, last] = [last, row]
  }
  return last[b.length] ?? 0
}
