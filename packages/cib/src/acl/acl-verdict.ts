import { attr, attributePairs, isComment, type XmlElement } from '@quorate/xml'
import { type AclAccess, type AclMarks, accessOf, aclMarks, marksBelow } from './acl-marks.ts'
import type { Acl } from './acl-rules.ts'

/**
 * Whether a user may make `after` of `before` (behaviour/pacemaker-daemons.md 1.8). Attributes may be changed of elements
 * that the user may write; elements that may be written may be removed, and may change their order; what is new needs
 * the right to write it, but for scaffolding.
 *
 * Pacemaker 2.1.5 lets everybody change the order of elements, and lets a user make an element one that the user's rules
 * are about by replacing it with such a one. Both are refused here.
 *
 * @param options.isCompared an attribute needs to be writable by what the element becomes, too, as with Pacemaker 2.1.5
 *   wherever it compares documents (replace, patch, erase)
 */
export function mayChange(
  before: XmlElement,
  after: XmlElement,
  acl: Acl,
  options: { readonly isCompared: boolean },
): boolean {
  if (before === after) return true
  const here = { node: before, marks: aclMarks(before, acl) }
  const there = { node: after, marks: aclMarks(after, acl) }
  // Who has no permissions at all may not even build scaffolding.
  const mayScaffold = acl.rules.length > 0
  return mayAlter(here, there, { before: 'denied', after: 'denied', union: 'denied', mayScaffold, ...options })
}

type Marked = { readonly node: XmlElement; readonly marks: AclMarks }
/** Access to the element around: by the marks it had, by those it has now, and by both together. */
type Around = {
  readonly before: AclAccess
  readonly after: AclAccess
  readonly union: AclAccess
  readonly mayScaffold: boolean
  readonly isCompared: boolean
}

function mayAlter(before: Marked, after: Marked, around: Around): boolean {
  if (before.node === after.node) return true
  const inside: Around = {
    before: accessOf(before.marks.bits, around.before),
    after: accessOf(after.marks.bits, around.after),
    union: accessOf(before.marks.bits | after.marks.bits, around.union),
    mayScaffold: around.mayScaffold && after.node.name !== 'acls',
    isCompared: around.isCompared,
  }
  if (hasOtherAttributes(before.node, after.node)) {
    if (inside.before !== 'writable' || (around.isCompared && inside.after !== 'writable')) return false
  }
  const pairs = pairsOf(before.node.children, after.node.children)
  /** Place of the last child so far that stayed and may not be written: those keep their order. */
  let last = -1
  for (const [index, node] of before.node.children.entries()) {
    const marks = marksBelow(before.marks, index)
    const isWritable = accessOf(marks.bits, inside.before) === 'writable'
    const at = pairs.get(index)
    if (at === undefined) {
      if (!isWritable) return false
      continue
    }
    if (!isWritable) {
      if (at < last) return false
      last = at
    }
    const partner = { node: after.node.children[at] as XmlElement, marks: marksBelow(after.marks, at) }
    if (!mayAlter({ node, marks }, partner, inside)) return false
  }
  const stayed = new Set(pairs.values())
  return after.node.children.every(
    (node, index) => stayed.has(index) || mayCreate({ node, marks: marksBelow(after.marks, index) }, inside),
  )
}

/** Creating needs the right to write, but for scaffolding: what says nothing but its id, and is no part of the ACLs. */
function mayCreate({ node, marks }: Marked, around: Around): boolean {
  const access = accessOf(marks.bits, around.union)
  if (access !== 'writable' && !(around.mayScaffold && isScaffolding(node))) return false
  const inside = { ...around, union: access, mayScaffold: around.mayScaffold && node.name !== 'acls' }
  return node.children.every((item, index) => mayCreate({ node: item, marks: marksBelow(marks, index) }, inside))
}

function isScaffolding(node: XmlElement): boolean {
  return node.attributes.length === 0 || (node.attributes.length === 2 && node.attributes[0] === 'id')
}

function hasOtherAttributes(before: XmlElement, after: XmlElement): boolean {
  if (before.attributes === after.attributes) return false
  if (before.attributes.length !== after.attributes.length) return true
  for (const [name, value] of attributePairs(before)) if (attr(after, name) !== value) return true
  return false
}

/** Which child became which: by name and id, of several alike the first the first, the second the second. */
function pairsOf(before: readonly XmlElement[], after: readonly XmlElement[]): ReadonlyMap<number, number> {
  const places = new Map<string, number[]>()
  for (const [index, node] of after.entries()) {
    const key = keyOf(node)
    const known = places.get(key)
    if (known === undefined) places.set(key, [index])
    else known.push(index)
  }
  const pairs = new Map<number, number>()
  for (const [index, node] of before.entries()) {
    const at = places.get(keyOf(node))?.shift()
    if (at !== undefined) pairs.set(index, at)
  }
  return pairs
}

function keyOf(node: XmlElement): string {
  return isComment(node) ? `${node.name}\0${node.text}` : `${node.name}\0${attr(node, 'id') ?? ''}`
}
