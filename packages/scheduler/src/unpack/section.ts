import { attr, child, type XmlElement } from '@quorate/xml'

/** Sections of a CIB that the scheduler reads. */
export type SectionName =
  | 'crm_config'
  | 'nodes'
  | 'resources'
  | 'constraints'
  | 'tags'
  | 'rsc_defaults'
  | 'op_defaults'
  | 'status'

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

function anywhere(cib: XmlElement, name: SectionName): XmlElement | undefined {
  const found: { readonly item: XmlElement; readonly above: readonly string[] }[] = []
  const walk = (of: XmlElement, above: readonly string[]): void => {
    for (const item of of.children) {
      if (item.name === name) found.push({ item, above })
      walk(item, [item.name, ...above])
    }
  }
  walk(cib, [cib.name])
  const place = name === 'constraints' ? ['configuration', 'cib'] : []
  const fitting = found.filter(({ above }) => place.every((part, i) => above[i] === part))
  const [only] = fitting
  if (only === undefined || fitting.length > 1) return undefined
  // The tools give a CIB a status of its own where it has none, which makes two of them.
  return name === 'status' && only.above[0] !== 'cib' ? undefined : only.item
}
