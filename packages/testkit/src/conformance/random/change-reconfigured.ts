import { attr, child, childrenNamed, element, idOf, withAttributes, withChildren, type XmlElement } from '@quorate/xml'
import type { Chance } from './chance.ts'
import { pairs } from './resources.ts'
import { replaceChild, rewriteBelow } from './rewrite.ts'

/** One change of a list of resources, which may have nothing to change there. */
type Change = (chance: Chance, list: readonly XmlElement[]) => readonly XmlElement[]

function isPlain(item: XmlElement): boolean {
  return item.name === 'primitive' && attr(item, 'type') !== 'remote'
}

function one(chance: Chance, list: readonly XmlElement[], fits: (item: XmlElement) => boolean): XmlElement | undefined {
  const found = list.filter(fits)
  return found.length === 0 ? undefined : chance.pick(found)
}

function replaced(list: readonly XmlElement[], old: XmlElement, now: readonly XmlElement[]): readonly XmlElement[] {
  return list.flatMap((item) => (item === old ? now : [item]))
}

const removed: Change = (chance, list) => {
  const item = one(chance, list, ({ name }) => name !== 'template')
  return item === undefined ? list : replaced(list, item, [])
}

/** What was one resource becomes instances; constraints go on naming what is now inside. */
const cloned: Change = (chance, list) => {
  const item = one(chance, list, (of) => isPlain(of) || of.name === 'group')
  if (item === undefined) return list
  const id = `${idOf(item)}-clone`
  const meta = pairs('meta_attributes', `${id}-meta`, {
    promotable: item.name === 'primitive' ? chance.maybe(65, ['true']) : undefined,
    'clone-max': chance.maybe(60, ['1', '2', '3']),
    'globally-unique': chance.maybe(80, ['true']),
    interleave: chance.maybe(50, ['true']),
  })
  return replaced(list, item, [element('clone', { id }, [...meta, item])])
}

const uncloned: Change = (chance, list) => {
  const item = one(chance, list, ({ name }) => name === 'clone')
  const inner = item?.children.filter(({ name }) => name === 'primitive' || name === 'group')
  return item === undefined || inner === undefined ? list : replaced(list, item, inner)
}

const grouped: Change = (chance, list) => {
  const members = list.filter((item) => isPlain(item) && chance.yes(50))
  const [first] = members
  if (first === undefined) return list
  const group = element('group', { id: `${idOf(first)}-group` }, chance.yes(50) ? members : [...members].reverse())
  return list.flatMap((item) => (item === first ? [group] : members.includes(item) ? [] : [item]))
}

const ungrouped: Change = (chance, list) => {
  const group = one(chance, list, ({ name }) => name === 'group')
  return group === undefined ? list : replaced(list, group, childrenNamed(group, 'primitive'))
}

/** A member goes to another place in its group, out of it, or away. */
const moved: Change = (chance, list) => {
  const group = one(chance, list, ({ name }) => name === 'group')
  const member = group === undefined ? undefined : one(chance, group.children, ({ name }) => name === 'primitive')
  if (group === undefined || member === undefined) return list
  const rest = group.children.filter((item) => item !== member)
  const way = chance.int(1, 3)
  if (way === 1) return replaced(list, group, [withChildren(group, [...rest, member])])
  return replaced(list, group, way === 2 ? [withChildren(group, rest), member] : [withChildren(group, rest)])
}

const resized: Change = (chance, list) => {
  const clone = one(chance, list, ({ name }) => name === 'clone')
  if (clone === undefined) return list
  const values = {
    'clone-max': chance.maybe(30, ['0', '1', '2', '6']),
    'clone-node-max': chance.maybe(75, ['1', '2']),
    'globally-unique': chance.maybe(70, ['true', 'false']),
    promotable: chance.maybe(85, ['true', 'false']),
    'promoted-max': chance.maybe(80, ['0', '1', '2']),
  }
  const kept = clone.children.filter(({ name }) => name !== 'meta_attributes')
  const sets = childrenNamed(clone, 'meta_attributes').map((set) =>
    withChildren(
      set,
      set.children.filter((pair) => values[attr(pair, 'name') as keyof typeof values] === undefined),
    ),
  )
  const made = pairs('meta_attributes', `${idOf(clone)}-resized`, values)
  return replaced(list, clone, [withChildren(clone, [...made, ...sets, ...kept])])
}

/** Bundles with another number of replicas, or with another network. */
const rescaled: Change = (chance, list) => {
  const bundle = one(chance, list, ({ name }) => name === 'bundle')
  if (bundle === undefined) return list
  const engines = new Set(['docker', 'podman', 'rkt'])
  const now = rewriteBelow(bundle, (item) => {
    if (engines.has(item.name)) return [withAttributes(item, { replicas: chance.pick(['1', '2', '3', '4']) })]
    if (item.name !== 'network' || !chance.yes(30)) return [item]
    return [withAttributes(item, { 'ip-range-start': '192.168.122.60', 'control-port': '3131' })]
  })
  return replaced(list, bundle, [now])
}

/** Another agent, or none that a history knows. */
const exchanged: Change = (chance, list) => {
  const item = one(chance, list, isPlain)
  return item === undefined
    ? list
    : replaced(list, item, [withAttributes(item, { type: chance.pick(['Other', 'Stateful']) })])
}

const reordered: Change = (chance, list) => {
  const item = one(chance, list, () => true)
  return item === undefined ? list : [...list.filter((other) => other !== item), item]
}

const changes: readonly Change[] = [
  ...[removed, removed, cloned, cloned, uncloned, uncloned, grouped, ungrouped],
  ...[moved, moved, resized, resized, rescaled, exchanged, reordered],
]

/** A node that leaves the configuration or the status section, or whose name another one gets. */
function withOtherNodes(chance: Chance, cib: XmlElement): XmlElement {
  const without = (of: XmlElement): XmlElement => {
    const gone = of.children.length === 0 ? undefined : chance.pick(of.children)
    return withChildren(
      of,
      of.children.filter((item) => item !== gone || item.name === 'tickets'),
    )
  }
  if (chance.yes(50)) return replaceChild(cib, 'status', without)
  return replaceChild(cib, 'configuration', (configuration) => replaceChild(configuration, 'nodes', without))
}

/**
 * Changes a configuration after its histories were written, as people do: resources are removed, cloned, grouped, moved and
 * get other agents, clones and bundles change their size, nodes go. What was active before is then found to be too much, in
 * the wrong place, or an orphan.
 */
export function withReconfiguration(chance: Chance, cib: XmlElement): XmlElement {
  const configuration = child(cib, 'configuration')
  if (configuration === undefined) return cib
  let now = cib
  for (let i = chance.int(1, 3); i > 0; i -= 1) {
    const change = chance.pick(changes)
    now = replaceChild(now, 'configuration', (of) =>
      replaceChild(of, 'resources', (resources) => withChildren(resources, change(chance, resources.children))),
    )
  }
  return chance.yes(20) ? withOtherNodes(chance, now) : now
}
