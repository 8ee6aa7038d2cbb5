import {
  attr,
  attributePairs,
  comment,
  element,
  idOf,
  withAttributes,
  withChildren,
  type XmlElement,
} from '@quorate/xml'
import type { Chance } from '../conformance/random/chance.ts'

/** An element of a CIB and the names of those that it is in. */
export type Piece = { readonly item: XmlElement; readonly path: readonly string[] }

/** All elements of a CIB, comments left out. */
export function piecesOf(cib: XmlElement): readonly Piece[] {
  const out: Piece[] = []
  const walk = (item: XmlElement, path: readonly string[]) => {
    if (item.name.startsWith('#')) return
    out.push({ item, path })
    for (const child of item.children) walk(child, [...path, item.name])
  }
  walk(cib, [])
  return out
}

const values = ['1', '0', 'true', 'x', '', 'INFINITY', 'a "b" <c> & d', 'n1', 'value++', 'value+=5', '2++', '1+=x']
const names = ['value', 'name', 'description', 'type', 'class', 'uname', 'score', 'rsc', 'id', 'foo']

function otherAttribute(chance: Chance, item: XmlElement): XmlElement {
  const pairs = [...attributePairs(item)].filter(([name]) => name !== 'id')
  if (pairs.length > 0 && chance.yes(70)) {
    const [name, value] = chance.pick(pairs)
    const now = chance.pick([`${value}x`, chance.pick(values), undefined, `${name}++`, `${name}+=2`])
    return withAttributes(item, { [name]: now })
  }
  return withAttributes(item, { [chance.pick(names)]: chance.pick(values) })
}

/** Something that can stand in an element of that name, or cannot. */
function newChild(chance: Chance, item: XmlElement): XmlElement {
  const id = `new-${chance.int(1, 99)}`
  const pair = element('nvpair', { id, name: chance.pick(['a', 'target-role']), value: chance.pick(values) })
  const made: Readonly<Record<string, XmlElement>> = {
    nodes: element('node', { id: chance.pick(['1', '77']), uname: chance.pick(['n1', 'new']) }),
    resources: element('primitive', { id, class: 'ocf', provider: 'pacemaker', type: 'Dummy' }),
    group: element('primitive', { id, class: 'ocf', provider: 'pacemaker', type: 'Dummy' }),
    constraints: element('rsc_location', { id, rsc: 'r1', node: 'n1', score: '5' }),
    status: element('node_state', { id: chance.pick(['1', '77']), uname: 'n1', crmd: 'online' }),
    operations: element('op', { id, name: 'monitor', interval: '9s' }),
    tickets: element('ticket_state', { id: 'T9', granted: 'true' }),
  }
  return chance.yes(90) ? (made[item.name] ?? pair) : chance.pick([pair, comment(' new '), element('bogus', { id })])
}

/** An element with something changed in it. */
export function changed(chance: Chance, item: XmlElement): XmlElement {
  const { children } = item
  const at = chance.int(0, children.length)
  switch (
    chance.pick(['attribute', 'attribute', 'add', 'add', 'drop', 'below', 'below', 'id', 'swap', 'empty', 'same'])
  ) {
    case 'attribute':
      return otherAttribute(chance, item)
    case 'add':
      return withChildren(item, children.toSpliced(at, 0, newChild(chance, item)))
    case 'drop':
      return withChildren(item, children.toSpliced(at, 1))
    case 'below':
      if (children.length === 0) return otherAttribute(chance, item)
      return withChildren(
        item,
        children.map((child, place) => (place === at % children.length ? changed(chance, child) : child)),
      )
    case 'id':
      return withAttributes(item, { id: chance.pick([`${idOf(item)}x`, 'new', undefined, '', '1']) })
    case 'swap':
      return withChildren(item, [...children].reverse())
    case 'empty':
      return withChildren(item, [])
    default:
      return item
  }
}

/** Only what tells an element from others: mostly its id. */
function bare(chance: Chance, item: XmlElement): XmlElement {
  const pairs = [...attributePairs(item)]
  const kept = pairs.filter(([name]) => (name === 'id' ? chance.yes(93) : chance.yes(25)))
  return element(item.name, Object.fromEntries(kept))
}

/** What a change of a piece of a CIB is asked with: it, a part of it, or it with something changed. */
export function askedPiece(chance: Chance, { item }: Piece): XmlElement {
  const kind = chance.int(1, 100)
  if (kind <= 25) return bare(chance, item)
  if (kind <= 40) return changed(chance, bare(chance, item))
  if (kind <= 85) return changed(chance, item)
  return item
}

/** A path to an element, in one of the ways in which people write them. */
export function xpathTo(chance: Chance, { item, path }: Piece): string {
  const pairs = [...attributePairs(item)]
  const id = attr(item, 'id')
  const quote = chance.pick(["'", '"'])
  const [name, value] = pairs.length > 0 && chance.yes(25) ? chance.pick(pairs) : ['id', id]
  const test = value === undefined || chance.yes(15) ? '' : `[@${name}=${quote}${value}${quote}]`
  switch (chance.pick(['deep', 'deep', 'deep', 'full', 'full', 'star', 'parent', 'attribute', 'place'])) {
    case 'full':
      return `/${[...path, item.name].join('/')}${test}`
    case 'star':
      return `//*${test === '' ? '[@id]' : test}`
    case 'parent':
      return `//${item.name}${test}/..`
    case 'attribute':
      return `//${item.name}${test}/@${name}`
    case 'place':
      return `//${item.name}[${chance.pick(['1', 'last()', 'position()<3', '@id and @name', 'not(@id)', '*'])}]`
    default:
      return `//${item.name}${test}`
  }
}
