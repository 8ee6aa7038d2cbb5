import { attr, isComment, type XmlElement, type XmlPath } from '@quorate/xml'
import { ChildIndex } from './child-index.ts'
import { sumOf } from './score-text.ts'

/** First node, in document order and beginning with `from` itself, that passes; as a path below `from`. */
export function findFirst(from: XmlElement, passes: (node: XmlElement) => boolean): XmlPath | undefined {
  const trail: number[] = []
  const visit = (node: XmlElement): boolean => {
    if (passes(node)) return true
    for (let i = 0; i < node.children.length; i += 1) {
      trail.push(i)
      if (visit(node.children[i] as XmlElement)) return true
      trail.pop()
    }
    return false
  }
  return visit(from) ? trail : undefined
}

/** Same name and same id, or both without. */
export function isSameObject(a: XmlElement, b: XmlElement): boolean {
  return a.name === b.name && !isComment(a) && attr(a, 'id') === attr(b, 'id')
}

/** The element without character data anywhere: a CIB has none. */
export function withoutText(node: XmlElement): XmlElement {
  if (isComment(node)) return node
  let children: XmlElement[] | undefined
  for (let i = 0; i < node.children.length; i += 1) {
    const before = node.children[i] as XmlElement
    const after = withoutText(before)
    if (after === before) continue
    children ??= [...node.children]
    children[i] = after
  }
  return node.text === '' && children === undefined ? node : { ...node, text: '', children: children ?? node.children }
}

/** Copies attributes over a target's, with the arithmetic of scores. The same object when nothing changes. */
function withCopiedAttributes(target: XmlElement, update: XmlElement): XmlElement {
  let flat: string[] | undefined
  const source = update.attributes
  for (let i = 0; i < source.length; i += 2) {
    const name = source[i] as string
    const now: readonly string[] = flat ?? target.attributes
    let at = 0
    while (at < now.length && now[at] !== name) at += 2
    const value = sumOf(name, now[at + 1], source[i + 1] as string)
    if (at < now.length && now[at + 1] === value) continue
    flat ??= [...target.attributes]
    flat.splice(at, 2, name, value)
  }
  return flat === undefined ? target : { ...target, attributes: flat }
}

/**
 * Merges an update into an element of the same name: attributes are copied, children matched by name and id (else by name
 * and id-ref, else by name) are merged, others appended. The rule of `cib_modify`.
 */
export function merged(target: XmlElement, update: XmlElement): XmlElement {
  const copied = withCopiedAttributes(target, update)
  if (update.children.length === 0) return copied
  const index = new ChildIndex(copied.children)
  let isChanged = false
  for (const item of update.children) {
    const at = placeOf(index, item)
    const before = index.at(at)
    const after = before === undefined || isComment(item) ? item : merged(before, item)
    if (before !== undefined && (after === before || isComment(item))) continue
    isChanged = true
    if (before === undefined) index.push(after)
    else index.set(at, after)
  }
  return isChanged ? { ...copied, children: index.children } : copied
}

function placeOf(index: ChildIndex, item: XmlElement): number {
  if (isComment(item)) return index.findComment(item)
  const id = attr(item, 'id')
  if (id !== undefined) return index.find(item.name, 'id', id)
  const reference = attr(item, 'id-ref')
  return reference === undefined ? index.find(item.name) : index.find(item.name, 'id-ref', reference)
}

/**
 * Adds objects below a parent, one after the other, merging each where one of the same name and id is there. The rule of
 * `cib_create`, which differs from {@link merged}: an object without id meets the first of its name, an attribute
 * `replace` names children to be dropped first, and comments turn into elements named `comment`.
 */
export function allAddedTo(parent: XmlElement, items: readonly XmlElement[]): XmlElement {
  if (items.length === 0) return parent
  const index = new ChildIndex(parent.children)
  let isChanged = false
  for (const item of items) {
    const name = isComment(item) ? 'comment' : item.name
    const id = attr(item, 'id')
    const at = id === undefined ? index.find(name) : index.find(name, 'id', id)
    const before = index.at(at)
    let target: XmlElement = before ?? { name, attributes: [], children: [], text: '' }
    target = withCopiedAttributes(withReplaced(target, attr(item, 'replace')), withoutReplace(item))
    target = allAddedTo(target, item.children)
    if (target === before) continue
    isChanged = true
    if (before === undefined) index.push(target)
    else index.set(at, target)
  }
  return isChanged ? { ...parent, children: index.children } : parent
}

function withReplaced(target: XmlElement, names: string | undefined): XmlElement {
  if (names === undefined) return target
  const children = [...target.children]
  for (const name of names.split(',')) {
    const at = children.findIndex((item) => item.name === name)
    if (at >= 0) children.splice(at, 1)
  }
  return { ...target, children }
}

function withoutReplace(item: XmlElement): XmlElement {
  const at = item.attributes.indexOf('replace')
  if (at < 0 || at % 2 !== 0) return item
  return { ...item, attributes: [...item.attributes.slice(0, at), ...item.attributes.slice(at + 2)] }
}
