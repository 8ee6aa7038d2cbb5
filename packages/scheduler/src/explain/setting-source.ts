import { attr, descendants, idOf, type XmlElement } from '@quorate/xml'
import type { Cluster, Resource } from '../model/model.ts'
import { references, setWith } from '../unpack/name-values.ts'
import { agentOf, defaultsSection } from '../unpack/resource.ts'
import { sectionOf } from '../unpack/section.ts'
import { defaultSetting, ownSetting, type Setting, type SettingPlace, settingIn } from './setting.ts'

/** Where a meta-attribute of a resource is set; undefined where nobody has set it, or what a bundle implies has it. */
export function metaSource(cluster: Cluster, resource: Resource, name: string): Setting | undefined {
  const parts = { agent: agentOf(resource) }
  // Old configurations have some as attributes of the element.
  const direct = ownSetting(cluster, resource.xml, name, placeOf(resource), resource.xmlId)
  if (direct !== undefined) return direct
  const own = setWith(cluster, resource.xml, 'meta_attributes', name, parts)
  if (own !== undefined) return ownSource(cluster, resource, own, name)
  for (let at = resource.parent; at !== undefined; at = at.parent) {
    const set = setWith(cluster, at.xml, 'meta_attributes', name, parts)
    if (set !== undefined) return settingIn(cluster, set, name, placeOf(at), at.xmlId)
  }
  const set = setWith(cluster, defaultsSection(cluster, 'rsc_defaults'), 'meta_attributes', name, parts)
  return set === undefined ? undefined : settingIn(cluster, set, name, 'rsc_defaults', undefined)
}

/** The same as a list, for what may be said of a reason; with what holds where nobody has set it. */
export function metaSettings(cluster: Cluster, resource: Resource, name: string, fallback: string): readonly Setting[] {
  return [metaSource(cluster, resource, name) ?? defaultSetting(name, fallback)]
}

/** What decides when failures rule a node out, and when they are forgotten. */
export function failureSettings(cluster: Cluster, leaf: Resource): readonly Setting[] {
  const timeout = metaSource(cluster, leaf, 'failure-timeout')
  const threshold = metaSettings(cluster, leaf, 'migration-threshold', 'INFINITY')
  return timeout === undefined ? threshold : [...threshold, timeout]
}

function placeOf({ xml }: Resource): SettingPlace {
  const kinds: Readonly<Record<string, SettingPlace>> = {
    group: 'group',
    clone: 'clone',
    master: 'clone',
    bundle: 'bundle',
  }
  return kinds[xml.name] ?? 'primitive'
}

/** Where an option of an operation is set: by the operation, by a set of it, or by the defaults of operations. */
export function operationSource(
  cluster: Cluster,
  resource: Resource,
  operation: { readonly xml: XmlElement | undefined; readonly task: string; readonly intervalMs: number },
  name: string,
): Setting | undefined {
  const { xml, task, intervalMs } = operation
  const parts = { agent: agentOf(resource), operation: { name: task, intervalMs } }
  const owner = xml === undefined ? undefined : idOf(xml)
  const direct = ownSetting(cluster, xml, name, 'op', owner)
  if (direct !== undefined) return direct
  const places = [
    [xml, 'op', owner],
    [defaultsSection(cluster, 'op_defaults'), 'op_defaults', undefined],
  ] as const
  for (const [at, place, whose] of places) {
    const set = setWith(cluster, at, 'meta_attributes', name, parts)
    const found = set === undefined ? undefined : settingIn(cluster, set, name, place, whose)
    if (found !== undefined) return found
  }
  return undefined
}

/** Where a value comes from, after that value; nothing where it is the own of what it is told of, or not known. */
export function bySource(found: Setting | undefined, of?: Resource): string {
  if (found === undefined || found.place === 'op' || found.place === 'default') return ''
  if (found.owner !== undefined && found.owner === of?.xmlId) return ''
  const whose = found.owner === undefined ? found.place : `${found.place} ${found.owner}`
  return ` (${whose}, set ${found.set ?? ''})`
}

function ownSource(cluster: Cluster, resource: Resource, set: XmlElement, name: string): Setting | undefined {
  const template = templateOf(cluster, resource)
  const { resolve } = references(cluster)
  if (template?.children.some((item) => resolve(item) === set) === true) {
    return settingIn(cluster, set, name, 'template', idOf(template))
  }
  return settingIn(cluster, set, name, placeOf(resource), resource.xmlId)
}

/** The template that a resource is configured with. */
function templateOf(cluster: Cluster, { xmlId }: Resource): XmlElement | undefined {
  const section = sectionOf(cluster.cib, 'resources')
  if (section === undefined) return undefined
  for (const item of descendants(section)) {
    if (item.name !== 'primitive' || idOf(item) !== xmlId) continue
    const name = attr(item, 'template')
    return section.children.find((other) => other.name === 'template' && idOf(other) === name)
  }
  return undefined
}
