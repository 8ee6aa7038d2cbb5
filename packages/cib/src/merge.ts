import { attr, isComment, type XmlElement, type XmlPath } from '@quorate/xml'
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
  let children: XmlElement[] | undefined
  for (const item of update.children) {
    const now: readonly XmlElement[] = children ?? copied.children
    const at = now.findIndex((other) => matches(other, item))
    const before = now[at]
    const after = before === undefined || isComment(item) ? item : merged(before, item)
    if (before !== undefined && (after === before || isComment(item))) continue
    children ??= [...copied.children]
    if (before === undefined) children.push(after)
    else children[at] = after
  }
  return children === undefined ? copied : { ...copied, children }
}

function matches(other: XmlElement, item: XmlElement): boolean {
  if (other.name !== item.name) return false
  if (isComment(item)) return other.text.toLowerCase() === item.text.toLowerCase()
  const id = attr(item, 'id')
  if (id !== undefined) return attr(other, 'id') === id
  const reference = attr(item, 'id-ref')
  return reference === undefined || attr(other, 'id-ref') === reference
}

/**
 * Adds an object below a parent, merging it where one of the same name and id is there. The rule of `cib_create`, which
 * differs from {@link merged}: an object without id meets the first of its name, an attribute `replace` names children
 * to be dropped first, and comments turn into elements named `comment`.
 */
export function addedTo(parent: XmlElement, item: XmlElement): XmlElement {
  const name = isComment(item) ? 'comment' : item.name
  const id = attr(item, 'id')
  const at = parent.children.findIndex((other) => other.name === name && (id === undefined || attr(other, 'id') === id))
  let target: XmlElement = parent.children[at] ?? { name, attributes: [], children: [], text: '' }
  target = withCopiedAttributes(withReplaced(target, attr(item, 'replace')), withoutReplace(item))
  for (const below of item.children) target = addedTo(target, below)
  if (target === parent.children[at]) return parent
  const children = [...parent.children]
  if (at < 0) children.push(target)
  else children[at] = target
  return { ...parent, children }
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
