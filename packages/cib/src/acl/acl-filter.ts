import { attr, withChildren, type XmlElement } from '@quorate/xml'
import { type AclAccess, type AclMarks, accessOf, aclMarks, marksBelow } from './acl-marks.ts'
import type { Acl } from './acl-rules.ts'

/**
 * What a user may see of a document: elements that may be read, and those around them, which keep nothing but their name
 * and id. Undefined where that is nothing.
 */
export function readableCopy(root: XmlElement, acl: Acl): XmlElement | undefined {
  return visible(root, aclMarks(root, acl), 'denied')
}

function visible(node: XmlElement, marks: AclMarks, around: AclAccess): XmlElement | undefined {
  const access = accessOf(marks.bits, around)
  const isReadable = access !== 'denied'
  if (marks.below.size === 0) return isReadable ? node : undefined
  const children: XmlElement[] = []
  let isSame = true
  for (const [index, item] of node.children.entries()) {
    const shown = visible(item, marksBelow(marks, index), access)
    if (shown !== undefined) children.push(shown)
    if (shown !== item) isSame = false
  }
  if (isReadable) return isSame ? node : withChildren(node, children)
  if (children.length === 0) return undefined
  const id = attr(node, 'id')
  return { name: node.name, attributes: id === undefined ? [] : ['id', id], children, text: '' }
}
