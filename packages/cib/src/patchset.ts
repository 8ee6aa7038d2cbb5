import { invariant } from '@quorate/base'
import { attr, element, idOf, isComment, type XmlElement } from '@quorate/xml'
import { type CibVersion, versionAttributes } from './version.ts'

/** An attribute that changed: its new value, or undefined where it went away. */
export type AttributeChange = { readonly name: string; readonly value: string | undefined }

/** One change of a patchset. Paths are addresses as of `addressOf`. */
export type Change =
  | { readonly operation: 'delete'; readonly path: string; readonly position?: number }
  | {
      readonly operation: 'modify'
      readonly path: string
      readonly attributes: readonly AttributeChange[]
      /** The element afterwards; its children do not count. */
      readonly result: XmlElement
    }
  | { readonly operation: 'create'; readonly path: string; readonly position: number; readonly node: XmlElement }
  | { readonly operation: 'move'; readonly path: string; readonly position: number }

/**
 * Changes that lead from one document to another with the same root (behaviour/pacemaker-daemons.md 1.6): all deletions
 * in the order of the old document, then the rest in the order of the new one. Parts that both documents share by
 * identity cost nothing.
 */
export function changesBetween(before: XmlElement, after: XmlElement): readonly Change[] {
  const deletions: Change[] = []
  const others: Change[] = []
  compare(before, after, step(before), deletions, others)
  return [...deletions, ...others]
}

/** {@link changesBetween} without what only changed its place among the attributes of an element. */
export function significantChanges(before: XmlElement, after: XmlElement): readonly Change[] {
  return changesBetween(before, after).flatMap((change): readonly Change[] => {
    if (change.operation !== 'modify') return [change]
    const old = elementAt(before, change.path)
    const attributes = change.attributes.filter(({ name, value }) => value === undefined || attr(old, name) !== value)
    return attributes.length === 0 ? [] : [{ ...change, attributes }]
  })
}

/** The element of a document that a path of a change names. */
function elementAt(root: XmlElement, path: string): XmlElement {
  const walk = (node: XmlElement, here: string): XmlElement | undefined => {
    if (here === path) return node
    if (!path.startsWith(here)) return undefined
    for (const child of node.children) {
      const found = walk(child, here + step(child))
      if (found !== undefined) return found
    }
    return undefined
  }
  const found = walk(root, step(root))
  invariant(found !== undefined, 'a changed element is in the old document')
  return found
}

function step(node: XmlElement): string {
  if (isComment(node)) return '/comment'
  const id = attr(node, 'id')
  return id === undefined ? `/${node.name}` : `/${node.name}[@id='${id}']`
}

function compare(before: XmlElement, after: XmlElement, path: string, deletions: Change[], others: Change[]): void {
  if (before === after) return
  const attributes = attributeChanges(before, after)
  if (attributes.length > 0) others.push({ operation: 'modify', path, attributes, result: after })
  if (before.children !== after.children) compareChildren(before.children, after.children, path, deletions, others)
}

/** What is set, in the order of the new element, then what went away. A value that moved in the order counts as set. */
function attributeChanges(before: XmlElement, after: XmlElement): readonly AttributeChange[] {
  if (before.attributes === after.attributes) return []
  const gone: AttributeChange[] = []
  const moved = movedAttributes(before, after)
  for (let i = 0; i < before.attributes.length; i += 2) {
    const name = before.attributes[i] as string
    if (attr(after, name) === undefined) gone.push({ name, value: undefined })
  }
  const out: AttributeChange[] = []
  for (let i = 0; i < after.attributes.length; i += 2) {
    const name = after.attributes[i] as string
    const value = after.attributes[i + 1] as string
    if (moved.has(name) || attr(before, name) !== value) out.push({ name, value })
  }
  return [...out, ...gone]
}

/** Attributes with the same value in another place. One that has been found to move is no longer counted on the side where it stood last. */
function movedAttributes(before: XmlElement, after: XmlElement): ReadonlySet<string> {
  const moved = new Set<string>()
  const skippedBefore: number[] = []
  const skippedAfter: number[] = []
  const countBelow = (items: readonly number[], limit: number) => items.filter((item) => item < limit).length
  for (let i = 0; i < before.attributes.length; i += 2) {
    const name = before.attributes[i] as string
    const at = placeOf(after, name)
    if (at < 0 || after.attributes[at + 1] !== before.attributes[i + 1]) continue
    const old = i / 2 - countBelow(skippedBefore, i)
    const now = at / 2 - countBelow(skippedAfter, at)
    if (old === now) continue
    moved.add(name)
    if (old > now) skippedBefore.push(i)
    else skippedAfter.push(at)
  }
  return moved
}

function placeOf(node: XmlElement, name: string): number {
  for (let i = 0; i < node.attributes.length; i += 2) if (node.attributes[i] === name) return i
  return -1
}

