import { attr, child, childrenNamed, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'

const engines = ['docker', 'podman', 'rkt']

/** Ids of what a bundle makes for itself, and of what is in it. */
function ofBundle(bundle: XmlElement): readonly string[] {
  const id = idOf(bundle)
  const engine = bundle.children.find(({ name }) => engines.includes(name))?.name ?? 'podman'
  const start = attr(childrenNamed(bundle, 'network')[0] ?? bundle, 'ip-range-start')
  return [
    ...childrenNamed(bundle, 'primitive').map(idOf),
    ...[0, 1].flatMap((i) => [`${id}-${i}`, `${id}-${engine}-${i}`]),
    ...(start === undefined ? [] : [`${id}-ip-${start}`]),
    `${id}-${engine}`,
  ]
}

function metaOf(of: XmlElement, name: string): readonly string[] {
  const sets = childrenNamed(of, 'meta_attributes').flatMap(({ children }) => children)
  return sets.flatMap((pair) => (attr(pair, 'name') === name ? (attr(pair, 'value') ?? []) : []))
}

/** Ids that a constraint can name beside those of the resources at the top: of members, instances, and what is implied. */
function innerIds(of: XmlElement): readonly string[] {
  switch (of.name) {
    case 'bundle':
      return ofBundle(of)
    case 'clone':
      return of.children
        .filter(({ name }) => name === 'primitive' || name === 'group')
        .flatMap((item) => [idOf(item), `${idOf(item)}:0`, `${idOf(item)}:1`, ...innerIds(item)])
    case 'group':
      return childrenNamed(of, 'primitive').flatMap((item) => [idOf(item), ...innerIds(item)])
    default:
      return metaOf(of, 'remote-node')
  }
}

/** Lets constraints name what is inside of resources or implied by them. */
export function withInnerNames(chance: Chance, configuration: XmlElement): XmlElement {
  const inner = (child(configuration, 'resources')?.children ?? []).flatMap(innerIds)
  if (inner.length === 0) return configuration
  const tops = (child(configuration, 'resources')?.children ?? []).filter(({ name }) => name !== 'template').map(idOf)
  const renamed = (item: XmlElement, attribute: string): XmlElement =>
    attr(item, attribute) !== undefined && chance.yes(45)
      ? withAttributes(item, { [attribute]: chance.pick(inner) })
      : item
  const fresh = Array.from({ length: chance.int(0, 2) }, (_, i): XmlElement => {
    const id = `inner${i + 1}`
    const [a, b] = chance.yes(50) ? [chance.pick(inner), chance.pick(tops)] : [chance.pick(tops), chance.pick(inner)]
    if (chance.yes(50)) {
      const score = chance.pick(['INFINITY', '-INFINITY', '50', '-50'])
      return element('rsc_colocation', { id, rsc: a, 'with-rsc': b, score })
    }
    const then = Object.fromEntries([['then', b]])
    return element('rsc_order', {
      id,
      first: a,
      ...then,
      kind: chance.maybe(50, ['Optional', 'Mandatory', 'Serialize']),
    })
  })
  return replaceChild(configuration, 'constraints', (constraints) => {
    const changed = rewriteBelow(constraints, (item) => {
      if (item.name === 'resource_ref') return [renamed(item, 'id')]
      // A resource that is ordered with itself, or with what holds it, makes the real program abort: one side changes at most.
      const sides = item.name === 'rsc_order' ? [chance.pick(['first', 'then'])] : ['rsc', 'with-rsc']
      return [sides.reduce(renamed, item)]
    })
    return withChildren(changed, [...changed.children, ...fresh])
  })
}
