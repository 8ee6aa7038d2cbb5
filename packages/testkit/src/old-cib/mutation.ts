import type { XmlElement } from '@quorate/xml'
import { element, isComment, withAttributes, withChildren } from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'

const strayNames = [
  'score',
  'kind',
  'id',
  'id-ref',
  'role',
  'type',
  'value',
  'name',
  'requires',
  'attribute',
  'description',
]
const strayValues = ['', 'x', '5', '-5', 'INFINITY', 'true', 'Master', 'normal', 'remote', 'fence', 'a b', '1.5']
const strayElements = [
  'primitive',
  'rule',
  'nvpair',
  'meta_attributes',
  'lifetime',
  'op',
  'role',
  'acl_user',
  'tag',
  'docker',
]

/** The document with one to three things changed at random: attributes, values, elements, their order and number. */
export function mutated(root: XmlElement, chance: Chance): XmlElement {
  let now = root
  for (let n = chance.int(1, 3); n > 0; n -= 1) now = changedOnce(now, chance)
  return now
}

function changedOnce(root: XmlElement, chance: Chance): XmlElement {
  const all = countOf(root)
  let at = chance.int(0, all - 1)
  const walk = (node: XmlElement): XmlElement => {
    if (at === 0) {
      at -= 1
      return isComment(node) ? node : changed(node, chance)
    }
    at -= 1
    return at < 0
      ? node
      : withChildren(
          node,
          node.children.map((item) => (at < 0 ? item : walk(item))),
        )
  }
  return walk(root)
}

function countOf(node: XmlElement): number {
  return node.children.reduce((sum, item) => sum + countOf(item), 1)
}

function changed(node: XmlElement, chance: Chance): XmlElement {
  const names = node.attributes.filter((_, index) => index % 2 === 0)
  const children = [...node.children]
  switch (chance.int(0, 6)) {
    case 0:
      return names.length === 0 ? node : withAttributes(node, { [chance.pick(names)]: undefined })
    case 1:
      return names.length === 0 ? node : withAttributes(node, { [chance.pick(names)]: chance.pick(strayValues) })
    case 2:
      return withAttributes(node, { [chance.pick(strayNames)]: chance.pick(strayValues) })
    case 3:
      if (children.length > 0) children.splice(chance.int(0, children.length - 1), 1)
      return withChildren(node, children)
    case 4:
      if (children.length > 0) children.push(chance.pick(children))
      return withChildren(node, children)
    case 5:
      return withChildren(node, rotated(children, chance))
    default:
      children.splice(
        chance.int(0, children.length),
        0,
        element(chance.pick(strayElements), { id: `stray${countOf(node)}` }),
      )
      return withChildren(node, children)
  }
}

function rotated<T>(list: readonly T[], chance: Chance): T[] {
  const by = list.length === 0 ? 0 : chance.int(0, list.length - 1)
  return [...list.slice(by), ...list.slice(0, by)]
}
