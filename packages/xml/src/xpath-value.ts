import { descendants } from './element.ts'
import type { XPathNode } from './xpath-node.ts'

/** What an expression can be worth (XPath 1.0, 1). */
export type XPathValue = readonly XPathNode[] | string | number | boolean

/** Where an expression is evaluated: a node, and its place among those that a predicate looks at. */
export type Context = { readonly node: XPathNode; readonly position: number; readonly size: number }

/** The text of a node: an attribute's value, or all character data at and below an element. */
export function stringOf(node: XPathNode): string {
  if (node.attribute !== undefined) return node.attribute.value
  if (node.kind === 'text') return node.element.text
  let out = ''
  for (const item of descendants(node.element)) out += item.text
  return out
}

/** A value as text; of a set of nodes: that of the first. */
export function toText(value: XPathValue): string {
  if (typeof value !== 'object') return String(value)
  const first = value[0]
  return first === undefined ? '' : stringOf(first)
}

/** A value as a number; NaN for what is none. */
export function toNumber(value: XPathValue): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  const text = toText(value).trim()
  return /^-?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN
}

/** A value as a truth: sets and texts are true unless empty, numbers unless 0 or NaN. */
export function toBoolean(value: XPathValue): boolean {
  if (typeof value === 'boolean') return value
  if (typeof value === 'number') return value !== 0 && !Number.isNaN(value)
  return value.length > 0
}

/** Comparison as of XPath 1.0, 3.4: a set of nodes compares true when any of its nodes does. */
export function compareValues(op: string, a: XPathValue, b: XPathValue): boolean {
  if (typeof a === 'object' && typeof b !== 'boolean') {
    return a.some((node) => compareValues(op, stringOf(node), b))
  }
  if (typeof b === 'object' && typeof a !== 'boolean') {
    return b.some((node) => compareValues(op, a, stringOf(node)))
  }
  if (op === '=') return equal(a, b)
  if (op === '!=') return !equal(a, b)
  const left = toNumber(a)
  const right = toNumber(b)
  if (op === '<') return left < right
  if (op === '<=') return left <= right
  return op === '>' ? left > right : left >= right
}

function equal(a: XPathValue, b: XPathValue): boolean {
  if (typeof a === 'boolean' || typeof b === 'boolean') return toBoolean(a) === toBoolean(b)
  if (typeof a === 'number' || typeof b === 'number') return toNumber(a) === toNumber(b)
  return toText(a) === toText(b)
}
