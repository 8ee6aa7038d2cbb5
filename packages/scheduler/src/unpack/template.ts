import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import { configError } from '../model/log.ts'
import type { Cluster } from '../model/model.ts'
import { parseRole, role } from '../model/role.ts'
import { sectionOf } from './section.ts'

/**
 * The definition of a resource with its template merged in; undefined (with an error logged) where the template does not
 * exist or is the resource itself. A template takes part one level deep only.
 */
export function expandTemplate(cluster: Cluster, xml: XmlElement): XmlElement | undefined {
  const name = attr(xml, 'template')
  if (name === undefined) return xml
  const id = idOf(xml)
  const template = sectionOf(cluster.cib, 'resources')?.children.find(
    (item) => item.name === 'template' && attr(item, 'id') === name,
  )
  if (name === id || template === undefined) {
    const isOwn = name === id
    const text = isOwn ? `The resource object '${id}' should not reference itself` : `No template named '${name}'`
    configError(cluster, 'unpack_template', text)
    return undefined
  }
  const attributes = withAttributes(
    { name: xml.name, attributes: template.attributes, children: [], text: template.text },
    { id },
  )
  return mergeOperations(withChildren(attributes, [...template.children, ...xml.children]), template, xml)
}

function mergeOperations(merged: XmlElement, template: XmlElement, own: XmlElement): XmlElement {
  const theirs = child(template, 'operations')
  const ours = child(own, 'operations')
  if (theirs === undefined || ours === undefined) return merged
  const taken = new Set(ours.children.map(operationName))
  const extra = theirs.children.filter((item) => !taken.has(operationName(item)))
  const operations = withChildren(ours, [...ours.children, ...extra])
  const children = merged.children.filter((item) => item !== theirs).map((item) => (item === ours ? operations : item))
  return withChildren(merged, children)
}

/** What makes two operations the same one when a resource overrides its template. */
function operationName(operation: XmlElement): string {
  const asked = parseRole(attr(operation, 'role'))
  const counts = asked === role.started || asked === role.unpromoted ? role.unknown : asked
  return `${attr(operation, 'name') ?? ''}-${counts}`
}

/** An element of name/value pairs, as implied resources have them. */
export function nameValueSet(
  kind: string,
  id: string,
  pairs: readonly (readonly [name: string, value: string | undefined])[],
): XmlElement {
  const list: XmlElement[] = []
  for (const [name, value] of pairs) {
    if (value !== undefined) list.push(element('nvpair', { id: `${id}-${name}`, name, value }))
  }
  return element(kind, { id }, list)
}
