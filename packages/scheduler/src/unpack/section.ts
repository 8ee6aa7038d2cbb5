import { attr, child, hasBelow, type XmlElement } from '@quorate/xml'

const sectionNames = [
  'crm_config',
  'nodes',
  'resources',
  'constraints',
  'tags',
  'rsc_defaults',
  'op_defaults',
  'status',
] as const

/** Sections of a CIB that the scheduler reads. */
export type SectionName = (typeof sectionNames)[number]

/**
 * A section of a CIB. Like the C program, which looks for them by name, it finds all but constraints and status also
 * where no schema has them. Where there are several of one name, none of them counts.
 */
export function sectionOf(cib: XmlElement, name: SectionName): XmlElement | undefined {
  const isHeldToSchema = (attr(cib, 'validate-with') ?? 'none') !== 'none'
  return isHeldToSchema ? inItsPlace(cib, name) : anywhere(cib, name)
}

/** Of a CIB that a schema holds there is no other place to look at, and much that need not be read. */
function inItsPlace(cib: XmlElement, name: SectionName): XmlElement | undefined {
  if (name === 'status') return child(cib, name)
  const configuration = child(cib, 'configuration')
  return configuration === undefined ? undefined : child(configuration, name)
}

/** An element with the name of a section, and the names of all that it is in, the next first. */
type Found = { readonly item: XmlElement; readonly above: readonly string[] }

const allNames: ReadonlySet<string> = new Set(sectionNames)
const foundIn = new WeakMap<XmlElement, readonly Found[]>()

/** Found once for all that ask, and without a look at what has nothing of the kind in it: most of a CIB is history. */
function allFoundIn(cib: XmlElement): readonly Found[] {
  const known = foundIn.get(cib)
  if (known !== undefined) return known
  const found: Found[] = []
  const walk = (of: XmlElement, above: readonly string[]): void => {
    if (!hasBelow(of, allNames)) return
    for (const item of of.children) {
      if (allNames.has(item.name)) found.push({ item, above })
      walk(item, [item.name, ...above])
    }
  }
  walk(cib, [cib.name])
  foundIn.set(cib, found)
  return found
}

function anywhere(cib: XmlElement, name: SectionName): XmlElement | undefined {
  const place = name === 'constraints' ? ['configuration', 'cib'] : []
  const fitting = allFoundIn(cib).filter(
    ({ item, above }) => item.name === name && place.every((part, i) => above[i] === part),
  )
  const [only] = fitting
  if (only === undefined || fitting.length > 1) return undefined
  // The tools give a CIB a status of its own where it has none, which makes two of them.
  return name === 'status' && only.above[0] !== 'cib' ? undefined : only.item
}
