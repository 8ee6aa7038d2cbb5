import { attr, child, childrenNamed, element, withChildren, type XmlElement } from '@quorate/xml'
import { goneStacks } from '../schema-table.ts'
import { type Fate, optionFates, stackFate } from './old-names.ts'
import {
  hasPairs,
  hasRule,
  itemsOf,
  madePrefix,
  nodesOf,
  pairName,
  renamed,
  type SetItem,
  withItems,
} from './pair-set.ts'

/** Told what an upgrade does to a configuration, a line each. */
export type Note = (line: string) => void

type Section = 'rsc_defaults' | 'op_defaults'
type Moved = Readonly<Record<Section, SetItem[]>>

const place = 'Cluster properties'

/** Cluster options under their names of today; some move to where defaults of resources and operations are. */
export function upgradedOptions(configuration: XmlElement, note: Note): XmlElement {
  const moved: Moved = { rsc_defaults: [], op_defaults: [] }
  const children = configuration.children.map((section) =>
    section.name === 'crm_config' ? upgradedSection(section, moved, note) : section,
  )
  const withDefaults = [
    ...children.map((section) => (isDefaults(section.name) ? withMoved(section, moved[section.name]) : section)),
    ...(['op_defaults', 'rsc_defaults'] as const)
      .filter((name) => child(configuration, name) === undefined && moved[name].length > 0)
      .map((name) => element(name, {}, [newDefaults(name, moved[name])])),
  ]
  return withChildren(configuration, withDefaults)
}

function isDefaults(name: string): name is Section {
  return name === 'rsc_defaults' || name === 'op_defaults'
}

function newDefaults(section: Section, items: readonly SetItem[]): XmlElement {
  const id = `${madePrefix}-${section.replace('_', '-')}`
  return element('meta_attributes', { id }, nodesOf(items))
}

function upgradedSection(section: XmlElement, moved: Moved, note: Note): XmlElement {
  const children = section.children
    .map((set) => (set.name === 'cluster_property_set' ? upgradedSet(set, moved, note) : set))
    .filter((set) => set.name !== 'cluster_property_set' || hasPairs(set))
  return withChildren(section, children)
}

function upgradedSet(set: XmlElement, moved: Moved, note: Note): XmlElement {
  const isConditional = hasRule(set)
  const kept: SetItem[] = []
  for (const item of itemsOf(set)) {
    const fate = fateOf(item)
    if (fate === undefined) kept.push(item)
    else {
      tell(note, attr(item.node, 'id') ?? '', pairName(item) ?? '', fate)
      if (fate.kind === 'renamed') kept.push(renamed(item, fate.to))
      else if (fate.kind === 'moved' && !isConditional) moved[fate.to].push(renamed(item, fate.as))
    }
  }
  return withItems(set, kept)
}

function fateOf(item: SetItem): Fate | undefined {
  const name = pairName(item)
  if (name === undefined) return undefined
  if (name === 'cluster-infrastructure') {
    return goneStacks.has(attr(item.node, 'value') ?? '') ? stackFate : undefined
  }
  return Object.hasOwn(optionFates, name) ? optionFates[name] : undefined
}

function tell(note: Note, id: string, name: string, fate: Fate): void {
  if (fate.kind === 'renamed') note(`DEBUG: ${place}: ${id}: renaming ${name} as ${fate.to}`)
  else if (fate.kind === 'moved') {
    note(`DEBUG: ${place}: ${id}: moving ${name} under ${fate.to} as ${fate.as} unless already defined there`)
  } else {
    const matching = fate === stackFate ? ` for matching ${[...goneStacks].join('|')}` : ''
    note(`INFO: ${place}: ${id}: dropping ${name}${matching}`)
    if (fate.hint !== undefined) note(`INFO: ${place}: ... ${fate.hint}`)
  }
}

/** Puts what moved into the first unconditional set, but for names that such a set has already. */
function withMoved(section: XmlElement, items: readonly SetItem[]): XmlElement {
  const open = childrenNamed(section, 'meta_attributes').filter((set) => !hasRule(set))
  const defined = new Set(open.flatMap(itemsOf).map(pairName))
  const wanted = items.filter((item) => !defined.has(pairName(item)))
  const target = open[0]
  if (target === undefined || wanted.length === 0) return section
  const children = section.children.map((set) =>
    set === target ? withChildren(set, [...set.children, ...nodesOf(wanted)]) : set,
  )
  return withChildren(section, children)
}
