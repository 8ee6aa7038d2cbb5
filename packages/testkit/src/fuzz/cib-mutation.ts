import type { Prng } from '@quorate/base'
import { attr, type XmlElement } from '@quorate/xml'

/** Documents to take from, and names that point at something. */
export type Soil = {
  readonly documents: readonly XmlElement[]
  /** Ids of elements of the document that is changed: what references may be bent to. */
  readonly ids: readonly string[]
}

/** Attributes whose value names another element: bending them makes loops and dead ends. */
const references: ReadonlySet<string> = new Set([
  'rsc',
  'with-rsc',
  'first',
  'then',
  'template',
  'id-ref',
  'id',
  'node',
  'ticket',
  'on_node',
  'uname',
  'container',
  'remote-node',
])

/** Values that numbers, scores, times, booleans and names are tried with. */
export const oddValues = [
  '',
  '0',
  '1',
  '-1',
  '7',
  '193',
  'INFINITY',
  '-INFINITY',
  '+INFINITY',
  '999999999999999999999',
  '-2147483649',
  '1000000',
  'true',
  'false',
  'default',
  '#default',
  '20ms',
  '10s',
  'PT1S',
  'P9999Y',
  '2038-01-19 03:14:07Z',
  '2020-W53-7',
  'Promoted',
  'Master',
  'Stopped',
  'red',
  'ignore',
  'block',
  'restart-container',
  '0:0;1:1:0:x',
  '1:2:7:ffffffff-ffff-ffff-ffff-ffffffffffff',
  '(',
  '%1',
  'é\u0000',
  '__proto__',
  'constructor',
] as const

/** Most elements that one change may copy; more would only measure how long large documents take. */
const copiedMax = 400

function size(of: XmlElement): number {
  let count = 0
  const pending = [of]
  for (let item = pending.pop(); item !== undefined && count <= copiedMax; item = pending.pop()) {
    count += 1
    for (const below of item.children) pending.push(below)
  }
  return count
}

/** Ids of all elements, in document order. */
export function idsIn(root: XmlElement): readonly string[] {
  const found: string[] = []
  const walk = (of: XmlElement): void => {
    const id = attr(of, 'id')
    if (id !== undefined) found.push(id)
    for (const item of of.children) walk(item)
  }
  walk(root)
  return found
}

/** Some element below the root, reached by chance. */
function anywhere(prng: Prng, root: XmlElement): XmlElement {
  let at = root
  while (at.children.length > 0 && (at === root || !prng.chance(1, 6))) at = prng.pick(at.children)
  return at
}

/** The document with one thing changed somewhere: attributes, elements, references. */
export function mutated(prng: Prng, root: XmlElement, soil: Soil): XmlElement {
  const isHere = root.children.length === 0 || prng.chance(1, 5)
  if (isHere) return changed(prng, root, soil)
  const at = prng.below(root.children.length)
  const child = root.children[at] as XmlElement
  const children = [...root.children]
  switch (prng.below(12)) {
    case 0:
      children.splice(at, 1)
      break
    case 1:
      if (size(child) <= copiedMax) children.splice(prng.below(children.length), 0, child)
      break
    case 2:
      children.splice(at, 1)
      children.splice(prng.below(children.length + 1), 0, child)
      break
    default:
      children[at] = mutated(prng, child, soil)
  }
  return { ...root, children }
}

function changed(prng: Prng, of: XmlElement, soil: Soil): XmlElement {
  const count = of.attributes.length / 2
  switch (prng.below(8)) {
    case 0:
      return count === 0 ? of : withoutAttribute(of, prng.below(count))
    case 1:
      return grown(prng, of, soil)
    case 2:
      return { ...of, name: anywhere(prng, prng.pick(soil.documents)).name }
    case 3:
      return { ...of, attributes: anywhere(prng, prng.pick(soil.documents)).attributes }
    default:
      return count === 0 ? grown(prng, of, soil) : withOddValue(prng, of, prng.below(count), soil)
  }
}

function withoutAttribute(of: XmlElement, index: number): XmlElement {
  const attributes = [...of.attributes]
  attributes.splice(index * 2, 2)
  return { ...of, attributes }
}

function withOddValue(prng: Prng, of: XmlElement, index: number, soil: Soil): XmlElement {
  const attributes = [...of.attributes]
  const isReference = references.has(attributes[index * 2] ?? '')
  const bends = soil.ids.length > 0 && prng.chance(isReference ? 7 : 1, 8)
  attributes[index * 2 + 1] = bends ? prng.pick(soil.ids) : prng.pick(oddValues)
  return { ...of, attributes }
}

/** The element with one of another document as one more child. */
function grown(prng: Prng, of: XmlElement, soil: Soil): XmlElement {
  const guest = anywhere(prng, prng.pick(soil.documents))
  return size(guest) > copiedMax ? of : { ...of, children: [...of.children, guest] }
}
