import { isComment, nodeAt, select, type XmlElement, type XmlPath } from '@quorate/xml'
import type { Acl, AclKind } from './acl-rules.ts'

/** Marks that rules left on an element, as bits. Several rules may be about the same one. */
export const aclBits = { read: 1, write: 2, deny: 4 } as const satisfies Record<AclKind, number>

/**
 * Marks on a document, kept beside it: a node for each element that has marks, or has marked ones below it, reached by the
 * same indexes as the element.
 */
export type AclMarks = {
  /** Sum of {@link aclBits}. */
  readonly bits: number
  readonly below: ReadonlyMap<number, AclMarks>
}

/** No marks, on an element and on all below it. */
export const noMarks: AclMarks = { bits: 0, below: new Map() }
/** Nothing in the document may be read or written. */
const sealed: AclMarks = { bits: aclBits.deny, below: new Map() }

type Draft = { bits: number; readonly below: Map<number, Draft> }

/**
 * Marks what the rules are about. A rule that denies and whose expression cannot be evaluated denies everything; one that
 * gives and cannot be evaluated gives nothing.
 */
export function aclMarks(root: XmlElement, acl: Acl): AclMarks {
  const marks: Draft = { bits: 0, below: new Map() }
  for (const { kind, xpath } of acl.rules) {
    const found = xpath === undefined ? undefined : select(root, xpath)
    if (found?.ok) for (const { path } of found.value) mark(marks, elementPath(root, path), aclBits[kind])
    else if (kind === 'deny') return sealed
  }
  return marks
}

/** Rules that are about a comment are about the element that it stands in. */
function elementPath(root: XmlElement, path: XmlPath): XmlPath {
  const node = nodeAt(root, path)
  return node !== undefined && isComment(node) ? path.slice(0, -1) : path
}

function mark(marks: Draft, path: XmlPath, bit: number): void {
  let at = marks
  for (const index of path) {
    let next = at.below.get(index)
    if (next === undefined) {
      next = { bits: 0, below: new Map() }
      at.below.set(index, next)
    }
    at = next
  }
  at.bits |= bit
}

/** Marks of a child. */
export function marksBelow(marks: AclMarks, index: number): AclMarks {
  return marks.below.get(index) ?? noMarks
}

/** What a user may do with an element. */
export type AclAccess = 'denied' | 'readable' | 'writable'

/** Access to an element, from its own marks and what the element around it has: the nearest marks count, `deny` first. */
export function accessOf(bits: number, around: AclAccess): AclAccess {
  if ((bits & aclBits.deny) !== 0) return 'denied'
  if ((bits & aclBits.write) !== 0) return 'writable'
  return (bits & aclBits.read) !== 0 && around === 'denied' ? 'readable' : around
}

/** Access to the element at a place of a marked document. */
export function accessAt(marks: AclMarks, path: XmlPath): AclAccess {
  let at = marks
  let access = accessOf(at.bits, 'denied')
  for (const index of path) {
    at = marksBelow(at, index)
    access = accessOf(at.bits, access)
  }
  return access
}
