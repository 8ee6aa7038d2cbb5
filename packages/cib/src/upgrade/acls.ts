import { attr, element, idOf, withChildren, type XmlElement } from '@quorate/xml'

/** ACLs of schemas before 2.0 in the words of those from there on: targets with roles instead of users with rights. */
export function upgradedAcls(configuration: XmlElement): XmlElement {
  return withChildren(
    configuration,
    configuration.children.map((section) =>
      section.name === 'acls' ? withChildren(section, section.children.flatMap(upgradedAcl)) : section,
    ),
  )
}

function upgradedAcl(node: XmlElement): readonly XmlElement[] {
  if (node.name === 'acl_role') return [withChildren(node, node.children.map(permission))]
  if (node.name !== 'acl_user') return [node]
  const id = idOf(node)
  const rights = node.children.filter(({ name }) => rightNames.has(name))
  if (rights.length === 0) {
    const roles = node.children.map((item) => (item.name === 'role_ref' ? { ...item, name: 'role' } : item))
    return [{ ...withChildren(node, roles), name: 'acl_target' }]
  }
  const role = `auto-${id}`
  return [
    element('acl_target', { id }, [element('role', { id: role })]),
    element('acl_role', { id: role }, node.children.map(permission)),
  ]
}

const rightNames: ReadonlySet<string> = new Set(['read', 'write', 'deny'])

function permission(right: XmlElement): XmlElement {
  if (!rightNames.has(right.name)) return right
  const attributes = { id: idOf(right), kind: right.name }
  const [xpath, reference, attribute] = [attr(right, 'xpath'), attr(right, 'ref'), attr(right, 'attribute')]
  if (reference !== undefined) return element('acl_permission', { ...attributes, reference })
  if (xpath !== undefined) {
    const narrowed = attribute === undefined ? xpath : `${xpath}[@${attribute}]`
    return element('acl_permission', { ...attributes, xpath: narrowed })
  }
  return element('acl_permission', { ...attributes, 'object-type': attr(right, 'tag'), attribute })
}
