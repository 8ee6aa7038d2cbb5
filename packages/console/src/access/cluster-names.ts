/** Ids that are words of paths. */
const taken: ReadonlySet<string> = new Set(['events'])
const idCharsMax = 40

/** An id for an address: letters, digits and dashes of a text, and one that no other has. */
export function newClusterId(text: string, others: ReadonlySet<string>): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, idCharsMax)
  return unused(plain === '' ? 'cluster' : plain, (name) => taken.has(name) || others.has(name))
}

/** Names as they are shown: of those that are the same the second is `name-2`. */
export function distinctNames(names: readonly string[]): readonly string[] {
  const seen = new Set<string>()
  return names.map((name) => {
    const made = unused(name, (one) => seen.has(one))
    seen.add(made)
    return made
  })
}

function unused(name: string, isUsed: (name: string) => boolean): string {
  if (!isUsed(name)) return name
  let number = 2
  while (isUsed(`${name}-${number}`)) number += 1
  return `${name}-${number}`
}
