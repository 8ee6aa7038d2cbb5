import { attr, childrenNamed, isComment, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import { CibFault, cibFaults } from './fault.ts'

/** Attribute that tells which elements of a patch are to go or to come as a whole. */
const markerName = '__crm_diff_marker__'

/**
 * Applies a patchset of format 1, as Pacemaker wrote them up to 1.1.11: a tree of what went, then one of what is there now
 * (behaviour/pacemaker-daemons.md 1.6). As Pacemaker 2.1.5 does it: attributes that went stay, comments are nothing to it,
 * and what it does not find is left out.
 *
 * @throws CibFault where a tree has several roots, or the whole document would be removed
 */
export function applyFormat1(root: XmlElement, patch: XmlElement): XmlElement {
  const gone = treeOf(patch, 'diff-removed')
  const come = treeOf(patch, 'diff-added')
  const left = gone === undefined ? root : without(root, gone)
  if (left === undefined) throw new CibFault(cibFaults.invalid)
  return come === undefined ? left : merged(left, come)
}

/** The root of one of the two trees of a patch; undefined where there is none. */
export function treeOf(patch: XmlElement, name: string): XmlElement | undefined {
  const children = childrenNamed(patch, name)[0]?.children ?? []
  if (children.length > 1) throw new CibFault(cibFaults.notUnique)
  return children[0]
}

/** What is left of an element, or undefined where nothing is. */
function without(node: XmlElement, gone: XmlElement): XmlElement | undefined {
  if (isComment(node) || !isSame(node, gone)) return node
  if (attr(gone, markerName) === 'removed:top') return undefined
  if (gone.children.length === 0) return node
  const children: XmlElement[] = []
  let isChanged = false
  for (const item of node.children) {
    const partner = isComment(item) ? undefined : partnerOf(item, gone.children)
    const left = partner === undefined ? item : without(item, gone.children[partner] as XmlElement)
    if (left !== undefined) children.push(left)
    if (left !== item) isChanged = true
  }
  return isChanged ? withChildren(node, children) : node
}

/** An element with all attributes of its new form, those last, and with what is new inside of it. */
function merged(node: XmlElement, come: XmlElement): XmlElement {
  if (isComment(come) || !isSame(node, come)) return node
  const attributes = withoutMarker(come).attributes
  const others: string[] = []
  for (let i = 0; i < node.attributes.length; i += 2) {
    const name = node.attributes[i] as string
    if (attr(come, name) === undefined) others.push(name, node.attributes[i + 1] as string)
  }
  const children = [...node.children]
  for (const item of come.children) {
    if (isComment(item)) continue
    const at = partnerOf(item, children)
    if (at !== undefined) children[at] = merged(children[at] as XmlElement, item)
    else if (attr(item, markerName) === 'added:top') children.push(unmarked(item))
  }
  return { name: node.name, attributes: [...others, ...attributes], children, text: node.text }
}

/** First of the same name and id; to one without an id the first of its name. */
function partnerOf(of: XmlElement, among: readonly XmlElement[]): number | undefined {
  const id = attr(of, 'id')
  const at = among.findIndex((item) => item.name === of.name && (id === undefined || attr(item, 'id') === id))
  return at < 0 ? undefined : at
}

function isSame(a: XmlElement, b: XmlElement): boolean {
  return a.name === b.name && attr(a, 'id') === attr(b, 'id')
}

function withoutMarker(node: XmlElement): XmlElement {
  return withAttributes(node, { [markerName]: undefined })
}

/** A new element without the marks of the patch, on it or in it. */
function unmarked(node: XmlElement): XmlElement {
  return withChildren(withoutMarker(node), node.children.map(unmarked))
}
