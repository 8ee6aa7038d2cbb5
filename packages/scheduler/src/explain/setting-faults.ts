import { attr, child, descendants, idOf, type XmlElement } from '@quorate/xml'
import type { Cluster, Resource } from '../model/model.ts'
import { references } from '../unpack/name-values.ts'
import { defaultsSection } from '../unpack/resource.ts'
import { sectionOf } from '../unpack/section.ts'
import { clusterOptions } from '../unpack/settings.ts'
import {
  metaNameFault,
  type NameFault,
  operationNameFault,
  optionNameFault,
  parameterNameFault,
} from './setting-names.ts'

/** Something that is set under a name under which nobody reads it. */
export type SettingFault = {
  readonly text: string
  /** How to set what was meant; undefined where that is not known. */
  readonly remedy: string | undefined
  /** False of names that are like none that is known: an agent, or a person, may read them. */
  readonly isLikely: boolean
}

/** Names of resources that can have meta-attributes. */
const kinds: ReadonlySet<string> = new Set(['primitive', 'template', 'group', 'clone', 'master', 'bundle'])

/** Everything in a configuration that is set under a wrong name. */
export function settingFaults(cluster: Cluster): readonly SettingFault[] {
  const resources = sectionOf(cluster.cib, 'resources')
  const elements = resources === undefined ? [] : [...descendants(resources)].filter(({ name }) => kinds.has(name))
  return [
    ...optionFaults(cluster),
    ...defaultsFaults(cluster),
    ...elements.flatMap((element) => elementFaults(cluster, element)),
  ]
}

/** The same of what bears on one resource. */
export function settingFaultsOf(cluster: Cluster, resource: Resource): readonly SettingFault[] {
  const found: SettingFault[] = []
  for (let at: Resource | undefined = resource; at !== undefined; at = at.parent) {
    found.push(...elementFaults(cluster, at.xml))
  }
  return [...found, ...defaultsFaults(cluster)].filter(({ isLikely }) => isLikely)
}

function optionFaults(cluster: Cluster): readonly SettingFault[] {
  const read = clusterOptions.map(([name]) => name)
  return pairsIn(cluster, sectionOf(cluster.cib, 'crm_config'), 'cluster_property_set').flatMap((pair) =>
    faultOf(pair, optionNameFault(pair.name, read), 'cluster option', undefined),
  )
}

function defaultsFaults(cluster: Cluster): readonly SettingFault[] {
  return [
    ...pairsIn(cluster, defaultsSection(cluster, 'rsc_defaults'), 'meta_attributes').flatMap((pair) =>
      faultOf(pair, metaNameFault(pair.name, 'rsc_defaults'), 'meta-attribute', 'rsc_defaults'),
    ),
    ...pairsIn(cluster, defaultsSection(cluster, 'op_defaults'), 'meta_attributes').flatMap((pair) =>
      faultOf(pair, operationNameFault(pair.name), 'option of operations', 'op_defaults'),
    ),
  ]
}

function elementFaults(cluster: Cluster, element: XmlElement): readonly SettingFault[] {
  const id = idOf(element)
  const operations = child(element, 'operations')?.children ?? []
  return [
    ...pairsIn(cluster, element, 'meta_attributes').flatMap((pair) =>
      faultOf(pair, metaNameFault(pair.name, element.name), 'meta-attribute', id),
    ),
    ...pairsIn(cluster, element, 'instance_attributes').flatMap((pair) =>
      faultOf(pair, parameterNameFault(pair.name), 'parameter', id),
    ),
    ...operations.flatMap((operation) =>
      pairsIn(cluster, operation, 'meta_attributes').flatMap((pair) =>
        faultOf(pair, operationNameFault(pair.name), 'option', `op ${idOf(operation)}`),
      ),
    ),
  ]
}

type Pair = { readonly name: string; readonly value: string; readonly set: string }

/** What is in the sets of one name below an element, whatever their rules. */
function pairsIn(cluster: Cluster, of: XmlElement | undefined, setName: string): readonly Pair[] {
  const { resolve } = references(cluster)
  return (of?.children ?? []).flatMap((item) => {
    const set = item.name === setName ? resolve(item) : undefined
    return (set?.children ?? []).flatMap((pair) => {
      const target = pair.name === 'nvpair' ? resolve(pair) : undefined
      const name = target === undefined ? undefined : (attr(pair, 'name') ?? attr(target, 'name'))
      if (set === undefined || target === undefined || name === undefined) return []
      return [{ name, value: attr(pair, 'value') ?? attr(target, 'value') ?? '', set: idOf(set) }]
    })
  })
}

function faultOf(
  { name, value, set }: Pair,
  fault: NameFault | undefined,
  what: string,
  whose: string | undefined,
): readonly SettingFault[] {
  if (fault === undefined) return []
  const owner = whose === undefined ? '' : ` of ${whose}`
  const subject = `${what} ${name}${owner} (set ${set})`
  switch (fault.kind) {
    case 'misspelt': {
      const text = `${subject} is read by nobody: ${fault.meant} was probably meant`
      return [{ text, remedy: `${fault.meant}=${value}${owner} instead of ${name}`, isLikely: true }]
    }
    case 'misplaced': {
      const text = `${subject} is read by nobody there: it is ${fault.where}`
      return [{ text, remedy: undefined, isLikely: true }]
    }
    case 'unread':
      return [{ text: `${subject} is read by nobody in the cluster`, remedy: undefined, isLikely: false }]
    default:
      return fault satisfies never
  }
}
