import type { XmlElement } from '@quorate/xml'

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
 * where no schema has them: in the `cib` itself, or in another of its parts than the configuration. Where there are
 * several of one name, none of them counts.
 */
export function sectionOf(cib: XmlElement, name: SectionName): XmlElement | undefined {
  const found = cib.children.filter((item) => item.name === name && name !== 'constraints')
  if (name !== 'status') {
    for (const part of cib.children) {
      // What happened is no place for a configuration, and the largest part by far.
      if (part.name === 'status' || part.name === name) continue
      if (name === 'constraints' && part.name !== 'configuration') continue
      for (const item of part.children) if (item.name === name) found.push(item)
    }
  }
  return found.length === 1 ? found[0] : undefined
}
