import { attr, child, element, withAttributes, withChildren, type XmlElement } from '@quorate/xml'

/** A name and its value; without a value it is taken away. */
export type NamedValue = { readonly name: string; readonly value: string | undefined }

/** What becomes of an element. */
export type Change = (at: XmlElement) => XmlElement

/** The document with the elements of that path changed; what is missing on the way is made. */
export function atPath(of: XmlElement, [name, ...rest]: readonly string[], change: Change): XmlElement {
  if (name === undefined) return change(of)
  const known = child(of, name)
  const made = atPath(known ?? element(name), rest, change)
  return withChildren(
    of,
    known === undefined ? [...of.children, made] : of.children.map((item) => (item === known ? made : item)),
  )
}

/** Every element below with that id changed. */
function atId(of: XmlElement, id: string, change: Change): XmlElement {
  return withChildren(
    of,
    of.children.map((item) => {
      const made = atId(item, id, change)
      return attr(item, 'id') === id ? change(made) : made
    }),
  )
}

/** A value in the sets of an element: taken out of all of them, and put into one that comes first. */
export function withValue(of: XmlElement, setName: string, setId: string, { name, value }: NamedValue): XmlElement {
  const kept = of.children.map((item) =>
    item.name === setName
      ? withChildren(
          item,
          item.children.filter((pair) => attr(pair, 'name') !== name),
        )
      : item,
  )
  if (value === undefined) return withChildren(of, kept)
  // Names of attributes may have what ids may not: #health-disk.
  const pair = element('nvpair', { id: `${setId}-${name}`.replaceAll(/[^\w.-]/g, '_'), name, value })
  const at = kept.findIndex((item) => item.name === setName && attr(item, 'id') === setId)
  const set = kept[at]
  // What is in a set with a rule counts only where the rule says so.
  const isConditional = set?.children.some((item) => item.name === 'rule') === true
  if (set !== undefined && !isConditional) kept[at] = withChildren(set, [...set.children, pair])
  else kept.unshift(element(setName, { id: isConditional ? `${setId}-what-if` : setId, score: 'INFINITY' }, [pair]))
  return withChildren(of, kept)
}

/** A cluster option. */
export function withOption(cib: XmlElement, name: string, value: string | undefined): XmlElement {
  return atPath(cib, ['configuration', 'crm_config'], (config) =>
    withValue(config, 'cluster_property_set', 'cib-bootstrap-options', { name, value }),
  )
}

/** A meta-attribute of what is configured under an id. */
export function withMeta(cib: XmlElement, id: string, pair: NamedValue): XmlElement {
  return atPath(cib, ['configuration', 'resources'], (resources) =>
    atId(resources, id, (item) => withValue(item, 'meta_attributes', `${id}-what-if`, pair)),
  )
}

/** An attribute of a part of a bundle that goes by one of some names. */
export function withBundlePart(
  cib: XmlElement,
  { bundle, name, value }: NamedValue & { readonly bundle: string },
  parts: readonly string[],
): XmlElement {
  return atPath(cib, ['configuration', 'resources'], (resources) =>
    atId(resources, bundle, (item) =>
      withChildren(
        item,
        item.children.map((part) => (parts.includes(part.name) ? withAttributes(part, { [name]: value }) : part)),
      ),
    ),
  )
}

/** A CIB without the constraint of an id. */
export function withoutConstraint(cib: XmlElement, id: string): XmlElement {
  return atPath(cib, ['configuration', 'constraints'], (section) =>
    withChildren(
      section,
      section.children.filter((item) => attr(item, 'id') !== id),
    ),
  )
}
