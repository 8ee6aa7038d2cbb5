import { attr, child, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'
import { withPairs } from './settings.ts'

/** Texts with signs that mean something to XML, to graphviz, to a shell, or to those who count bytes or columns. */
const texts = [
  'a&b',
  '<tag/>',
  'say "this"',
  "it's",
  'a\nb',
  'a\tb',
  'a\rb',
  ' edges ',
  '',
  'ümläut',
  '日本',
  '😀',
  '%s %d %%',
  'back\\slash',
  '$(x) `y`',
  'a=b,c;d:e#f',
  '&amp;',
  '&#10;',
  'l'.repeat(300),
  '\u00a0',
  '\u0085',
  ']]>',
  '{"a":[1]}',
]
/**
 * Names with such signs, as far as each is one word. One list for each cluster: where one text has both, the real program
 * writes what is no XML (it escapes nothing after the first letter beyond ASCII).
 */
const nameLists = [
  ['n&1', 'n<1', "n'1", 'n"1', 'n 1', 'n:1', 'n#1', 'n%s', 'n.1-a_b', 'n\\1', 'n@1', 'n=1'],
  ['ö', '日本', '😀', 'n.1', 'ÄÖ', 'äö', 'n-1'],
]

/** Nodes by other names, wherever they stand. */
function renamedNodes(chance: Chance, cib: XmlElement): XmlElement {
  const left = [...chance.pick(nameLists)]
  const found = new Map<string, string>()
  const nodes = child(child(cib, 'configuration') ?? cib, 'nodes')?.children ?? []
  for (const node of nodes) {
    const uname = attr(node, 'uname')
    if (uname === undefined || attr(node, 'type') === 'remote' || left.length === 0 || !chance.yes(60)) continue
    const chosen = chance.pick(left)
    left.splice(left.indexOf(chosen), 1)
    found.set(uname, chosen)
  }
  const places = new Set(['uname', 'node', 'on_node', 'migrate_source', 'migrate_target', 'target', 'value'])
  return rewriteBelow(cib, (item) => {
    const attributes = item.attributes.map((text, i) =>
      i % 2 === 1 && places.has(item.attributes[i - 1] ?? '') ? (found.get(text) ?? text) : text,
    )
    return [{ ...item, attributes }]
  })
}

function withParameterTexts(chance: Chance, item: XmlElement): XmlElement {
  const values: Record<string, string> = {}
  for (const name of ['text', 'other', 'third']) if (chance.yes(45)) values[name] = chance.pick(texts)
  if (chance.yes(15))
    values[chance.pick(['näme', 'a b', 'a.b', 'A', 'a-b', '_x', 'x:y', 'xml', '日'])] = chance.pick(texts)
  const grown = withPairs(item, 'instance_attributes', values)
  return chance.yes(35) ? withPairs(grown, 'meta_attributes', { own: chance.pick(texts) }) : grown
}

/** Tickets by other names. */
function renamedTickets(chance: Chance, cib: XmlElement): XmlElement {
  const name = chance.pick(texts)
  return rewriteBelow(cib, (item) => {
    if (item.name === 'rsc_ticket' && attr(item, 'ticket') === 'T1') return [withAttributes(item, { ticket: name })]
    return [item.name === 'ticket_state' && idOf(item) === 'T1' ? withAttributes(item, { id: name }) : item]
  })
}

/** Texts of every kind where any text can be: parameters, names, reasons, attributes of nodes. */
export function withTexts(chance: Chance, cib: XmlElement): XmlElement {
  let now = replaceChild(cib, 'configuration', (configuration) => {
    const resources = replaceChild(configuration, 'resources', (list) =>
      rewriteBelow(list, (item) => {
        const isPlain = item.name === 'primitive' && attr(item, 'type') !== 'remote'
        return [isPlain && chance.yes(60) ? withParameterTexts(chance, item) : item]
      }),
    )
    return replaceChild(resources, 'nodes', (nodes) =>
      withChildren(
        nodes,
        nodes.children.map((node) =>
          chance.yes(40) ? withPairs(node, 'instance_attributes', { site: chance.pick(texts), own: 'x' }) : node,
        ),
      ),
    )
  })
  now = replaceChild(now, 'status', (status) =>
    rewriteBelow(status, (item) => {
      if (item.name !== 'lrm_rsc_op' || !chance.yes(30)) return [item]
      return [withAttributes(item, { 'exit-reason': chance.pick(texts) })]
    }),
  )
  if (chance.yes(25)) now = renamedTickets(chance, now)
  if (chance.yes(35)) now = renamedNodes(chance, now)
  if (chance.yes(30)) {
    const value = chance.pick(texts)
    const expression = element('expression', { id: 'text-e', attribute: 'site', operation: 'eq', value })
    const rule = element('rule', { id: 'text-r', score: '7' }, [expression])
    now = replaceChild(now, 'configuration', (configuration) =>
      replaceChild(configuration, 'constraints', (constraints) =>
        withChildren(constraints, [
          ...constraints.children,
          element('rsc_location', { id: 'text', rsc: 'r1' }, [rule]),
        ]),
      ),
    )
  }
  return now
}
