import { attr, element, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { idsOf, replaceChild, rewriteBelow } from './rewrite.ts'

/** Moves what some primitives are into templates, which one or several of them refer to. */
export function withTemplates(chance: Chance, configuration: XmlElement): XmlElement {
  return replaceChild(configuration, 'resources', (resources) => {
    const templates: XmlElement[] = []
    const rewritten = rewriteBelow(resources, (item) => {
      // A connection whose class comes from a template connects nothing; the C program then leaves its node out.
      if (item.name !== 'primitive' || attr(item, 'type') === 'remote' || !chance.yes(50)) return [item]
      const kin = templates.find((template) => attr(template, 'type') === attr(item, 'type'))
      if (kin !== undefined && chance.yes(40)) return [referring(item, kin, chance)]
      const moved = item.children.filter(() => chance.yes(60))
      const template = element(
        'template',
        {
          id: `T${templates.length + 1}`,
          class: attr(item, 'class'),
          provider: attr(item, 'provider'),
          type: attr(item, 'type'),
        },
        [...moved, ...moreOperations(chance, `T${templates.length + 1}`)],
      )
      templates.push(template)
      return [
        withChildren(
          referring(item, template, chance),
          item.children.filter((one) => !moved.includes(one)),
        ),
      ]
    })
    const children = chance.yes(70) ? [...templates, ...rewritten.children] : [...rewritten.children, ...templates]
    return withChildren(rewritten, children)
  })
}

function referring(item: XmlElement, template: XmlElement, chance: Chance): XmlElement {
  const keepsClass = chance.yes(10)
  return withAttributes(item, {
    class: keepsClass ? attr(item, 'class') : undefined,
    provider: keepsClass ? attr(item, 'provider') : undefined,
    type: keepsClass ? attr(item, 'type') : undefined,
    template: chance.yes(98) ? attr(template, 'id') : 'nothing',
  })
}

function moreOperations(chance: Chance, id: string): XmlElement[] {
  if (!chance.yes(30)) return []
  const operation = (name: string, interval: string, role?: string): XmlElement =>
    element('op', {
      id: `${id}-${name}-${interval}`,
      name,
      interval,
      role,
      timeout: chance.maybe(50, ['40s', '33']),
      'on-fail': chance.maybe(80, ['ignore', 'block', 'restart']),
    })
  return [
    element('operations', {}, [
      operation('monitor', '10s', chance.maybe(70, ['Started', 'Promoted', 'Unpromoted'])),
      ...(chance.yes(50) ? [operation('start', '0')] : []),
      ...(chance.yes(30) ? [operation('monitor', '13s', chance.maybe(60, ['Stopped', 'Promoted']))] : []),
    ]),
  ]
}

/** Tags over resources and templates, beside now and then one of nothing. */
function randomTags(chance: Chance, ids: readonly string[]): readonly XmlElement[] {
  return Array.from({ length: chance.int(1, 3) }, (_, i) => {
    const size = chance.yes(95) ? chance.int(1, 3) : 0
    const refs = Array.from({ length: size }, () => (chance.yes(97) ? chance.pick(ids) : 'nothing'))
    return element(
      'tag',
      { id: `tag${i + 1}` },
      [...new Set(refs)].map((id) => element('obj_ref', { id })),
    )
  })
}

/** Adds tags over some of the resources. */
export function withTags(chance: Chance, configuration: XmlElement): XmlElement {
  const resources = configuration.children.find((item) => item.name === 'resources')
  if (resources === undefined) return configuration
  const all = resources.children.flatMap((item) => attr(item, 'id') ?? [])
  const inner = idsOf(resources, ['primitive'])
  const ids = chance.yes(85) ? all : [...all, ...inner]
  return withChildren(configuration, [...configuration.children, element('tags', {}, randomTags(chance, ids))])
}

/** Lets some constraints name tags and templates where they named resources. */
export function withCollectiveNames(chance: Chance, configuration: XmlElement): XmlElement {
  const names = [...idsOf(configuration, ['tag']), ...idsOf(configuration, ['template'])]
  if (names.length === 0) return configuration
  const renamed = (item: XmlElement, attribute: string): XmlElement =>
    attr(item, attribute) !== undefined && chance.yes(35)
      ? withAttributes(item, { [attribute]: chance.pick(names) })
      : item
  return replaceChild(configuration, 'constraints', (constraints) =>
    rewriteBelow(constraints, (item) => {
      if (item.name === 'resource_ref')
        return [chance.yes(20) ? withAttributes(item, { id: chance.pick(names) }) : item]
      // The C program aborts on a resource that is ordered with itself, as a tag on one side may have it: few orders get one.
      const sides = item.name !== 'rsc_order' ? ['rsc', 'with-rsc'] : chance.yes(25) ? ['first'] : []
      return [sides.reduce(renamed, item)]
    }),
  )
}