/** Children by what makes them the same object in another document: the first of each name and id. */
class Partners {
  readonly #first = new Map<string, number>()

  constructor(nodes: readonly XmlElement[]) {
    for (let i = 0; i < nodes.length; i += 1) {
      const node = nodes[i] as XmlElement
      if (isComment(node)) continue
      const key = keyOf(node)
      if (!this.#first.has(key)) this.#first.set(key, i)
    }
  }

  /** Position of the partner of an element, or -1. */
  of(node: XmlElement): number {
    return this.#first.get(keyOf(node)) ?? -1
  }
}

/** Comments are the same when their texts are, and their places (marked nodes not counted). */
function isSameComment(a: XmlElement | undefined, b: XmlElement): boolean {
  return a !== undefined && isComment(a) && a.text === b.text
}

function keyOf(node: XmlElement): string {
  return `${node.name}\0${idOf(node)}`
}

function compareChildren(
  before: readonly XmlElement[],
  after: readonly XmlElement[],
  path: string,
  deletions: Change[],
  others: Change[],
): void {
  const inAfter = new Partners(after)
  const inBefore = new Partners(before)
  /** Marked nodes of the old document, which later counts of positions skip. */
  const skipped = new Set<number>()
  /** Changes below a node that stayed, kept until its turn comes in the order of the new document. */
  const below = new Map<number, Change[]>()
  for (const [index, node] of before.entries()) {
    const place = index - skipped.size
    const at = isComment(node) ? place : inAfter.of(node)
    const partner = after[at]
    if (partner === undefined || (isComment(node) && !isSameComment(partner, node))) {
      skipped.add(index)
      const address = path + step(node)
      deletions.push({ operation: 'delete', path: address, ...(isComment(node) ? { position: place } : {}) })
      continue
    }
    if (partner === node) continue
    const found: Change[] = []
    compare(node, partner, path + step(node), deletions, found)
    if (found.length > 0) below.set(at, [...(below.get(at) ?? []), ...found])
  }
  const ranks = new Ranks(before.length, skipped)
  let position = 0
  for (const [index, node] of after.entries()) {
    const partner = isComment(node)
      ? before.findIndex((other, i) => !skipped.has(i) && isSameComment(other, node) && ranks.of(i) === position)
      : inBefore.of(node)
    if (partner < 0) {
      others.push({ operation: 'create', path, position: index, node })
      continue
    }
    others.push(...(below.get(index) ?? []))
    const old = ranks.of(partner)
    if (old !== position) others.push({ operation: 'move', path: path + step(node), position: index })
    // As the C side counts: a node that came from further back is skipped in the old order, one from the front in the new.
    if (old > position) ranks.skip(partner)
    if (old >= position) position += 1
  }
}

/** Positions in a list some of whose entries are skipped, and more as time goes on. */
class Ranks {
  readonly #before: Int32Array
  readonly #later: number[] = []

  constructor(count: number, skipped: ReadonlySet<number>) {
    this.#before = new Int32Array(count)
    let seen = 0
    for (let i = 0; i < count; i += 1) {
      this.#before[i] = seen
      if (!skipped.has(i)) seen += 1
    }
  }

  of(index: number): number {
    let rank = this.#before[index] as number
    for (const other of this.#later) if (other < index) rank -= 1
    return rank
  }

  skip(index: number): void {
    this.#later.push(index)
  }
}

/** The `<diff>` element of a patchset (format 2). */
export function patchsetOf(
  changes: readonly Change[],
  versions: { readonly source: CibVersion; readonly target: CibVersion } | undefined,
  digest?: string,
): XmlElement {
  const head =
    versions === undefined
      ? []
      : [element('version', {}, [versionElement('source', versions.source), versionElement('target', versions.target)])]
  return element('diff', { format: '2', digest }, [...head, ...changes.map(changeElement)])
}

function versionElement(name: string, version: CibVersion): XmlElement {
  const [adminEpoch, epoch, updates] = versionAttributes
  return element(name, {
    [adminEpoch]: String(version.adminEpoch),
    [epoch]: String(version.epoch),
    [updates]: String(version.updates),
  })
}

function changeElement(change: Change): XmlElement {
  const { operation, path } = change
  switch (change.operation) {
    case 'delete': {
      const position = change.position === undefined ? undefined : String(change.position)
      return element('change', { operation, path, position })
    }
    case 'create':
      return element('change', { operation, path, position: String(change.position) }, [change.node])
    case 'move':
      return element('change', { operation, path, position: String(change.position) })
    case 'modify': {
      const list = change.attributes.map(({ name, value }) =>
        element('change-attr', { name, operation: value === undefined ? 'unset' : 'set', value }),
      )
      const result = { ...change.result, children: [] }
      return element('change', { operation, path }, [
        element('change-list', {}, list),
        element('change-result', {}, [result]),
      ])
    }
    default:
      return change satisfies never
  }
}
