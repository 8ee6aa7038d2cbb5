import { attr, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { idsOf, replaceChild, rewrite, rewriteBelow } from './rewrite.ts'

const sets = new Set(['meta_attributes', 'instance_attributes', 'utilization', 'cluster_property_set'])

/** Sets and pairs that are only said where they are: most of them refer to one that there is. */
function referring(chance: Chance, configuration: XmlElement): XmlElement {
  const known = new Map(
    [...sets, 'nvpair', 'operations', 'rule', 'resource_set'].map((name) => [name, idsOf(configuration, [name])]),
  )
  const idFor = (name: string): string => {
    const ids = known.get(name) ?? []
    return ids.length === 0 || chance.yes(4) ? 'nothing' : chance.pick(ids)
  }
  let made = 0
  return rewriteBelow(configuration, (item) => {
    if (sets.has(item.name) && chance.yes(15)) {
      const reference = element(item.name, { 'id-ref': idFor(item.name) })
      return chance.yes(40) ? [item, reference] : chance.yes(50) ? [reference, item] : [item, reference, reference]
    }
    if (sets.has(item.name) && chance.yes(15)) {
      made += 1
      const name = chance.maybe(70, ['priority', 'cpu', 'site', 'target-role'])
      const pair = element('nvpair', { 'id-ref': idFor('nvpair'), name })
      return [withChildren(item, [...item.children, pair])]
    }
    if (sets.has(item.name) && chance.yes(12)) {
      // The same names once more: in the set itself, or in another one with a score.
      made += 1
      const again = item.children
        .filter((pair) => pair.name === 'nvpair' && attr(pair, 'id') !== undefined)
        .map((pair) =>
          withAttributes(pair, {
            id: `${idOf(pair)}-again${made}`,
            value: chance.pick(['1', '2', 'true', 'Stopped', '#default', '']),
          }),
        )
      if (chance.yes(50)) return [withChildren(item, [...item.children, ...again])]
      const other = element(
        item.name,
        { id: `again${made}`, score: chance.maybe(30, ['1', '-1', '0', '+5', 'INFINITY', '-INFINITY']) },
        again,
      )
      return chance.yes(50) ? [item, other] : [other, item]
    }
    if (item.name === 'operations' && chance.yes(12)) return [element('operations', { 'id-ref': idFor('operations') })]
    if (item.name === 'operations' && chance.yes(30))
      return [withAttributes(item, { id: `${idOf(item.children[0] ?? item)}-list` })]
    if (item.name === 'nvpair' && chance.yes(3)) return [withAttributes(item, { value: undefined })]
    if (item.name === 'resource_set' && chance.yes(8))
      return [element('resource_set', { 'id-ref': idFor('resource_set') })]
    return [item]
  })
}

/** Ids that are hard to read: with signs that mean something elsewhere, long, or alike but for case. */
const ids = [
  'a.b-c',
  'UPPER',
  'upper',
  'x_start_0',
  'r-1',
  'n1',
  'N2',
  'with.dots.',
  '_u',
  'monitor_0',
  'stonith-n1',
  'a_monitor_10000',
  'l'.repeat(120),
  'ä',
  'rsc-0',
  'a--b',
  'load_stopped_n1',
  '_last_0',
  'x_post_notify_start_0',
  'migrate_to_0',
]

/** Other ids for some resources, everywhere where their ids stand. */
function renamed(chance: Chance, cib: XmlElement): XmlElement {
  const left = [...ids]
  const found = new Map<string, string>()
  for (const id of idsOf(cib, ['primitive', 'group', 'clone'])) {
    if (!chance.yes(30) || left.length === 0 || found.has(id)) continue
    const chosen = chance.pick(left)
    left.splice(left.indexOf(chosen), 1)
    found.set(id, chosen)
  }
  const byLength = [...found.keys()].sort((a, b) => b.length - a.length)
  const nameOf = (text: string): string => {
    const known = found.get(text)
    if (known !== undefined) return known
    const number = /^(.*):(\d+)$/.exec(text)
    const base = number === null ? undefined : found.get(number[1] ?? '')
    if (number !== null && base !== undefined) return `${base}:${number[2]}`
    const at = /^(fail-count-|last-failure-|master-)(.*)$/.exec(text)
    if (at !== null) {
      const old = byLength.find((id) => at[2] === id || at[2]?.startsWith(`${id}#`) || at[2]?.startsWith(`${id}:`))
      return old === undefined ? text : `${at[1]}${found.get(old) ?? ''}${at[2]?.slice(old.length) ?? ''}`
    }
    const old = byLength.find((id) => text.startsWith(`${id}_`) || text.startsWith(`${id}:`))
    return old === undefined ? text : `${found.get(old) ?? ''}${text.slice(old.length)}`
  }
  const places = new Set(['id', 'rsc', 'with-rsc', 'first', 'then', 'operation_key', 'name', 'container', 'template'])
  const elements = new Set([
    'primitive',
    'group',
    'clone',
    'lrm_resource',
    'lrm_rsc_op',
    'nvpair',
    'resource_ref',
    'obj_ref',
    'rsc_location',
    'rsc_colocation',
    'rsc_order',
    'rsc_ticket',
  ])
  return (
    rewrite(cib, (item) => {
      if (!elements.has(item.name)) return [item]
      const isStatus = item.name.startsWith('lrm_')
      const attributes = item.attributes.map((text, i) => {
        const name = item.attributes[i - 1] ?? ''
        if (i % 2 === 0 || !places.has(name)) return text
        if (item.name === 'nvpair')
          return name === 'name' && /^(fail-count|last-failure|master)-/.test(text) ? nameOf(text) : text
        if (item.name.startsWith('rsc_') && name === 'id') return text
        return isStatus || found.has(text) || /:\d+$/.test(text) ? nameOf(text) : text
      })
      return [{ ...item, attributes }]
    })[0] ?? cib
  )
}

/** Sections without anything in them, and several sets where there was one. */
function emptied(chance: Chance, configuration: XmlElement): XmlElement {
  let now = configuration
  for (const name of ['rsc_defaults', 'op_defaults', 'tags', 'fencing-topology', 'acls', 'alerts']) {
    if (now.children.some((item) => item.name === name) || !chance.yes(25)) continue
    now = withChildren(now, [...now.children, element(name)])
  }
  return rewriteBelow(now, (item) => {
    const isAny = ['primitive', 'group', 'clone', 'bundle', 'node'].includes(item.name)
    if (!isAny || !chance.yes(10)) return [item]
    const kind = item.name === 'node' ? 'utilization' : chance.pick(['meta_attributes', 'instance_attributes'])
    return [withChildren(item, [element(kind, { id: `${idOf(item)}-empty-${kind}` }), ...item.children])]
  })
}

/** References between sets, names that are there several times, empty sections, and ids that are hard to read. */
export function withReferences(chance: Chance, cib: XmlElement): XmlElement {
  let now = cib
  if (chance.yes(65)) now = replaceChild(now, 'configuration', (item) => referring(chance, item))
  if (chance.yes(30)) now = replaceChild(now, 'configuration', (item) => emptied(chance, item))
  if (chance.yes(40)) now = renamed(chance, now)
  return now
}
