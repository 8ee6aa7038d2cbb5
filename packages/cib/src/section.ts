import type { XmlElement, XmlPath } from '@quorate/xml'

const inConfiguration: ReadonlySet<string> = new Set([
  'crm_config',
  'nodes',
  'resources',
  'constraints',
  'fencing-topology',
  'rsc_defaults',
  'op_defaults',
  'acls',
  'tags',
  'alerts',
])

/** Names of the elements from below the root down to a section; empty for the whole CIB, which unknown names mean too. */
export function sectionNames(section: string | undefined): readonly string[] {
  if (section === undefined) return []
  if (inConfiguration.has(section)) return ['configuration', section]
  return section === 'configuration' || section === 'status' ? [section] : []
}

/** Whether a section's name is one that means a part of the CIB. */
export function isSectionName(section: string): boolean {
  return inConfiguration.has(section) || ['cib', 'all', 'configuration', 'status'].includes(section)
}

/** Where a section stands, or undefined where the document has none. */
export function sectionPath(cib: XmlElement, section: string | undefined): XmlPath | undefined {
  const path: number[] = []
  let at = cib
  for (const name of sectionNames(section)) {
    const index = at.children.findIndex((item) => item.name === name)
    if (index < 0) return undefined
    path.push(index)
    at = at.children[index] as XmlElement
  }
  return path
}
